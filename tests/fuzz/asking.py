"""Requests for a world: most as an honest PEP would ask, then some changed by the mutations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fuzz.cast import AGENTS, MACHINES, PARAMETERS, PEOPLE, START
from tests.fuzz.catalogue import TYPES
from tests.fuzz.maker import NOW, SECOND
from tests.fuzz.mutate import mutate
from tests.oracle.decide import decide
from tests.oracle.jose import read
from tests.oracle.values import MISSING, at, items

if TYPE_CHECKING:
    from random import Random

    from tests.fuzz.wallet import Shown, Wallet
    from tests.fuzz.world import World


@dataclass(frozen=True, slots=True)
class Question:
    """A request and the instant (ns) at which it is asked."""

    request: Any
    now: int


def ask(random: Random, world: World, wallet: Wallet) -> Question:
    """One question for ``world``; of the honest ones, those that the oracle denies are mostly asked otherwise."""
    question = _ask(random, world, wallet)
    for _ in range(3 if random.random() < 0.8 else 0):
        if decide(question.request, world.documents, question.now).decision:
            break
        question = _ask(random, world, wallet)
    return question


def _ask(random: Random, world: World, wallet: Wallet) -> Question:
    request: Any = _honest(random, world, wallet)
    now = _instant(random, world)
    mutated = random.choices(["no", "before it is signed", "after"], [78, 18, 4])[0]
    if mutated == "before it is signed":
        request = mutate(random, request, wallet)
    if items(at(request, "context")) and random.random() < 0.3:
        _sign(random, request, wallet, now)
    if mutated == "after":
        request = mutate(random, request, wallet)
    return Question(request, now)


def _honest(random: Random, world: World, wallet: Wallet) -> dict[str, Any]:
    subject = random.choice([*PEOPLE, *PEOPLE, *MACHINES, *AGENTS, *AGENTS])
    kind = random.choice(sorted(TYPES))
    name = random.choice(TYPES[kind])
    resource = random.choice(["p1"] * 4 + ["p2"] if kind == "payment" else ["main"] * 4 + ["spare", "unlisted"])
    request: dict[str, Any] = {
        "subject": {"type": _type(subject), "id": subject},
        "action": {"name": name},
        "resource": {"type": kind, "id": resource},
    }
    parameters = random.choice([PARAMETERS[1], PARAMETERS[1], *PARAMETERS])
    if parameters or random.random() < 0.3:
        request["action"]["properties"] = dict(parameters)
    application = items(at(world.documents, "catalog", "applications", "ledger" if kind == "payment" else "orders"))
    if "profile" in application and random.random() < 0.15:
        if random.random() < 0.3:
            request["context"] = {}
        return request
    request["context"] = context = _context(random, world, subject)
    if random.random() < 0.45 and (random.random() < 0.2 or _accepts(world, request, "pep", bound=False)):
        return _placed(random, request)
    _show(random, world, request, context, wallet)
    return _placed(random, request)


def _accepts(world: World, request: dict[str, Any], kind: str, *, bound: bool) -> bool:
    """Whether the catalogue accepts this kind of proof for this action, bound to a key or not."""
    action = at(world.documents, "catalog", "actions", request["resource"]["type"], request["action"]["name"])
    tier = at(world.documents, "config", "tiers", str(at(action, "tier")))
    narrower = at(action, "proofs")
    if at(tier, "proofs", kind) is not True or (narrower is not MISSING and at(narrower, kind) is not True):
        return False
    return bound or at(tier, "bound") is False


def _placed(random: Random, request: dict[str, Any]) -> dict[str, Any]:
    """With parents of its resource, where the catalogue does not list it."""
    resource = request["resource"]["id"]
    if resource in {"p2", "unlisted"} and random.random() < 0.5:
        request["resource"]["properties"] = {
            "parents": random.choice([["account:prod"], ["team:x", "account:prod"], []])
        }
    return request


def _context(random: Random, world: World, subject: str) -> dict[str, Any]:
    context: dict[str, Any] = {"pep": random.choice(["gate"] * 40 + ["proxy", "prod-gate", "narrow", "bare", "nobody"])}
    if random.random() < 0.95:
        context |= {"session": random.choice(["s1", "s1", "s1", "s2"]), "ticket": "CHG-1", "task": "t1"}
    if context["pep"] == "bare" or random.random() < 0.03:
        return context
    if subject in AGENTS:
        mandates = items(at(world.documents, "pam", "mandates", subject))
        context["mandate"] = random.choice(sorted(mandates) or ["m-0"])
        context["tool"] = random.choice(["bank"] * 8 + ["shell"])
        context["task"] = random.choice(["t1"] * 8 + ["t2"])
        context["chain"] = {"id": "c1", "history": _chain(random)}
    elif random.random() < 0.1:
        context["chain"] = {"id": "c1", "history": _chain(random)}
    if random.random() < 0.9:
        context["counters"] = {"calls": random.choice([0, 0, 0, 1, 4, 5]), "amount": random.choice([0, 0, 90, 990])}
    if random.random() < 0.9:
        records = {**items(at(world.documents, "pam", "elevations", subject)), "a-1": 0, "a-2": 0}
        context["uses"] = {name: random.choice([0, 0, 0, 0, 1, 2]) for name in records}
    if random.random() < 0.9:
        context["confirmations"] = random.sample(PEOPLE, random.choice([1, 4, 5]))
    if random.random() < 0.9:
        context["conditions"] = {"device": random.choice(["managed", "managed", "known", "known", "rooted"])}
    if random.random() < 0.9:
        doers = random.choice(
            [[], [random.choice(PEOPLE)], [random.choice([*PEOPLE, *AGENTS, *AGENTS, *MACHINES, "nobody"])]]
        )
        context["history"] = [{"action": random.choice(["create", "pay", "read"]), "subject": one} for one in doers]
    return context


def _show(random: Random, world: World, request: dict[str, Any], context: dict[str, Any], wallet: Wallet) -> None:
    subject = request["subject"]["id"]
    good = [one for one in wallet.shown[subject] if one.flaw == "none"]
    person = context.get("mandate") and random.random() < 0.9
    fit = [one for one in good if _accepts(world, request, one.credential["kind"], bound=_bound(one))]
    shown = random.choice((fit or good) if random.random() < 0.85 else wallet.shown[subject])
    if person and shown.principal:
        mandates = items(at(world.documents, "pam", "mandates", subject, context["mandate"]))
        wanted = [one for one in fit if one.principal == mandates.get("subject")]
        shown = random.choice(wanted or [shown])
    context["credential"] = dict(shown.credential)
    if shown.credential["kind"] == "txn-token" and random.random() < 0.9:
        found = _tctx(shown.credential["token"])
        request["action"].pop("properties", None)
        if isinstance(found, dict):
            request["action"]["properties"] = found
    if random.random() < 0.02:
        context["credential"]["kind"] = random.choice(["pep", "jwt-svid", "PEP", "password"])
    if random.random() < 0.02:
        other = random.choice([*PEOPLE, *MACHINES, *AGENTS])
        request["subject"] = {"type": _type(other), "id": other}


def _bound(shown: Shown) -> bool:
    return shown.credential["kind"] in {"wit", "x509-svid"} or not {"dpop", "certificate"}.isdisjoint(shown.credential)


def _tctx(token: str) -> Any:
    found = read(token)
    return None if found is None else found.claims.get("tctx")


def _chain(random: Random) -> list[dict[str, Any]]:
    pool: list[dict[str, Any]] = [
        {"action": "read", "type": "payment", "id": "p1"},
        {"action": "query", "type": "database"},
        {"action": "unknown", "type": "payment"},
    ]
    return random.sample(pool, random.choice([0, 0, 0, 0, 0, 1, 2]))


def _sign(random: Random, request: dict[str, Any], wallet: Wallet, now: int) -> None:
    pep = request["context"].get("pep")
    if not isinstance(pep, str):
        return
    iat = now // SECOND + random.choice([-5] * 6 + [-59, -60, 4, 40])
    request["context"].pop("signature", None)
    kid = random.choice([None] * 9 + ["proxy-1"])
    request["context"]["signature"] = wallet.signature(pep, request, iat, kid=kid)


def _instant(random: Random, world: World) -> int:
    if world.ends and random.random() < 0.2:
        near = [end for end in world.ends if abs(end - NOW) < 60 * SECOND] or list(world.ends)
        pool = near if random.random() < 0.8 else list(world.ends)
        return random.choice(pool) + random.choice([-1, 0, 1])
    if random.random() < 0.03:
        return (START + random.choice([29, 30, 35, 60, -60, 240, 245, -4, 86_400])) * SECOND + random.choice([-1, 0, 1])
    return NOW + random.choice([0, 0, 1, 2_500_000_000, -1_000_000_000, 17_000_000_000])


def _type(subject: str) -> str:
    if subject in PEOPLE:
        return "human"
    if subject in AGENTS:
        return "agent"
    return {"svc-build": "service_account", "wl-pay": "workload"}.get(subject, "api_key_holder")
