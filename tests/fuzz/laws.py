"""Metamorphic laws: what a change of documents, request or clock may do to a decision, whatever the decision is."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from tests.fuzz.asking import Question
from tests.fuzz.compare import Difference
from tests.fuzz.maker import NOW, SECOND
from tests.fuzz.mutate import places
from tests.fuzz.shrink import printed
from tests.oracle.values import at, items

from livegate.regression.compare import instant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from tests.fuzz.server import Answer, Server
    from tests.fuzz.world import World

    Change = Callable[[Random, dict[str, Any]], bool]


def check(
    server: Server, world: World, questions: Sequence[Question], random: Random
) -> tuple[int, list[tuple[str, str]]]:
    """Number of comparisons made, and the laws that did not hold: name and description.

    The documents of ``world`` are loaded when it begins and when it ends.
    """
    before = server.answers(questions)
    checked, broken = _of_requests(server, world, questions, before, random)
    held, more = _of_time(server, world, questions, before, random)
    checked, broken = checked + held, broken + more
    for name in random.sample(sorted(_NARROWING), 3):
        change = _NARROWING[name]
        documents = deepcopy(world.documents)
        if not change(random, documents):
            continue
        server.load(documents)
        after = server.answers(questions)
        checked += len(questions)
        for question, old, new in zip(questions, before, after, strict=True):
            if name in _LEAVES_BREAK_GLASS and _broke_glass(world.documents, question):
                continue
            if old is not None and not old.decision and (new is None or new.decision):
                broken.append((name, _told(world, question, name, old, new)))
    server.load(world.documents)
    return checked, broken


def _broke_glass(documents: dict[str, Any], question: Question) -> bool:
    """Whether the subject has broken the glass, for whatever: without its elevation that is what it relies on."""
    request = question.request
    return at(request, "subject", "id") in items(at(documents, "pam", "break_glass"))


def instant_of(result: dict[str, Any]) -> int | None:
    """When an answer was decided, ns."""
    return instant(at(result, "context", "evaluated_at"))


def until_of(result: dict[str, Any]) -> int | None:
    """``valid_until`` of an answer, ns."""
    return instant(at(result, "context", "valid_until"))


def _of_requests(
    server: Server, world: World, questions: Sequence[Question], before: Sequence[Answer | None], random: Random
) -> tuple[int, list[tuple[str, str]]]:
    broken = []
    for name, change in (
        ("an unknown member changes nothing", _unknown),
        ("the order of a set changes nothing", _reordered),
    ):
        plain = [(one, old) for one, old in zip(questions, before, strict=True) if not at_signature(one)]
        changed = [Question(change(random, one.request), one.now) for one, _ in plain]
        for (question, old), new in zip(plain, server.answers(changed), strict=True):
            if old != new:
                broken.append((name, _told(world, question, name, old, new)))
    return 2 * len(questions), broken


def at_signature(question: Question) -> bool:
    """Whether the request is signed, so that any change to it is one that matters."""
    context = question.request.get("context") if isinstance(question.request, dict) else None
    return isinstance(context, dict) and "signature" in context


def _of_time(
    server: Server, world: World, questions: Sequence[Question], before: Sequence[Answer | None], random: Random
) -> tuple[int, list[tuple[str, str]]]:
    """An allow until v is one at every instant before v."""
    name = "an allow stays one until valid_until"
    later, origin = [], []
    for question, old in zip(questions, before, strict=True):
        if old is None or not old.decision or old.until is None:
            continue
        ends = [end for end in world.ends if question.now < end < old.until]
        picked = {old.until - 1, *random.sample(ends, min(3, len(ends)))}
        if old.until - question.now > 2 * SECOND:
            picked.add(random.randrange(question.now, old.until))
        later += [Question(question.request, moment) for moment in sorted(picked)]
        origin += [(question, old)] * len(picked)
    broken = []
    for one, (question, old), new in zip(later, origin, server.answers(later) if later else [], strict=True):
        if new is None or not new.decision:
            broken.append((name, _told(world, one, f"{name} (asked at {question.now})", old, new)))
    return len(later), broken


def _unknown(random: Random, request: Any) -> Any:
    if not isinstance(request, dict):
        return request
    changed = deepcopy(request)
    known = [changed, *(changed[name] for name in ("subject", "action", "resource") if name in changed)]
    # `context` with any member is no longer a request without one
    known += [changed["context"]] if items(changed.get("context")) else []
    for where in known:
        if isinstance(where, dict) and random.random() < 0.6:
            where["x-unknown"] = {"pass": True, "*": [1]}
    return changed


def _reordered(random: Random, request: Any) -> Any:
    changed = deepcopy(request)
    for where, name in places(changed):
        if name in {"confirmations", "parents"} and isinstance(where[name], list):
            random.shuffle(where[name])
    return changed


def _told(world: World, question: Question, law: str, old: Answer | None, new: Answer | None) -> str:
    return printed(f"{world.seed}", question, {}, Difference(f"law: {law}", f"before: {old}", f"after: {new}"))


def _drop(*path: str) -> Change:
    """Removes about half of what is found at ``path`` (`*`: any one member)."""

    def change(random: Random, documents: dict[str, Any]) -> bool:
        found: list[Any] = [documents]
        for name in path:
            found = [
                inner for one in found for inner in (items(one).values() if name == "*" else [items(one).get(name)])
            ]
        done = False
        for holder in found:
            for name in sorted(items(holder)):
                if random.random() < 0.5:
                    del holder[name]
                    done = True
        return done

    return change


def _fewer_approvers(random: Random, documents: dict[str, Any]) -> bool:
    records = [one for held in items(at(documents, "pam", "elevations")).values() for one in items(held).values()]
    for held in items(at(documents, "pam", "mandates")).values():
        records += [one for mandate in items(held).values() for one in items(at(mandate, "approvals")).values()]
    done = False
    for record in records:
        if isinstance(at(record, "approvers"), list) and record["approvers"] and random.random() < 0.5:
            record["approvers"].pop(random.randrange(len(record["approvers"])))
            done = True
    return done


def _revoke(random: Random, documents: dict[str, Any]) -> bool:
    revocations, done = documents.get("revocations"), False
    pools = {
        "subjects": items(at(documents, "iga", "identities")),
        "sessions": {"s1": 0, "s2": 0},
        "elevations": {name: 0 for held in items(at(documents, "pam", "elevations")).values() for name in items(held)},
        "mandates": {name: 0 for held in items(at(documents, "pam", "mandates")).values() for name in items(held)},
    }
    for kind, names in pools.items():
        entries = at(revocations, kind)
        for name in sorted(names):
            if isinstance(entries, dict) and name not in entries and random.random() < 0.2:
                entries[name] = {"id": "law", "from": NOW + random.choice([-60, 0, 20]) * SECOND}
                done = True
    return done


def _deny(random: Random, documents: dict[str, Any]) -> bool:
    grants, denies = items(at(documents, "iga", "grants")), at(documents, "iga", "denies")
    if not isinstance(denies, dict):
        return False
    for subject, held in grants.items():
        if isinstance(held, dict) and held and random.random() < 0.4 and isinstance(denies.get(subject, {}), dict):
            key = random.choice(sorted(held))
            denies.setdefault(subject, {})[key] = held[key]
    return True


def _reorder_documents(random: Random, documents: dict[str, Any]) -> bool:
    for where, name in places(documents):
        if isinstance(where[name], list) and name != "ancestors":
            random.shuffle(where[name])
    return True


_NARROWING: dict[str, Change] = {
    "removing a grant never opens": _drop("iga", "grants", "*"),
    "removing an elevation never opens": _drop("pam", "elevations", "*"),
    "removing break-glass never opens": _drop("pam", "break_glass", "*"),
    "removing a mandate never opens": _drop("pam", "mandates", "*"),
    "removing an approval never opens": _fewer_approvers,
    "removing a key never opens": _drop("trust", "keys", "*", "*"),
    "removing a root never opens": _drop("trust", "roots"),
    "removing a snapshot never opens": _drop("iga", "snapshots"),
    "removing a PAM snapshot never opens": _drop("pam", "snapshots"),
    "removing a name never opens": _drop("iga", "proofs"),
    "adding a revocation never opens": _revoke,
    "adding a deny never opens": _deny,
    "the order of lists in documents opens nothing": _reorder_documents,
}

_LEAVES_BREAK_GLASS = {
    "removing an elevation never opens",
    "removing an approval never opens",
    "removing a PAM snapshot never opens",
    "adding a revocation never opens",
}
"""What takes away an elevation, and so leaves break-glass to rely on, which is allowed more (see the page, Laws)."""
