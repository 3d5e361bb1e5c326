"""The IGA document of a world: identities, names, grants, denies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fuzz.cast import AGENTS, MACHINES, PEOPLE
from tests.fuzz.catalogue import ENTITLEMENTS
from tests.fuzz.maker import SECOND

if TYPE_CHECKING:
    from tests.fuzz.maker import Maker
    from tests.fuzz.wallet import Wallet


def iga(maker: Maker, wallet: Wallet) -> dict[str, Any]:
    """The IGA document."""
    random = maker.random
    snapshots = {system: maker.snapshot() for system in ("hr", "iam", "guard")}
    identities = {name: _leaf(maker, name) for name in (*PEOPLE, *MACHINES, *AGENTS) if random.random() > 0.02}
    proofs = wallet.proofs()
    for name in random.sample(sorted(proofs), 2):
        proofs[name] = random.choice([*PEOPLE, *AGENTS])
    grants: dict[str, dict[str, str]] = {}
    denies: dict[str, dict[str, str]] = {}
    for subject in (*PEOPLE, *MACHINES, *AGENTS):
        grants[subject] = {
            f"{entitlement}@{scope}": _grant(maker)
            for entitlement in ENTITLEMENTS
            for scope in ("*", "account:prod", "database:main", "payment:p1")
            if random.random() < (0.8 if scope == "*" else 0.25)
        }
        if random.random() < 0.04:
            key = f"{random.choice(ENTITLEMENTS)}@{random.choice(['*', 'account:prod', 'payment:p1'])}"
            denies[subject] = {key: _grant(maker)}
    return {
        "bundle": maker.stamp(),
        "snapshots": snapshots,
        "listed": {system: found["id"] for system, found in snapshots.items()},
        "guards": random.choice([[], ["guard"], ["guard", "hr"]]),
        "identities": identities,
        "proofs": proofs,
        "grants": grants,
        "denies": denies,
    }


def _leaf(maker: Maker, name: str) -> str:
    random = maker.random
    status = random.choice(["disabled", "suspended", "deleted"]) if random.random() < 0.03 else "active"
    environment = random.choice(["prod"] * 30 + ["staging", ""])
    if name in PEOPLE:
        type_, environment = "human", "" if random.random() < 0.9 else environment
        later = [*PEOPLE[PEOPLE.index(name) + 1 :], ""]
        responsible = random.choice(later)
    else:
        type_ = (
            "agent"
            if name in AGENTS
            else {"svc-build": "service_account", "wl-pay": "workload"}.get(name, "api_key_holder")
        )
        responsible = ",".join(random.sample(PEOPLE, random.choice([1, 1, 2, 2, 3]))) if random.random() > 0.03 else ""
    return f"{status}|{type_}|{environment}|{random.choice(['hr', 'iam'])}|{responsible}"


def _grant(maker: Maker) -> str:
    random = maker.random
    end = maker.end() // SECOND if random.random() < 0.7 else 9_223_372_036
    start = random.choice(["", "", str(maker.start() // SECOND)])
    hold = "eligible" if random.random() < 0.2 else ""
    return f"{random.choice(['hr', 'iam'])}|g-{random.randrange(1000)}|{end}|{start}|{hold}|via"
