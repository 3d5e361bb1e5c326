"""Mutation of the policy by the command: what cases notice, what they do not, and when that is a failure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from livegate.cli.regress.mutate import mutate
from livegate.errors import SuiteError
from livegate.regression.mutation import outline, plan, tree
from livegate.regression.mutation.cases import prepare
from livegate.regression.mutation.run import run
from livegate.regression.suite import load_all

from .conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.opa.engine import Engine
    from livegate.project import Project

SUITES = [str(ROOT / "tests/policy" / name) for name in ("identity.yaml", "request.yaml")]
PLACE = "rego/authz/gates/identity/identity.rego"


def command(project: Project, *arguments: str) -> tuple[int, str]:
    """Exit code and output."""
    folder = str(project.rego.parent)
    done = CliRunner().invoke(mutate, [*SUITES, "--only", PLACE, "--jobs", "1", "--project", folder, *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_a_gate_asked_first_is_as_whole_decisions(
    copy: Project, opa_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = tree.modules(opa_engine.path, copy.rego, tree.files(copy.rego))
    mutants = plan.only(plan.mutants(modules), [PLACE])
    prepared = prepare(copy, load_all(SUITES), tmp_path / "cases")

    def verdicts(folder: str) -> list[tuple[int, str]]:
        made = run(opa_engine.path, modules, mutants, prepared, folder=tmp_path / folder, jobs=2)
        return [(result.mutant.number, result.verdict) for result in made.results]

    first = verdicts("first")
    monkeypatch.setattr(outline, "closed", lambda _: frozenset())
    assert verdicts("whole") == first
    assert {verdict for _, verdict in first} >= {"killed", "survived"}


def test_the_floor_is_held_and_survivors_are_shown(copy: Project, tmp_path: Path) -> None:
    report = tmp_path / "mutants.json"
    code, out = command(copy, "--floor", "100", "--format", "json", "--output", str(report))
    found: dict[str, Any] = json.loads(report.read_text())
    assert code == 3
    assert found["complete"]
    assert found["below"] == ["all", "identity"]
    assert found["total"]["survived"] == len(found["survivors"]) > 0
    for survivor in found["survivors"]:
        assert f"{survivor['where']}  identity  {survivor['mutation']}" in out
        line = (copy.rego.parent / PLACE).read_text().splitlines()[survivor["line"] - 1]
        assert survivor["text"] == line.strip()
    assert command(copy, "--floor", "50")[0] == 0


def test_one_that_a_case_notices_is_not_equivalent(copy: Project, tmp_path: Path) -> None:
    listed = tmp_path / "equivalent.yaml"
    entry = f'{{file: {PLACE}, line: status == "active", mutation: "comparison: == becomes !="}}'
    listed.write_text(
        f"equivalents:\n  - reason: nobody would ever notice that, or so it is said\n    mutants: [{entry}]\n"
    )
    code, out = command(copy, "--equivalent", str(listed))
    assert code == 3
    assert re.search(r"not equivalent: \S+equivalent\.yaml:3:\d+", out)
    listed.write_text(listed.read_text().replace('== "active"', '== "gone"'))
    with pytest.raises(SuiteError, match="no mutant is"):
        command(copy, "--equivalent", str(listed))


def test_a_sample_is_drawn_by_its_seed_and_suggests_a_case(copy: Project, tmp_path: Path) -> None:
    report = tmp_path / "mutants.json"
    some = ("--sample", "6", "--seed", "7", "--suggest", "100", "--format", "json", "--output", str(report))
    told = []
    for _ in range(2):
        command(copy, *some)
        told.append(json.loads(report.read_text()))
    assert told[0] == told[1]
    assert told[0]["mutants"] == {"chosen": 6, "of": told[0]["mutants"]["of"], "untried": 0}


def test_documents_are_changed_too(copy: Project, tmp_path: Path) -> None:
    report = tmp_path / "mutants.md"
    folder = str(copy.rego.parent)
    arguments = [*SUITES, "--data", "--sample", "40", "--project", folder, "--format", "markdown"]
    done = CliRunner().invoke(mutate, [*arguments, "--output", str(report)])
    assert done.exit_code == 0, done.output
    text = report.read_text()
    assert re.search(r"\| iga \| \d", text)
    assert "### Mutants:" in text
