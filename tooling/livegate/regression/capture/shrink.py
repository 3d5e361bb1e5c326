"""The smallest request and documents that still give a logged answer.

Documents of a whole organisation are cut first to what the request leads to, by name: taking parts away one by one
would take too long. What is cut is tried like any other part, and put back where the answer rests on it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from livegate import schema
from livegate.documents import references
from livegate.errors import LivegateError
from livegate.pipeline.issue import BUNDLE_ROOT
from livegate.regression.minimise import minimise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Holds = Callable[[Sequence[Any]], Sequence[bool]]

KEYED = {
    "iga": ("identities", "grants", "denies", "proofs"),
    "pam": ("elevations", "break_glass", "mandates"),
    "revocations": ("subjects", "sessions", "elevations", "tokens", "credentials", "mandates", "keys"),
    "catalog": ("resources",),
}
"""Objects by name, which may be large; what is beside them stays until it is tried."""
_SECRET = ("keys", "roots", "issuers", "domains", "sources", "workloads")
_PARTS = re.compile(r"[|@#,]")
_ROUNDS = 4


def bare(documents: Mapping[str, Any]) -> dict[str, Any]:
    """The documents without what only a credential needs: keys, issuers, names of proofs, tokens of callers."""
    made = dict(documents)
    trust = {name: value for name, value in made["trust"].items() if name not in _SECRET}
    peps = {
        name: {member: value for member, value in pep.items() if member not in ("keys", "audiences")}
        for name, pep in trust["peps"].items()
    }
    made["trust"] = {**trust, "callers": {}, "peps": peps}
    made["iga"] = {**made["iga"], "proofs": {}}
    return made


def cut(documents: Mapping[str, Any], request: Any) -> dict[str, Any]:
    """Of each large object what the request leads to: what it names, what that names, and so on a few times."""
    known = _texts(request)
    kept: dict[tuple[str, str], dict[str, Any]] = {(root, name): {} for root in KEYED for name in KEYED[root]}
    for _ in range(_ROUNDS):
        found: set[str] = set()
        for (root, name), chosen in kept.items():
            members = documents[root].get(name, {})
            for one in (known & members.keys()) - chosen.keys():
                chosen[one] = members[one]
                found |= _texts(members[one]) | _split(one)
        if found <= known:
            break
        known |= found
    made = {}
    for root, document in documents.items():
        replaced = {name: kept[root, name] for name in KEYED.get(root, ()) if name in document}
        made[root] = {**document, **{name: _ordered(document[name], part) for name, part in replaced.items()}}
    return made


def smallest(request: Any, documents: Mapping[str, Any], holds: Holds, *, steps: int = 6_000) -> tuple[Any, Any]:
    """Request and documents with everything gone that may go; what schemas ask for stays.

    Args:
        holds: of several ``{request, documents}``, whether OPA still gives the answer.
    """
    known: dict[str, bool] = {}

    def linked(candidates: Sequence[Any]) -> list[bool]:
        held = holds(candidates)
        return [ok and _linked(candidate["documents"]) for candidate, ok in zip(candidates, held, strict=True)]

    def both(candidates: Sequence[Any]) -> list[bool]:
        held = holds(candidates)
        return [ok and _valid(candidate["documents"], known) for candidate, ok in zip(candidates, held, strict=True)]

    start = {"request": request, "documents": dict(documents)}
    # what schemas ask for is kept anyway, nearly all of it: looking at the result alone takes a third of the time
    found = minimise(start, linked, keep=_keep, steps=steps)
    if not _valid(found["documents"], known):
        found = minimise(start, both, keep=_keep, steps=steps)
    return found["request"], found["documents"]


def issued_at(documents: Mapping[str, Any], instant: int) -> dict[str, Any]:
    """The documents with the stamps that they get when a population is issued at ``instant`` (ns)."""
    lifetimes = documents["config"]["lifetimes"]
    made = dict(documents)
    for bundle, root in BUNDLE_ROOT.items():
        sequence = instant // 1_000_000
        stamp = {
            "revision": f"{sequence}-{'0' * 12}",
            "sequence": sequence,
            "issued_at": instant,
            "expires_at": instant + lifetimes[bundle],
        }
        made[root] = {**documents[root], "bundle": stamp}
    return made


def merged(whole: Any, parts: Sequence[Any]) -> Any:
    """What is in any of these parts of ``whole``; of a list of which parts hold different elements, all of it."""
    if isinstance(whole, dict) and all(isinstance(part, dict) for part in parts):
        return {
            name: merged(whole[name], [part[name] for part in parts if name in part])
            for name in whole
            if any(name in part for part in parts)
        }
    return parts[0] if all(part == parts[0] for part in parts) else whole


def valid(documents: Mapping[str, Any]) -> bool:
    """Whether documents could be built into bundles."""
    return _valid(documents, {})


def _keep(path: tuple[str | int, ...]) -> bool:
    if len(path) <= 1 or path[0] == "request":
        return len(path) <= 1
    if len(path) == 2 or path[1] == "config" or "bundle" in path[2:3]:
        return True
    return _required(str(path[1]), path[2:])


def _required(root: str, path: tuple[str | int, ...]) -> bool:
    """Whether the schema of a document asks for its member at ``path``."""
    top = schema.validator("livegate.documents", root).schema
    here: Any = top
    for number, name in enumerate(path):
        here = _resolved(here, top)
        if isinstance(name, int):
            if number == len(path) - 1:
                return False
            here = here.get("items", {})
            continue
        if number == len(path) - 1:
            return name in here.get("required", ())
        properties, others = here.get("properties", {}), here.get("additionalProperties")
        here = properties.get(name, others if isinstance(others, dict) else {})
    return False


def _resolved(part: Any, top: Any) -> Any:
    while isinstance(part, dict) and "$ref" in part:
        found = top
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part if isinstance(part, dict) else {}


def _valid(documents: Mapping[str, Any], known: dict[str, bool]) -> bool:
    for root, document in documents.items():
        key = root + json.dumps(document, sort_keys=True)
        if key not in known:
            known[key] = schema.validator("livegate.documents", root).is_valid(document)
        if not known[key]:
            return False
    return _linked(documents)


def _linked(documents: Mapping[str, Any]) -> bool:
    """Whether what one document names is there, as it is asked for when bundles are built."""
    try:
        references.check_catalog(documents["catalog"], where="catalog")
        references.check_trust(documents["trust"], where="trust")
        references.check_profiles(documents["catalog"], documents["trust"], where="catalog")
    except LivegateError:
        return False
    return True


def _texts(value: Any) -> set[str]:
    found: set[str] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
            for name in one:
                found |= _split(name)
            if isinstance(one.get("type"), str) and isinstance(one.get("id"), str):
                found.add(f"{one['type']}:{one['id']}")
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str):
            found |= _split(one)
    return found


def _split(text: str) -> set[str]:
    return {text, *(part for part in _PARTS.split(text) if part)} if len(text) < 4_096 else {text}


def _ordered(whole: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: whole[name] for name in whole if name in part} if len(part) > 1 else dict(part)
