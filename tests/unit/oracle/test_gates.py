"""Each gate of the oracle, allowed and denied, judged by hand from the specification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.oracle.values import loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.oracle.verdict import Verdict

    Judged = Callable[..., Verdict]

SECOND = 1_000_000_000
NOW = 1_800_000_000 * SECOND
HOUR = 3_600 * SECOND
TOLD: dict[str, Any] = {
    "justification": "the primary is down",
    "incident": "INC-1",
    "activated_by": "alice",
    "review_due_at": NOW + 24 * HOUR,
}
"""What the answer says of an activation."""


def put(value: Any, *path: str) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    """A change: ``value`` at ``path``, which begins with ``request`` or a root; None takes it away."""

    def change(request: dict[str, Any], documents: dict[str, Any]) -> None:
        where: Any = {"request": request, **documents}
        for name in path[:-1]:
            where = where.setdefault(name, {})
        if value is None:
            where.pop(path[-1], None)
        else:
            where[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("subject", "action", "until"),
    [
        ("alice", "pay", NOW + 8 * HOUR - 10 * SECOND),  # the tier's age of what was seen 10 s ago
        ("job", "pay", NOW + 8 * HOUR - 10 * SECOND),
        ("alice", "close", NOW + 4 * HOUR),  # approved until then
        ("bot", "pay", NOW + 3 * HOUR),  # the mandate's end
    ],
)
def test_good_situation_is_allowed_until_the_first_end(judged: Judged, subject: str, action: str, until: int) -> None:
    verdict = judged(subject, action)
    assert (verdict.decision, verdict.failed, verdict.until) == (True, frozenset(), until)


_PAM = ("pam", "elevations", "alice", "e1")
_MANDATE = ("pam", "mandates", "bot", "m1")
_LIMITS = ("catalog", "actions", "payment", "pay", "limits")


@pytest.mark.parametrize(
    ("subject", "action", "path", "value", "gates"),
    [
        ("alice", "pay", ("request", "subject", "id"), 7, {"request"}),
        ("alice", "pay", ("request", "action", "name"), "Pay", {"request"}),
        ("alice", "pay", ("request", "context", "session"), "", {"request"}),
        ("alice", "pay", ("request", "context", "ticket"), "é" * 1024, set()),
        ("alice", "pay", ("request", "context", "ticket"), "é" * 1025, {"request"}),
        ("alice", "pay", ("request", "context", "ticket"), [0] * 1025, set()),
        ("alice", "pay", ("request", "context", "chain"), {"id": "c" * 1024, "history": []}, set()),
        ("alice", "pay", ("request", "context", "chain"), {"id": "c" * 1025, "history": []}, {"request"}),
        ("alice", "pay", ("request", "context", "pep"), "other", {"request"}),
        ("alice", "pay", ("request", "context", "counters"), {}, set()),
        ("alice", "pay", ("request", "resource", "properties"), {"parents": ["Account:x"]}, {"request"}),
        ("alice", "pay", ("request", "resource", "properties"), {"parents": ["account:x"]}, set()),
        ("alice", "pay", ("request", "context", "credential"), {"kind": "jwt-svid"}, {"proof"}),
        ("alice", "pay", ("trust", "peps", "gate", "asserts", "subject"), None, {"proof"}),
        ("alice", "pay", ("config", "tiers", "low", "bound"), True, {"proof"}),
        ("alice", "pay", ("config", "tiers", "low", "signed"), True, {"proof"}),
        ("alice", "pay", ("request", "context", "signature"), "a.b.c", {"proof"}),
        ("alice", "pay", ("request", "subject", "type"), "workload", {"identity"}),
        ("alice", "pay", ("iga", "identities", "alice"), "disabled|human||hr|carol", {"identity"}),
        ("alice", "pay", ("iga", "identities", "alice"), "active|human|staging|hr|carol", {"identity"}),
        ("job", "pay", ("iga", "identities", "carol"), "suspended|human||hr|", {"identity"}),
        ("job", "pay", ("iga", "identities", "job"), "active|workload||hr|carol", {"identity"}),
        ("job", "pay", ("revocations", "subjects", "carol"), {"from": NOW}, {"identity"}),
        ("job", "pay", ("revocations", "subjects", "carol"), {"from": NOW + 1}, set()),
        ("alice", "pay", ("revocations", "subjects", "alice"), {"from": NOW}, {"revocation"}),
        ("alice", "pay", ("revocations", "subjects", "alice"), {}, {"revocation"}),
        ("alice", "pay", ("revocations", "sessions", "s1"), {"from": NOW - 1, "issued_until": NOW}, {"revocation"}),
        ("bot", "pay", ("revocations", "mandates", "m1"), {"from": NOW}, {"revocation"}),
        ("alice", "pay", ("config", "floors", "iga"), 6, {"freshness"}),
        ("alice", "pay", ("config", "floors", "pam"), 6, set()),
        ("alice", "pay", ("revocations", "bundle", "issued_at"), NOW + 5 * SECOND + 1, {"freshness"}),
        ("alice", "pay", ("revocations", "bundle", "issued_at"), NOW + 5 * SECOND, set()),
        ("alice", "pay", ("trust", "bundle", "expires_at"), NOW, {"freshness"}),
        ("alice", "pay", ("trust", "bundle", "expires_at"), NOW + 1, set()),
        ("alice", "pay", ("iga", "grants", "alice"), {"clerk@*": "hr|g|1800000000|||v"}, {"entitlement"}),
        ("alice", "pay", ("iga", "grants", "alice"), {"clerk@*": "hr|g|1800000001|1800000000||v"}, set()),
        ("alice", "pay", ("iga", "grants", "alice"), {"clerk@*": "hr|g|1800000009||eligible|v"}, {"entitlement"}),
        ("alice", "pay", ("iga", "grants", "alice"), {"Clerk@*": "hr|g|1800000009|||v"}, {"entitlement"}),
        ("alice", "pay", ("iga", "denies", "alice"), {"clerk@payment:p1": "over"}, {"entitlement"}),
        ("alice", "close", (*_PAM, "keys"), ["#close@payment:p2"], {"elevation"}),
        ("alice", "close", (*_PAM, "keys"), ["clerk@*"], set()),
        ("alice", "close", (*_PAM, "requester"), "bob", {"elevation"}),
        ("alice", "close", (*_PAM, "requester"), "nobody", {"elevation"}),
        ("alice", "close", (*_PAM, "system"), "unlisted", {"freshness"}),
        ("alice", "pay", ("iga", "guards"), [], set()),
        ("alice", "pay", ("iga", "guards"), ["unlisted"], {"freshness"}),
        ("alice", "pay", ("iga", "identities", "alice"), None, {"identity"}),
        ("alice", "close", (*_PAM, "approvers"), ["carol"], set()),
        ("alice", "close", (*_PAM, "approvers"), ["alice"], {"elevation"}),
        ("alice", "close", (*_PAM, "approvers"), ["job"], {"elevation"}),
        ("alice", "close", (*_PAM, "requester"), "carol", set()),
        ("alice", "close", ("iga", "identities", "bob"), "active|human||hr|alice", {"elevation"}),
        ("alice", "close", (*_PAM, "required"), 2, {"elevation"}),
        ("alice", "close", (*_PAM, "approved_until"), NOW, {"elevation"}),
        ("alice", "close", (*_PAM, "approved"), {"subject": "bob"}, {"elevation"}),
        ("alice", "close", (*_PAM, "approved"), {"keys": ["clerk@*"]}, {"elevation"}),
        ("alice", "close", (*_PAM, "parameters"), "sha-256:x", {"elevation"}),
        ("alice", "close", (*_PAM, "max_uses"), 1, {"elevation"}),
        ("alice", "close", ("revocations", "elevations", "e1"), {"from": NOW}, {"elevation"}),
        ("bot", "pay", (*_MANDATE, "state"), "paused", {"mandate"}),
        ("bot", "pay", ("request", "context", "task"), "t2", {"mandate"}),
        ("bot", "pay", ("request", "context", "tool"), "mail", {"mandate"}),
        ("bot", "pay", ("request", "action", "properties", "amount"), 101, {"mandate"}),
        ("bot", "pay", ("request", "action", "properties", "amount"), "10", {"mandate"}),
        ("bot", "pay", ("request", "context", "counters", "calls"), 5, {"mandate"}),
        ("bot", "pay", ("request", "context", "counters", "calls"), -1, {"mandate"}),
        ("bot", "pay", ("request", "context", "chain"), None, {"mandate"}),
        ("bot", "pay", ("iga", "grants", "alice"), {}, {"mandate"}),
        ("bot", "pay", ("catalog", "actions", "payment", "pay", "mandate"), {"approval": True}, {"mandate"}),
        ("bot", "pay", (*_MANDATE, "ancestors"), [{"agent": "x", "id": "m"}], {"mandate"}),
        ("bot", "pay", ("request", "action", "properties", "amount"), loads("99.000001"), set()),
        ("bot", "pay", ("request", "action", "properties", "amount"), loads("99.0000001"), {"mandate"}),
        ("bot", "pay", ("request", "action", "properties", "amount"), loads("1e1"), {"mandate"}),
        ("bot", "pay", ("request", "context", "counters", "calls"), loads("4.000000"), set()),
        ("bot", "pay", ("request", "context", "counters", "calls"), loads("4.000001"), {"mandate"}),
        ("bot", "pay", ("request", "context", "counters", "calls"), loads("0.0000001"), {"mandate"}),
        ("bot", "pay", ("iga", "identities", "alice"), "active|human|prod|hr|carol", set()),
        ("bot", "pay", ("iga", "identities", "alice"), "active|human|staging|hr|carol", {"mandate"}),
        ("bot", "pay", (*_MANDATE, "limits"), {"calls": 10**12}, {"mandate"}),
        ("alice", "pay", ("trust", "peps", "gate", "environment"), "staging", {"transaction"}),
        ("alice", "pay", ("request", "context", "chain"), {"id": "c"}, {"transaction"}),
        ("alice", "pay", _LIMITS, {"parameters": {"amount": {"max": 9}}}, {"transaction"}),
        ("alice", "pay", _LIMITS, {"parameters": {"amount": {"max": 10}}}, set()),
        ("alice", "pay", _LIMITS, {"parameters": {"amount": {"under": 11}}}, {"transaction"}),
        (
            "alice",
            "pay",
            _LIMITS,
            {"windows": [_window := {"zone": "Europe/Vienna", "days": ["Friday"], "from": 540, "to": 541}]},
            set(),
        ),
        ("alice", "pay", _LIMITS, {"windows": [{**_window, "zone": "UTC"}]}, {"transaction"}),
        ("alice", "pay", _LIMITS, {"windows": [{**_window, "zone": "No/Where"}]}, {"transaction"}),
        ("alice", "pay", _LIMITS, {"persons": 2}, {"transaction"}),
        ("alice", "pay", _LIMITS, {"separation": ["create"]}, {"transaction"}),
        ("alice", "pay", _LIMITS, {"parameters": {"amount": {"one_of": [10, "x"]}}}, set()),
        ("alice", "pay", _LIMITS, {"ticket": "CHG-[0-9]+"}, {"transaction"}),
    ],
)
def test_one_change_fails_exactly_these_gates(
    judged: Judged, subject: str, action: str, path: tuple[str, ...], value: Any, gates: set[str]
) -> None:
    verdict = judged(subject, action, put(value, *path))
    assert (verdict.decision, verdict.failed) == (not gates, frozenset(gates))


def _derived(record: dict[str, Any]) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    """The bot's mandate is derived from one of the agent ``top``, changed by ``record``."""

    def change(request: dict[str, Any], documents: dict[str, Any]) -> None:
        above = documents["pam"]["mandates"]["bot"]["m1"] | {"delegation": {"max_depth": 1, "delegates": {"bot": True}}}
        put("active|agent|prod|hr|carol", "iga", "identities", "top")(request, documents)
        put(above | record, "pam", "mandates", "top", "m0")(request, documents)
        put([{"agent": "top", "id": "m0"}], *_MANDATE, "ancestors")(request, documents)

    return change


@pytest.mark.parametrize(
    ("record", "path", "value", "gates"),
    [
        ({}, ("iga", "guards"), [], set()),
        ({"limits": {"calls": 4}}, ("iga", "guards"), [], {"mandate"}),
        ({}, ("iga", "identities", "top"), None, {"mandate"}),
        ({}, ("iga", "identities", "top"), "disabled|agent|prod|hr|carol", {"mandate"}),
        ({}, ("iga", "identities", "top"), "active|workload|prod|hr|carol", {"mandate"}),
        ({}, ("iga", "identities", "top"), "active|agent|prod|unlisted|carol", {"mandate"}),
        ({}, ("revocations", "subjects", "top"), {"from": NOW}, {"revocation"}),
        ({}, ("revocations", "subjects", "top"), {"from": NOW + 1}, set()),
    ],
)
def test_agent_above_is_active_and_its_limits_hold(
    judged: Judged, record: dict[str, Any], path: tuple[str, ...], value: Any, gates: set[str]
) -> None:
    def change(request: dict[str, Any], documents: dict[str, Any]) -> None:
        _derived(record)(request, documents)
        put(value, *path)(request, documents)

    assert judged("bot", "pay", change).failed == gates


@pytest.mark.parametrize(
    ("doer", "mandate_of", "gates"),
    [
        ("bob", None, set()),
        ("alice", None, {"transaction"}),
        ("nobody", None, {"transaction"}),
        ("bot", "alice", {"transaction"}),
        ("bot", "bob", set()),
    ],
)
def test_separation_of_duties(judged: Judged, doer: str, mandate_of: str | None, gates: set[str]) -> None:
    def change(request: dict[str, Any], documents: dict[str, Any]) -> None:
        put({"separation": ["create"]}, *_LIMITS)(request, documents)
        put(mandate_of or "alice", *_MANDATE, "subject")(request, documents)
        put([{"action": "create", "subject": doer}], "request", "context", "history")(request, documents)

    assert judged("alice", "pay", change).failed == gates


@pytest.mark.parametrize(
    ("approver", "manager", "passes"),
    [("bob", "", True), ("alice", "", False), ("carol", "", False), ("bob", "alice", False)],
)
def test_whom_an_agent_acts_for_does_not_approve_its_elevation(
    judged: Judged, approver: str, manager: str, passes: bool
) -> None:
    def change(request: dict[str, Any], documents: dict[str, Any]) -> None:
        record = documents["pam"]["elevations"].pop("alice")["e1"]
        put({"e1": record | {"requester": "bot", "approvers": [approver]}}, "pam", "elevations", "bot")(
            request, documents
        )
        put(f"active|human||hr|{manager}", "iga", "identities", "bob")(request, documents)

    assert ("elevation" not in judged("bot", "close", change).failed) == passes


@pytest.mark.parametrize(
    ("second", "manager", "passes"),
    [("bob", "", True), ("alice", "", False), ("carol", "", False), ("bob", "alice", False)],
)
def test_whom_an_agent_acts_for_is_no_second_person(judged: Judged, second: str, manager: str, passes: bool) -> None:
    activation = TOLD | {"system": "vault", "keys": ["#close@payment:p1"], "not_before": NOW, "expires_at": NOW + HOUR}

    def change(request: dict[str, Any], documents: dict[str, Any]) -> None:
        put({"b1": activation | {"activated_by": second}}, "pam", "break_glass", "bot")(request, documents)
        put(True, "catalog", "actions", "payment", "close", "elevation", "dual_control")(request, documents)
        put(f"active|human||hr|{manager}", "iga", "identities", "bob")(request, documents)

    assert ("elevation" not in judged("bot", "close", change).failed) == passes


def test_revocation_to_come_ends_the_allow_at_its_start(judged: Judged) -> None:
    verdict = judged("alice", "close", put({"from": NOW + 7}, "revocations", "subjects", "bob"))
    assert verdict.until == NOW + 7  # the approver counts until then


def test_second_approver_takes_over_for_one_to_be_revoked(judged: Judged) -> None:
    def change(request: dict[str, Any], documents: dict[str, Any]) -> None:
        put(["bob", "dave"], *_PAM, "approvers")(request, documents)
        put({"from": NOW + 7}, "revocations", "subjects", "bob")(request, documents)

    assert judged("alice", "close", change).until == NOW + 4 * HOUR


def test_break_glass_lifts_ages_and_is_relied_on_only_without_an_elevation(judged: Judged) -> None:
    activation = TOLD | {
        "system": "vault",
        "keys": ["#close@payment:p1"],
        "not_before": NOW,
        "expires_at": NOW + 15 * HOUR,
    }

    def change(request: dict[str, Any], documents: dict[str, Any]) -> None:
        put({"b1": activation}, "pam", "break_glass", "alice")(request, documents)
        put(NOW - HOUR, "iga", "snapshots", "hr", "expires_at")(request, documents)

    assert judged("alice", "close", change).failed == {"freshness"}

    def without(request: dict[str, Any], documents: dict[str, Any]) -> None:
        change(request, documents)
        put(None, *_PAM)(request, documents)

    verdict = judged("alice", "close", without)
    assert (verdict.decision, verdict.until) == (True, NOW + 8 * HOUR - 10 * SECOND)  # revocations keep their age


@pytest.mark.parametrize("lacking", ["", *TOLD])
def test_an_activation_that_cannot_be_told_does_not_pass(judged: Judged, lacking: str) -> None:
    window = {"system": "vault", "keys": ["#close@payment:p1"], "not_before": NOW, "expires_at": NOW + HOUR}
    activation = {name: value for name, value in (TOLD | window).items() if name != lacking}

    def change(request: dict[str, Any], documents: dict[str, Any]) -> None:
        put({"b1": activation}, "pam", "break_glass", "alice")(request, documents)
        put(None, *_PAM)(request, documents)

    assert judged("alice", "close", change).decision is (lacking == "")


@pytest.mark.parametrize(
    ("elevation", "observed", "until"),
    [
        ({"not_before": NOW + 1, "approvers": []}, NOW, NOW + 1),
        ({"not_before": NOW + 1, "keys": ["#pay@payment:p1"]}, NOW, NOW + HOUR),
        ({}, NOW + 5 * SECOND + 2, NOW + 2),  # its listing is ahead by 2 ns more than the leeway
    ],
)
def test_break_glass_is_over_when_an_elevation_may_count(
    judged: Judged, elevation: dict[str, Any], observed: int, until: int
) -> None:
    activation = TOLD | {"system": "bao", "keys": ["#close@payment:p1"], "not_before": NOW, "expires_at": NOW + HOUR}

    def change(request: dict[str, Any], documents: dict[str, Any]) -> None:
        put({"b1": activation}, "pam", "break_glass", "alice")(request, documents)
        put(dict(documents["pam"]["snapshots"]["vault"]), "pam", "snapshots", "bao")(request, documents)
        put(observed, "pam", "snapshots", "vault", "observed_at")(request, documents)
        documents["pam"]["elevations"]["alice"]["e1"] |= elevation

    assert judged("alice", "close", change).until == until


@pytest.mark.parametrize(("action", "domain"), [("pay", "iga"), ("close", "pam")])
def test_listing_that_may_have_missed_something_counts(judged: Judged, action: str, domain: str) -> None:
    def change(request: dict[str, Any], documents: dict[str, Any]) -> None:
        put(None, "iga", "identities", "alice")(request, documents)
        put(None, *_PAM)(request, documents)
        put({"observed_at": NOW - HOUR, "expires_at": NOW}, domain, "snapshots", "other")(request, documents)

    assert "freshness" in judged("alice", action, change).failed


def test_freezes_that_nobody_can_read_hold(judged: Judged) -> None:
    def change(request: dict[str, Any], documents: dict[str, Any]) -> None:
        put({"freezes": True}, *_LIMITS)(request, documents)
        put(["x"], "catalog", "freezes")(request, documents)

    assert judged("alice", "pay", change).failed == {"transaction"}


def test_legacy_request_is_the_profiles_and_short(judged: Judged) -> None:
    profile = {"pep": "gate", "actions": {"payment": {"pay": True}}, "valid_for": 30 * SECOND}

    def change(request: dict[str, Any], documents: dict[str, Any]) -> None:
        del request["context"]
        put("old", "catalog", "applications", "ledger", "profile")(request, documents)
        put(profile, "catalog", "profiles", "old")(request, documents)

    assert judged("alice", "pay", change).until == NOW + 30 * SECOND

    def of_another(request: dict[str, Any], documents: dict[str, Any]) -> None:
        change(request, documents)
        profile["actions"] = {"payment": {"close": True}}

    assert judged("alice", "pay", of_another).failed == {"request"}


def test_no_config_gates_denies(judged: Judged) -> None:
    assert not judged("alice", "pay", put({}, "config", "gates")).decision
