"""What a change changes: small edits of documents, each to be made alone or with others, and edits of a request.

Pure. An edit keeps documents within their schemas, and is told in the words of a suite where those have words for it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from livegate.model.instants import DAY, HOUR, LEAST, SECOND, show

Path = tuple[str | int, ...]
Documents = Mapping[str, Any]


class _Gone:
    """Stands for a value that is taken away."""

    def __repr__(self) -> str:
        return "GONE"


GONE: Final = _Gone()


@dataclass(frozen=True, slots=True)
class Edit:
    """One place of the documents (its path begins with the root) and what comes there, or :data:`GONE`.

    Attributes:
        given: the same as ``given`` of a case, where a suite has words for it.
    """

    path: Path
    value: Any
    given: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        where = " ".join(map(str, self.path))
        return f"without {where}" if self.value is GONE else f"with {where}"


def edits(verb: str, what: str, documents: Documents, random: Random) -> list[Edit]:
    """Every single edit that a change of this kind can make in the documents; none where there is nothing of it."""
    return list(_EDITS[f"{verb} {what}"](documents, random))


def of_documents(verb: str, what: str) -> bool:
    """Whether it is documents that this changes, and not the request or the clock."""
    return f"{verb} {what}" in _EDITS


def apply(documents: Documents, made: Iterable[Edit]) -> dict[str, Any] | None:
    """Root → changed document, of the roots that change; None where nothing does, as what was edited is not there."""
    by_root: dict[str, list[Edit]] = {}
    for edit in made:
        by_root.setdefault(str(edit.path[0]), []).append(edit)
    changed = {}
    for root, some in by_root.items():
        if root in documents:
            # elements of a list go from its end, so that the others keep their places
            order = sorted(some, key=lambda edit: str(edit.path[-1]).rjust(12), reverse=True)
            document = copy.deepcopy(documents[root])
            done = [_put(document, edit) for edit in order]
            if any(done):
                changed[root] = document
    return changed or None


def _put(document: Any, edit: Edit) -> bool:
    """Whether the edit changed something."""
    where = document
    for name in edit.path[1:-1]:
        if isinstance(where, dict) and name not in where and edit.value is not GONE:
            where[name] = {}
        if not _has(where, name):
            return False
        where = where[name]
    last = edit.path[-1]
    there = _has(where, last)
    if edit.value is GONE:
        if there:
            del where[last]
        return there
    if not isinstance(where, dict) or (there and where[last] == edit.value):
        return False
    where[last] = copy.deepcopy(edit.value)
    return True


def _has(where: Any, name: str | int) -> bool:
    if isinstance(where, dict):
        return name in where
    return isinstance(where, list) and isinstance(name, int) and name < len(where)


def requests(what: str, request: Any, seed: int) -> Any:
    """The request with unknown members (``unknown_member``) or with its sets in another order (``request``).

    The same ``seed`` changes the same request in the same way.
    """
    random, changed = Random(seed), copy.deepcopy(request)  # noqa: S311  # tries, no secrets
    if what == "unknown_member":
        for where in _objects(changed):
            if random.random() < 0.6:
                where["x-unknown"] = {"pass": True, "*": [1]}
    else:
        for where, name in _members(changed):
            if name in {"confirmations", "parents"} and isinstance(where[name], list):
                random.shuffle(where[name])
    return changed


def _objects(request: Any) -> Iterator[dict[str, Any]]:
    """Where a member that nobody names may stand; an empty context with one is no longer one without."""
    if isinstance(request, dict):
        inner = [request.get(name) for name in ("subject", "action", "resource", "context")]
        yield from [request, *(one for one in inner if isinstance(one, dict) and one)]


def _members(value: Any) -> Iterator[tuple[Any, Any]]:
    names = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for name in names:
        yield value, name
        yield from _members(value[name])


def _drop(*path: str, given: Callable[[Path, Any], Mapping[str, Any] | None] = lambda *_: None) -> _Maker:
    """Takes away what is found at ``path`` (``*``: any member, which may be an element)."""

    def make(documents: Documents, _: Random) -> Iterator[Edit]:
        for place, value in _found(documents, path):
            yield Edit(place, GONE, given(place, value))

    return make


def _found(documents: Any, path: Sequence[str]) -> Iterator[tuple[Path, Any]]:
    found: list[tuple[Path, Any]] = [((), documents)]
    for name in path:
        deeper = []
        for place, value in found:
            if isinstance(value, Mapping):
                deeper += [((*place, one), value[one]) for one in sorted(value) if name in ("*", one)]
            elif isinstance(value, list) and name == "*":
                deeper += [((*place, number), one) for number, one in enumerate(value)]
        found = deeper
    yield from found


def _grant(_: Path, leaf: Any) -> Mapping[str, Any] | None:
    return {"without": {"grants": [str(leaf).split("|")[1]]}}


def _record(kind: str) -> Callable[[Path, Any], Mapping[str, Any]]:
    return lambda path, _: {"without": {kind: [path[-1]]}}


def _all(*makers: _Maker) -> _Maker:
    return lambda documents, random: (edit for make in makers for edit in make(documents, random))


def _deny(documents: Documents, _: Random) -> Iterator[Edit]:
    for (*_root, subject, key), leaf in _found(documents, ("iga", "grants", "*", "*")):
        if not isinstance(leaf, str):
            continue
        yield Edit(("iga", "denies", subject, key), leaf)


_KINDS = {"subjects": "subject", "sessions": "session", "elevations": "elevation", "mandates": "mandate"}


def _revoke(documents: Documents, random: Random) -> Iterator[Edit]:
    pools: dict[str, list[Any]] = {
        "subjects": [path[-1] for path, _ in _found(documents, ("iga", "identities", "*"))],
        "sessions": ["s-1", "s-2"],
        "elevations": [
            path[-1] for kind in ("elevations", "break_glass") for path, _ in _found(documents, ("pam", kind, "*", "*"))
        ],
        "mandates": [path[-1] for path, _ in _found(documents, ("pam", "mandates", "*", "*"))],
    }
    issued = [value for _, value in _found(documents, ("revocations", "bundle", "issued_at"))]
    now = issued[0] if issued and isinstance(issued[0], int) else LEAST + DAY
    for kind, names in pools.items():
        # another entry in the place of one that is there could lift it
        held = {path[-1] for path, _ in _found(documents, ("revocations", kind, "*"))}
        for name in sorted({str(name) for name in names} - held):
            start = now + random.choice([-HOUR, 0, 20 * SECOND])
            told = {"kind": _KINDS[kind], "target": name, "from": show(start), "issued_until": show(start + HOUR)}
            entry = {"id": "law", "from": start, "issued_until": start + HOUR}
            yield Edit(("revocations", kind, name), entry, {"revocations": [told]})


def _disable(documents: Documents, _: Random) -> Iterator[Edit]:
    for path, leaf in _found(documents, ("iga", "identities", "*")):
        if isinstance(leaf, str) and leaf.startswith("active|"):
            yield Edit(path, "disabled|" + leaf.split("|", 1)[1])


def _age(documents: Documents, random: Random) -> Iterator[Edit]:
    for root in ("iga", "pam", "trust"):
        for path, value in _found(documents, (root, "snapshots", "*", "observed_at")):
            if type(value) is int:
                yield Edit(path, max(LEAST, value - random.choice([10 * SECOND, 10 * 60 * SECOND, HOUR, DAY, 8 * DAY])))


def _reorder(documents: Documents, random: Random) -> Iterator[Edit]:
    for root in sorted(documents):
        for where, place in _lists(documents[root], (root,)):
            order = random.sample(where, len(where))
            if order == where:
                order = where[::-1]
            if order != where:
                yield Edit(place, order)


def _lists(value: Any, place: Path) -> Iterator[tuple[list[Any], Path]]:
    """Every list that is a set: a chain of ancestors is none. Those inside lists are left."""
    if isinstance(value, list):
        if len(value) > 1 and place[-1] != "ancestors":
            yield value, place
    elif isinstance(value, Mapping):
        for name in sorted(value):
            yield from _lists(value[name], (*place, name))


_Maker = Callable[[Documents, Random], Iterator[Edit]]
_APPROVERS = ("pam", "elevations", "*", "*", "approvers", "*")
_EDITS: dict[str, _Maker] = {
    "remove grant": _drop("iga", "grants", "*", "*", given=_grant),
    "remove elevation": _drop("pam", "elevations", "*", "*", given=_record("elevations")),
    "remove break_glass": _drop("pam", "break_glass", "*", "*", given=_record("break_glass")),
    "remove mandate": _drop("pam", "mandates", "*", "*", given=_record("mandates")),
    "remove approval": _all(_drop(*_APPROVERS), _drop("pam", "mandates", "*", "*", "approvals", "*", "approvers", "*")),
    "remove key": _all(_drop("trust", "keys", "*", "*", "*"), _drop("trust", "peps", "*", "keys", "*")),
    "remove root": _drop("trust", "roots", "*"),
    "remove proof": _drop("iga", "proofs", "*"),
    "remove snapshot": _all(*(_drop(root, "snapshots", "*") for root in ("iga", "pam", "trust"))),
    "remove deny": _drop("iga", "denies", "*", "*", given=_grant),
    "remove revocation": _all(
        *(_drop("revocations", kind, "*") for kind in (*_KINDS, "tokens", "credentials", "keys"))
    ),
    "add deny": _deny,
    "add revocation": _revoke,
    "disable identity": _disable,
    "age snapshot": _age,
    "reorder documents": _reorder,
}
