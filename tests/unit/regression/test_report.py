"""Reports say the same in every form, and are well-formed whatever the names hold."""

from __future__ import annotations

import json

import pytest

from livegate import schema
from livegate.regression import report
from livegate.regression.results import Asked, Run, SuiteResult


@pytest.mark.parametrize(("kept", "code"), [((0,), 0), ((0, 1), 3), ((0, 2), 1), ((0, 1, 2), 1), ((), 1)])
def test_the_exit_code_is_of_the_worst(mixed: SuiteResult, kept: tuple[int, ...], code: int) -> None:
    results = tuple(mixed.results[number] for number in kept)
    assert report.exit_code([SuiteResult(suite=mixed.suite, results=results)]) == code


def test_nothing_decided_is_no_success() -> None:
    assert report.exit_code([]) == 1


def test_json_has_every_case(mixed: SuiteResult) -> None:
    value = json.loads(json.dumps(report.as_json(Run(suites=(mixed,)))))
    assert value["summary"] == {"suites": 1, "cases": 3, "passed": 1, "failed": 1, "error": 1, "skipped": 0}
    passed, failed, error = value["suites"][0]["cases"]
    assert (passed["outcome"], passed["line"], passed["controls"]) == ("passed", 5, ["NHI-03", "C3"])
    assert "answer" not in passed
    assert failed["differences"] == [{"what": "reasons", "expected": "request.malformed", "actual": "identity.unknown"}]
    assert failed["difference"] == [
        {"mark": "+", "text": "identity.unknown", "rule": ""},
        {"mark": "-", "text": "request.malformed", "rule": ""},
    ]
    assert failed["again"] == "livegate regress run s.yaml:10"
    assert failed["gates"] == {"identity": False, "request": True}
    assert failed["request"] == {"subject": {"id": "a"}}
    assert error["error"] == "OPA gave no answer"


def test_what_was_skipped_proves_nothing(mixed: SuiteResult, skipped: SuiteResult) -> None:
    passed = SuiteResult(suite=mixed.suite, results=mixed.results[:1])
    assert report.exit_code([skipped]) == 1
    assert report.exit_code([skipped, passed]) == 0
    assert report.sentence([skipped, passed]).endswith("1 as judged, 0 differ, 0 could not be decided, 3 skipped")


def test_json_is_as_its_schema_says(mixed: SuiteResult, skipped: SuiteResult) -> None:
    asked = Asked(population="example", first="s.yaml:5", cases=3, made=0.25, decided=1.0)
    run = Run(suites=(mixed, skipped), asked=(asked,), seconds=1.5)
    value = json.loads(json.dumps(report.as_json(run, {"identity.unknown": "rego/i.rego:1"})))
    validator = schema.validator("livegate.regression", "report")
    assert not [error.message for error in validator.iter_errors(value)]
    assert value["populations"][0] | {"made_seconds": 0.25} == value["populations"][0]
    value["suites"][0]["cases"][1]["outcome"] = "fine"
    assert [list(error.absolute_path)[-1] for error in validator.iter_errors(value)] == ["outcome"]


def test_a_list_names_what_would_be_decided(mixed: SuiteResult) -> None:
    first, *_ = report.listed([mixed.suite])
    assert first == {
        "suite": mixed.suite.title,
        "file": "s.yaml",
        "line": 5,
        "name": "passes",
        "population": "example",
        "tags": [],
        "controls": ["NHI-03", "C3"],
        "scene": None,
    }
