"""The ends of the windows that documents know: instants at which a decision may turn. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livegate.documents.leaves import NEVER
from livegate.model.instants import LEAST, MOST, SECOND, show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

End = tuple[str, str | None, int]
"""What it is, with its time; the subject whom it is about (None: anybody); the instant (ns)."""

_DIGITS = 10
_PAM = {"elevations": "elevation", "break_glass": "break-glass", "mandates": "mandate"}
_FIELDS = {"not_before": "starts", "approved_until": "approval ends", "expires_at": "ends"}


def ends(documents: Mapping[str, Any]) -> Iterator[End]:
    """Each start and end in these documents (root → document), once: grants, what PAM holds, freezes, revocations,
    bundles and listings. What never ends has no end, and neither has what cannot be read: suites hold such things."""
    for subject, held in _items(documents.get("iga"), "grants"):
        for _, leaf in _members(held):
            yield from _grant(subject, leaf)
    for kind, word in _PAM.items():
        for subject, held in _items(documents.get("pam"), kind):
            for id_, record in _members(held):
                yield from _record(f"{word} {id_}", subject, record)
    for id_, freeze in _items(documents.get("catalog"), "freezes"):
        yield from _end(f"freeze {id_} starts", None, freeze, "from")
        yield from _end(f"freeze {id_} ends", None, freeze, "to")
    for kind, entries in _members(documents.get("revocations")):
        for target, entry in _members(entries) if kind != "bundle" else ():
            yield from _end(f"revocation of {kind} {target}", None, entry, "from")
    for root, document in documents.items():
        yield from _end(f"bundle {root} ends", None, dict(_members(document)).get("bundle"), "expires_at")
        for system, listing in _items(document, "snapshots"):
            yield from _end(f"listing {system} of {root} ends", None, listing, "expires_at")


def _grant(subject: str, leaf: Any) -> Iterator[End]:
    parts = leaf.split("|") if isinstance(leaf, str) else ()
    if len(parts) < 4:
        return
    for text, word in ((parts[3], "starts"), (parts[2], "ends")):
        if len(text) == _DIGITS and text.isdecimal() and int(text) != NEVER:
            yield from _end(f"grant {parts[1]} {word}", subject, {word: int(text) * SECOND}, word)


def _record(name: str, subject: str, record: Any) -> Iterator[End]:
    for field, word in _FIELDS.items():
        yield from _end(f"{name} {word}", subject, record, field)
    for task, approval in _items(record, "approvals"):
        yield from _end(f"{name} approval of {task} ends", subject, approval, "approved_until")


def _members(value: Any) -> Iterable[tuple[str, Any]]:
    return value.items() if isinstance(value, dict) else ()


def _items(value: Any, name: str) -> Iterable[tuple[str, Any]]:
    return _members(value.get(name)) if isinstance(value, dict) else ()


def _end(name: str, subject: str | None, record: Any, field: str) -> Iterator[End]:
    instant = record.get(field) if isinstance(record, dict) else None
    if type(instant) is int and LEAST <= instant <= MOST:
        yield f"{name} {show(instant)}", subject, instant
