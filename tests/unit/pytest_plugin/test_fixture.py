"""What a test says becomes an organisation and an instant; asked of a world that only remembers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest

from livegate.errors import ConfigError, LivegateError, SuiteError
from livegate.model.instants import HOUR, MOST, SECOND, parse, show
from livegate.model.records import RevocationKind
from livegate.pytest.decision import decision_of
from livegate.pytest.fixture import Livegate
from livegate.regression.cases import Given
from livegate.regression.overlay import Overlay
from livegate.secrets import Secret

if TYPE_CHECKING:
    from livegate.pytest.world import World

START = parse("2026-11-23T12:00:00Z")
REQUEST = {
    "subject": {"type": "human", "id": "alice"},
    "action": {"name": "query"},
    "resource": {"type": "database", "id": "orders-prod"},
    "context": {"pep": "db-proxy", "credential": {"token": "e.y.J"}, "signature": "s.i.g"},
}


def allow(**context: Any) -> dict[str, Any]:
    """An answer that allows."""
    usual = {
        "reasons": [],
        "obligations": [{"type": "record_session", "properties": {"session": "s-1"}}],
        "evaluated_at": show(START),
        "valid_until": "2026-11-23T12:15:00.5Z",
    }
    return {"decision": True, "context": {**usual, **context}}


def deny(*reasons: str) -> dict[str, Any]:
    """An answer that denies."""
    listed = [{"id": one, "gate": one.partition(".")[0], "next_action": "request"} for one in reasons]
    return {"decision": False, "context": {"reasons": listed, "obligations": [], "evaluated_at": show(START)}}


class Remembering:
    """A world that gives one answer and remembers of what it was asked."""

    def __init__(self) -> None:
        self.given, self.start = Given(population="example"), START
        self.says: dict[str, Any] | LivegateError = allow()
        self.asked: list[tuple[Any, int, Given]] = []

    def answer(self, request: Any, instant: int, given: Given) -> dict[str, Any]:
        """The answer."""
        self.asked.append((request, instant, given))
        if isinstance(self.says, LivegateError):
            raise self.says
        return self.says

    def gates(self, *_: object) -> dict[str, bool]:
        """Two gates."""
        return {"entitlement": False, "proof": True}


@pytest.fixture
def world() -> Remembering:
    """One for each test."""
    return Remembering()


@pytest.fixture
def gate(world: Remembering) -> Livegate:
    """The fixture over it."""
    return Livegate(cast("World", world), url="http://127.0.0.1:1", token=Secret("t-o-k", "test"))


def asked_of(gate: Livegate, world: Remembering) -> tuple[int, Given]:
    """Instant and organisation of the next question."""
    gate.decide(REQUEST)
    return world.asked[-1][1:]


@pytest.mark.parametrize(
    ("moment", "instant"),
    [
        ("2026-11-23T13:00:00.000000001+01:00", START + 1),
        ("+2h", START + 2 * HOUR),
        ("-1ns", START - 1),
        ("+1h30m1s", START + 5401 * SECOND),
        (datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC), START + SECOND),
    ],
)
def test_the_clock_stands_where_it_is_put(
    gate: Livegate, world: Remembering, moment: str | datetime, instant: int
) -> None:
    assert asked_of(gate, world)[0] == START
    gate.freeze(moment)
    gate.freeze(moment)  # an offset is from the population's instant, not from where the clock stands
    assert asked_of(gate, world)[0] == instant
    assert gate.now == gate.at(moment)


@pytest.mark.parametrize("moment", ["", "tomorrow", "+2", "+2x", "2h", "2026-11-23", "+400d9999999h", "-3000000h"])
def test_what_is_no_time_is_refused(gate: Livegate, moment: str) -> None:
    with pytest.raises(ConfigError):
        gate.freeze(moment)
    with pytest.raises(ConfigError):
        gate.freeze(datetime(2026, 11, 23, 12))  # noqa: DTZ001  # the point: it has no zone


def test_changes_add_up_as_those_of_a_suite(gate: Livegate, world: Remembering) -> None:
    gate.identity("nina", user_name="nina@example.com")
    first = gate.grant("nina", "orders:reader", ends="+1h")
    second = gate.forbid("erin", "orders:reader", "account:prod", id="d-1")
    gate.take("grants", first, "g-001")
    gate.change("config", {"floors": {"iga": 5}})
    found = Overlay.of(asked_of(gate, world)[1].overlay)
    assert second == "d-1"
    assert found.rows["identities"]["nina"]["status"] == "active"
    assert found.rows["grants"].keys() == {"d-1"}
    assert found.rows["grants"]["d-1"]["effect"] == "deny"
    assert found.gone["grants"]["g-001"] is True
    assert not found.gone["grants"].get(first)
    assert found.patches == ({"config": {"floors": {"iga": 5}}},)


def test_ids_are_ones_own_and_equal_changes_are_one_organisation(world: Remembering) -> None:
    def changed() -> Given:
        gate = Livegate(cast("World", world), url="", token=Secret("t", "test"))
        assert gate.grant("erin", "orders:dba") != gate.grant("erin", "orders:reader")
        gate.revoke("session", "s-1")
        return asked_of(gate, world)[1]

    assert changed() == changed()
    assert asked_of(Livegate(cast("World", world), url="", token=Secret("t", "test")), world)[1] == world.given


def test_an_elevation_is_whole(gate: Livegate, world: Remembering) -> None:
    gate.elevate(
        "erin",
        resource="database:orders-prod",
        actions=["administer"],
        approvers=["alice"],
        approval={"ticket": "CHG-1"},
        ends="+10m",
        session=None,
    )
    (row,) = Overlay.of(asked_of(gate, world)[1].overlay).rows["elevations"].values()
    assert (row["resource"], row["actions"]) == ("database:orders-prod", ["administer"])
    assert (row["not_before"], row["expires_at"]) == ("2026-11-23T11:59:00Z", "2026-11-23T12:10:00Z")
    assert row["approval"]["requester"] == "erin"
    assert (row["approval"]["approvers"], row["approval"]["ticket"]) == (["alice"], "CHG-1")
    assert "session" not in row
    for wrong in ({}, {"entitlement": "a:b", "resource": "c:d", "actions": ["x"]}):
        with pytest.raises(ConfigError, match="names an entitlement"):
            gate.elevate("erin", **wrong)  # type: ignore[arg-type]  # the point


def test_a_revocation_is_from_where_the_clock_stands(gate: Livegate, world: Remembering) -> None:
    gate.freeze("+5m")
    gate.revoke("subject", "alice")
    gate.revoke("session", "s-1", begins="+1h", issued_until="+30m")
    first, second = asked_of(gate, world)[1].revocations
    assert (first.kind, first.target, first.effective_at, first.issued_until) == (
        RevocationKind.SUBJECT,
        "alice",
        START + 300 * SECOND,
        MOST,
    )
    assert (second.effective_at, second.issued_until) == (START + HOUR, START + HOUR // 2)


def test_what_cannot_be_said_is_refused_with_what_was_meant(gate: Livegate, world: Remembering) -> None:
    with pytest.raises(ConfigError, match="did you mean 'subject'"):
        gate.revoke("subjet", "alice")
    with pytest.raises(ConfigError, match="no thumbprint"):
        gate.revoke("credential", "short")
    with pytest.raises(ConfigError, match="did you mean 'grants'"):
        gate.take("grant", "g-001")
    with pytest.raises(ConfigError, match="trust"):
        gate.change("trust", {})
    assert asked_of(gate, world)[1] == world.given


def test_a_decision_is_read(gate: Livegate, world: Remembering) -> None:
    decision = gate.allow(REQUEST)
    assert decision.obligations == {"record_session": {"session": "s-1"}}
    assert decision.valid_until == datetime(2026, 11, 23, 12, 15, 0, 500_000, tzinfo=UTC)
    assert repr(decision) == "<allow, obliged to record_session>"
    world.says = deny("entitlement.missing", "identity.unknown")
    decision = gate.deny(REQUEST)
    assert (decision.allowed, decision.valid_until) == (False, None)
    assert decision.reasons == {"entitlement.missing", "identity.unknown"}
    assert repr(decision) == "<deny: entitlement.missing, identity.unknown>"
    assert decision_of(deny("a.b")) == decision_of(deny("a.b"))
    assert [one.decision.allowed for one in gate.asked] == [True, False]


def test_a_failed_helper_says_all_and_no_secret(gate: Livegate, world: Remembering) -> None:
    with pytest.raises(AssertionError, match=r"denied for whatever reason") as caught:
        gate.deny(REQUEST)
    assert "obliged   record_session" in str(caught.value)
    world.says = deny("entitlement.missing")
    with pytest.raises(AssertionError) as caught:
        gate.allow(REQUEST)
    said = str(caught.value)
    assert "human:alice query database:orders-prod" in said
    assert "1 pass, entitlement DENIES" in said
    assert "entitlement.missing: next request" in said
    with pytest.raises(AssertionError):
        gate.deny(REQUEST, "entitlement.missing", "identity.unknown")  # one less is not the same
    gate.deny(REQUEST, "entitlement.missing")
    everything = said + gate.told() + repr(gate.asked)
    assert "e.y.J" not in everything
    assert "s.i.g" not in everything


def test_a_request_of_any_shape_can_be_told(gate: Livegate) -> None:
    shapes: list[Any] = [None, 3, [], "x" * 10_000, {"subject": 3}, {**REQUEST, "context": 3}]
    for request in shapes:
        gate.decide(request)
    assert len(gate.told()) < 6_000


def test_why_an_application_got_no_decision_is_told(gate: Livegate, world: Remembering) -> None:
    world.says = SuiteError("the sync leaves out 'e-1': its subject 'erin' matches no one identity")
    with pytest.raises(SuiteError):
        gate.answer(REQUEST)
    assert "NO DECISION, answered with 500: the sync leaves out 'e-1'" in gate.told()
    assert "e.y.J" not in gate.told()


def test_long_tests_are_told_from_their_end(gate: Livegate) -> None:
    for number in range(25):
        gate.decide({**REQUEST, "subject": {"type": "human", "id": f"number-{number}"}})
    told = gate.told()
    assert told.startswith("5 earlier ones")
    assert "number-4 " not in told
    assert "number-24 " in told


def test_broken_ends_with_its_block(gate: Livegate) -> None:
    def fails() -> None:
        with gate.broken("error"):
            assert gate.fault == "error"
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        fails()
    assert gate.fault is None
