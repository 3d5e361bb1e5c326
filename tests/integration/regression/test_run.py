"""Cases against signed bundles in a real OPA: the clock is frozen a case, and nothing undecided passes."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from livegate.errors import EngineError, LivegateError
from livegate.model.instants import show
from livegate.regression.population import issued, serving
from livegate.regression.run import Outcome, decide, run
from livegate.regression.suite import Given

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livegate.opa.engine import Engine
    from livegate.project import Project
    from livegate.regression.suite import Suite

    from .conftest import Change

EXAMPLE = Given(population="example")


def test_every_reference_case_is_as_judged(project: Project, opa_engine: Engine, reference: tuple[Suite, ...]) -> None:
    results = run(project, reference, opa_engine)
    wrong = [
        f"{suite.suite.file}:{result.case.line} {result.case.name}: {result.error or result.differences}"
        for suite in results
        for result in suite.results
        if result.outcome is not Outcome.PASSED
    ]
    assert not wrong
    assert [suite.suite for suite in results] == list(reference)
    assert [[result.case for result in suite.results] for suite in results] == [
        list(suite.cases) for suite in reference
    ]


def test_each_case_has_its_own_clock(project: Project, opa_engine: Engine, alice: Callable[..., Suite]) -> None:
    suite = alice("+0s", "+14m59s999999999ns", "+15m", "-1ns", "+2h", "-30s", "-30s1ns")
    (result,) = run(project, [suite], opa_engine)
    said = [(case.answer["decision"], case.answer["context"]["evaluated_at"]) for case in result.results]
    allowed = [True, True, False, True, False, True, False]
    assert said == [(allow, show(case.instant)) for allow, case in zip(allowed, suite.cases, strict=True)]
    assert said[1][1] == "2026-11-23T12:14:59.999999999Z"


def test_thousands_of_cases_are_all_answered_each_at_its_instant(
    project: Project, opa_engine: Engine, alice: Callable[..., Suite]
) -> None:
    one = alice("+0s")
    (case,) = one.cases
    many = replace(one, cases=tuple(replace(case, instant=case.instant + number) for number in range(3_000)))
    (result,) = run(project, [many], opa_engine)
    assert result.count(Outcome.PASSED) == 3_000
    assert len({item.answer["context"]["evaluated_at"] for item in result.results}) == 3_000


def test_a_policy_that_takes_its_own_time_proves_nothing(
    copy: Project, plant: Change, opa_engine: Engine, alice: Callable[..., Suite]
) -> None:
    plant("rego/authz/facts/facts.rego", "now := time.now_ns()", "now := 1795435200000000001")
    (result,) = run(copy, [alice("+0s", "+1ns")], opa_engine)
    first, second = result.results
    assert first.outcome is Outcome.ERROR
    assert "not frozen" in str(first.error)
    assert second.outcome is Outcome.PASSED


def test_an_undefined_decision_is_an_error(
    copy: Project, plant: Change, opa_engine: Engine, alice: Callable[..., Suite]
) -> None:
    plant("rego/authz/authz.rego", "\nevaluation := ", "\nelsewhere := ")
    (result,) = run(copy, [alice("+0s", expect="{decision: deny, reasons: [a.b]}")], opa_engine)
    assert result.results[0].outcome is Outcome.ERROR
    assert "undefined" in str(result.results[0].error)


def test_a_wrong_expectation_fails_and_says_what_each_gate_said(
    project: Project, opa_engine: Engine, alice: Callable[..., Suite]
) -> None:
    (result,) = run(project, [alice("+2h")], opa_engine)
    (case,) = result.results
    assert case.outcome is Outcome.FAILED
    assert [item.what for item in case.differences] == ["decision", "reasons"]
    assert case.gates == {
        "elevation": False,
        "entitlement": True,
        "freshness": False,
        "identity": True,
        "mandate": True,
        "proof": True,
        "request": True,
        "revocation": True,
        "transaction": True,
    }


def test_given_revocations_are_signed_and_bite_at_their_instant(
    project: Project, opa_engine: Engine, alice: Callable[..., Suite]
) -> None:
    given = "given:\n  revocations:\n    - {kind: elevation, target: e-101, from: +1m}\n"
    plain, revoked = alice("+1m"), alice("+59s999999999ns", "+1m", given=given)
    (before,), (last, first) = (suite.results for suite in run(project, [plain, revoked], opa_engine))
    assert (before.outcome, last.outcome, first.outcome) == (Outcome.PASSED, Outcome.PASSED, Outcome.FAILED)
    assert last.answer["context"]["valid_until"] == "2026-11-23T12:01:00Z"
    told = [result.answer["context"]["revisions"]["revocations"] for result in (before, first)]
    assert told[0] != told[1]


def test_the_bundles_are_verified(
    project: Project, opa_engine: Engine, alice: Callable[..., Suite], tmp_path: Path
) -> None:
    local, _ = issued(project, EXAMPLE, tmp_path)
    other, _ = issued(project, EXAMPLE, tmp_path / "other")
    assert local.key.read_bytes() != other.key.read_bytes()
    with serving(project, EXAMPLE, opa_engine, folder=tmp_path) as (opa, issuers):
        assert decide(opa, alice("+0s"), issuers).count(Outcome.PASSED) == 1
    assert not list(tmp_path.glob("livegate-regress-*")), "the population and its key are gone"


def test_nothing_is_written_into_the_checkout(copy: Project, opa_engine: Engine, alice: Callable[..., Suite]) -> None:
    folder = copy.rego.parent
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    run(copy, [alice("+0s")], opa_engine)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_an_opa_that_has_ended_is_an_error(project: Project, opa_engine: Engine, alice: Callable[..., Suite]) -> None:
    with serving(project, EXAMPLE, opa_engine) as (opa, issuers):
        assert opa.pid is not None
        os.kill(opa.pid, signal.SIGKILL)
        while opa.poll() is None:
            pass
        with pytest.raises(EngineError, match="SIGKILL") as caught:
            decide(opa, alice("+0s"), issuers)
    assert caught.value.exit_code == 1


def test_an_opa_that_is_killed_in_the_middle_is_an_error(
    project: Project, opa_engine: Engine, alice: Callable[..., Suite]
) -> None:
    with serving(project, EXAMPLE, opa_engine) as (opa, issuers):
        assert opa.pid is not None
        # stopped, it takes the query and cannot answer it, so that the kill comes in the middle however long it takes
        os.kill(opa.pid, signal.SIGSTOP)
        killer = threading.Timer(0.2, os.kill, (opa.pid, signal.SIGKILL))
        killer.start()
        with pytest.raises(EngineError, match=r"SIGKILL|cannot be asked") as caught:
            decide(opa, alice("+0s"), issuers)
        killer.join()
    assert caught.value.exit_code == 1


def test_a_policy_that_does_not_compile_is_an_error(
    copy: Project, plant: Change, opa_engine: Engine, alice: Callable[..., Suite]
) -> None:
    plant("rego/authz/authz.rego", "\nevaluation := {", "\nevaluation := nowhere.at_all + {")
    with pytest.raises(LivegateError) as caught:
        run(copy, [alice("+0s")], opa_engine)
    assert caught.value.exit_code == 1


def test_an_export_that_is_not_whole_is_an_error(
    copy: Project, opa_engine: Engine, alice: Callable[..., Suite]
) -> None:
    path = copy.data / "example" / "grants.csv"
    path.write_text(path.read_text("utf-8").replace("subject,", "sbject,", 1), "utf-8")
    with pytest.raises(LivegateError, match="population cannot be read") as caught:
        run(copy, [alice("+0s")], opa_engine)
    assert caught.value.exit_code == 1
