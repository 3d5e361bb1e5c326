"""Bundles that were made elsewhere or long ago, verified as they stand and loaded by a real OPA.

Each is copied to a private folder first, so that what is loaded is what was verified. OPA's command line takes one
key: where several keys signed, the verified content is signed again by a key of this run alone, and OPA verifies that.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livegate import canonical
from livegate.bundle import archive, keys
from livegate.bundle.build import MANIFEST, pack
from livegate.bundle.signing import NAME as SIGNATURES
from livegate.bundle.signing import KeySigner
from livegate.bundle.verify import inspect, verify
from livegate.documents import ROOTS
from livegate.errors import BundleError, ConfigError, VerificationError
from livegate.files import open_regular, replacing, write_bytes
from livegate.opa.process import Local, OpaProcess
from livegate.pipeline.issue import BUNDLE_ROOT
from livegate.regression.scratch import temporary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from livegate.bundle.verify import Inspection
    from livegate.opa.engine import Engine

_KID = "regression"
_NEEDED = ("authz", *ROOTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Bundles that hold together, not yet loaded.

    Attributes:
        local: how OPA loads them. documents: root → document as it is in there. revisions: bundle → revision.
    """

    local: Local
    documents: Mapping[str, Any] = field(repr=False)
    revisions: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """The same, in a running OPA."""

    opa: OpaProcess
    documents: Mapping[str, Any] = field(repr=False)
    revisions: Mapping[str, str]


@contextlib.contextmanager
def serving(
    paths: Sequence[Path], public_keys: Mapping[str, str], engine: Engine, *, folder: Path | None = None
) -> Iterator[Shipped]:
    """An OPA that has exactly these bundles active, for as long as the block lasts.

    Args:
        paths: the bundles, whatever their files are called; together they own every root.
        public_keys: key id → PEM, see :func:`livegate.bundle.keys.load_public`. engine: OPA.
        folder: where the temporary folder is made; the system's by default.

    Raises:
        VerificationError: a bundle is not what its signature says. Its window is not asked for: the past is past.
        BundleError: roots overlap or are missing, or a file cannot be read. EngineError: OPA did not start.
    """
    with temporary("shipped", within=folder) as scratch:
        made = verified(paths, public_keys, Path(scratch))
        with OpaProcess(engine.path, made.local, folder=Path(scratch) / "opa") as opa:
            yield Shipped(opa=opa, documents=made.documents, revisions=made.revisions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """One bundle, verified: what is in it, as files and as documents by path."""

    seen: Inspection
    files: Mapping[str, bytes] = field(repr=False)
    documents: Mapping[str, Any] = field(repr=False)


def verified(
    paths: Sequence[Path],
    public_keys: Mapping[str, str],
    folder: Path,
    *,
    opened: dict[Path, Opened] | None = None,
) -> Verified:
    """The bundles, copied into ``folder`` and verified there.

    Args:
        opened: bundles of ours, that nobody writes to, which were verified with these keys before, and those from now
            on; their copies must still be there.

    Raises:
        VerificationError, BundleError: as :func:`serving`.
    """
    known = {} if opened is None else opened
    for number, path in enumerate(paths):
        if path not in known:
            known[path] = _opened(path, folder / f"{number}.tar.gz", public_keys)
    seen = [known[path].seen for path in paths]
    _whole(seen, {known[path].seen.path: path for path in paths})
    documents: dict[str, Any] = {}
    for path in paths:
        for name, document in known[path].documents.items():
            _place(documents, name.split("/")[:-1], document)
    return Verified(
        local=_local(seen, {known[path].seen.path: known[path].files for path in paths}, public_keys, folder),
        documents={root: documents[root] for root in ROOTS},
        revisions={name_of(one): one.manifest["revision"] for one in seen},
    )


def _opened(path: Path, copy: Path, public_keys: Mapping[str, str]) -> Opened:
    _copied(path, copy)
    try:
        seen = _verified(copy, public_keys)
    except VerificationError as error:
        raise type(error)(error.what.replace(str(copy), str(path)), where=str(path), todo=error.todo) from error
    with open_regular(copy) as stream:
        files = archive.read(stream, where=str(path))
    documents = {
        name: canonical.loads(data, where=f"{path}: {name}")
        for name, data in files.items()
        if name.endswith("/data.json")
    }
    return Opened(seen=seen, files=files, documents=documents)


def name_of(bundle: Inspection) -> str:
    """What a bundle is called, by the root that carries its stamp; its file may be called anything."""
    for name, root in BUNDLE_ROOT.items():
        if root in bundle.roots:
            return name
    return "+".join(sorted(bundle.roots))


def called(path: Path, public_keys: Mapping[str, str]) -> str:
    """What the bundle at ``path`` is called, verified. Raises as :func:`serving`."""
    return name_of(_verified(path, public_keys))


def _copied(path: Path, target: Path) -> Path:
    try:
        with open_regular(path) as stream, replacing(target, mode=0o600) as out:
            shutil.copyfileobj(stream, out, 1 << 20)
    except OSError as error:
        raise BundleError(
            f"cannot read: {error.strerror or error}", where=str(path), todo="name a bundle (*.tar.gz)"
        ) from error
    return target


def _verified(path: Path, public_keys: Mapping[str, str]) -> Inspection:
    mark = inspect(path).stamp
    if mark is None:
        raise VerificationError("no stamp can be read in its documents", where=str(path))
    return verify(path, public_keys=public_keys, now=mark.issued_at)


def _whole(seen: Sequence[Inspection], origin: Mapping[Path, Path]) -> None:
    owners = sorted((tuple(root.strip("/").split("/")), str(origin[one.path])) for one in seen for root in one.roots)
    for (path, owner), (below, other) in itertools.pairwise(owners):
        if below[: len(path)] == path:
            raise BundleError(
                f"owns {'/'.join(below)}, which {owner} owns already",
                where=other,
                todo="one bundle for each root: leave one of the two out",
            )
    owned = {path[0] for path, _ in owners}
    if missing := [root for root in _NEEDED if root not in owned]:
        raise BundleError(
            f"no bundle owns {', '.join(missing)}",
            where=", ".join(map(str, origin.values())) or "no bundles",
            todo=f"name all of them: {', '.join(BUNDLE_ROOT)}",
        )


def _place(documents: dict[str, Any], path: list[str], document: Any) -> None:
    for name in path[:-1]:
        documents = documents.setdefault(name, {})
    there = documents.get(path[-1])
    documents[path[-1]] = {**there, **document} if isinstance(there, dict) else document


def _local(
    seen: Sequence[Inspection],
    contents: Mapping[Path, Mapping[str, bytes]],
    public_keys: Mapping[str, str],
    folder: Path,
) -> Local:
    kids = {one.kid for one in seen}
    if len(kids) == 1:
        (kid,) = kids
        key = folder / "key.pem"
        write_bytes(key, public_keys[kid].encode())
        return Local(bundles=tuple(one.path for one in seen), kid=kid, key=key)
    private, public = keys.new(_KID, folder / "private", folder / "public")
    signer = KeySigner.load(_KID, f"file:{private}")
    paths = []
    for one in seen:
        files = {name: data for name, data in contents[one.path].items() if name not in (MANIFEST, SIGNATURES)}
        path = one.path.with_name(f"again-{one.path.name}")
        with replacing(path, mode=0o600) as stream:
            pack(files, one.manifest, signer, stream)
        paths.append(path)
    return Local(bundles=tuple(paths), kid=_KID, key=public)


def bundles_in(folder: Path) -> tuple[Path, ...]:
    """The bundles (``*.tar.gz``) that lie in ``folder`` itself, by name.

    Raises:
        ConfigError: there is none.
    """
    found = tuple(sorted(path for path in folder.glob("*.tar.gz") if path.is_file()))
    if not found:
        raise ConfigError("holds no bundle (*.tar.gz)", where=str(folder), todo="`livegate bundle build` makes them")
    return found
