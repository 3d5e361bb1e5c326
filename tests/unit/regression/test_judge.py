"""Two answers in, a verdict out: what is not known to be the same never passes for it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from livegate.errors import EngineError
from livegate.model.instants import parse
from livegate.regression.judge import Mark, Outcome, judge, unproven
from livegate.regression.logs.event import Event

AT = "2026-11-23T12:00:00Z"
ALLOWED: dict[str, Any] = {
    "decision": True,
    "context": {
        "reasons": [],
        "obligations": [{"id": "o", "type": "notify", "properties": {"n": 1}}],
        "evidence": {"identity": {"id": "a"}},
        "valid_until": "2026-11-23T13:00:00Z",
        "evaluated_at": AT,
    },
}
DENIED: dict[str, Any] = {
    "decision": False,
    "context": {"reasons": [{"id": "b.c"}], "obligations": [], "evidence": {}, "evaluated_at": AT},
}


def _event(answer: dict[str, Any] = ALLOWED) -> Event:
    return Event(id="1", where="f:1", request={}, instant=parse(AT), answer=answer, revisions={})


def _with(**changes: Any) -> dict[str, Any]:
    made = copy.deepcopy(ALLOWED)
    made["context"].update(changes)
    return made


def test_the_same_is_the_same() -> None:
    for answer in (ALLOWED, DENIED):
        for whole in (True, False):
            assert judge(_event(answer), copy.deepcopy(answer), whole=whole).outcome is Outcome.SAME


@pytest.mark.parametrize(
    ("answer", "outcome", "what"),
    [
        (DENIED, Outcome.DECISION_CHANGED, ["decision", "reasons", "obligations", "valid_until", "evidence"]),
        (_with(obligations=[]), Outcome.REASONS_CHANGED, ["obligations"]),
        (
            _with(obligations=[{"id": "o", "type": "notify", "properties": {"n": True}}]),
            Outcome.REASONS_CHANGED,
            ["obligations"],
        ),
        (_with(valid_until="2026-11-23T13:00:01Z"), Outcome.REASONS_CHANGED, ["valid_until"]),
        (_with(evidence={}), Outcome.REASONS_CHANGED, ["evidence"]),
    ],
)
def test_what_differs_under_the_bundles_of_then_is_told(answer: Any, outcome: Outcome, what: list[str]) -> None:
    verdict = judge(_event(), answer, whole=True)
    assert verdict.outcome is outcome
    assert [item.what for item in verdict.differences] == what


def test_of_other_bundles_ends_and_evidence_are_not_compared() -> None:
    assert judge(_event(), _with(valid_until="2026-11-23T13:00:01Z", evidence={}), whole=False).outcome is Outcome.SAME
    changed = judge(
        _event(DENIED), {**DENIED, "context": {**DENIED["context"], "reasons": [{"id": "d.e"}]}}, whole=False
    )
    assert (changed.outcome, changed.before, changed.after) == (
        Outcome.REASONS_CHANGED,
        {"decision": False, "reasons": ["b.c"]},
        {"decision": False, "reasons": ["d.e"]},
    )


@pytest.mark.parametrize("mark", list(Mark))
def test_what_is_masked_and_differs_is_not_replayable_and_never_plainly_the_same(mark: Mark) -> None:
    verdict = judge(_event(), DENIED, mark=mark, whole=True)
    assert verdict.outcome is Outcome.NOT_REPLAYABLE
    assert "the gates b differ" in str(verdict.why)
    same = judge(_event(), ALLOWED, mark=mark, whole=True)
    assert (same.outcome, same.plain()["mark"]) == (Outcome.SAME, mark)


@pytest.mark.parametrize(
    "answer",
    [None, {}, True, {"decision": True}, _with(evaluated_at="2026-11-23T12:00:00.000000001Z"), EngineError("gone")],
)
def test_what_says_nothing_is_an_error(answer: Any) -> None:
    verdict = judge(_event(), answer, whole=False)
    assert verdict.outcome is Outcome.ERROR
    assert verdict.why


def test_the_gate_that_could_not_be_asked_is_named() -> None:
    verdict = unproven(
        Event(
            id="1",
            where="f",
            instant=1,
            answer=DENIED,
            revisions={},
            masked=True,
            request={"context": {"credential": {"kind": "access-token"}}},
        )
    )
    assert verdict.outcome is Outcome.NOT_REPLAYABLE
    assert "the proof gate" in str(verdict.why)
    assert "(access-token)" in str(verdict.why)
