"""The process's frame, with scripts in OPA's place where a real OPA cannot be made to misbehave."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livegate.errors import EngineError
from livegate.opa.process import Configured, Limits, Local, OpaProcess, Tls
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


@pytest.mark.parametrize(("ports", "launches"), [((0, 0), 3), ((40_001, 40_002), 1)])
def test_a_port_taken_while_opa_starts(
    *,
    tmp_path: Path,
    place: Callable[[Path, bytes], Path],
    ports: tuple[int, int],
    launches: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Between our look at a port and OPA's listening: the look finds it free, OPA does not.
    monkeypatch.setattr("livegate.opa.process._ports", lambda *asked: asked)
    message = "listen tcp 127.0.0.1:1: bind: address already in use"
    script = f"#!/bin/sh\necho x >> {tmp_path}/launches\necho '{message}'\nexit 1\n"
    server = OpaProcess(
        place(tmp_path / "opa", script.encode()),
        NO_CONFIG,
        folder=tmp_path / "run",
        port=ports[0],
        diagnostic_port=ports[1],
    )
    with pytest.raises(EngineError, match="is in use"):
        server.start()
    assert (tmp_path / "launches").read_text().count("x") == launches
    assert server.pid is None


def test_one_that_does_not_stop_when_asked_is_killed(tmp_path: Path, place: Callable[[Path, bytes], Path]) -> None:
    script = (
        f"#!/bin/sh\ntrap '' TERM\necho $$ > {tmp_path}/pid.new\nmv {tmp_path}/pid.new {tmp_path}/pid\nexec sleep 600\n"
    )
    readings = 0

    def clock() -> float:
        """Stands at the start until the script ignores SIGTERM, then the time is over."""
        nonlocal readings
        readings += 1
        return 100.0 if readings > 1 and (tmp_path / "pid").exists() else 0.0

    server = OpaProcess(
        place(tmp_path / "opa", script.encode()),
        NO_CONFIG,
        folder=tmp_path / "run",
        limits=Limits(start=1.0, stop=0.1),
        clock=clock,
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


def test_callers_show_certificates_only_where_it_is_said_whose() -> None:
    own = Tls(certificate=Path("/s.pem"), key=Path("/s.key"))
    by_token = Configured(config=Path("/c"), tls=own)
    assert by_token.scheme == "https"
    assert {"--authentication=token", "--authorization=basic", "--min-tls-version=1.3"} <= set(by_token.arguments())
    assert not any("ca-cert" in argument for argument in by_token.arguments())
    mutual = Configured(config=Path("/c"), tls=Tls(certificate=own.certificate, key=own.key, callers=Path("/ca.pem")))
    assert mutual.arguments() == [
        "--config-file=/c", "--authentication=tls", "--authorization=basic", "--tls-cert-file=/s.pem",
        "--tls-private-key-file=/s.key", "--min-tls-version=1.3", "--tls-ca-cert-file=/ca.pem",
    ]  # fmt: skip
    assert NO_CONFIG.scheme == "http"


def test_limits_become_what_go_reads() -> None:
    assert Limits().environment() == {}
    assert Limits(gogc=10, processors=2, memory=1 << 30).environment() == {
        "GOGC": "10",
        "GOMAXPROCS": "2",
        "GOMEMLIMIT": "1073741824",
    }
