"""``livegate policy`` on a copy of the repository's own rules, controls and cases."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.project import Project

    from .conftest import Cli


@pytest.fixture
def controls(pytestconfig: pytest.Config, project: Project) -> Path:
    """The folder of controls of the test's project, with the cases beside it."""
    shutil.copytree(pytestconfig.rootpath / "tests/policy", project.data.parent / "tests/policy")
    return shutil.copytree(pytestconfig.rootpath / "data/controls", project.data / "controls")


def rows(cli: Cli, *options: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(cli("policy", "list", "--format", "json", *options).stdout)
    return listed


def test_ours_agree(cli: Cli, controls: Path) -> None:
    assert "frameworks agree" in cli("policy", "check").stdout
    assert json.loads(cli("policy", "check", "--format", "json").stdout) == []


def test_list_and_its_filters(cli: Cli, controls: Path, project: Project) -> None:
    listed = {row["id"]: row for row in rows(cli)}
    missing = listed["entitlement.missing"]
    assert (missing["gate"], missing["next_action"], missing["title"]) == (
        "entitlement",
        "request",
        "No grant covers this",
    )
    head = (project.data.parent / missing["file"]).read_text("utf-8").splitlines()[missing["line"] - 1]
    assert head.startswith("reasons contains")
    assert missing["cases"] > 0
    assert {row["gate"] for row in rows(cli, "--gate", "identity")} == {"identity"}
    assert {row["id"] for row in rows(cli, "--control", "AC-5")} >= {"elevation.self_approved", "entitlement.denied"}
    agents = rows(cli, "--control", "A-04")
    assert agents
    assert all("A-04" in row["controls"] for row in agents)
    nhi = rows(cli, "--framework", "owasp-nhi", "--gate", "identity")
    assert nhi
    assert {link["framework"] for row in nhi for link in row["serves"]} == {"owasp-nhi"}
    assert "entitlement.missing" in cli("policy", "list", "--gate", "entitlement").stdout


@pytest.mark.parametrize(
    ("option", "word", "todo"),
    [
        ("--gate", "entitlment", "did you mean 'entitlement'?"),
        ("--control", "NHI-3", "did you mean 'NHI-03'?"),
        ("--framework", "zzz", "one of csa-maestro, "),
    ],
)
def test_filter_that_names_nothing_is_refused(cli: Cli, controls: Path, option: str, word: str, todo: str) -> None:
    done = cli("policy", "list", option, word, code=2)
    assert f"{option}: {word!r} is not known" in done.stderr
    assert todo in done.stderr


def test_planted_problem_is_found(cli: Cli, controls: Path) -> None:
    path = controls / "reasons/entitlement.yaml"
    path.write_text(path.read_text("utf-8").replace("entitlement.missing:", "entitlement.misssing:"), "utf-8")
    done = cli("policy", "check", code=3)
    assert "data/controls/reasons/entitlement.yaml:" in done.stdout
    assert "did you mean 'entitlement.missing'?" in done.stdout
    found = json.loads(cli("policy", "check", "--format", "json", code=3).stdout)
    assert {tuple(sorted(problem)) for problem in found} == {("todo", "what", "where")}
    before = (controls / "README.md").read_bytes()
    assert "misssing" in cli("policy", "page", code=3).stdout
    assert (controls / "README.md").read_bytes() == before, "a page of what does not agree is not written"


def test_page_is_written_once_and_then_fresh(cli: Cli, controls: Path) -> None:
    page = controls / "README.md"
    page.unlink()
    assert "would be written" in cli("policy", "page", "--check", code=3).stdout
    assert not page.exists()
    assert "written" in cli("policy", "page").stdout
    wanted = page.read_bytes()
    cli("policy", "page", "--check")
    page.write_bytes(wanted + b"by hand\n")
    assert "livegate policy page" in cli("policy", "page", "--check", code=3).stdout
    cli("policy", "page")
    assert page.read_bytes() == wanted


def test_policy_that_opa_cannot_read_is_an_error(cli: Cli, controls: Path, project: Project) -> None:
    (project.rego / "broken.rego").write_text("package broken\n\nx if\n", "utf-8")
    assert "cannot read" in cli("policy", "check", code=1).stderr
