"""The synced part of the ``trust`` document: whose keys count, until when, and which system says so.

What is kept by hand (enforcement points, callers, what an issuer's tokens must be) lies beside it in
``data/trust/*.yaml``; both are one document (:mod:`livegate.documents.tree`), whose schema is ``trust``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livegate.documents.iga import head
from livegate.errors import DocumentError
from livegate.model.records import Key, KeyUse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from livegate.model.records import AnyRecord
    from livegate.model.snapshot import Snapshot

SYNCED = ("keys", "roots", "sources", "snapshots", "listed")
"""The members of the document that a sync writes."""

USES = {
    "jwt-svid": KeyUse.JWT_SVID,
    "wit": KeyUse.WIT_SVID,
    "access-token": KeyUse.SIG,
    "kubernetes": KeyUse.SIG,
    "github": KeyUse.SIG,
    "txn-token": KeyUse.SIG,
}
"""Kind of proof → use of the keys that verify it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One snapshot of keys on its way into the document; ``issuer`` is whose keys they are by the configuration now."""

    head: Snapshot
    records: Iterable[AnyRecord]
    issuer: str


def build(inputs: Iterable[Listed]) -> dict[str, Any]:
    """The synced members of the ``trust`` document of these snapshots.

    An issuer whose keys two systems list (a trust domain's SVID keys and the keys of its transaction tokens) is as
    fresh as the one of them that ends first. Keys that a snapshot has of another issuer than its source is now
    configured for are left out.

    Raises:
        DocumentError: two systems list keys of one issuer for one use: a key that one withdraws would live on.
    """
    keys: dict[str, dict[str, dict[str, Any]]] = {}
    authorities: dict[str, dict[str, str]] = {}
    sources: dict[str, Snapshot] = {}
    heads: dict[str, Snapshot] = {}
    speakers: dict[tuple[str, KeyUse], str] = {}
    for listed in inputs:
        snapshot, issuer = listed.head, listed.issuer
        heads[snapshot.system] = snapshot
        sources[issuer] = min(sources.get(issuer, snapshot), snapshot, key=lambda one: one.expires_at)
        for record in listed.records:
            if not isinstance(record, Key) or record.issuer != issuer:
                continue
            speaker = speakers.setdefault((issuer, record.use), snapshot.system)
            if speaker != snapshot.system:
                raise DocumentError(
                    f"{speaker} and {snapshot.system} both list {record.use} keys of {issuer}",
                    where="trust",
                    todo="keep one of the two sources: what one of them withdraws would live on in the other",
                )
            if record.use is KeyUse.X509_SVID:
                authorities.setdefault(issuer, {})[record.id] = record.certificate
            else:
                entry = {"alg": record.alg, "jwks": f'{{"keys":[{record.jwk}]}}'}
                keys.setdefault(issuer, {}).setdefault(record.use.value, {})[record.id] = entry
    return {
        "keys": keys,
        "roots": {issuer: "".join(found[name] for name in sorted(found)) for issuer, found in authorities.items()},
        "sources": {issuer: snapshot.system for issuer, snapshot in sources.items()},
        "snapshots": {system: head(snapshot) for system, snapshot in heads.items()},
        "listed": {system: snapshot.id for system, snapshot in heads.items()},
    }


def doubts(document: Mapping[str, Any]) -> list[str]:
    """What of a ``trust`` document is no error and somebody should know: issuers without keys, keys without issuer."""
    keys, roots = document.get("keys", {}), document.get("roots", {})
    found = []
    named: set[str] = set(document.get("domains", {}))
    for kind, issuers in document.get("issuers", {}).items():
        for issuer in issuers:
            named.add(issuer)
            if not keys.get(issuer, {}).get(USES[kind].value):
                found.append(f"issuers.{kind}: {issuer} has no {USES[kind]} keys, so none of its tokens is accepted")
    found += [
        f"domains: {domain} has no authorities, so none of its certificates is accepted"
        for domain in document.get("domains", {})
        if not roots.get(domain)
    ]
    found += [
        f"{system} lists keys of {issuer}, which neither issuers nor domains name"
        for issuer, system in document.get("sources", {}).items()
        if issuer not in named
    ]
    return found
