"""JUnit is well-formed whatever the names hold, and counts as the run does."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from livegate.regression.junit import as_junit
from livegate.regression.results import Run

if TYPE_CHECKING:
    from livegate.regression.results import SuiteResult


def test_junit_is_well_formed_and_counts(mixed: SuiteResult) -> None:
    top = ET.fromstring(as_junit(Run(suites=(mixed, mixed))))  # noqa: S314  # our own output
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
    assert "+ identity.unknown\n- request.malformed\n" in failure.text
    assert "identity: DENY (identity.unknown)\nrequest: pass" in failure.text
    assert "s.yaml:10" in failure.text
    found = error.find("error")
    assert found is not None
    assert found.get("message") == "OPA gave no answer"


def test_junit_escapes_what_xml_cannot_hold(mixed: SuiteResult) -> None:
    top = ET.fromstring(as_junit(Run(suites=(mixed,))))  # noqa: S314  # our own output
    assert top[0].get("name") == r"Mixed \x07 <&>"
    assert [case.get("name") for case in top[0].findall("testcase")] == [
        "passes",
        r"differs \x1b[31m & <red>",
        r"errs \x00",
    ]


def test_what_was_not_asked_is_skipped(skipped: SuiteResult) -> None:
    top = ET.fromstring(as_junit(Run(suites=(skipped,))))  # noqa: S314  # our own output
    assert (top.get("tests"), top.get("skipped"), top[0].get("skipped")) == ("3", "3", "3")
    assert len(list(top.iter("skipped"))) == 3
