"""The ``iga`` document: who exists, and who may hold what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from livegate.documents import leaves
from livegate.documents.directory import Directory
from livegate.model.records import Effect, Grant, Identity
from livegate.model.snapshot import Quarantined

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livegate.model.records import AnyRecord
    from livegate.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Input:
    """One snapshot on its way into a document: its head, its records, and how its subjects are named."""

    head: Snapshot
    records: Iterable[AnyRecord]
    correlate: str


@dataclass(slots=True)
class Built:
    """A document without its stamp, the identities it knows, and what could not be matched."""

    document: dict[str, Any]
    directory: Directory
    quarantined: list[Quarantined] = field(default_factory=list)


class Part:
    """What one snapshot gives to the document, gathered batch by batch: a run hands its records over as it
    writes them, so that they are never held together, nor read again.

    Args:
        system: whose snapshot it is.
        correlate: attribute of identities that the grants' subjects are matched by.
    """

    def __init__(self, system: str, correlate: str) -> None:
        self.system = system
        self.correlate = correlate
        self.identities: dict[str, str] = {}
        self.directory = Directory()
        self.held: dict[Effect, dict[str, dict[str, str]]] = {effect: {} for effect in Effect}
        """Effect → subject, as the source names it → key → leaf."""

    def add(self, records: Iterable[AnyRecord]) -> None:
        """Gather some records; those of other kinds than grants and identities are passed over."""
        held, system = self.held, self.system
        grant_key, grant_leaf = leaves.grant_key, leaves.grant_leaf
        for record in records:
            if isinstance(record, Grant):
                subjects = held[record.effect]
                keys = subjects.get(record.subject)
                if keys is None:
                    keys = subjects[record.subject] = {}
                key = grant_key(record.entitlement, record.scope)
                leaf = grant_leaf(record, system)
                keys[key] = leaves.preferred(keys[key], leaf) if key in keys else leaf
            elif isinstance(record, Identity):
                self.directory.add(record)
                self.identities[record.id] = leaves.identity_leaf(record, system)


def build(inputs: Iterable[Input]) -> Built:
    """The ``iga`` document of these snapshots, in their order; see :func:`join`."""
    return join((source.head, gather(source)) for source in inputs)


def gather(source: Input) -> Part:
    """The part of one snapshot, all of whose records are read."""
    part = Part(source.head.system, source.correlate)
    part.add(source.records)
    return part


def join(parts: Iterable[tuple[Snapshot, Part]]) -> Built:
    """The ``iga`` document of these parts, in their order, each with the head of its snapshot. It takes them over.

    A grant whose subject no source lists is quarantined; so is an identity that a second system lists
    too, except that it stays only as active as the least of them says.
    """
    identities: dict[str, str] = {}
    built = Built({}, Directory())
    snapshots: dict[str, Any] = {}
    gathered = []
    for snapshot, part in parts:
        snapshots[part.system] = head(snapshot)
        _enter(identities, part, built)
        gathered.append(part)
    merged: dict[Effect, dict[str, dict[str, str]]] = {effect: {} for effect in Effect}
    for part in gathered:
        for effect, subjects in part.held.items():
            _hold(merged[effect], subjects, effect, part, built)
    built.document = {
        "snapshots": snapshots,
        "identities": identities,
        "grants": merged[Effect.ALLOW],
        "denies": merged[Effect.DENY],
    }
    return built


def head(snapshot: Snapshot) -> dict[str, Any]:
    """What the documents say of a snapshot."""
    return {
        "id": snapshot.id,
        "sequence": snapshot.sequence,
        "observed_at": snapshot.observed_at,
        "expires_at": snapshot.expires_at,
        "count": snapshot.count,
        "sha256": snapshot.sha256,
    }


def _enter(identities: dict[str, str], part: Part, built: Built) -> None:
    built.directory.merge(part.directory)
    for identity, leaf in part.identities.items():
        known = identities.setdefault(identity, leaf)
        if known is leaf:
            continue
        if known.startswith("active|") and not leaf.startswith("active|"):
            identities[identity] = leaf
        built.quarantined.append(
            Quarantined(where=f"{part.system}: identity {identity}", reason="another system lists this identity too")
        )


def _hold(
    target: dict[str, dict[str, str]], subjects: dict[str, dict[str, str]], effect: Effect, part: Part, built: Built
) -> None:
    for subject, keys in subjects.items():
        identity = built.directory.find(part.correlate, subject)
        if identity is None:
            built.quarantined.append(
                Quarantined(
                    where=f"{part.system}: subject {subject}",
                    reason=f"no one identity has this {part.correlate}; {len(keys)} {effect.value} grants give nothing",
                )
            )
            continue
        known = target.setdefault(identity, keys)
        if known is not keys:
            for key, leaf in keys.items():
                known[key] = leaves.preferred(known[key], leaf) if key in known else leaf
