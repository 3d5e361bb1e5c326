"""A situation that everything passes, written by hand from the specification; tests change one thing at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.oracle.decide import decide

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.oracle.verdict import Verdict

    Change = Callable[[dict[str, Any], dict[str, Any]], object]

SECOND = 1_000_000_000
NOW = 1_800_000_000 * SECOND  # 2027-01-15T08:00:00Z, a Friday
HOUR = 3_600 * SECOND
_STAMP = {"revision": "r", "sequence": 5, "issued_at": NOW - 10 * SECOND, "expires_at": NOW + 10 * HOUR}
_SNAPSHOT = {"id": "s", "sequence": 5, "observed_at": NOW - 10 * SECOND, "expires_at": NOW + 9 * HOUR}


def documents() -> dict[str, Any]:
    """The documents of the situation, made anew."""
    asserts = ("subject", "parents", "history", "counters", "uses", "confirmations", "conditions")
    ages = dict.fromkeys(("iga", "pam", "revocations"), 8 * HOUR)
    actions = {
        "pay": {"application": "ledger", "tier": "low", "privileged": False, "context": ["session"]},
        "close": {
            "application": "ledger",
            "tier": "low",
            "privileged": True,
            "context": [],
            "elevation": {"approvals": 1, "recording": False, "break_glass": True},
        },
    }
    return {
        "catalog": {
            "bundle": dict(_STAMP),
            "applications": {"ledger": {"environment": "prod"}},
            "actions": {"payment": actions},
            "permits": {"payment": {"pay": ["clerk"], "close": ["clerk"]}},
        },
        "config": {
            "leeway": 5 * SECOND,
            "gates": {"request": {"pass": True}},
            "floors": {"policy": 5, "iga": 5, "pam": 5, "trust": 5, "revocations": 5},
            "tiers": {"low": {"ages": ages, "proofs": {"pep": True}, "bound": False, "signed": False}},
            "break_glass": {"ages": {"iga": 20 * HOUR, "pam": 20 * HOUR}},
        },
        "iga": {
            "bundle": dict(_STAMP),
            "snapshots": {"hr": dict(_SNAPSHOT)},
            "guards": ["hr"],
            "identities": {
                "alice": "active|human||hr|carol",
                "bob": "active|human||hr|",
                "carol": "active|human||hr|dave",
                "dave": "active|human||hr|",
                "job": "active|workload|prod|hr|carol",
                "bot": "active|agent|prod|hr|carol",
            },
            "proofs": {},
            "grants": {name: {"clerk@*": "hr|g1|1800036000|||via"} for name in ("alice", "job", "bot")},
            "denies": {},
        },
        "pam": {
            "bundle": dict(_STAMP),
            "snapshots": {"vault": dict(_SNAPSHOT)},
            "elevations": {"alice": {"e1": elevation()}},
            "break_glass": {},
            "mandates": {"bot": {"m1": mandate()}},
        },
        "trust": {
            "bundle": dict(_STAMP),
            "peps": {"gate": {"resource_types": {"payment": True}, "asserts": dict.fromkeys(asserts, True)}},
        },
        "revocations": {
            "bundle": dict(_STAMP),
            **{
                kind: {} for kind in ("subjects", "sessions", "elevations", "tokens", "credentials", "mandates", "keys")
            },
        },
    }


def elevation() -> dict[str, Any]:
    """An elevation of alice's to close p1, approved by bob."""
    return {
        "system": "vault",
        "keys": ["#close@payment:p1"],
        "not_before": NOW - HOUR,
        "expires_at": NOW + 5 * HOUR,
        "requester": "alice",
        "approvers": ["bob"],
        "required": 1,
        "approved_until": NOW + 4 * HOUR,
        "recording": "off",
        "session": "",
        "ticket": "",
    }


def mandate() -> dict[str, Any]:
    """The bot's mandate to pay for alice."""
    return {
        "system": "vault",
        "subject": "alice",
        "state": "active",
        "not_before": NOW - HOUR,
        "expires_at": NOW + 3 * HOUR,
        "tasks": {"t1": True},
        "authority": {"#pay@*": {"tools": {"bank": True}, "constraints": {"amount": {"max": 100}}}},
        "limits": {"calls": 5},
    }


def request(subject: str = "alice", action: str = "pay") -> dict[str, Any]:
    """A request of the situation: ``subject`` is alice, job or bot."""
    context: dict[str, Any] = {"pep": "gate", "session": "s1"}
    if subject == "bot":
        context |= {"mandate": "m1", "task": "t1", "tool": "bank", "counters": {"calls": 4}}
        context["chain"] = {"id": "c", "history": []}
    kind = {"alice": "human", "job": "workload", "bot": "agent"}[subject]
    return {
        "subject": {"type": kind, "id": subject},
        "action": {"name": action, "properties": {"amount": 10}},
        "resource": {"type": "payment", "id": "p1"},
        "context": context,
    }


@pytest.fixture
def judged() -> Callable[..., Verdict]:
    """Decides the situation for subject and action after ``change(request, documents)``, ``after`` ns later."""

    def judge(subject: str, action: str, change: Change = lambda _, __: None, *, after: int = 0) -> Verdict:
        asked, given = request(subject, action), documents()
        change(asked, given)
        return decide(asked, given, NOW + after)

    return judge
