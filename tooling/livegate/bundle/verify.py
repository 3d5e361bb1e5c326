"""What OPA checks when it loads a bundle, checked before it is published; and then age and order, which OPA does not.

Stricter than OPA where that costs nothing: a closed list of file names (so no delta, plan, wasm or second manifest),
ES256 alone, a key id in header and payload alike.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from livegate import canonical
from livegate.bundle import archive, hashing, keys
from livegate.bundle.build import MANIFEST
from livegate.bundle.manifest import manifest_of
from livegate.bundle.signing import ALGORITHM, HASH
from livegate.bundle.signing import NAME as SIGNATURES
from livegate.documents import stamp
from livegate.errors import BundleError, ConfigError, DocumentError, VerificationError
from livegate.files import open_regular
from livegate.model import instants

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_PACKAGE = re.compile(
    r"(?:[ \t\r]*(?:#[^\n]*)?\n)*[ \t]*package[ \t]+([A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\"[^\"\\]*\"\])*)"
)
_PART = re.compile(r"([A-Za-z_]\w*)|\[\"([^\"\\]*)\"\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a bundle says of itself; true only if :func:`verify` gave it. ``files`` is name → size in bytes."""

    path: Path
    manifest: Mapping[str, Any]
    files: Mapping[str, int]
    kid: str
    stamp: stamp.Stamp | None

    @property
    def roots(self) -> tuple[str, ...]:
        """The roots that the bundle owns."""
        return tuple(self.manifest["roots"])


def inspect(path: Path, *, limits: archive.Limits | None = None) -> Inspection:
    """Read a bundle without believing it: nothing is checked but its form.

    Raises:
        VerificationError: not an archive with a manifest.
        BundleError: it cannot be opened.
    """
    files = _open(path, limits)
    manifest = _manifest(files, path)
    try:
        mark: stamp.Stamp | None = stamp.of_documents(_documents(files))
    except DocumentError:
        mark = None
    try:
        kid = str(jwt.get_unverified_header(_token(files, path)).get("kid", ""))
    except (VerificationError, jwt.PyJWTError):
        kid = ""
    return Inspection(path=path, manifest=manifest, files=_sizes(files), kid=kid, stamp=mark)


def verify(
    path: Path,
    *,
    public_keys: Mapping[str, str],
    now: int,
    minimum: int = 0,
    roots: Sequence[str] | None = None,
    limits: archive.Limits | None = None,
) -> Inspection:
    """Check everything about a bundle.

    Args:
        path: the archive.
        public_keys: key id → PEM, see :func:`livegate.bundle.keys.load_public`.
        now: nanoseconds since the epoch.
        minimum: least sequence number accepted; the one published before.
        roots: what the definition says it owns, so that one bundle cannot stand in for another.
        limits: of the archive.

    Raises:
        VerificationError: the first thing that is wrong, naming bundle, file and reason.
        BundleError: it cannot be opened.
    """
    files = _open(path, limits)
    where = str(path)
    _closed_list(files, where)
    kid, digests = _signed(_token(files, path), public_keys, where)
    _compare(files, digests, where)
    manifest = _manifest(files, path)
    _inside(files, manifest, roots, where)
    mark = _stamped(files, manifest, where)
    if now >= mark.expires_at:
        raise VerificationError(f"ended {instants.show(mark.expires_at)}", where=where, todo="issue it again")
    if now < mark.issued_at:
        raise VerificationError(f"issued in the future, {instants.show(mark.issued_at)}", where=where)
    if mark.sequence < minimum:
        raise VerificationError(f"sequence {mark.sequence} is below {minimum}: an older bundle again", where=where)
    return Inspection(path=path, manifest=manifest, files=_sizes(files), kid=kid, stamp=mark)


def _open(path: Path, limits: archive.Limits | None) -> dict[str, bytes]:
    try:
        with open_regular(path) as stream:
            return archive.read(stream, where=str(path), limits=limits)
    except OSError as error:
        raise BundleError(f"cannot read: {error.strerror or error}", where=str(path)) from error


def _sizes(files: Mapping[str, bytes]) -> dict[str, int]:
    return {name: len(data) for name, data in files.items()}


def _closed_list(files: Mapping[str, bytes], where: str) -> None:
    # OPA goes by the base name anywhere in the tree: one patch.json makes a delta, one plan.json a plan
    for name in files:
        base = name.rpartition("/")[2]
        if base == "patch.json":
            raise VerificationError(f"{name}: a delta bundle, which no signature covers", where=where)
        if name not in (MANIFEST, SIGNATURES) and base != "data.json" and not base.endswith(".rego"):
            raise VerificationError(f"{name}: no file of that name belongs into a bundle", where=where)


def _token(files: Mapping[str, bytes], path: Path) -> str:
    if SIGNATURES not in files:
        raise VerificationError(f"{SIGNATURES} is missing: the bundle is unsigned", where=str(path))
    value = _json(files[SIGNATURES], SIGNATURES, str(path))
    # `plugin` would let the bundle choose its own verifier
    if (
        not isinstance(value, dict)
        or value.keys() - {"signatures", "plugin"}
        or value.get("plugin", "_default") != "_default"
    ):
        raise VerificationError(f"{SIGNATURES} has keys beside its signatures", where=str(path))
    tokens = value.get("signatures")
    if not isinstance(tokens, list) or len(tokens) != 1 or not isinstance(tokens[0], str):
        raise VerificationError(f"{SIGNATURES} must hold exactly one signature", where=str(path))
    return tokens[0]


def _signed(token: str, public_keys: Mapping[str, str], where: str) -> tuple[str, dict[str, str]]:
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        if not isinstance(kid, str) or kid not in public_keys:
            raise VerificationError(
                f"signed with the unknown key {kid!r}",
                where=where,
                todo=f"known keys: {', '.join(public_keys) or 'none'}",
            )
        key = keys.parse_public(public_keys[kid], where=f"key {kid}")
        payload = _json(jwt.PyJWS().decode(token, key, algorithms=[ALGORITHM]), SIGNATURES, where)
    except (jwt.PyJWTError, ConfigError) as error:
        raise VerificationError(f"signature does not verify: {error}", where=where) from error
    try:
        if payload["keyid"] != kid or payload.get("scope", "") != "":
            raise VerificationError(f"{SIGNATURES}: key id or scope is not the one expected", where=where)
        digests = {item["name"]: item["hash"] for item in payload["files"] if item["algorithm"] == HASH}
    except (KeyError, TypeError, AttributeError) as error:
        raise VerificationError(f"{SIGNATURES}: payload is malformed", where=where) from error
    if len(digests) != len(payload["files"]):
        raise VerificationError(f"{SIGNATURES}: a file is there twice or is not hashed with {HASH}", where=where)
    return kid, digests


def _compare(files: Mapping[str, bytes], digests: Mapping[str, str], where: str) -> None:
    present = files.keys() - {SIGNATURES}
    if extra := sorted(present - digests.keys()):
        raise VerificationError(f"{extra[0]}: not covered by the signature", where=where)
    if missing := sorted(digests.keys() - present):
        raise VerificationError(f"{missing[0]}: signed, but not in the bundle", where=where)
    for name in sorted(present):
        try:
            actual = hashing.sha256_file(name, files[name])
        except DocumentError as error:
            raise VerificationError(f"{name}: {error.what}", where=where) from error
        if actual != digests[name]:
            raise VerificationError(f"{name}: changed after it was signed (hash differs)", where=where)


def _manifest(files: Mapping[str, bytes], path: Path) -> dict[str, Any]:
    if MANIFEST not in files:
        raise VerificationError(f"{MANIFEST} is missing", where=str(path))
    value = _json(files[MANIFEST], MANIFEST, str(path))
    if not isinstance(value, dict) or not isinstance(value.get("revision"), str):
        raise VerificationError(f"{MANIFEST}: no revision", where=str(path))
    roots = value.get("roots")
    if not isinstance(roots, list) or not roots or not all(isinstance(root, str) and root.strip("/") for root in roots):
        raise VerificationError(f"{MANIFEST}: no roots, so it would own everything", where=str(path))
    return value


def _inside(files: Mapping[str, bytes], manifest: Mapping[str, Any], roots: Sequence[str] | None, where: str) -> None:
    owned = [tuple(root.strip("/").split("/")) for root in manifest["roots"]]
    if roots is not None and sorted(owned) != sorted(tuple(root.split("/")) for root in roots):
        raise VerificationError(f"{MANIFEST}: owns {sorted(manifest['roots'])}, expected {sorted(roots)}", where=where)
    for name, data in files.items():
        if name in (MANIFEST, SIGNATURES):
            continue
        place = _package(name, data, where) if name.endswith(".rego") else tuple(name.split("/")[:-1])
        if not any(place[: len(root)] == root for root in owned):
            raise VerificationError(f"{name}: outside the roots of the bundle", where=where)


def _package(name: str, data: bytes, where: str) -> tuple[str, ...]:
    match = _PACKAGE.match(data.decode("utf-8", "replace"))
    if match is None:
        raise VerificationError(f"{name}: no package statement at its top", where=where)
    return tuple(plain or quoted for plain, quoted in _PART.findall(match[1]))


def _stamped(files: Mapping[str, bytes], manifest: Mapping[str, Any], where: str) -> stamp.Stamp:
    try:
        mark = stamp.of_documents(_documents(files))
    except DocumentError as error:
        raise VerificationError(str(error), where=where) from error
    if dict(manifest) != manifest_of(mark, tuple(manifest["roots"])):
        raise VerificationError(f"{MANIFEST}: not what the stamp inside the data says", where=where)
    return mark


def _documents(files: Mapping[str, bytes]) -> dict[str, bytes]:
    # one level deep: only there can a stamp be (data.<root>.bundle)
    return {
        name.split("/")[0]: data for name, data in files.items() if name.count("/") == 1 and name.endswith("/data.json")
    }


def _json(data: bytes, name: str, where: str) -> Any:
    try:
        return canonical.loads(data, where=name)
    except DocumentError as error:
        raise VerificationError(f"{name}: {error.what}", where=where) from error
