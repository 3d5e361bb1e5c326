"""The manifest beside an export: ``<export>.manifest``, by which the export proves that it is whole.

    {"exported_at": "2026-11-23T18:00:00Z", "row_count": 2, "sha256": "9f86…", "source": "hr"}

``sha256`` is of the file's bytes as they are, ``row_count`` counts rows without the header line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from livegate.errors import ConfigError, IncompleteError
from livegate.files import read_bytes
from livegate.model import instants

if TYPE_CHECKING:
    from pathlib import Path

_LIMIT = 64 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TODO = "write it last, in the same run as the export: {exported_at, row_count, sha256, source}"

SKEW = 60 * instants.SECOND
"""How far a source's clock may be ahead of ours (ns)."""


class _Wire(msgspec.Struct, forbid_unknown_fields=True):
    exported_at: str
    row_count: int
    sha256: str
    source: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an export says of itself; ``exported_at`` in ns."""

    exported_at: int
    row_count: int
    sha256: str
    source: str


def beside(export: Path) -> Path:
    """Where the manifest of ``export`` is."""
    return export.with_name(f"{export.name}.manifest")


def read(export: Path) -> Manifest:
    """The manifest of an export.

    Raises:
        IncompleteError: missing, unreadable, or not of the shape above; names the manifest.
    """
    path = beside(export)
    try:
        wire = msgspec.json.decode(read_bytes(path, limit=_LIMIT), type=_Wire)
        exported_at = instants.parse(wire.exported_at)
    except ConfigError as error:
        raise IncompleteError(f"the manifest of {export.name}: {error.what}", where=str(path), todo=_TODO) from error
    except (ValueError, RecursionError) as error:
        raise IncompleteError(f"not a manifest: {error}"[:200], where=str(path), todo=_TODO) from error
    digest = wire.sha256.lower()
    if wire.row_count < 0 or not _SHA256.fullmatch(digest):
        raise IncompleteError(
            "not a manifest: row_count must be 0 or more, sha256 64 hex digits", where=str(path), todo=_TODO
        )
    return Manifest(exported_at=exported_at, row_count=wire.row_count, sha256=digest, source=wire.source)


def check(manifest: Manifest, export: Path, *, source: str, now: int, max_age: int) -> None:
    """Refuse an export of another source, from the future, or too old.

    Args:
        manifest: of ``export``.
        export: for messages.
        source: what the manifest must name.
        now: the clock (ns).
        max_age: oldest that is accepted (ns).

    Raises:
        IncompleteError: one of these; names the manifest and what to do.
    """
    where = str(beside(export))
    if manifest.source != source:
        raise IncompleteError(
            f"the export is of source {manifest.source[:80]!r}, not of {source!r}",
            where=where,
            todo="check which export was put here, or set file.source in the source's configuration",
        )
    if manifest.exported_at > now + SKEW:
        raise IncompleteError(
            f"exported_at {instants.show(manifest.exported_at)} is in the future (it is {instants.show(now)} here)",
            where=where,
            todo="set the clocks of the exporting machine and of this one",
        )
    if now - manifest.exported_at > max_age:
        raise IncompleteError(
            f"the export is of {instants.show(manifest.exported_at)}, older than {max_age // instants.SECOND} s",
            where=where,
            todo="export again, or raise file.max_export_age (or max_age) in the source's configuration",
        )


def prove(manifest: Manifest, export: Path, *, rows: int, sha256: str) -> None:
    """Hold what was read against what the manifest says.

    Raises:
        IncompleteError: another hash or another number of rows.
    """
    todo = "the export was cut, is still being written, or is not of this manifest: export again"
    if sha256 != manifest.sha256:
        raise IncompleteError(
            f"SHA-256 is {sha256}, the manifest says {manifest.sha256}; {rows} rows read, {manifest.row_count} named",
            where=str(export),
            todo=todo,
        )
    if rows != manifest.row_count:
        raise IncompleteError(f"{rows} rows read, the manifest says {manifest.row_count}", where=str(export), todo=todo)
