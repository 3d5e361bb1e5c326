"""Two small organisations, and changes between them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from livegate.regression.diff.asking import Answer
from livegate.regression.diff.changes import Asked, Change, Difference, What
from livegate.regression.diff.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1_800_000_000_000_000_000

DOCUMENTS: dict[str, Any] = {
    "catalog": {
        "applications": {"shop": {"title": "Shop", "owner": "ann"}},
        "entitlements": {"shop:clerk": {}, "shop:boss": {}},
        "actions": {
            "order": {
                "enter": {"application": "shop", "tier": "low", "privileged": False, "context": []},
                "pay": {
                    "application": "shop",
                    "tier": "low",
                    "privileged": True,
                    "context": ["ticket"],
                    "elevation": {"approvals": 1, "recording": False, "break_glass": False},
                    "limits": {
                        "separation": ["enter"],
                        "parameters": {"amount": {"min": 1, "max": 90}},
                        "ticket": "PAY-[0-9]{3}",
                    },
                },
            }
        },
        "permits": {"order": {"enter": ["shop:clerk"], "pay": ["shop:boss"]}},
        "resources": {"order:one": {"parents": ["account:prod"]}},
    },
    "config": {"tiers": {"low": {"proofs": {"pep": True}, "ages": {}, "bound": False, "signed": False}}},
    "iga": {
        "bundle": {"issued_at": NOW, "expires_at": NOW + 10},
        "identities": {
            "ann": "active|human||hr|",
            "ben": "active|human||hr|ann",
            "bot": "active|service_account|prod|hr|ben",
        },
        "proofs": {},
        "grants": {
            "ben": {"shop:clerk@*": "hr|g-1|9223372036|||role:clerk"},
            "ann": {"shop:boss@account:prod": "hr|g-2|1800000100|1799999999||role:boss"},
        },
        "denies": {},
    },
    "pam": {
        "snapshots": {"pam": {"observed_at": NOW - 5, "expires_at": NOW + 50}},
        "elevations": {
            "ann": {
                "e-1": {
                    "keys": ["shop:boss@account:prod"],
                    "not_before": NOW - 7,
                    "expires_at": NOW + 9,
                    "approved_until": NOW + 8,
                    "ticket": "PAY-007",
                    "max_uses": 3,
                }
            }
        },
        "break_glass": {},
        "mandates": {},
    },
    "trust": {
        "peps": {
            "till": {
                "resource_types": {"order": True},
                "asserts": {"subject": True, "history": True, "uses": True, "counters": True},
            }
        }
    },
    "revocations": {},
}


@pytest.fixture
def documents() -> dict[str, Any]:
    """A shop: ann may pay, elevated; ben may enter; a bot of ben's."""
    return copy.deepcopy(DOCUMENTS)


@pytest.fixture
def world(documents: dict[str, Any]) -> World:
    """The same, to ask questions from."""
    return World.of(documents)


@pytest.fixture
def allow() -> Answer:
    """An allow."""
    return Answer(True, frozenset(), (), "2027-01-15T08:00:00Z")


@pytest.fixture
def deny() -> Callable[..., Answer]:
    """Makes denials for reasons."""
    return lambda *reasons: Answer(False, frozenset(reasons), (), "")


@pytest.fixture
def change() -> Callable[..., Change]:
    """Makes an opening by default."""

    def make(
        subject: str = "ben",
        action: str = "order/pay",
        resource: str = "order:one",
        *,
        what: What = What.OPENED,
        reasons: tuple[str, ...] = ("entitlement.missing",),
        variant: str = "least",
        apart: bool = False,
    ) -> Change:
        kind, _, name = action.partition("/")
        asked = Asked(subject=subject, deed=(kind, name), resource=resource, variant=variant, instant=NOW, request={})
        denied, allowed = Answer(False, frozenset(reasons), (), ""), Answer(True, frozenset(), (), "")
        base, head = (denied, allowed) if what is What.OPENED else (allowed, denied)
        return Change(
            what=what,
            subject=subject,
            deed=(kind, name),
            resource=resource,
            reasons=frozenset(reasons),
            count=1,
            main=True,
            variants={variant},
            examples=[Difference(asked=asked, what=what, base=base, head=head)],
            apart=apart,
        )

    return make
