"""Documents and rules → one signed, reproducible bundle, written whole or not at all."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from livegate import canonical
from livegate.bundle import archive, hashing
from livegate.bundle.manifest import manifest_of
from livegate.bundle.signing import NAME as SIGNATURES
from livegate.bundle.signing import signatures
from livegate.documents import stamp, tree
from livegate.errors import BundleError
from livegate.files import read_bytes, replacing

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from livegate.bundle.definition import Definition
    from livegate.bundle.signing import Signer
    from livegate.project import Project

MANIFEST = ".manifest"
_REGO_LIMIT = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A bundle on disk. ``sha256`` (hex) and ``size`` (bytes) are of the archive; the server's ETag is the former."""

    name: str
    revision: str
    sequence: int
    path: Path
    sha256: str
    size: int


def build(
    definition: Definition, project: Project, signer: Signer, *, documents: Mapping[str, bytes] | None = None
) -> Built:
    """Build the bundle of ``definition`` into ``<dist>/<name>.tar.gz``.

    Args:
        definition: its roots and whether rules are in it.
        project: the folders.
        signer: signs it.
        documents: root → canonical bytes, for a caller that has just made them; what is not in here is read
            from the data tree.

    Raises:
        DocumentError: a document is malformed or has no stamp.
        BundleError: there are no rules where there should be, or a name does not fit.
        LivegateError: the file cannot be written; the earlier one stays.
    """
    given = documents or {}
    if strangers := sorted(set(given) - set(definition.roots)):
        raise BundleError(f"document {strangers[0]} is no root of the bundle", where=definition.name)
    contents = {root: given.get(root) or tree.read_root(project.data, root) for root in definition.roots}
    contents = {root: data for root, data in contents.items() if data}
    mark = stamp.of_documents(contents)
    files = {f"{root}/data.json": data for root, data in contents.items()}
    vouched = frozenset(files)
    if definition.rego:
        files |= rules(project.rego)
    path = project.dist / f"{definition.name}.tar.gz"
    with replacing(path, mode=0o600) as stream:  # who may do what is nobody else's to read
        digesting = _Digesting(stream)
        pack(files, manifest_of(mark, definition.roots), signer, digesting, vouched=vouched)
    return Built(
        name=definition.name,
        revision=mark.revision,
        sequence=mark.sequence,
        path=path,
        sha256=digesting.sha256.hexdigest(),
        size=digesting.size,
    )


def pack(
    files: Mapping[str, bytes],
    manifest: Mapping[str, Any],
    signer: Signer,
    stream: BinaryIO | _Digesting,
    *,
    vouched: Collection[str] = (),
) -> None:
    """Hash, sign and write ``files`` (name without leading slash → content) with their manifest to ``stream``.

    Args:
        files: everything but ``.manifest`` and ``.signatures.json``.
        manifest: see :func:`livegate.bundle.manifest.manifest_of`.
        signer: signs the hashes.
        stream: where the archive goes.
        vouched: names of documents whose bytes are canonical for certain, so that they are hashed without
            being parsed. Wrongly vouched for, OPA refuses the bundle: it fails closed.

    Raises:
        DocumentError: a document is not JSON.
        BundleError: a name does not fit an archive.
    """
    everything = {**files, MANIFEST: canonical.dumps(dict(manifest))}
    digests = {
        name: hashing.sha256_canonical(data) if name in vouched else hashing.sha256_file(name, data)
        for name, data in everything.items()
    }
    everything[SIGNATURES] = signatures(digests, signer)
    level = archive.level_for(sum(map(len, everything.values())))
    # what a reader needs first comes first
    order = sorted(everything, key=lambda name: (name != SIGNATURES, name != MANIFEST, name))
    archive.write(stream, ((name, everything[name]) for name in order), level=level)  # type: ignore[arg-type]  # write and flush are all that gzip asks for


def modules(folder: Path) -> tuple[Path, ...]:
    """The rules that ship: every ``*.rego`` below ``folder`` but tests (``*_test.rego``), by name.

    Whatever looks at "the policy" asks here, so that nothing ships that was not looked at.
    """
    return tuple(
        path for path in sorted(folder.rglob("*.rego")) if path.is_file() and not path.name.endswith("_test.rego")
    )


def rules(folder: Path) -> dict[str, bytes]:
    """The content of :func:`modules`, by path from ``folder``.

    Raises:
        BundleError: there are none, or one uses a built-in function by which a decision would not follow from request,
            documents and clock alone.
    """
    found = {path.relative_to(folder).as_posix(): read_bytes(path, limit=_REGO_LIMIT) for path in modules(folder)}
    if not found:
        raise BundleError("no rules", where=str(folder))
    for name, data in found.items():
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
            if not line.lstrip().startswith("#") and (match := _IMPURE.search(line)):
                raise BundleError(
                    f"uses {match[0].strip()}, so that it could decide otherwise than where it is tested",
                    where=f"{folder / name}:{number}",
                    todo="a decision follows from request, documents and clock alone; write the value into a document",
                )
    return found


_IMPURE = re.compile(
    r"\b(?:opa\s*(?:\.\s*runtime\b|\[)|http\s*(?:\.\s*send\b|\[)|rand\s*(?:\.\s*intn\b|\[)"
    r"|uuid\s*(?:\.\s*rfc4122\b|\[)|net\s*(?:\.\s*lookup_ip_addr\b|\[))"
)
"""Built-in functions that ask something else: the server that runs, the network, chance. By text, however written."""


class _Digesting:
    """Passes bytes on to ``stream``, counting and hashing them: the file is never read again."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        """Write all of ``data``."""
        self._stream.write(data)
        self.sha256.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Flush the stream below."""
        self._stream.flush()
