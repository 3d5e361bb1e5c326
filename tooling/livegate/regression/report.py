"""Results as rows for a table, as JSON, and as JUnit XML (the form that CI servers read)."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET  # writes only; nothing foreign is parsed
from typing import TYPE_CHECKING, Any

from livegate.model.instants import show
from livegate.regression.run import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from livegate.regression.run import CaseResult, SuiteResult

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def exit_code(results: Iterable[SuiteResult]) -> int:
    """0: all as judged. 3: a decision differs. 1: a case could not be decided, whatever the others say."""
    outcomes = {result.outcome for suite in results for result in suite.results}
    if Outcome.ERROR in outcomes or not outcomes:
        return 1
    return 3 if Outcome.FAILED in outcomes else 0


def summary(results: Sequence[SuiteResult]) -> dict[str, int]:
    """How many suites and cases, and how many cases came out in which way."""
    counts = {outcome.value: sum(suite.count(outcome) for suite in results) for outcome in Outcome}
    return {"suites": len(results), "cases": sum(counts.values()), **counts}


def place(suite: SuiteResult, result: CaseResult) -> str:
    """``file:line`` of a case."""
    return f"{suite.suite.file}:{result.case.line}"


def said(result: CaseResult) -> str:
    """What each gate said, and why those that did not pass; empty when nobody asked them."""
    if result.gates is None:
        return ""
    reasons: dict[str, list[str]] = {}
    for reason in result.answer["context"]["reasons"]:
        reasons.setdefault(str(reason.get("gate", "")), []).append(reason["id"])
    words = [
        f"{gate}: pass" if passed else f"{gate}: DENY ({', '.join(sorted(reasons.get(gate, ()))) or 'not told'})"
        for gate, passed in result.gates.items()
    ]
    return "\n".join(words)


def as_json(results: Sequence[SuiteResult]) -> dict[str, Any]:
    """Everything, for machines; the answers of cases that did not pass are in it as OPA gave them."""
    return {
        "summary": summary(results),
        "suites": [
            {
                "suite": suite.suite.title,
                "file": suite.suite.file,
                "population": suite.suite.given.population,
                "cases": [_case(result) for result in suite.results],
            }
            for suite in results
        ],
    }


def as_junit(results: Sequence[SuiteResult]) -> bytes:
    """JUnit XML (UTF-8), one ``testsuite`` a suite; a difference is a ``failure``, no decision an ``error``.

    Characters that XML 1.0 cannot hold are written as ``\\x1b`` or ``\\ud800``.
    """
    total = summary(results)
    top = ET.Element(
        "testsuites",
        name="livegate regress",
        tests=str(total["cases"]),
        failures=str(total["failed"]),
        errors=str(total["error"]),
    )
    for suite in results:
        element = ET.SubElement(
            top,
            "testsuite",
            name=_clean(suite.suite.title),
            file=_clean(suite.suite.file),
            tests=str(len(suite.results)),
            failures=str(suite.count(Outcome.FAILED)),
            errors=str(suite.count(Outcome.ERROR)),
            skipped="0",
        )
        for result in suite.results:
            _testcase(element, suite, result)
    ET.indent(top)
    data: bytes = ET.tostring(top, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def _testcase(parent: ET.Element, suite: SuiteResult, result: CaseResult) -> None:
    case = result.case
    element = ET.SubElement(
        parent,
        "testcase",
        name=_clean(case.name),
        classname=_clean(suite.suite.title),
        file=_clean(suite.suite.file),
        line=str(case.line),
    )
    properties = ET.SubElement(element, "properties")
    for control in case.controls:
        ET.SubElement(properties, "property", name="control", value=_clean(control))
    if result.outcome is Outcome.FAILED:
        what = ", ".join(difference.what for difference in result.differences)
        failure = ET.SubElement(element, "failure", type="decision", message=_clean(f"differs: {what}"))
        lines = [f"{item.what}: expected {item.expected}; actual {item.actual}" for item in result.differences]
        failure.text = _clean("\n".join([place(suite, result), f"at {show(case.instant)}", *lines, said(result)]))
    elif result.outcome is Outcome.ERROR:
        error = ET.SubElement(element, "error", type="undecided", message=_clean(result.error or ""))
        error.text = _clean(place(suite, result))


def _case(result: CaseResult) -> dict[str, Any]:
    case = result.case
    entry: dict[str, Any] = {
        "name": case.name,
        "line": case.line,
        "controls": list(case.controls),
        "instant": show(case.instant),
        "outcome": result.outcome.value,
    }
    if result.outcome is not Outcome.PASSED:
        entry["request"] = case.request
        entry["answer"] = result.answer
    if result.differences:
        entry["differences"] = [
            {"what": item.what, "expected": item.expected, "actual": item.actual} for item in result.differences
        ]
    if result.gates is not None:
        entry["gates"] = dict(result.gates)
    if result.error:
        entry["error"] = result.error
    return entry


def _clean(text: str) -> str:
    return _NOT_XML.sub(
        lambda match: (
            match[0].encode("ascii", "backslashreplace").decode() if ord(match[0]) > 127 else f"\\x{ord(match[0]):02x}"
        ),
        text,
    )
