"""A run as counts, an exit code, and JSON. JUnit, GitHub and Markdown have modules of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livegate.model.instants import show
from livegate.regression import told
from livegate.regression.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from livegate.regression.cases import Suite
    from livegate.regression.results import CaseResult, Run, SuiteResult

_DECIDED = {Outcome.PASSED, Outcome.FAILED, Outcome.ERROR}


def exit_code(results: Iterable[SuiteResult]) -> int:
    """0: all as judged. 3: a decision differs. 1: a case could not be decided, whatever the others say.

    What was skipped says nothing; where nothing else is there, nothing was proven: 1.
    """
    outcomes = {result.outcome for suite in results for result in suite.results}
    if Outcome.ERROR in outcomes or not outcomes & _DECIDED:
        return 1
    return 3 if Outcome.FAILED in outcomes else 0


def summary(results: Iterable[SuiteResult]) -> dict[str, int]:
    """How many suites and cases, and how many cases came out in which way."""
    suites = tuple(results)
    counts = {outcome.value: sum(suite.count(outcome) for suite in suites) for outcome in Outcome}
    return {"suites": len(suites), "cases": sum(counts.values()), **counts}


def sentence(results: Iterable[SuiteResult]) -> str:
    """The counts for people."""
    total = summary(results)
    text = (
        f"{total['cases']} cases in {total['suites']} suites: {total['passed']} as judged, "
        f"{total['failed']} differ, {total['error']} could not be decided"
    )
    return f"{text}, {total['skipped']} skipped" if total["skipped"] else text


def as_json(run: Run, rules: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Everything, for machines, as ``schemas/report.json`` has it.

    The requests and answers of cases that are not as judged are in it: requests as the suite says, answers as OPA
    gave them; a credential that was minted is not.
    """
    return {
        "version": 1,
        "summary": summary(run.suites),
        "seconds": round(run.seconds, 3),
        "suites": [
            {
                "suite": suite.suite.title,
                "file": suite.suite.file,
                "population": suite.suite.given.population,
                "cases": [_case(suite, result, rules or {}) for result in suite.results],
            }
            for suite in run.suites
        ],
        "populations": [
            {
                "population": one.population,
                "first": one.first,
                "cases": one.cases,
                "made_seconds": round(one.made, 3),
                "decided_seconds": round(one.decided, 3),
            }
            for one in run.asked
        ],
    }


def listed(suites: Iterable[Suite]) -> list[dict[str, Any]]:
    """The cases that would be decided, for ``--list``."""
    return [
        {
            "suite": suite.title,
            "file": suite.file,
            "line": case.line,
            "name": case.name,
            "population": case.given.population,
            "tags": list(case.tags),
            "controls": list(case.controls),
            "scene": case.scene,
        }
        for suite in suites
        for case in suite.cases
    ]


def _case(suite: SuiteResult, result: CaseResult, rules: Mapping[str, str]) -> dict[str, Any]:
    case = result.case
    entry: dict[str, Any] = {
        "name": case.name,
        "line": case.line,
        "controls": list(case.controls),
        "tags": list(case.tags),
        "outcome": result.outcome.value,
    }
    if not case.given.live:
        entry["instant"] = show(case.instant)
    if case.scene is not None:
        entry["scene"] = case.scene
    if result.error:
        entry["error"] = result.error
    if result.outcome in {Outcome.FAILED, Outcome.ERROR}:
        about = told.told(suite, result, rules)
        entry |= {"request": case.request, "answer": result.answer, "again": about.again}
        entry["difference"] = [
            {"mark": line.mark.strip(), "text": line.text, "rule": line.rule} for line in about.lines
        ]
    if result.differences:
        entry["differences"] = [
            {"what": item.what, "expected": item.expected, "actual": item.actual} for item in result.differences
        ]
    if result.gates is not None:
        entry["gates"] = dict(result.gates)
    return entry
