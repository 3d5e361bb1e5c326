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


def build(inputs: Iterable[Input]) -> Built:
    """The ``iga`` document of these snapshots, in their order.

    A grant whose subject no source lists is quarantined; so is an identity that a second system lists
    too, except that it stays only as active as the least of them says.
    """
    identities: dict[str, str] = {}
    held: dict[tuple[str, str, Effect], dict[str, str]] = {}
    built = Built({}, Directory())
    snapshots: dict[str, Any] = {}
    for source in inputs:
        system = source.head.system
        snapshots[system] = head(source.head)
        for record in source.records:
            if isinstance(record, Grant):
                _hold(held.setdefault((source.correlate, record.subject, record.effect), {}), record, system)
            elif isinstance(record, Identity):
                _enter(identities, record, system, built)
    grants: dict[str, dict[str, str]] = {}
    denies: dict[str, dict[str, str]] = {}
    for (attribute, subject, effect), keys in held.items():
        identity = built.directory.find(attribute, subject)
        if identity is None or identity not in identities:
            built.quarantined.append(_unmatched(attribute, subject, keys, effect))
            continue
        target = grants if effect is Effect.ALLOW else denies
        known = target.setdefault(identity, keys)
        if known is not keys:
            for key, leaf in keys.items():
                known[key] = leaves.preferred(known[key], leaf) if key in known else leaf
    built.document = {"snapshots": snapshots, "identities": identities, "grants": grants, "denies": denies}
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


def _hold(keys: dict[str, str], grant: Grant, system: str) -> None:
    key = leaves.grant_key(grant.entitlement, grant.scope)
    leaf = leaves.grant_leaf(grant, system)
    keys[key] = leaves.preferred(keys[key], leaf) if key in keys else leaf


def _enter(identities: dict[str, str], identity: Identity, system: str, built: Built) -> None:
    built.directory.add(identity)
    leaf = leaves.identity_leaf(identity, system)
    known = identities.setdefault(identity.id, leaf)
    if known is leaf:
        return
    if leaf.startswith("active|") is not known.startswith("active|") and known.startswith("active|"):
        identities[identity.id] = leaf
    built.quarantined.append(
        Quarantined(where=f"{system}: identity {identity.id}", reason="another system lists this identity too")
    )


def _unmatched(attribute: str, subject: str, keys: dict[str, str], effect: Effect) -> Quarantined:
    return Quarantined(
        where=f"{next(iter(keys.values())).partition('|')[0]}: subject {subject}",
        reason=f"no one identity has this {attribute}; {len(keys)} {effect.value} grants give nothing",
    )
