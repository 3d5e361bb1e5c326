"""The process's frame, with scripts in OPA's place where a real OPA cannot be made to misbehave."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livegate.errors import EngineError
from livegate.opa.process import Configured, Limits, Local, OpaProcess
from livegate.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

NO_CONFIG = Configured(config=Path("/nowhere"))


def test_what_ended_early_is_shown_without_secrets(tmp_path: Path, place: Callable[[Path, bytes], Path]) -> None:
    script = b"#!/bin/sh\necho 'Bearer aaa.bbb and swordfish: no such bundle'\nexit 7\n"
    hidden = (Secret("swordfish", "env:X"),)
    server = OpaProcess(place(tmp_path / "opa", script), NO_CONFIG, folder=tmp_path / "run", secrets=hidden)
    with pytest.raises(EngineError, match="ended with status 7") as caught:
        server.start()
    text = str(caught.value)
    assert "no such bundle" in text
    assert str(server.log) in text
    assert "aaa" not in text
    assert "swordfish" not in text


def test_one_that_does_not_stop_when_asked_is_killed(tmp_path: Path, place: Callable[[Path, bytes], Path]) -> None:
    script = (
        f"#!/bin/sh\ntrap '' TERM\necho $$ > {tmp_path}/pid.new\nmv {tmp_path}/pid.new {tmp_path}/pid\nexec sleep 600\n"
    )
    server = OpaProcess(
        place(tmp_path / "opa", script.encode()),
        NO_CONFIG,
        folder=tmp_path / "run",
        limits=Limits(start=1.0, stop=0.1),
        clock=lambda: 100.0 if (tmp_path / "pid").exists() else 0.0,  # time is over once it ignores SIGTERM
    )
    with pytest.raises(EngineError, match="was not healthy within 1 s"):
        server.start()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_not_started(tmp_path: Path) -> None:
    server = OpaProcess(tmp_path / "opa", NO_CONFIG, folder=tmp_path)
    assert server.poll() is None
    assert server.pid is None
    server.stop()
    with pytest.raises(EngineError, match="is not started"):
        server.ensure_running()


def test_both_modes_verify_signatures_and_only_the_deployed_one_asks_who_calls() -> None:
    local = Local(bundles=(Path("/a"), Path("/b")), kid="k1", key=Path("/k.pem")).arguments()
    assert local[-3:] == ["--bundle", "/a", "/b"]
    assert {"--verification-key=/k.pem", "--verification-key-id=k1", "--signing-alg=ES256"} <= set(local)
    deployed = NO_CONFIG.arguments()
    assert {"--authentication=token", "--authorization=basic"} <= set(deployed)
    assert not any("skip-verify" in argument for argument in [*local, *deployed])


def test_limits_become_what_go_reads() -> None:
    assert Limits().environment() == {}
    assert Limits(gogc=10, processors=2, memory=1 << 30).environment() == {
        "GOGC": "10",
        "GOMAXPROCS": "2",
        "GOMEMLIMIT": "1073741824",
    }
