"""Instants at which a decision can change, and listings moved there, so that age does not hide what else changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livegate.documents.leaves import NEVER
from livegate.model.instants import LEAST, MOST, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_TIMES = ("issued_at", "expires_at", "observed_at")
_ENDS = ("not_before", "expires_at", "approved_until")
_STAMPED = ("bundle", "snapshots")


def moved(documents: Mapping[str, Any], span: int, *, whole: Mapping[str, Any]) -> dict[str, Any]:
    """Path in the documents (``iga.bundle``) → what stands there once every listing was made ``span`` ns later.

    Stamps and snapshots move, grants and all else stay. A root in ``whole`` is given whole.
    """
    made: dict[str, Any] = {}
    for root, document in documents.items():
        parts = {name: _later(document[name], span) for name in _STAMPED if name in document}
        if root in whole:
            made[root] = {**whole[root], **parts}
        elif span:
            made |= {f"{root}.{name}": part for name, part in parts.items()}
    return made


def around(instants: Iterable[int], *, but: int) -> Iterator[int]:
    """Each instant, one ns before and one after it, as far as a clock can name them; ``but`` is left out."""
    seen = {but}
    for instant in instants:
        for near in (instant - 1, instant, instant + 1):
            if near not in seen and LEAST <= near < MOST:
                seen.add(near)
                yield near


def grant_ends(leaf: str) -> Iterator[int]:
    """Start and end of a grant's leaf, ns."""
    parts = leaf.split("|")
    if len(parts) == 6:
        for text in (parts[3], parts[2]):
            if text.isdigit() and int(text) != NEVER:
                yield int(text) * SECOND


def record_ends(record: Any) -> Iterator[int]:
    """Every end of an elevation, an activation or a mandate and its approvals, ns."""
    if not isinstance(record, dict):
        return
    for name in _ENDS:
        if type(record.get(name)) is int:
            yield record[name]
    for approval in record.get("approvals", {}).values():
        yield from record_ends(approval)


def _later(value: Any, span: int) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        name: min(item + span, MOST) if name in _TIMES and type(item) is int else _later(item, span)
        for name, item in value.items()
    }
