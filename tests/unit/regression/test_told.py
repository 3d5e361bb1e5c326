"""A failing case says what came, what did not, by which rule, and how to repeat it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from livegate.regression import told
from livegate.regression.results import Outcome
from livegate.regression.run import judged

if TYPE_CHECKING:
    from collections.abc import Callable

    from livegate.regression.results import SuiteResult
    from livegate.regression.suite import Suite

RULES = {"identity.unknown": "rego/i.rego:7", "request.malformed": "rego/r.rego:9", "request": "rego/r.rego:3"}


def allowed() -> dict[str, Any]:
    """An allow with two obligations."""
    return {
        "decision": True,
        "context": {
            "reasons": [],
            "obligations": [{"type": "notify"}, {"type": "notify"}],
            "valid_until": "2026-11-23T12:15:00Z",
            "evidence": {},
            "evaluated_at": "2026-11-23T12:00:00Z",
        },
    }


def test_reason_by_reason_with_its_rule(mixed: SuiteResult) -> None:
    about = told.told(mixed, mixed.results[1], RULES)
    assert [str(line) for line in about.lines] == [
        "+ identity.unknown  rego/i.rego:7",
        "- request.malformed  rego/r.rego:9",
    ]
    assert about.gates == ("identity: DENY (identity.unknown)", "request: pass")
    assert (about.place, about.at) == ("s.yaml:10", "2026-11-23T12:00:00Z")
    assert about.again == "livegate regress run s.yaml:10"


def test_an_opening_names_the_verdict_that_passed(suite: Callable[..., Suite], mixed: SuiteResult) -> None:
    (case,) = suite("x").cases
    result = judged(case, allowed())
    assert result.outcome is Outcome.FAILED
    assert [str(line) for line in told.told(mixed, result, RULES).lines] == [
        "  decision: expected deny, actual allow",
        "- request.malformed  rego/r.rego:9",
        "  gate request passed, by its verdict  rego/r.rego:3",
    ]


def test_obligations_are_counted(suite: Callable[..., Suite], mixed: SuiteResult) -> None:
    (case,) = suite("x").cases
    expect = replace(case.expect, allow=True, reasons=frozenset(), obligations=("notify", "review"))
    result = judged(replace(case, expect=expect), allowed())
    assert [str(line) for line in told.told(mixed, result).lines] == ["+ obligation notify", "- obligation review"]


def test_the_command_is_safe_to_paste(mixed: SuiteResult) -> None:
    odd = replace(mixed, suite=replace(mixed.suite, file="a b/$(x).yaml"))
    assert told.told(odd, odd.results[1]).again == "livegate regress run 'a b/$(x).yaml:10'"


def test_what_is_as_judged_or_skipped_is_not_told(mixed: SuiteResult, skipped: SuiteResult) -> None:
    assert [about.outcome for about in told.wrong((mixed, skipped))] == [Outcome.FAILED, Outcome.ERROR]
