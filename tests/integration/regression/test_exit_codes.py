"""The exit code of the real process is what a pipeline sees: 0 as judged, 3 differs, 1 not decided, 2 malformed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from livegate.opa.engine import Engine
    from livegate.project import Project

    from .conftest import Change

TOOLING = Path(__file__).parents[3] / "tooling"
ONE = "nothing posted is denied with reasons"


def livegate(engine: Engine, project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``livegate regress run`` as a process of its own, in the folder of the project."""
    return subprocess.run(
        [sys.executable, "-m", "livegate", "regress", "run", *arguments],
        cwd=project.rego.parent,
        env={**os.environ, "PYTHONPATH": str(TOOLING), "LIVEGATE_OPA": str(engine.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_zero_when_all_is_as_judged(copy: Project, opa_engine: Engine) -> None:
    done = livegate(opa_engine, copy, "--filter", ONE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 cases in 1 suites: 1 as judged" in done.stdout
    assert "tests/policy/request.yaml" in done.stdout


def test_three_when_a_decision_differs(copy: Project, plant: Change, opa_engine: Engine) -> None:
    plant("data/trust/peps.yaml", "{database: true}", "{database: true, payment: true}")
    done = livegate(opa_engine, copy, "--filter", "the database proxy may not ask for payments")
    assert (done.returncode, done.stderr) == (3, "")
    assert "request.pep_not_permitted" in done.stdout


def test_one_when_it_is_undefined(copy: Project, plant: Change, opa_engine: Engine) -> None:
    plant("rego/authz/authz.rego", "\nevaluation := ", "\nelsewhere := ")
    done = livegate(opa_engine, copy, "--filter", ONE)
    assert (done.returncode, done.stderr) == (1, "")
    assert "0 as judged, 0 differ, 1 could not be decided" in done.stdout


def test_one_when_opa_refuses_the_bundles(copy: Project, plant: Change, opa_engine: Engine) -> None:
    plant("rego/authz/authz.rego", "\nevaluation := {", "\nevaluation := nowhere.at_all + {")
    done = livegate(opa_engine, copy, "--filter", ONE)
    assert (done.returncode, done.stdout) == (1, "")
    assert "OPA ended with status 1" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    controls", "    contrls", "9:5: cases[0]: unknown key 'contrls'"),
        ("instant: 2026-11-23T", "instant: 2026-11-31T", "'2026-11-31T12:00:00Z' is not an RFC 3339 time"),
        ("cases:", "cases: {", "request.yaml:"),
    ],
)
def test_two_when_a_suite_is_malformed(copy: Project, opa_engine: Engine, old: str, new: str, message: str) -> None:
    path = copy.rego.parent / "tests/policy/request.yaml"
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    done = livegate(opa_engine, copy)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_two_when_there_is_no_case(copy: Project, opa_engine: Engine) -> None:
    shutil.rmtree(copy.rego.parent / "tests/policy")
    (copy.rego.parent / "tests/policy").mkdir()
    done = livegate(opa_engine, copy)
    assert (done.returncode, done.stdout) == (2, "")
    assert "holds no suite" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_130_when_it_is_interrupted_and_no_opa_is_left(
    copy: Project, opa_engine: Engine, tmp_path: Path, number: signal.Signals
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    child = subprocess.Popen(
        [sys.executable, "-m", "livegate", "regress", "run", "tests/policy/request.yaml", "--watch"],
        cwd=copy.rego.parent,
        env={
            **os.environ,
            "PYTHONPATH": str(TOOLING),
            "LIVEGATE_OPA": str(opa_engine.path),
            "TMPDIR": str(scratch),
            "PYTHONUNBUFFERED": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stderr is not None
        assert any("waiting for changes" in line for line in child.stderr)
        assert list(scratch.rglob("opa.log")), "an OPA is kept warm"
        child.send_signal(number)
        out, err = child.communicate(timeout=60)
    finally:
        child.kill()
        child.wait()
    assert (child.returncode, err.strip()) == (130, "livegate: interrupted")
    assert "as judged" in out
    assert not list(scratch.iterdir()), "its folder goes with OPA, which is waited for"
