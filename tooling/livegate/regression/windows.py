"""The ends of the windows that documents know: instants at which a decision may turn. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livegate.documents.leaves import NEVER
from livegate.model.instants import SECOND, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

End = tuple[str, str | None, int]
"""What it is, with its time; the subject whom it is about (None: anybody); the instant (ns)."""

_PAM = {"elevations": "elevation", "break_glass": "break-glass", "mandates": "mandate"}
_FIELDS = {"not_before": "starts", "approved_until": "approval ends", "expires_at": "ends"}


def ends(documents: Mapping[str, Any]) -> Iterator[End]:
    """Each start and end in these documents (root → document), once: grants, what PAM holds, freezes, revocations,
    bundles and listings. What never ends has no end."""
    yield from _grants(documents.get("iga", {}).get("grants", {}))
    pam = documents.get("pam", {})
    for kind, word in _PAM.items():
        for subject, held in pam.get(kind, {}).items():
            for id_, record in held.items():
                yield from _record(f"{word} {id_}", subject, record)
    for id_, freeze in documents.get("catalog", {}).get("freezes", {}).items():
        yield _end(f"freeze {id_} starts", None, freeze["from"])
        yield _end(f"freeze {id_} ends", None, freeze["to"])
    for kind, entries in documents.get("revocations", {}).items():
        for target, entry in entries.items() if kind != "bundle" and isinstance(entries, dict) else ():
            if isinstance(entry, dict) and type(entry.get("from")) is int:
                yield _end(f"revocation of {kind} {target}", None, entry["from"])
    for root, document in documents.items():
        if type(until := document.get("bundle", {}).get("expires_at")) is int:
            yield _end(f"bundle {root} ends", None, until)
        for system, listing in document.get("snapshots", {}).items():
            yield _end(f"listing {system} of {root} ends", None, listing["expires_at"])


def _grants(grants: Mapping[str, Mapping[str, str]]) -> Iterator[End]:
    for subject, held in grants.items():
        for leaf in held.values():
            _, id_, end, start, *_ = leaf.split("|")
            if start:
                yield _end(f"grant {id_} starts", subject, int(start) * SECOND)
            if int(end) != NEVER:
                yield _end(f"grant {id_} ends", subject, int(end) * SECOND)


def _record(name: str, subject: str, record: Mapping[str, Any]) -> Iterator[End]:
    for field, word in _FIELDS.items():
        if type(record.get(field)) is int:
            yield _end(f"{name} {word}", subject, record[field])
    for task, approval in record.get("approvals", {}).items():
        if type(approval.get("approved_until")) is int:
            yield _end(f"{name} approval of {task} ends", subject, approval["approved_until"])


def _end(name: str, subject: str | None, instant: int) -> End:
    return f"{name} {show(instant)}", subject, instant
