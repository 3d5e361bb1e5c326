"""Revoke at once: an entry in the ``revocations`` document, which is small, alone in its bundle, and polled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from livegate import canonical
from livegate.documents import tree
from livegate.errors import ConfigError
from livegate.files import read_bytes, write_bytes
from livegate.model.records import RevocationKind
from livegate.pipeline.build import build
from livegate.pipeline.lock import exclusively

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.bundle.build import Built
    from livegate.bundle.signing import Signer
    from livegate.model.records import Revocation
    from livegate.project import Project

_LIMIT = 1 << 29


def publish(project: Project, revocation: Revocation, signer: Signer, *, now: int) -> tuple[bool, Built]:
    """Enter ``revocation`` and build its bundle, with no other command between the two.

    Returns:
        Whether it was entered (see :func:`add`), and the bundle.

    Raises:
        ConfigError, DocumentError, LivegateError: see :func:`add` and :func:`livegate.pipeline.build.build`.
    """
    with exclusively(project):
        entered = add(project, revocation)
        return entered, build(project, ["revocations"], signer, now=now)[0]


def add(project: Project, revocation: Revocation) -> bool:
    """Enter ``revocation`` in ``data/revocations/revoked.json``; false if an earlier one of the same stands.

    A revocation never gets weaker: of two for one target, the earlier instant stays.

    Raises:
        ConfigError: the document cannot be read.
        DocumentError: it is not what its schema says; names file and key.
        LivegateError: it cannot be written.
    """
    path = project.data / "revocations" / "revoked.json"
    with exclusively(project):
        hand_kept = _checked(project.data)
        entries: dict[str, dict[str, Any]] = (
            canonical.loads(path.read_bytes(), where=str(path)) if path.is_file() else {}
        )
        collection = collection_of(revocation.kind)
        known = hand_kept.get(collection, {}).get(revocation.target)
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


def _checked(data: Path) -> dict[str, Any]:
    """The document, each of its files checked first so that the error can name the file."""
    document = tree.load(data, "revocations")
    empty: dict[str, Any] = {"subjects": {}, "sessions": {}, "elevations": {}}
    for path, part in tree.parts(data, "revocations"):
        tree.checked({**empty, **part, "bundle": _STAMP}, "revocations", where=str(path))
    return tree.checked({**empty, **document, "bundle": _STAMP}, "revocations", where=str(data / "revocations"))


_STAMP = {"revision": "-", "sequence": 1, "issued_at": 10**18, "expires_at": 10**18}
"""In the place of the document's own stamp, which is made anew and must not stand in the way of a revocation."""


class _Identities(msgspec.Struct):
    identities: dict[str, msgspec.Raw]


class _Elevations(msgspec.Struct):
    elevations: dict[str, dict[str, msgspec.Raw]]
    break_glass: dict[str, dict[str, msgspec.Raw]] = {}


def known_targets(project: Project, kind: RevocationKind) -> frozenset[str] | None:
    """Every target of ``kind`` that the documents know; none for a kind they do not list, or where no sync has been.

    Raises:
        ConfigError: the document cannot be read, or is damaged.
    """
    root = {RevocationKind.SUBJECT: "iga", RevocationKind.ELEVATION: "pam"}.get(kind)
    path = project.data / (root or "") / "data.json"
    if root is None or not path.exists():
        return None
    data = read_bytes(path, limit=_LIMIT)
    try:
        if kind is RevocationKind.SUBJECT:
            return frozenset(msgspec.json.decode(data, type=_Identities).identities)
        listed = msgspec.json.decode(data, type=_Elevations)
    except msgspec.MsgspecError as error:
        raise ConfigError(f"is damaged: {error}", where=str(path), todo="run `livegate sync`") from error
    return frozenset(name for part in (listed.elevations, listed.break_glass) for of in part.values() for name in of)


def near(target: str, known: frozenset[str]) -> list[str]:
    """What ``target`` may have been meant to be: the same but for case and white space."""
    return sorted(name for name in known if _plain(name) == _plain(target))


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()
