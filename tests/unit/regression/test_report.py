"""Reports say the same in every form, and are well-formed whatever the names hold."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from livegate.regression import report
from livegate.regression.run import SuiteResult

if TYPE_CHECKING:
    from livegate.regression.run import CaseResult


@pytest.mark.parametrize(("kept", "code"), [((0,), 0), ((0, 1), 3), ((0, 2), 1), ((0, 1, 2), 1), ((), 1)])
def test_the_exit_code_is_of_the_worst(mixed: SuiteResult, kept: tuple[int, ...], code: int) -> None:
    results = tuple(mixed.results[number] for number in kept)
    assert report.exit_code([SuiteResult(suite=mixed.suite, results=results)]) == code


def test_nothing_decided_is_no_success() -> None:
    assert report.exit_code([]) == 1


def test_json_has_every_case(mixed: SuiteResult) -> None:
    value = json.loads(json.dumps(report.as_json([mixed])))
    assert value["summary"] == {"suites": 1, "cases": 3, "passed": 1, "failed": 1, "error": 1}
    passed, failed, error = value["suites"][0]["cases"]
    assert (passed["outcome"], passed["line"], passed["controls"]) == ("passed", 5, ["NHI-03", "C3"])
    assert "answer" not in passed
    assert failed["differences"] == [{"what": "reasons", "expected": "request.malformed", "actual": "identity.unknown"}]
    assert failed["gates"] == {"identity": False, "request": True}
    assert failed["request"] == {"subject": {"id": "a"}}
    assert error["error"] == "OPA gave no answer"


def test_junit_is_well_formed_and_counts(mixed: SuiteResult) -> None:
    top = ET.fromstring(report.as_junit([mixed, mixed]))  # noqa: S314  # our own output
    assert (top.tag, top.get("tests"), top.get("failures"), top.get("errors")) == ("testsuites", "6", "2", "2")
    first, _ = top.findall("testsuite")
    assert (first.get("tests"), first.get("failures"), first.get("errors"), first.get("skipped")) == (
        "3",
        "1",
        "1",
        "0",
    )
    passed, failed, error = first.findall("testcase")
    assert passed.find("failure") is None
    assert passed.find("error") is None
    assert [item.get("value") for item in passed.iter("property")] == ["NHI-03", "C3"]
    failure = failed.find("failure")
    assert failure is not None
    assert failure.text is not None
    assert "reasons: expected request.malformed; actual identity.unknown" in failure.text
    assert "identity: DENY (identity.unknown)\nrequest: pass" in failure.text
    assert "s.yaml:10" in failure.text
    found = error.find("error")
    assert found is not None
    assert found.get("message") == "OPA gave no answer"


def test_junit_escapes_what_xml_cannot_hold(mixed: SuiteResult) -> None:
    top = ET.fromstring(report.as_junit([mixed]))  # noqa: S314  # our own output
    assert top[0].get("name") == r"Mixed \x07 <&>"
    assert [case.get("name") for case in top[0].findall("testcase")] == [
        "passes",
        r"differs \x1b[31m & <red>",
        r"errs \x00",
    ]


def test_what_each_gate_said_is_only_told_where_it_was_asked(mixed: SuiteResult) -> None:
    passed: CaseResult = mixed.results[0]
    assert report.said(passed) == ""
