"""A run as JUnit XML, the form that CI servers read."""

from __future__ import annotations

import xml.etree.ElementTree as ET  # writes only; nothing foreign is parsed
from typing import TYPE_CHECKING

from livegate.regression import report, told
from livegate.regression.markup import xml
from livegate.regression.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livegate.regression.results import CaseResult, Run, SuiteResult


def as_junit(run: Run, rules: Mapping[str, str] | None = None) -> bytes:
    """JUnit XML (UTF-8), one ``testsuite`` a suite; a difference is a ``failure``, no decision an ``error``."""
    total = report.summary(run.suites)
    top = ET.Element(
        "testsuites",
        name="livegate regress",
        tests=str(total["cases"]),
        failures=str(total["failed"]),
        errors=str(total["error"]),
        skipped=str(total["skipped"]),
        time=f"{run.seconds:.3f}",
    )
    for suite in run.suites:
        element = ET.SubElement(
            top,
            "testsuite",
            name=xml(suite.suite.title),
            file=xml(suite.suite.file),
            tests=str(len(suite.results)),
            failures=str(suite.count(Outcome.FAILED)),
            errors=str(suite.count(Outcome.ERROR)),
            skipped=str(suite.count(Outcome.SKIPPED)),
        )
        for result in suite.results:
            _testcase(element, suite, result, rules)
    ET.indent(top)
    data: bytes = ET.tostring(top, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def _testcase(parent: ET.Element, suite: SuiteResult, result: CaseResult, rules: Mapping[str, str] | None) -> None:
    case = result.case
    element = ET.SubElement(
        parent,
        "testcase",
        name=xml(case.name),
        classname=xml(suite.suite.title),
        file=xml(suite.suite.file),
        line=str(case.line),
    )
    properties = ET.SubElement(element, "properties")
    for name, values in (("control", case.controls), ("tag", case.tags)):
        for value in values:
            ET.SubElement(properties, "property", name=name, value=xml(value))
    if result.outcome is Outcome.FAILED:
        about = told.told(suite, result, rules)
        what = ", ".join(difference.what for difference in result.differences)
        failure = ET.SubElement(element, "failure", type="decision", message=xml(f"differs: {what}"))
        at = (f"at {about.at}",) if about.at else ()
        failure.text = xml("\n".join([about.place, *at, *map(str, about.lines), *about.gates, about.again]))
    elif result.outcome is Outcome.ERROR:
        error = ET.SubElement(element, "error", type="undecided", message=xml(result.error or ""))
        error.text = xml(told.where(suite, result))
    elif result.outcome is Outcome.SKIPPED:
        ET.SubElement(element, "skipped", message=xml(result.error or ""))
