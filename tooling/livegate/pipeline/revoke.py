"""Revoke at once: an entry in the ``revocations`` document, which is small, alone in its bundle, and polled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import filelock

from livegate import canonical
from livegate.documents import tree
from livegate.errors import ConfigError
from livegate.files import write_bytes

if TYPE_CHECKING:
    from livegate.model.records import Revocation, RevocationKind
    from livegate.project import Project


def add(project: Project, revocation: Revocation) -> bool:
    """Enter ``revocation`` in ``data/revocations/revoked.json``; false if an earlier one of the same stands.

    A revocation never gets weaker: of two for one target, the earlier instant stays.

    Raises:
        ConfigError: the document cannot be read.
        LivegateError: it cannot be written.
    """
    path = project.data / "revocations" / "revoked.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(project.state / "revocations.lock", timeout=10):
        entries: dict[str, dict[str, Any]] = (
            canonical.loads(path.read_bytes(), where=str(path)) if path.is_file() else {}
        )
        collection = collection_of(revocation.kind)
        hand_kept = tree.load(project.data, "revocations").get(collection, {})
        known = hand_kept.get(revocation.target)
        if known is not None and known["from"] <= revocation.effective_at:
            return False
        if known is not None and revocation.target not in entries.get(collection, {}):
            raise ConfigError(
                f"{collection}.{revocation.target} is kept by hand with a later instant",
                where=str(path.parent),
                todo="change it there",
            )
        entries.setdefault(collection, {})[revocation.target] = {
            "id": revocation.id,
            "from": revocation.effective_at,
            **({"reason": revocation.reason} if revocation.reason else {}),
        }
        write_bytes(path, canonical.dumps(entries) + b"\n")
    return True


def collection_of(kind: RevocationKind) -> str:
    """The member of the ``revocations`` document that holds this kind."""
    return f"{kind.value}s"
