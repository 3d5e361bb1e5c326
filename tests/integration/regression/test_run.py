"""Cases against signed bundles in a real OPA: the clock is frozen a case, and nothing undecided passes."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from livegate.errors import EngineError, LivegateError
from livegate.model.instants import show
from livegate.opa.process import OpaProcess
from livegate.regression.population import issued
from livegate.regression.report import exit_code
from livegate.regression.results import Outcome
from livegate.regression.run import Runner, run
from livegate.regression.suite import Given

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livegate.opa.engine import Engine
    from livegate.project import Project
    from livegate.regression.population import Issued
    from livegate.regression.suite import Suite

    from .conftest import Change

EXAMPLE = Given(population="example")


def test_each_case_has_its_own_clock(project: Project, opa_engine: Engine, alice: Callable[..., Suite]) -> None:
    suite = alice("+0s", "+14m59s999999999ns", "+15m", "-1ns", "+2h", "-30s", "-30s1ns")
    (result,) = run(project, [suite], opa_engine).suites
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
    (result,) = run(project, [many], opa_engine).suites
    assert result.count(Outcome.PASSED) == 3_000
    assert len({item.answer["context"]["evaluated_at"] for item in result.results}) == 3_000


def test_a_policy_that_takes_its_own_time_proves_nothing(
    copy: Project, plant: Change, opa_engine: Engine, alice: Callable[..., Suite]
) -> None:
    plant("rego/authz/facts/facts.rego", "now := time.now_ns()", "now := 1795435200000000001")
    (result,) = run(copy, [alice("+0s", "+1ns")], opa_engine).suites
    first, second = result.results
    assert first.outcome is Outcome.ERROR
    assert "not frozen" in str(first.error)
    assert second.outcome is Outcome.PASSED


def test_an_undefined_decision_is_an_error(
    copy: Project, plant: Change, opa_engine: Engine, alice: Callable[..., Suite]
) -> None:
    plant("rego/authz/authz.rego", "\nevaluation := ", "\nelsewhere := ")
    expect = "{decision: deny, reasons: [a.b]}"
    (result,) = run(copy, [alice("+0s", expect=expect)], opa_engine).suites
    assert result.results[0].outcome is Outcome.ERROR
    assert "undefined" in str(result.results[0].error)


def test_a_wrong_expectation_fails_and_says_what_each_gate_said(
    project: Project, opa_engine: Engine, alice: Callable[..., Suite]
) -> None:
    (result,) = run(project, [alice("+2h")], opa_engine).suites
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
    (before,), (last, first) = (suite.results for suite in run(project, [plain, revoked], opa_engine).suites)
    assert (before.outcome, last.outcome, first.outcome) == (Outcome.PASSED, Outcome.PASSED, Outcome.FAILED)
    assert last.answer["context"]["valid_until"] == "2026-11-23T12:01:00Z"
    told = [result.answer["context"]["revisions"]["revocations"] for result in (before, first)]
    assert told[0] != told[1]


def test_the_bundles_are_verified(
    project: Project, opa_engine: Engine, alice: Callable[..., Suite], tmp_path: Path
) -> None:
    one = issued(project, EXAMPLE, tmp_path / "one")
    other = issued(project, EXAMPLE, tmp_path / "other")
    assert one.local.key.read_bytes() != other.local.key.read_bytes()
    forged = replace(one.local, key=other.local.key)
    with pytest.raises(EngineError, match="signature"), OpaProcess(opa_engine.path, forged, folder=tmp_path / "opa"):
        pass


def test_documents_that_stand_in_for_loaded_ones_are_verified_too(
    project: Project, opa_engine: Engine, alice: Callable[..., Suite], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, made = issued, []

    def tampered(*arguments: Any, **named: Any) -> Issued:
        """The second organisation, the one that OPA does not load, has a byte changed in one of its bundles."""
        result = real(*arguments, **named)
        made.append(result)
        if len(made) == 2:
            other = real(project, EXAMPLE, result.local.key.parent / "elsewhere").local
            return replace(result, sound=replace(result.sound, bundles=(*result.sound.bundles[:-1], other.bundles[-1])))
        return result

    monkeypatch.setattr("livegate.regression.run.issued", tampered)
    given = "given:\n  revocations:\n    - {kind: elevation, target: e-101, from: +1m}\n"
    plain, revoked = run(project, [alice("+0s", "+1s"), alice("+0s", given=given)], opa_engine).suites
    assert plain.count(Outcome.PASSED) == 2
    assert revoked.count(Outcome.ERROR) == 1
    assert "signature does not verify" in str(revoked.results[0].error)


def test_one_opa_for_all_answers_as_one_for_each(
    project: Project, opa_engine: Engine, reference: tuple[Suite, ...]
) -> None:
    # a key lives as long as its run, so what is minted by it, and the revisions that its public half is in, differ
    told = []
    # an OPA for each of hundreds takes minutes: the first of each file, and every case that is asked of one of them
    chosen = {suite.cases[0].given for suite in reference} | {suite.cases[-1].given for suite in reference[:6]}
    kept = [replace(suite, cases=tuple(case for case in suite.cases if case.given in chosen)) for suite in reference]
    for apart in (False, True):
        suites = run(project, kept, opa_engine, apart=apart).suites
        told.append([_without_keys(result.answer) for suite in suites for result in suite.results])
    assert len({case.given for suite in kept for case in suite.cases}) >= 3
    assert told[0] == told[1]


def _without_keys(answer: Any) -> Any:
    context = {name: value for name, value in answer["context"].items() if name != "revisions"}
    evidence = {gate: value for gate, value in context["evidence"].items() if gate != "proof"}
    return {**answer, "context": {**context, "evidence": evidence}}


def test_nothing_is_left_behind(
    project: Project, opa_engine: Engine, alice: Callable[..., Suite], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with Runner(project, opa_engine) as runner:
        runner.run([alice("+0s")])
        assert runner.opa is not None
        pid = runner.opa.pid
        assert pid is not None
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir()), "the population and its key are gone"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_nothing_is_written_into_the_checkout(copy: Project, opa_engine: Engine, alice: Callable[..., Suite]) -> None:
    folder = copy.rego.parent
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    run(copy, [alice("+0s")], opa_engine)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def _kill_when(runner: Runner, word: str) -> Callable[[str], None]:
    """Progress that kills OPA when it is told this word."""

    def told(text: str) -> None:
        if word in text and runner.opa is not None and (pid := runner.opa.pid) is not None:
            os.kill(pid, signal.SIGKILL)

    return told


def test_an_opa_that_is_killed_in_the_middle_keeps_what_it_decided(
    project: Project, opa_engine: Engine, alice: Callable[..., Suite]
) -> None:
    one = alice("+0s")
    many = replace(one, cases=tuple(replace(one.cases[0], name=str(number)) for number in range(4_000)))
    runner = Runner(project, opa_engine, workers=1)
    runner._progress = _kill_when(runner, "1,000 of 4,000 cases")
    with runner:
        done = runner.run([many])
        (suite,) = done.suites
        outcomes = [result.outcome for result in suite.results]
        assert outcomes[:1_000] == [Outcome.PASSED] * 1_000
        assert outcomes[-1_000:] == [Outcome.ERROR] * 1_000
        assert "SIGKILL" in str(suite.results[-1].error)
        assert exit_code(done.suites) == 1
        again = runner.run([one])  # a new one is started
        assert again.suites[0].count(Outcome.PASSED) == 1


def test_an_opa_that_was_killed_before_it_was_asked_passes_nothing(
    project: Project, opa_engine: Engine, alice: Callable[..., Suite]
) -> None:
    suites = [alice("+0s"), alice("+0s", given="given: {revocations: [{kind: session, target: x, from: +1m}]}\n")]
    runner = Runner(project, opa_engine)
    runner._progress = _kill_when(runner, "organisation 2 of 2")
    with runner:
        done = runner.run(suites)
    assert done.suites[1].count(Outcome.ERROR) == 1
    assert "SIGKILL" in str(done.suites[1].results[0].error)
    assert exit_code(done.suites) == 1


def test_one_that_opa_cannot_decide_does_not_take_the_others_along(
    copy: Project, plant: Change, opa_engine: Engine, alice: Callable[..., Suite]
) -> None:
    # two values of one complete rule: OPA answers the whole query with an error
    plant(
        "rego/authz/authz.rego",
        "\nevaluation := {",
        '\nevaluation := 1 if input.subject.id == "two"\n\nevaluation := {',
    )
    one = alice(*(f"+{number}s" for number in range(20)))
    odd = replace(one.cases[7], request={**one.cases[7].request, "subject": {"type": "human", "id": "two"}})
    (suite,) = run(copy, [replace(one, cases=(*one.cases[:7], odd, *one.cases[8:]))], opa_engine).suites
    assert [number for number, result in enumerate(suite.results) if result.outcome is Outcome.ERROR] == [7]
    assert suite.count(Outcome.PASSED) == 19
    assert "conflict" in str(suite.results[7].error)


def test_fail_fast_asks_no_more(project: Project, opa_engine: Engine, alice: Callable[..., Suite]) -> None:
    one = alice("+2h")
    many = replace(one, cases=one.cases * 4_000)
    with Runner(project, opa_engine, workers=1) as runner:
        (suite,) = runner.run([many], fail_fast=True).suites
    assert suite.count(Outcome.FAILED) == 1_000
    assert suite.count(Outcome.SKIPPED) == 3_000


def test_told_to_stop_it_ends_everything(
    project: Project, opa_engine: Engine, alice: Callable[..., Suite], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    one = alice("+0s")
    pids: list[int] = []

    def check() -> None:
        if runner.opa is not None and runner.opa.pid is not None:
            pids.append(runner.opa.pid)
            raise KeyboardInterrupt

    runner = Runner(project, opa_engine, check=check)
    with pytest.raises(KeyboardInterrupt), runner:
        runner.run([replace(one, cases=one.cases * 2_000)])
    assert not list(tmp_path.iterdir())
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


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
