"""Revoke at once: an entry in the ``revocations`` document, which is small, alone in its bundle, and polled."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import msgspec

from livegate import canonical
from livegate.documents import tree
from livegate.errors import ConfigError, DocumentError
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
    """Enter ``revocation`` in ``data/revocations/revoked.json``; false if one of the same stands that says as much.

    A revocation never gets weaker: of two for one target, the earlier ``from`` and the later ``issued_until`` stay,
    in whatever order they come.

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
        merged = merge(known, entry_of(revocation))
        if known is not None and reach(known) == reach(merged):
            return False
        if known is not None and revocation.target not in entries.get(collection, {}):
            raise ConfigError(
                f"{collection}.{revocation.target} is kept by hand, and reaches less far",
                where=str(path.parent),
                todo="change it there",
            )
        entries.setdefault(collection, {})[revocation.target] = merged
        write_bytes(path, canonical.dumps(entries) + b"\n")
    return True


def entry_of(revocation: Revocation) -> dict[str, Any]:
    """The entry of the ``revocations`` document that says just this."""
    entry = {"id": revocation.id, "from": revocation.effective_at, "issued_until": revocation.issued_until}
    return {**entry, "reason": revocation.reason} if revocation.reason else entry


def merge(one: dict[str, Any] | None, other: dict[str, Any]) -> dict[str, Any]:
    """One entry that hits whatever either of the two hits; the same for any order of any number of them.

    Id and reason are of the one that begins first; of two that begin together, of the one first by id.
    """
    if one is None:
        return other
    first = min(one, other, key=lambda entry: (entry["from"], entry["id"], entry.get("reason", "")))
    until = max(reach(one)[1], reach(other)[1])
    return {key: value for key, value in {**first, "issued_until": until}.items() if key in _MEMBERS}


_MEMBERS = frozenset({"id", "from", "issued_until", "reason"})


def reach(entry: dict[str, Any]) -> tuple[int, int]:
    """From when an entry counts, and until when what it asks of was issued (both ns)."""
    return entry["from"], entry.get("issued_until", entry["from"])


def target_of(kind: RevocationKind, text: str) -> str:
    """The target as the decision looks it up, from what a person writes.

    A key is ``issuer#kid``. A credential is the unpadded base64url SHA-256 of its certificate or key; the hex that
    other tools print, with or without colons, will do.

    Raises:
        ConfigError: it is none, so the revocation would stop nobody.
    """
    if kind is RevocationKind.KEY and not all(text.partition("#")):
        raise ConfigError(f"{text!r} names no key", todo="write issuer#kid, as in https://login.example#2026-11")
    if kind is not RevocationKind.CREDENTIAL or _THUMBPRINT.fullmatch(text):
        return text
    try:
        digest = bytes.fromhex(text.replace(":", ""))
    except ValueError:
        digest = b""
    if len(digest) != _SHA256:
        raise ConfigError(
            f"{text!r} is no thumbprint",
            todo="write the SHA-256 of the certificate or key: base64url (43 characters) or hex",
        )
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
_SHA256 = 32


def collection_of(kind: RevocationKind) -> str:
    """The member of the ``revocations`` document that holds this kind."""
    return f"{kind.value}s"


def _checked(data: Path) -> dict[str, Any]:
    """The document, each of its files checked first so that the error can name the file."""
    document = tree.load(data, "revocations")
    empty: dict[str, Any] = {collection_of(kind): {} for kind in RevocationKind}
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


class _Mandates(msgspec.Struct):
    mandates: dict[str, dict[str, msgspec.Raw]]


def known_targets(project: Project, kind: RevocationKind) -> frozenset[str] | None:
    """Every target of ``kind`` that the documents know; none for a kind they do not list, or where no sync has been.

    Raises:
        ConfigError: the document cannot be read, or is damaged.
    """
    if kind is RevocationKind.KEY:
        return _keys(project)
    root = {RevocationKind.SUBJECT: "iga", RevocationKind.ELEVATION: "pam", RevocationKind.MANDATE: "pam"}.get(kind)
    path = project.data / (root or "") / "data.json"
    if root is None or not path.exists():
        return None
    data = read_bytes(path, limit=_LIMIT)
    try:
        if kind is RevocationKind.SUBJECT:
            return frozenset(msgspec.json.decode(data, type=_Identities).identities)
        if kind is RevocationKind.MANDATE:
            return frozenset(name for of in msgspec.json.decode(data, type=_Mandates).mandates.values() for name in of)
        listed = msgspec.json.decode(data, type=_Elevations)
    except msgspec.MsgspecError as error:
        raise ConfigError(f"is damaged: {error}", where=str(path), todo="run `livegate sync`") from error
    return frozenset(name for part in (listed.elevations, listed.break_glass) for of in part.values() for name in of)


def _keys(project: Project) -> frozenset[str] | None:
    try:
        listed = tree.load(project.data, "trust").get("keys")
    except DocumentError as error:
        raise ConfigError(error.what, where=error.where, todo=error.todo) from error
    if not listed:
        return None
    return frozenset(f"{issuer}#{kid}" for issuer, uses in listed.items() for keys in uses.values() for kid in keys)


def near(target: str, known: frozenset[str]) -> list[str]:
    """What ``target`` may have been meant to be: the same but for case and white space."""
    return sorted(name for name in known if _plain(name) == _plain(target))


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()
