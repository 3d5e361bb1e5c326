"""An answer equals its expectation, or each difference is named with both sides."""

from __future__ import annotations

from typing import Any

import pytest

from livegate.model.instants import parse
from livegate.regression.compare import Difference, compare, malformed
from livegate.regression.suite import Expectation

ALLOWED: dict[str, Any] = {
    "decision": True,
    "context": {
        "reasons": [],
        "obligations": [{"id": "b", "type": "notify"}, {"id": "a", "type": "notify"}],
        "valid_until": "2026-11-23T12:15:00Z",
        "evidence": {"entitlement": {"grant": "g-1", "via": ["a", "b"], "depth": 1}},
        "evaluated_at": "2026-11-23T12:00:00Z",
    },
}
DENIED: dict[str, Any] = {
    "decision": False,
    "context": {
        "reasons": [{"id": "a.b", "gate": "a"}, {"id": "a.b", "gate": "a", "needs": 1}, {"id": "c.d", "gate": "c"}],
        "obligations": [],
        "evidence": {},
        "evaluated_at": "2026-11-23T12:00:00Z",
    },
}


def test_what_is_as_judged_has_no_difference() -> None:
    assert not compare(Expectation(allow=True), ALLOWED)
    assert not compare(Expectation(allow=False, reasons=frozenset({"a.b", "c.d"})), DENIED)
    judged = Expectation(
        allow=True,
        obligations=("notify", "notify"),
        valid_until=parse("2026-11-23T13:15:00+01:00"),
        evidence={"entitlement": {"grant": "g-1", "via": ["a", "b"]}},
    )
    assert not compare(judged, ALLOWED)


def test_an_opening_is_a_difference() -> None:
    assert compare(Expectation(allow=False, reasons=frozenset({"a.b"})), ALLOWED) == (
        Difference("decision", "deny", "allow"),
        Difference("reasons", "a.b", "none"),
    )


@pytest.mark.parametrize("reasons", [{"a.b"}, {"a.b", "c.d", "e.f"}, {"a.b", "c.e"}])
def test_one_reason_more_or_less_is_a_difference(reasons: set[str]) -> None:
    assert compare(Expectation(allow=False, reasons=frozenset(reasons)), DENIED) == (
        Difference("reasons", ", ".join(sorted(reasons)), "a.b, c.d"),
    )


@pytest.mark.parametrize("types", [(), ("notify",), ("notify", "review"), ("notify", "notify", "notify")])
def test_obligations_are_complete(types: tuple[str, ...]) -> None:
    (difference,) = compare(Expectation(allow=True, obligations=types), ALLOWED)
    assert (difference.what, difference.actual) == ("obligations", "notify, notify")


def test_valid_until_is_exact_to_the_nanosecond() -> None:
    judged = parse("2026-11-23T12:14:59.999999999Z")
    assert compare(Expectation(allow=True, valid_until=judged), ALLOWED) == (
        Difference("valid_until", "2026-11-23T12:14:59.999999999Z", "2026-11-23T12:15:00Z"),
    )


@pytest.mark.parametrize(
    ("evidence", "what", "actual"),
    [
        ({"entitlement": {"grant": "g-2"}}, "evidence.entitlement.grant", '"g-1"'),
        ({"entitlement": {"source": "x"}}, "evidence.entitlement.source", "absent"),
        ({"elevation": {"id": "e"}}, "evidence.elevation", "absent"),
        ({"entitlement": {"via": ["b", "a"]}}, "evidence.entitlement.via", '["a", "b"]'),
        ({"entitlement": {"via": ["a"]}}, "evidence.entitlement.via", '["a", "b"]'),
        ({"entitlement": {"depth": True}}, "evidence.entitlement.depth", "1"),
        ({"entitlement": "g-1"}, "evidence.entitlement", '{"depth": 1, "grant": "g-1", "via": ["a", "b"]}'),
    ],
)
def test_a_part_of_the_evidence_is_compared(evidence: dict[str, Any], what: str, actual: str) -> None:
    (difference,) = compare(Expectation(allow=True, evidence=evidence), ALLOWED)
    assert (difference.what, difference.actual) == (what, actual)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("decision",), "true"),
        (("decision",), 1),
        (("context",), None),
        (("context", "reasons"), None),
        (("context", "reasons"), ["a.b"]),
        (("context", "reasons"), [{"gate": "a"}]),
        (("context", "obligations"), [{"id": "x"}]),
        (("context", "evidence"), []),
        (("context", "evaluated_at"), "today"),
        (("context", "evaluated_at"), 1),
        (("context", "valid_until"), None),
    ],
)
def test_what_is_no_decision_is_called_that(path: tuple[str, ...], value: object) -> None:
    answer = {**ALLOWED, "context": {**ALLOWED["context"]}}
    place = answer
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    assert malformed(answer)


@pytest.mark.parametrize("answer", [None, [], "allow", True, {}])
def test_something_else_is_no_decision(answer: object) -> None:
    assert malformed(answer)


def test_a_decision_is_a_decision() -> None:
    assert malformed(ALLOWED) is None
    assert malformed(DENIED) is None
