"""Which engine is taken, why, and what is left behind when none can be had."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livegate.errors import ConfigError, EngineError, VerificationError
from livegate.opa.engine import find, install
from livegate.opa.tools import OPA

if TYPE_CHECKING:
    from collections.abc import Callable

    from livegate.opa.surroundings import Surroundings
    from livegate.opa.tools import Tool
    from livegate.opa.ways import Report

    Place = Callable[[Path, bytes], Path]
    Program = Callable[[str], bytes]


@dataclass(frozen=True, kw_only=True)
class Gives:
    """A way that gives these bytes, or fails."""

    content: bytes = b""
    error: Exception | None = None
    name: str = "test way"

    def fetch(self, tool: Tool, into: Path, *, around: Surroundings, report: Report) -> str:  # noqa: ARG002  # a Way's
        into.write_bytes(self.content)
        if self.error is not None:
            raise self.error
        return "checked"


def on_path(around: Surroundings) -> Path:
    return Path(around.environ["PATH"].split(":")[0]) / "opa"


def configured(around: Surroundings, path: Path) -> Surroundings:
    return replace(around, environ={**around.environ, "LIVEGATE_OPA": str(path)})


def left(around: Surroundings) -> list[str]:
    """What is in the cache, the lock apart."""
    return sorted(path.name for path in around.cached(OPA).parent.glob("*") if path.name != ".lock")


def test_configured_wins(around: Surroundings, tmp_path: Path, place: Place, program: Program) -> None:
    place(on_path(around), program("1.22.2"))
    mine = place(tmp_path / "mine" / "opa", program("1.21.3"))
    engine = find(OPA, around=configured(around, mine))
    assert (engine.path, str(engine.version), engine.origin) == (mine, "1.21.3", "configured (LIVEGATE_OPA)")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"#!/bin/sh\necho 'Version: 1.21.2'\n", "is 1.21.2, older than 1.21.3"),
        (b"#!/bin/sh\necho 'Version: 1.21.3-dev'\n", "older than 1.21.3"),
        (b"#!/bin/sh\necho boom >&2\nexit 3\n", "ended with 3: boom"),
        (b"#!/bin/sh\necho hello\n", "does not tell its version"),
        (b"\x00\x01 not a program", "cannot be run"),
    ],
)
def test_a_configured_one_that_will_not_do_is_an_error_and_nothing_else_is_tried(
    *, around: Surroundings, tmp_path: Path, place: Place, program: Program, content: bytes, says: str
) -> None:
    place(on_path(around), program("1.22.2"))
    mine = place(tmp_path / "mine" / "opa", content)
    with pytest.raises(ConfigError, match=says) as caught:
        install(OPA, around=configured(around, mine), ways=[Gives(content=program("1.22.2"))])
    assert caught.value.where == "LIVEGATE_OPA"
    assert caught.value.todo is not None


def test_a_configured_one_that_is_missing_is_an_error(around: Surroundings, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        find(OPA, around=configured(around, tmp_path / "nowhere"))


def test_on_the_path(around: Surroundings, place: Place, program: Program) -> None:
    place(on_path(around), program("1.23.0"))
    engine = find(OPA, around=around)
    assert (engine.path, str(engine.version), engine.origin) == (on_path(around), "1.23.0", "path")


def test_a_too_old_one_is_passed_over_for_one_further_on(
    around: Surroundings, tmp_path: Path, place: Place, program: Program
) -> None:
    place(on_path(around), program("1.20.0"))
    later = place(tmp_path / "later" / "opa", program("1.22.2"))
    engine = find(OPA, around=replace(around, environ={"PATH": f"{on_path(around).parent}:/bin:{later.parent}"}))
    assert engine.path == later
    assert engine.notes == (f"on the path: {on_path(around)} is 1.20.0, older than 1.21.3",)


def test_the_working_folder_is_not_the_path(
    around: Surroundings, tmp_path: Path, place: Place, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(tmp_path / "here" / "opa", program("1.22.2"))
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(EngineError, match="on the path: no opa"):
        find(OPA, around=replace(around, environ={"PATH": ":.:here:/bin"}))


def test_installed_once_then_from_the_cache(around: Surroundings, program: Program) -> None:
    first = install(OPA, around=around, ways=[Gives(content=program("1.22.2"))])
    assert (first.path, first.origin) == (around.cached(OPA), "test way")
    assert first.notes[-1] == "test way: checked"
    assert first.path == around.cache / "engine" / "opa-1.22.2-linux-amd64" / "opa"
    again = install(OPA, around=around, ways=[])
    assert (again.path, again.origin) == (first.path, "cache")
    assert find(OPA, around=around).path == first.path
    assert left(around) == ["opa"]


@pytest.mark.parametrize("content", [b"#!/bin/sh\necho 'Version: 1.22.1'\n", b"#!/bin/sh\nexit 1\n", b""])
def test_a_cached_one_that_is_broken_or_another_is_replaced(
    around: Surroundings, place: Place, program: Program, content: bytes
) -> None:
    place(around.cached(OPA), content)
    engine = install(OPA, around=around, ways=[Gives(content=program("1.22.2"))])
    assert engine.origin == "test way"
    assert any(note.startswith("cache: ") for note in engine.notes)
    assert around.cached(OPA).read_bytes() == program("1.22.2")


def test_the_next_way_is_tried_and_the_reason_kept(around: Surroundings, program: Program) -> None:
    lines: list[str] = []
    ways = [
        Gives(name="first", error=EngineError("is offline", where="https://example.com")),
        Gives(name="second", content=program("1.22.1")),
        Gives(name="third", content=program("1.22.2")),
    ]
    engine = install(OPA, around=around, ways=ways, report=lines.append)
    assert engine.origin == "third"
    assert "first: https://example.com: is offline" in engine.notes
    assert "second: gave 1.22.1, not 1.22.2" in engine.notes
    assert lines == ["not by first: https://example.com: is offline", "not by second: gave 1.22.1, not 1.22.2"]


def test_nothing_works_and_each_reason_is_listed(around: Surroundings) -> None:
    ways = [
        Gives(name="official release", error=EngineError("no connection within 5 s")),
        Gives(name="go build", error=EngineError("no `go` on the path")),
        Gives(name="container image", error=EngineError("no daemon")),
    ]
    with pytest.raises(EngineError) as caught:
        install(OPA, around=around, ways=ways)
    text = str(caught.value)
    for part in ("on the path: no opa", "cache: ", "official release: no connection within 5 s"):
        assert part in text
    for part in ("go build: no `go` on the path", "container image: no daemon", "→ connect", "LIVEGATE_OPA"):
        assert part in text
    assert left(around) == []


def test_a_wrong_checksum_stops(around: Surroundings, program: Program) -> None:
    ways = [Gives(error=VerificationError("not what it should be")), Gives(content=program("1.22.2"))]
    with pytest.raises(VerificationError):
        install(OPA, around=around, ways=ways)
    assert left(around) == []


def test_a_cache_that_cannot_be_written(around: Surroundings, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(EngineError, match="cannot use the cache") as caught:
        install(OPA, around=around, ways=[])
    assert "LIVEGATE_CACHE" in str(caught.value)


def test_interrupted_in_the_middle_leaves_nothing(around: Surroundings) -> None:
    way = Gives(content=b"half", error=None)
    broken = replace(way, error=KeyboardInterrupt())  # type: ignore[arg-type]  # what Ctrl-C raises is no Exception
    with pytest.raises(KeyboardInterrupt):
        install(OPA, around=around, ways=[broken])
    assert left(around) == []


TWO = """
import sys
from pathlib import Path
from livegate.opa.engine import install
from livegate.opa.surroundings import Surroundings
from livegate.opa.target import Target
from livegate.opa.tools import OPA
import time

root = Path(sys.argv[1])

class Way:
    name = "slow way"
    def fetch(self, tool, into, *, around, report):
        with (root / "fetches").open("a") as stream:
            stream.write("x")
        for _ in range(3000):  # until the other waits for us: no luck in who comes first
            if (root / "waiting").exists():
                break
            time.sleep(0.01)
        into.write_bytes(b'#!/bin/sh\\necho "Version: 1.22.2"\\n')
        return "checked"

def report(line):
    if "another installation" in line:
        (root / "waiting").touch()

around = Surroundings(environ={"PATH": "/bin"}, cache=root / "cache", target=Target("linux", "amd64"))
engine = install(OPA, around=around, ways=[Way()], report=report)
print(engine.origin)
"""


def test_two_installations_at_once_fetch_once(tmp_path: Path) -> None:
    tooling = str(Path(__file__).parents[3] / "tooling")
    command = [sys.executable, "-c", TWO, str(tmp_path)]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, env={"PYTHONPATH": tooling, "PATH": "/bin"}, text=True)
        for _ in range(2)
    ]
    origins = sorted(process.communicate(timeout=60)[0].strip() for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert origins == ["cache", "slow way"]
    assert (tmp_path / "fetches").read_text() == "x"
