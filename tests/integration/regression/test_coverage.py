"""Coverage of real decisions: OPA's tracer says what was evaluated, and only what is as judged covers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from livegate.cli import main_group
from livegate.errors import EngineError, SuiteError
from livegate.regression.ask import Question
from livegate.regression.evaluated import evaluate
from livegate.regression.trace import trace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livegate.opa.engine import Engine
    from livegate.project import Project
    from livegate.regression.suite import Suite

    from .conftest import Change

DENIED = "{decision: deny, reasons: [elevation.missing]}"


def test_a_case_covers_the_rules_that_it_needs_and_no_other(
    project: Project, opa_engine: Engine, alice: Callable[..., Suite]
) -> None:
    traced = trace(project, [alice("+0s")], opa_engine)
    assert not traced.wrong
    (one,) = traced.decided
    assert one.gates
    assert all(one.gates.values())
    reached = {item.name: item.cases for item in traced.expressions}
    assert not any(name.startswith("rego/system/") for name in reached)

    def lines(file: str, text: str) -> set[int]:
        numbered = enumerate((project.rego / file).read_text("utf-8").splitlines(), start=1)
        found = {number for number, line in numbered if text in line}
        assert found
        return {
            cases for name, cases in reached.items() for number in found if name.startswith(f"rego/{file}:{number}:")
        }

    assert lines("authz/authz.rego", 'evaluation := {"decision": true') == {1}
    assert lines("authz/gates/identity/identity.rego", '"id": "identity.ownerless"') == {0}
    missed = next(item for item in traced.expressions if "else := {" in item.note and "authz.rego" in item.name)
    assert missed.cases == 0


def test_more_cases_cover_more_and_every_case_is_asked_of_its_own_documents(
    project: Project, opa_engine: Engine, alice: Callable[..., Suite]
) -> None:
    revoked = alice(
        "+0s",
        expect="{decision: deny, reasons: [revocation.subject]}",
        given="given: {revocations: [{kind: subject, target: alice, from: -1h}]}\n",
    )
    one = trace(project, [alice("+0s")], opa_engine)
    both = trace(project, [alice("+0s"), revoked], opa_engine)
    assert not both.wrong
    assert len(both.decided) == 2
    before = {item.name for item in one.expressions if item.cases}
    after = {item.name for item in both.expressions if item.cases}
    assert before < after
    assert any(name.startswith("rego/authz/gates/revocation/") for name in after - before)
    assert {item.name for item in one.expressions} == {item.name for item in both.expressions}


def test_what_is_not_as_judged_covers_nothing_and_is_told(
    project: Project, opa_engine: Engine, alice: Callable[..., Suite]
) -> None:
    traced = trace(project, [alice("+0s", expect=DENIED)], opa_engine)
    assert not traced.decided
    (told,) = traced.wrong
    assert told.startswith("alice.yaml:5: number 0: decision: expected deny, actual allow; reasons: expected elevation")


def test_no_case_is_an_error(project: Project, opa_engine: Engine) -> None:
    with pytest.raises(SuiteError, match="no case"):
        trace(project, [], opa_engine)


def test_an_opa_that_cannot_read_the_policy_says_so(opa: Path, tmp_path: Path) -> None:
    broken = tmp_path / "policy.tar.gz"
    broken.write_bytes(b"no bundle")
    asked = [Question(request=None, instant=1)]
    with pytest.raises(EngineError, match="did not answer"):
        evaluate(opa, [broken], asked)


def test_an_opa_that_is_not_there_says_so(tmp_path: Path) -> None:
    asked = [Question(request=None, instant=1)]
    with pytest.raises(EngineError, match="cannot be asked"):
        evaluate(tmp_path / "none", [], asked)


@pytest.mark.usefixtures("opa")
def test_the_command_holds_a_floor(copy: Project) -> None:
    folder = copy.rego.parent
    identity = str(folder / "tests" / "policy" / "identity.yaml")
    run = CliRunner()
    common = ["regress", "coverage", identity, "--project", str(folder)]
    done = run.invoke(main_group, [*common, "--format", "json", "--floor", "actions=1"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["not_as_judged"] == []
    assert 0 < said["summary"]["reasons"]["covered"] < said["summary"]["reasons"]["items"]
    ownerless = next(item for item in said["kinds"]["reasons"] if item["name"] == "identity.ownerless")
    assert ownerless["cases"] >= 1
    assert ownerless["note"].startswith("rego/authz/gates/identity/identity.rego:")
    target = folder / "coverage.md"
    done = run.invoke(main_group, [*common, "--floor", "reasons=100", "--format", "markdown", "--output", str(target)])
    assert done.exit_code == 3
    assert "reasons:" in done.stderr
    assert "below the floor of 100 %" in done.stderr
    assert "**Below the floor**: reasons" in target.read_text("utf-8")


def test_the_command_tells_of_a_planted_opening(copy: Project, plant: Change) -> None:
    plant("data/trust/peps.yaml", "{database: true}", "{database: true, payment: true}")
    folder = copy.rego.parent
    suite = folder / "tests" / "policy" / "request.yaml"
    done = CliRunner().invoke(main_group, ["regress", "coverage", str(suite), "--project", str(folder)])
    assert done.exit_code == 3
    assert "request.yaml:" in done.stderr
