"""``go build``: the failures with a small script as `go`, the success with the real one."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livegate.errors import EngineError
from livegate.opa.engine import install
from livegate.opa.gobuild import GoBuild
from livegate.opa.surroundings import Surroundings
from livegate.opa.target import Target
from livegate.opa.tools import OPA, REGAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from livegate.opa.tools import Tool

MODULES = Path(__file__).parents[3] / "tooling" / "engine"
GO_WROTE = """#!/bin/sh
env > "$(dirname "$0")/env"; pwd > "$(dirname "$0")/cwd"; echo "$@" > "$(dirname "$0")/arguments"
"""


def quiet(line: str) -> None:
    """Takes progress and forgets it."""


@pytest.fixture
def with_go(around: Surroundings, place: Callable[[Path, bytes], Path]) -> Callable[[str], Surroundings]:
    """Surroundings whose `go` is the given script."""

    def make(text: str) -> Surroundings:
        place(Path(around.environ["PATH"].split(":")[0]) / "go", text.encode())
        return replace(around, modules=MODULES, environ={**around.environ, "GOWORK": "/x/go.work", "GOPROXY": "mine"})

    return make


def test_outside_a_checkout(around: Surroundings, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no module folder was named"):
        GoBuild().fetch(OPA, tmp_path / "new", around=around, report=quiet)
    with pytest.raises(EngineError, match=r"has no go\.mod"):
        GoBuild().fetch(OPA, tmp_path / "new", around=replace(around, modules=tmp_path), report=quiet)


def test_no_go(around: Surroundings, tmp_path: Path) -> None:
    bare = replace(around, modules=MODULES, environ={"PATH": str(tmp_path)})
    with pytest.raises(EngineError, match="no `go` on the path"):
        GoBuild().fetch(OPA, tmp_path / "new", around=bare, report=quiet)


def test_the_end_of_go_s_message_is_shown_without_passwords(
    with_go: Callable[[str], Surroundings], tmp_path: Path
) -> None:
    around = with_go("#!/bin/sh\necho 'Get https://me:S3CRET@proxy.example/opa: EOF' >&2\nexit 1\n")
    with pytest.raises(EngineError, match="go build ended with 1") as caught:
        GoBuild().fetch(OPA, tmp_path / "new", around=around, report=quiet)
    assert "proxy.example/opa: EOF" in caught.value.what
    assert "S3CRET" not in str(caught.value)


def test_a_build_that_hangs(with_go: Callable[[str], Surroundings], tmp_path: Path) -> None:
    around = with_go("#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(EngineError, match="did not end within"):
        GoBuild(timeout=0.1).fetch(OPA, tmp_path / "new", around=around, report=quiet)


def test_a_build_that_leaves_nothing(with_go: Callable[[str], Surroundings], tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="left no binary"):
        GoBuild().fetch(OPA, tmp_path / "new", around=with_go("#!/bin/sh\n"), report=quiet)


def test_what_go_is_told(with_go: Callable[[str], Surroundings], tmp_path: Path) -> None:
    around = with_go(GO_WROTE)
    (tmp_path / "new").write_bytes(b"as if built")
    note = GoBuild().fetch(REGAL, tmp_path / "new", around=around, report=quiet)
    folder = Path(around.environ["PATH"].split(":")[0])
    variables = (folder / "env").read_text().splitlines()
    for variable in ("CGO_ENABLED=0", "GOWORK=off", "GOOS=linux", "GOARCH=amd64", "GOPROXY=mine"):
        assert variable in variables
    assert (folder / "cwd").read_text().strip() == str(MODULES / "regal")
    arguments = (folder / "arguments").read_text()
    assert "-mod=readonly" in arguments
    assert "pkg/version.Version=0.42.0" in arguments
    assert arguments.rstrip().endswith("github.com/open-policy-agent/regal")
    assert "go.sum" in note


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.skipif(shutil.which("go") is None, reason="no Go on this machine: the real build cannot be tried")
@pytest.mark.parametrize("tool", [pytest.param(OPA, id="opa"), pytest.param(REGAL, id="regal")])
def test_the_real_build(tool: Tool, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in (MODULES / tool.name).iterdir()}
    environ = {name: value for name, value in os.environ.items() if name != tool.variable}
    go = shutil.which("go")
    assert go is not None
    around = Surroundings(
        environ={**environ, "PATH": f"{Path(go).parent}:/usr/bin:/bin"},
        cache=tmp_path / "cache",
        target=Target.here(),
        modules=MODULES,
    )
    # An engine that is on the path already would be taken before anything is built.
    hidden = replace(around, environ={**around.environ, "PATH": _without(tool, around)})
    lines: list[str] = []
    engine = install(tool, around=hidden, ways=[GoBuild()], report=lines.append)
    assert engine.version == tool.version
    assert engine.origin == "go build"
    assert lines[0].startswith(f"building {tool}")
    assert {path: path.read_bytes() for path in (MODULES / tool.name).iterdir()} == before


def _without(tool: Tool, around: Surroundings) -> str:
    folders = around.environ["PATH"].split(":")
    return ":".join(folder for folder in folders if not (Path(folder) / tool.name).exists())
