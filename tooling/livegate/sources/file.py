"""The ``file`` connector: exports of an IGA or PAM system, CSV or JSON Lines, each with a manifest beside it.

All exports of a source are proven (hash, count, age, encoding) before the first row is given; see
``manifest`` for the proof, ``export`` for how the bytes are read, ``fields`` for the columns.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from livegate.errors import ConfigError, IncompleteError
from livegate.sources import csvrows, fields, jsonrows, manifest
from livegate.sources.config import duration
from livegate.sources.export import Export
from livegate.sources.fields import Layout
from livegate.sources.protocol import Listing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from livegate.sources.config import SourceConfig
    from livegate.sources.manifest import Manifest
    from livegate.sources.protocol import Effects, Row

MAX_BYTES = 2 * 1024**3
"""Largest export that is read, unless the configuration says otherwise."""


@dataclass(frozen=True, slots=True)
class _Format:
    count: Callable[[Export, Layout], int]
    read: Callable[[Export, Layout], Iterator[Row]]


_CSV = _Format(csvrows.count, csvrows.read)
_JSON_LINES = _Format(jsonrows.count, jsonrows.read)
FORMATS = {".csv": _CSV, ".jsonl": _JSON_LINES, ".ndjson": _JSON_LINES}
"""Ending of an export's name → how it is read."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """One export of the configuration."""

    path: Path
    layout: Layout
    format: _Format


class FileSource:
    """Lists the exports of one source.

    Args:
        config: of the source; its ``file`` section.
        effects: clock, and the folder for relative paths.

    Raises:
        ConfigError: an ending that is none of :data:`FORMATS`, or a field or word that there is not.
    """

    def __init__(self, config: SourceConfig, effects: Effects) -> None:
        settings = config.settings
        self._now = effects.now
        self._source: str = settings.get("source", config.system)
        self._limit: int = settings.get("max_bytes", MAX_BYTES)
        self._max_age = duration(settings["max_export_age"]) if "max_export_age" in settings else config.max_age
        self._plans = [
            _plan(kind, section, base=effects.base, where=f"{config.where}.file.exports.{kind}")
            for kind, section in settings["exports"].items()
        ]

    def listing(self) -> Listing:
        """Prove every export, then give their rows.

        Raises:
            SourceError: an export cannot be read, or is not what the configuration says.
            IncompleteError: an export cannot be proven whole, or is too old.
        """
        now = self._now()
        with ExitStack() as files:
            proven = [(plan, *self._prove(plan, files, now)) for plan in self._plans]
            rows = _rows(proven, files.pop_all())
        next(rows)  # enters the generator, so that the files are closed even if nobody asks for a row
        oldest = min(stated.exported_at for _, _, stated in proven)
        return Listing(observed_at=oldest, rows=cast("Iterator[Row]", rows))

    def _prove(self, plan: _Plan, files: ExitStack, now: int) -> tuple[Export, Manifest]:
        export = Export(plan.path, limit=self._limit)
        files.callback(export.close)
        stated = manifest.read(plan.path)
        manifest.check(stated, plan.path, source=self._source, now=now, max_age=self._max_age)
        rows = plan.format.count(export, plan.layout)
        manifest.prove(stated, plan.path, rows=rows, sha256=export.sha256)
        return export, stated


def _rows(proven: list[tuple[_Plan, Export, Manifest]], files: ExitStack) -> Iterator[Row | None]:
    """Nothing once, then the rows of every export."""
    with files:
        yield None
        for plan, export, stated in proven:
            yield from plan.format.read(export, plan.layout)
            if export.sha256 != stated.sha256:
                raise IncompleteError(
                    "changed while it was read",
                    where=str(plan.path),
                    todo="let the exporting job write beside it and rename, then run again",
                )


def _plan(kind: str, section: dict[str, Any], *, base: Path, where: str) -> _Plan:
    path = base / section["path"]
    layout = Layout(
        kind=kind,
        columns=section.get("columns", {}),
        ignore=frozenset(section.get("ignore", ())),
        values=section.get("values", {}),
        default_scope=section.get("default_scope", ""),
    )
    fields.check(layout, where=where)
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        raise ConfigError(f"path: {path.name} ends in none of {', '.join(FORMATS)}", where=where)
    return _Plan(path, layout, form)
