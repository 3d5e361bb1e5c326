"""``livegate status --wait``: words, exit codes and what is shown. How it waits: tests/unit/pipeline/test_fleet.py."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from livegate.cli import main_group
from livegate.cli.status import span
from livegate.errors import ConfigError
from livegate.project import Project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """One OPA that has policy 2-b and refuses iga."""
    for part in ("rego", "data", "bundles"):
        (tmp_path / part).mkdir()
    made = Project.at(tmp_path)
    made.statuses.mkdir(parents=True)
    said = {"labels": {"id": "an-opa"}, "bundles": {"policy": {"active_revision": "2-b"}, "iga": {}}}
    (made.statuses / "an-opa.json").write_text(json.dumps(said))
    return made


def _status(project: Project, *arguments: str) -> Any:
    return CliRunner().invoke(main_group, ["status", "--project", str(project.data.parent), *arguments])


def test_reached(project: Project) -> None:
    done = _status(project, "--wait", "policy=2-b", "--format", "json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {
        "opas": [{"opa": "an-opa", "policy": "2-b", "state": "reached"}],
        "reached": True,
        "wanted": {"policy": "2-b"},
    }


def test_over(project: Project) -> None:
    done = _status(project, "--wait", "policy=2-b", "--wait", "iga=1-a", "--timeout", "1s")
    assert done.exit_code == 1
    assert "behind" in done.stdout
    assert "0 of 1 OPAs" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--wait", "polcy=1"), "NAME=REVISION"),
        (("--wait", "policy"), "NAME=REVISION"),
        (("--wait", "policy="), "NAME=REVISION"),
        (("--wait", "policy=1", "--timeout", "soon"), "--timeout"),
        (("--wait", "policy=1", "--alive", "5"), "--alive"),
    ],
)
def test_bad_words_are_usage(project: Project, arguments: tuple[str, ...], what: str) -> None:
    done = _status(project, *arguments)
    assert done.exit_code == 2
    assert what in done.stderr


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("5m", 300), ("1h30m", 5400), ("0s", 0)])
def test_spans(text: str, seconds: int) -> None:
    assert span(text, "--timeout") == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "-5m", "5m!", "1.5h"])
def test_no_spans(text: str) -> None:
    with pytest.raises(ConfigError):
        span(text, "--timeout")
