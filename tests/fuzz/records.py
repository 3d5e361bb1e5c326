"""Records of a world: elevations, break-glass, mandates; good ones, and now and then flawed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography import x509
from tests.fuzz import catalogue as shelf
from tests.fuzz.cast import AGENTS, MACHINES, PEOPLE
from tests.fuzz.maker import NOW, SECOND
from tests.oracle import certificates, jose

if TYPE_CHECKING:
    from tests.fuzz.maker import Maker
    from tests.fuzz.wallet import Wallet


def thumbprints(wallet: Wallet) -> list[str]:
    """Thumbprints of the keys and certificates that are shown."""
    found = [jose.thumbprint(wallet.holder["ES256"].jwk()) or ""]
    for shown in wallet.shown.values():
        for one in shown:
            pem = one.credential.get("certificate")
            if pem and isinstance(leaf := certificates.leaf(pem), x509.Certificate):
                found.append(certificates.thumbprint(leaf))
    return sorted(set(found))


def pam(maker: Maker, catalogue: dict[str, Any], iga: dict[str, Any]) -> dict[str, Any]:
    """The PAM document for that catalogue."""
    random = maker.random
    privileged = [
        (type_, name, action)
        for type_, actions in catalogue["actions"].items()
        for name, action in actions.items()
        if action["privileged"]
    ]
    elevations: dict[str, dict[str, Any]] = {}
    for subject in (*PEOPLE, *MACHINES, *AGENTS):
        made = {}
        for type_, name, action in privileged:
            if random.random() < 0.8:
                made[maker.next("e")] = _elevation(maker, subject, type_, name, action)
        for key, leaf in iga["grants"].get(subject, {}).items():
            if "|eligible|" in leaf and random.random() < 0.6:
                made[maker.next("e")] = _elevation(maker, subject, "", "", {}, keys=[key])
        elevations[subject] = made
    break_glass = {
        subject: {
            maker.next("b"): _activation(maker, subject, type_, name)
            for type_, name, _ in privileged
            if random.random() < 0.3
        }
        for subject in (*PEOPLE, *MACHINES, *AGENTS)
    }
    snapshots = {"vault": maker.snapshot(), "jit": maker.snapshot()}
    listed = {system: found["id"] for system, found in snapshots.items()}
    return {
        "bundle": maker.stamp(),
        "snapshots": snapshots,
        "listed": listed,
        "elevations": elevations,
        "break_glass": break_glass,
        "mandates": _mandates(maker, catalogue),
    }


def scope(maker: Maker, type_: str) -> str:
    """Where something holds."""
    return maker.random.choice(
        {"payment": ["payment:p1"], "database": ["database:main"] * 4 + ["database:spare"]}.get(type_, ["*"])
    )


def _elevation(
    maker: Maker, subject: str, type_: str, name: str, action: dict[str, Any], *, keys: list[str] | None = None
) -> dict[str, Any]:
    random = maker.random
    if keys is None:
        entitled = f"{random.choice(shelf.ENTITLEMENTS)}@{random.choice(['*', 'account:prod', 'database:main'])}"
        keys = [f"#{name}@{scope(maker, type_)}" if random.random() < 0.8 else entitled]
        if maker.rare():
            keys.append(f"app:one@{scope(maker, type_)}")
    wanted = action.get("elevation", {})
    approvers = random.sample(PEOPLE, random.choice([2, 3, 4, 4]))
    found: dict[str, Any] = {
        "system": random.choice(
            ["vault", "vault", "vault", "jit", "jit", "gone"] if maker.rare() else ["vault", "jit"]
        ),
        "keys": keys,
        "not_before": maker.start(),
        "expires_at": maker.end(),
        "requester": random.choice([subject] * 25 + [random.choice(PEOPLE), "nobody", ""]),
        "approvers": approvers + ([approvers[0]] if maker.rare() else []),
        "required": random.choice([0, 0, 1, 1, 2]),
        "approved_until": maker.end(),
        "recording": random.choice(["on"] * 12 + ["off", "unknown"]) if wanted.get("recording") else "unknown",
        "session": random.choice(["s1"] * 6 + ["s9", ""]),
        "ticket": random.choice(["CHG-1"] * 8 + ["CHG-2", ""]),
    }
    if random.random() < 0.9:
        found["recording_ref"] = "rec-1"
    if random.random() < 0.25:
        approved: dict[str, Any] = {}
        if random.random() < 0.6:
            approved["subject"] = subject if not maker.rare() else random.choice(PEOPLE)
        if random.random() < 0.5:
            approved["keys"] = list(keys) if not maker.rare() else ["app:three@team:x"]
        if maker.rare():
            approved["parameters"] = maker.parameters()
        found["approved"] = approved
    if maker.rare():
        found["parameters"] = maker.parameters()
    if maker.rare():
        found["max_uses"] = random.choice([1, 2, 3])
    return found


def _activation(maker: Maker, subject: str, type_: str, name: str) -> dict[str, Any]:
    random = maker.random
    key = f"#{name}@{scope(maker, type_)}"
    return {
        "system": random.choice(["vault", "jit"]),
        "keys": [key if random.random() < 0.9 else f"app:one@{scope(maker, type_)}"],
        "not_before": maker.start(),
        "expires_at": maker.end(),
        "justification": "fire",
        "incident": random.choice(["INC-1", "INC-1", ""]),
        "activated_by": random.choice([*PEOPLE, "", subject]),
        "review_due_at": NOW + 86_400 * SECOND,
    }


def _mandates(maker: Maker, catalogue: dict[str, Any]) -> dict[str, Any]:
    random = maker.random
    found: dict[str, dict[str, Any]] = {agent: {} for agent in AGENTS}
    for agent in AGENTS:
        for _ in range(3):
            found[agent][maker.next("m")] = _mandate(maker, random.choice(PEOPLE), catalogue)
    for agent in AGENTS:
        record = found[agent][random.choice(sorted(found[agent]))]
        if random.random() < 0.6:
            above = [one for one in AGENTS if one != agent][: random.choice([1, 1, 2])]
            record["ancestors"] = [_ancestor(maker, found, one, agent, above, record) for one in above]
    return found


def _ancestor(
    maker: Maker, found: dict[str, dict[str, Any]], one: str, agent: str, above: list[str], record: dict[str, Any]
) -> dict[str, Any]:
    random = maker.random
    name = random.choice(sorted(found[one]))
    ancestor = found[one][name]
    if not maker.rare():
        ancestor["subject"] = record["subject"]
    ancestor["authority"] |= {key: dict(value) for key, value in record["authority"].items() if not maker.rare()}
    delegate = [*above, agent][above.index(one) + 1]
    ancestor.setdefault("delegation", {"max_depth": random.choice([1, 2, 2, 2, 3]), "delegates": {}})
    if not maker.rare():
        ancestor["delegation"]["delegates"][delegate] = True
    return {"agent": one, "id": name}


def _mandate(maker: Maker, person: str, catalogue: dict[str, Any]) -> dict[str, Any]:
    random = maker.random
    authority: dict[str, Any] = {}
    for type_, names in shelf.TYPES.items():
        for name in names:
            if random.random() < 0.93:
                authority[f"#{name}@{random.choice(['*', '*', scope(maker, type_)])}"] = _authority(maker)
    found: dict[str, Any] = {
        "system": random.choice(["vault", "jit"]),
        "subject": person,
        "state": "active" if random.random() > 0.05 else random.choice(["suspended", "Active", "revoked"]),
        "not_before": maker.start(),
        "expires_at": maker.end(),
        "tasks": {"t1": True, "t2": True} if not maker.rare() else {"t3": True},
        "authority": authority,
    }
    if random.random() < 0.25:
        found["limits"] = {"calls": random.choice([1, 3, 50])} | ({"amount": 600} if maker.rare() else {})
    if random.random() < 0.85:
        approval: dict[str, Any] = {
            "id": random.choice(["a-1", "a-2"]),
            "approvers": random.sample(PEOPLE, random.choice([2, 3, 4])),
            "required": random.choice([1, 1, 1, 2]),
            "approved_until": maker.end(),
        }
        if maker.rare():
            approval["parameters"] = maker.parameters()
        if maker.rare():
            approval["max_uses"] = random.choice([1, 2])
        found["approvals"] = {"t1": approval}
    return found


def _authority(maker: Maker) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if maker.random.random() < 0.3:
        found["tools"] = {"bank": True, "mail": True}
    if maker.random.random() < 0.2:
        found["constraints"] = {"amount": shelf.constraint(maker)}
    if maker.random.random() < 0.05:
        found["parameters"] = maker.parameters()
    return found
