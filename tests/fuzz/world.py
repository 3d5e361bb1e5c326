"""A small organisation: all documents, in every state, from a seed.

Most records are good, so that about a third of the requests is allowed; each kind of record is flawed now and then.
One world in six is *broken*: members missing or of another type, against the schemas.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from tests.fuzz import identities, records, trust
from tests.fuzz.catalogue import catalogue
from tests.fuzz.maker import NOW, SECOND, Maker
from tests.oracle.values import at, items

from livegate.schema import validator

if TYPE_CHECKING:
    from tests.fuzz.wallet import Wallet

ROOTS = ("catalog", "config", "iga", "pam", "trust", "revocations")
REVOKED = ("subjects", "sessions", "elevations", "tokens", "credentials", "mandates", "keys")
KINDS = ("pep", "jwt-svid", "x509-svid", "access-token", "kubernetes", "github", "txn-token", "wit")


@dataclass(frozen=True, slots=True)
class World:
    """Documents by root, whether they were broken on purpose, and the instants (ns) at which something ends."""

    seed: int
    documents: dict[str, Any]
    broken: bool
    ends: tuple[int, ...]


def make(seed: int, wallet: Wallet) -> World:
    """The world of ``seed``."""
    random = Random(seed)  # noqa: S311  # repeatable, not secret
    maker = Maker(random)
    documents: dict[str, Any] = {
        "catalog": {**catalogue(maker), "bundle": maker.stamp()},
        "config": _config(maker),
        "iga": identities.iga(maker, wallet),
        "trust": trust.trust(maker, wallet),
        "revocations": trust.revocations(maker, wallet),
    }
    documents["pam"] = records.pam(maker, documents["catalog"], documents["iga"])
    broken = random.random() < 1 / 6
    if broken:
        for _ in range(random.choice([1, 1, 2, 3])):
            damage(random, documents)
    return World(seed, documents, broken, tuple(sorted(_instants(documents))))


def damage(random: Random, documents: dict[str, Any]) -> None:
    """Remove or replace one member somewhere in the documents.

    Not drawn, because the decision rests on the schemas there: a collection of revocations that is missing or no
    object (nobody can tell what it held), and gates of the configuration that ask for nothing.
    """
    while True:
        tried = deepcopy(documents)
        _damage(random, tried)
        if not _unreadable(tried):
            break
    documents.clear()
    documents.update(tried)


def _unreadable(documents: dict[str, Any]) -> bool:
    revocations, gates = documents.get("revocations"), at(documents, "config", "gates")
    lost = isinstance(revocations, dict) and not all(isinstance(at(revocations, kind), dict) for kind in REVOKED)
    return lost or gates == {} or {} in items(gates).values()


def _damage(random: Random, documents: dict[str, Any]) -> None:
    root = random.choice(ROOTS)
    where: Any = documents
    name: Any = root
    while root in documents and random.random() < 0.85:
        inner = where[name]
        steps = list(inner) if isinstance(inner, dict) else list(range(len(inner))) if isinstance(inner, list) else []
        if not steps:
            break
        where, name = inner, random.choice(steps)
    odd = random.choice([None, 7, "text", [], {}, True, False, -1, "9", {"*": True}, ["x"]])
    if random.random() < 0.5 and isinstance(where, dict):
        where.pop(name, None)
    else:
        where[name] = odd


def valid(documents: dict[str, Any]) -> bool:
    """Whether every root is there and holds to its schema."""
    return documents.keys() == set(ROOTS) and all(
        validator("livegate.documents", root).is_valid(documents[root]) for root in ROOTS
    )


def _config(maker: Maker) -> dict[str, Any]:
    random = maker.random
    gates = (
        "request",
        "proof",
        "identity",
        "revocation",
        "freshness",
        "entitlement",
        "elevation",
        "mandate",
        "transaction",
    )

    def tier(name: str) -> dict[str, Any]:
        ages = {
            domain: random.choice([60] + [600] * 5 + [3_600, 86_400]) * SECOND
            for domain in ("iga", "pam", "revocations")
        }
        proofs = dict.fromkeys(KINDS if name != "critical" else random.sample(KINDS, 5), True)
        proofs["pep"] = True
        return {"ages": ages, "proofs": proofs, "bound": name == "critical", "signed": name == "high" and maker.rare()}

    return {
        "leeway": random.choice([0, 5, 5, 5, 5, 30]) * SECOND,
        "gates": {gate: {"pass": True} for gate in gates},
        "floors": {
            root: random.choice([1, 5, 5, 5, 5, 5, 6])
            for root in ("policy", "iga", "pam", "trust", "revocations")
            if maker.rare()
        },
        "lifetimes": dict.fromkeys(("policy", "iga", "pam", "trust", "revocations"), 3600 * SECOND),
        "tiers": {name: tier(name) for name in ("low", "standard", "high", "critical")},
        "break_glass": {"ages": {domain: random.choice([120, 7_200]) * SECOND for domain in ("iga", "pam")}},
    }


def _instants(value: Any) -> set[int]:
    """Every instant in the documents that is near the run's clock."""
    if isinstance(value, dict):
        return set().union(*(_instants(one) for one in value.values()))
    if isinstance(value, list):
        return set().union(*(_instants(one) for one in value))
    if isinstance(value, str) and value.count("|") == 5:
        ends = (part for part in value.split("|")[2:4] if part.isdigit())
        return {int(part) * SECOND for part in ends if abs(int(part) * SECOND - NOW) < 3_600 * SECOND}
    if isinstance(value, int) and abs(value - NOW) < 3_600 * SECOND:
        return {value}
    return set()
