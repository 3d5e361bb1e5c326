"""Suites → results: one OPA a population, one query a suite."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from livegate.errors import ConfigError, EngineError, SuiteError
from livegate.regression import ask
from livegate.regression.compare import compare
from livegate.regression.population import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from livegate.opa.engine import Engine
    from livegate.opa.process import OpaProcess
    from livegate.project import Project
    from livegate.regression.compare import Difference
    from livegate.regression.issuers import Issuers
    from livegate.regression.suite import Case, Given, Suite


class Outcome(StrEnum):
    """What became of a case: as judged, otherwise, or not decided at all."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One case and what OPA made of it.

    Attributes:
        differences: what differs, of a failed one. error: why an erroneous one says nothing.
        answer: OPA's. gates: gate → passed, of a failed one.
    """

    case: Case
    outcome: Outcome
    answer: Any = None
    differences: tuple[Difference, ...] = ()
    gates: Mapping[str, bool] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteResult:
    """The results of one suite, in the order of its cases."""

    suite: Suite
    results: tuple[CaseResult, ...]

    def count(self, outcome: Outcome) -> int:
        """How many cases came out like that."""
        return sum(result.outcome is outcome for result in self.results)


def run(
    project: Project, suites: Iterable[Suite], engine: Engine, *, progress: Callable[[str], None] = lambda _: None
) -> tuple[SuiteResult, ...]:
    """Decide every case; results in the order of the suites.

    Args:
        project: rules and documents. suites: what to decide. engine: OPA. progress: told each step.

    Raises:
        LivegateError: a population cannot be made. EngineError: OPA did not start, ended, or refused.
    """
    everything = list(suites)
    groups: dict[Given, list[int]] = {}
    for number, suite in enumerate(everything):
        groups.setdefault(suite.given, []).append(number)
    done: dict[int, SuiteResult] = {}
    for given, numbers in groups.items():
        progress(f"population {given.population}: sync, sign, start OPA")
        with serving(project, given, engine) as (opa, issuers):
            for number in numbers:
                suite = everything[number]
                progress(f"{suite.title}: {len(suite.cases)} cases")
                done[number] = decide(opa, suite, issuers)
    return tuple(done[number] for number in range(len(everything)))


def decide(opa: OpaProcess, suite: Suite, issuers: Issuers) -> SuiteResult:
    """The results of one suite against a running OPA that trusts ``issuers``.

    Raises:
        SuiteError: a credential of an issuer that the population does not name; names file and line.
        EngineError: OPA ended (with the end of its log), or cannot be asked.
    """
    client = opa.client()
    asked = [_equipped(case, issuers, suite.file) for case in suite.cases]
    try:
        with contextlib.closing(client.session):
            answers = ask.answers(client, asked)
            results = [_judge(case, answer) for case, answer in zip(suite.cases, answers, strict=True)]
            failed = [number for number, result in enumerate(results) if result.outcome is Outcome.FAILED]
            said = ask.gates(client, [asked[number] for number in failed]) if failed else []
    except EngineError:
        opa.ensure_running()  # how OPA ended says more than that it cannot be reached
        raise
    for number, gates in zip(failed, said, strict=True):
        result = results[number]
        results[number] = CaseResult(
            case=result.case, outcome=result.outcome, answer=result.answer, differences=result.differences, gates=gates
        )
    return SuiteResult(suite=suite, results=tuple(results))


def _equipped(case: Case, issuers: Issuers, file: str) -> Case:
    try:
        request = issuers.equip(case.request, case.credential, case.signed, now=case.instant)
    except ConfigError as error:
        raise SuiteError(error.what, where=f"{file}:{case.line}", todo=error.todo) from error
    return case if request is case.request else replace(case, request=request)


def _judge(case: Case, answer: Any) -> CaseResult:
    if error := ask.problem(case, answer):
        return CaseResult(case=case, outcome=Outcome.ERROR, answer=answer, error=error)
    differences = compare(case.expect, answer)
    outcome = Outcome.FAILED if differences else Outcome.PASSED
    return CaseResult(case=case, outcome=outcome, answer=answer, differences=differences)
