"""Mutants of the data: one small change of one document, which a case should notice.

A record that goes, an end that moves by the smallest step there is, a status that turns, a person who approved no more.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_LEAST = 1_000_000
"""Smaller numbers are counts and limits, which move by one; from here on they are nanoseconds, which do so too."""
_IDLE = frozenset({"revision", "id", "sha256", "count", "listed"})
"""What an answer only repeats: the revisions and snapshots of its documents."""
_TURNED = {"active": "disabled", "on": "off", "approved": "denied"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataMutant:
    """One change of one document.

    Attributes:
        number: its place among all, from 0. root: of the document. path: of what changes, from the root.
        name: kind and change in words. document: all of it, changed.
    """

    number: int
    root: str
    path: tuple[str | int, ...]
    name: str
    document: Any = field(repr=False, compare=False)

    @property
    def where(self) -> str:
        """Root and path."""
        return "/".join(map(str, (self.root, *self.path)))

    @property
    def gate(self) -> str:
        """The root: which gate notices is not said beforehand."""
        return self.root

    @property
    def file(self) -> str:
        """The root."""
        return self.root

    @property
    def line(self) -> int:
        """None: a document has no lines."""
        return 0

    def patch(self) -> Any:
        """The change as a JSON merge patch (RFC 7396) of the document; of a list, which it cannot enter, all of it."""
        value = self.document
        keys: list[str] = []
        for step in self.path:
            if isinstance(step, int):
                break
            keys.append(step)
            if step not in value:  # it is what was taken away
                value = None
                break
            value = value[step]
        for key in reversed(keys):
            value = {key: value}
        return value

    def diff(self) -> tuple[str, ...]:
        """Where, and what."""
        return (f"{self.where}: {self.name}",)


def mutants(documents: Mapping[str, Any]) -> tuple[DataMutant, ...]:
    """Every change of these documents (root → document), in the order of their paths."""
    found: list[DataMutant] = []
    for root in sorted(documents):
        for path, name, value in _changes(documents[root], (), root):
            changed = _with(documents[root], path, value)
            found.append(DataMutant(number=len(found), root=root, path=path, name=name, document=changed))
    return tuple(found)


_GONE = object()


def _changes(value: Any, path: tuple[str | int, ...], root: str) -> Iterator[tuple[tuple[str | int, ...], str, Any]]:
    if path and path[-1] in _IDLE:
        return
    if isinstance(value, dict):
        for key in sorted(value):
            if key not in _IDLE:
                yield (*path, key), "removed", _GONE
                yield from _changes(value[key], (*path, key), root)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield (*path, index), "removed", _GONE
            yield from _changes(member, (*path, index), root)
    elif isinstance(value, bool):
        yield path, f"turned to {str(not value).lower()}", not value
    elif isinstance(value, int | float):
        unit = " ns" if value >= _LEAST else ""
        yield path, f"1{unit} more", value + 1
        yield path, f"1{unit} less", value - 1
    elif isinstance(value, str):
        yield from ((path, name, changed) for name, changed in _texts(value, path, root))


def _texts(value: str, path: tuple[str | int, ...], root: str) -> Iterator[tuple[str, Any]]:
    if value in _TURNED:
        yield f"turned to {_TURNED[value]}", _TURNED[value]
    if root == "iga" and path[0] == "grants" and len(path) == 3:
        yield from _grant(value.split("|"))
    if root == "iga" and path[0] == "identities" and len(path) == 2:
        yield from _identity(value.split("|"))


def _grant(parts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """``system|id|end|start|hold|via``: seconds, ten digits each; hold is nothing or ``eligible``."""
    if len(parts) > 4 and parts[4] in {"", "eligible"}:
        hold = "" if parts[4] else "eligible"
        yield f"turned to {hold or 'standing'}", "|".join((*parts[:4], hold, *parts[5:]))
    for index, name in ((2, "end"), (3, "start")):
        if index < len(parts) and parts[index].isdigit():
            for step, word in ((1, "later"), (-1, "earlier")):
                moved = str(int(parts[index]) + step).rjust(len(parts[index]), "0")
                yield f"{name} 1 s {word}", "|".join((*parts[:index], moved, *parts[index + 1 :]))


def _identity(parts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """``status|type|environment|system|people``, these with commas between."""
    if parts[0] in _TURNED:
        yield f"status {_TURNED[parts[0]]}", "|".join((_TURNED[parts[0]], *parts[1:]))
    if len(parts) > 4 and parts[4]:
        yield "people removed", "|".join((*parts[:4], ""))
        for person in parts[4].split(",") if "," in parts[4] else ():
            rest = ",".join(other for other in parts[4].split(",") if other != person)
            yield f"{person} removed from its people", "|".join((*parts[:4], rest))
    if len(parts) > 2 and parts[2]:
        yield "environment removed", "|".join((*parts[:2], "", *parts[3:]))


def _with(document: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """A document in which another value is at a path, or none: only what is around it is copied."""
    if not path:
        return value
    changed = copy.copy(document)
    if value is _GONE and len(path) == 1:
        del changed[path[0]]
    else:
        changed[path[0]] = _with(document[path[0]], path[1:], value)
    return changed
