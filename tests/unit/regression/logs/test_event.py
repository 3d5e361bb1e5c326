"""What one event says, and why another cannot be decided again."""

from __future__ import annotations

from typing import Any

import pytest

from livegate.regression.logs.event import Event, Unusable, event_of
from livegate.regression.logs.read import Record

REVISIONS = dict.fromkeys(("policy", "iga", "pam", "trust", "revocations"), "1-0123456789ab")
REQUEST = {"subject": {"type": "human", "id": "a"}, "context": {"pep": "p"}}


def logged(**changes: Any) -> dict[str, Any]:
    """An event; ``changes`` replace members, None takes them away."""
    context = {"reasons": [{"id": "entitlement.missing"}], "obligations": [], "evidence": {}, "revisions": REVISIONS}
    event = {
        "decision_id": "d-1",
        "path": "authz/evaluation",
        "input": REQUEST,
        "result": {"decision": False, "context": {**context, "evaluated_at": "2026-11-23T12:00:00.000000001Z"}},
        "metrics": {"timer_rego_query_eval_ns": 77},
        **changes,
    }
    return {name: value for name, value in event.items() if value is not None}


def _of(value: dict[str, Any], text: str | None = None) -> Event | Unusable:
    return event_of(Record(where="f:1", value=value, text=text))


def test_an_event_has_all_that_it_takes() -> None:
    event = _of(logged())
    assert isinstance(event, Event)
    assert (event.id, event.where, event.request) == ("d-1", "f:1", REQUEST)
    assert event.instant == 1795435200000000001
    assert (dict(event.revisions), event.masked, event.took, event.text) == (REVISIONS, False, 77, None)


def _context(**changes: Any) -> dict[str, Any]:
    event = logged()
    return {**event["result"], "context": {**event["result"]["context"], **changes}}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"path": "system/authz/allow"}, "other path"),
        ({"path": "authz/evaluation/decision"}, "other path"),
        ({"path": None, "query": "x := 1"}, "other path"),
        ({"path": None}, "other path"),
        ({"error": {"code": "internal_error", "message": "alice's token"}}, "error"),
        ({"result": None}, "no result"),
        ({"masked": ["/result/context"]}, "result masked"),
        ({"erased": ["/result/context/evidence"]}, "result masked"),
        ({"result": True}, "no decision"),
        ({"result": {"decision": "yes", "context": {}}}, "no decision"),
        ({"result": _context(evaluated_at="today")}, "no decision"),
        ({"input": None}, "no input"),
        ({"erased": ["/input/context/session"]}, "input erased"),
        ({"result": _context(revisions={**REVISIONS, "pam": None})}, "no revision"),
        ({"result": _context(revisions=None)}, "no revision"),
    ],
)
def test_what_cannot_be_decided_again_says_why(changes: dict[str, Any], reason: str) -> None:
    found = _of(logged(**changes))
    assert isinstance(found, Unusable)
    assert (found.id, found.reason) == ("d-1", reason)
    assert "alice" not in found.why


@pytest.mark.parametrize(
    ("context", "proof", "masked", "unproven"),
    [
        ({"credential": {"kind": "access-token"}}, None, True, True),
        ({"credential": {"kind": "access-token", "token": "t"}}, None, False, False),
        ({"credential": {"kind": "pep"}}, None, True, False),
        ({"credential": {}}, None, True, True),
        ({"credential": None}, None, True, True),
        ({}, {"kind": "pep", "bound": "none"}, True, False),
        ({}, {"kind": "pep", "bound": "signature"}, True, True),
        ({}, None, True, False),
    ],
)
def test_whose_proof_is_not_in_the_log(
    context: dict[str, Any], proof: dict[str, Any] | None, masked: bool, unproven: bool
) -> None:
    result = _context(evidence={"proof": proof} if proof else {})
    event = _of(logged(input={"context": context}, result=result, masked=["/input"] if masked else None))
    assert isinstance(event, Event)
    assert (event.masked, event.unproven, event.proof) == (masked, unproven, proof)


def test_a_denial_by_the_request_gate_alone_looked_at_no_proof() -> None:
    for reasons, early in ((["request.malformed"], True), (["request.malformed", "proof.invalid"], False), ([], False)):
        event = _of(logged(result=_context(reasons=[{"id": one} for one in reasons])))
        assert isinstance(event, Event)
        assert event.early is early


def test_the_text_of_the_request_is_kept_where_a_number_asks_for_it() -> None:
    text = '{"decision_id":"d-1", "input": {"n": 1e2}, "x": 1}'
    event = _of(logged(input={"n": 100.0}), text)
    assert isinstance(event, Event)
    assert event.text == '{"n": 1e2}'
