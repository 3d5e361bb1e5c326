"""The trust document of a world, and what is revoked in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fuzz import records
from tests.fuzz.cast import AGENTS, MACHINES, PEOPLE
from tests.fuzz.maker import NOW, SECOND

if TYPE_CHECKING:
    from tests.fuzz.maker import Maker
    from tests.fuzz.wallet import Wallet


def trust(maker: Maker, wallet: Wallet) -> dict[str, Any]:
    """The trust document."""
    random = maker.random
    everything = ("subject", "connection", "parents", "history", "counters", "uses", "confirmations", "conditions")
    types = {"payment": True, "database": True}

    def pep(asserts: tuple[str, ...] | list[str], **more: Any) -> dict[str, Any]:
        return {"resource_types": dict(types), "asserts": dict.fromkeys(asserts, True), **more}

    peps = {
        "gate": pep(everything, keys={wallet.pep["gate"].kid: wallet.pep["gate"].listed()}),
        "proxy": pep(random.sample(everything, 6), keys={wallet.pep["proxy"].kid: wallet.pep["proxy"].listed()}),
        "bare": pep([], reasons=random.choice(["ids", "none", "full"])),
        "old-app": pep(["subject"]),
        "prod-gate": pep(everything, environment="prod", audiences={"https://api.example": True}),
        "narrow": {**pep(everything), "resource_types": {random.choice(sorted(types)): True}},
    }
    issuers = wallet.trust(random.choice([600, 600, 300]) * SECOND)
    sources = {issuer: "keys" for issuer in issuers["keys"] if random.random() < 0.5}
    if maker.rare():
        issuers["keys"].pop(random.choice(sorted(issuers["keys"])))
    return {
        "bundle": maker.stamp(),
        "snapshots": {"keys": maker.snapshot()},
        "listed": {"keys": "k"},
        "peps": peps,
        "callers": {},
        "sources": sources,
        **issuers,
    }


def revocations(maker: Maker, wallet: Wallet) -> dict[str, Any]:
    """The revocations, past and to come."""
    random = maker.random
    names = {
        "subjects": [*PEOPLE, *MACHINES, *AGENTS],
        "sessions": ["s1", "s2"],
        "elevations": [f"{kind}-{number}" for kind in ("e", "b") for number in range(60)],
        "tokens": [f"j-{kind}-{one}" for kind in ("access-token", "jwt-svid") for one in wallet.shown] + ["t-wl-pay"],
        "credentials": records.thumbprints(wallet),
        "mandates": [f"m-{number}" for number in range(12)],
        "keys": [
            f"{issuer}#{kid}"
            for issuer, uses in wallet.trust(1)["keys"].items()
            for use in uses.values()
            for kid in use
        ],
    }
    often = {"subjects": 0.03, "tokens": 0.05, "elevations": 0.05, "keys": 0.03}

    def entry() -> dict[str, Any]:
        found: dict[str, Any] = {"id": "r", "from": maker.end() if random.random() < 0.6 else maker.start()}
        if random.random() < 0.3:
            found["issued_until"] = random.choice(
                [NOW - 60 * SECOND, NOW - 60 * SECOND - 1, maker.start(), (1 << 63) - 1]
            )
        return found

    return {
        "bundle": maker.stamp(),
        **{
            kind: {name: entry() for name in known if random.random() < often.get(kind, 0.08)}
            for kind, known in names.items()
        },
    }
