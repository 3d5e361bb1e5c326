"""Exports with their manifests, a held clock, a source's configuration: what the tests of files and runs share."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from livegate.model import instants
from livegate.model.snapshot import Domain
from livegate.sources.config import SourceConfig
from livegate.sources.file import FileSource
from livegate.sources.protocol import Effects
from livegate.sources.store import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livegate.sources.protocol import Row

NOW = instants.parse("2026-11-23T18:00:00Z")


def _no_sleep(seconds: float) -> None:
    raise AssertionError(f"nothing here waits, but {seconds} s were asked for")


@pytest.fixture
def effects(tmp_path: Path) -> Effects:
    """The clock stands at 2026-11-23T18:00:00Z; paths are relative to the test's folder."""
    return Effects(now=lambda: NOW, sleep=_no_sleep, base=tmp_path)


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Write an export and its manifest; a manifest member is set by keyword, and left out when None."""

    def write(name: str, data: str | bytes, *, rows: int, **changes: Any) -> Path:
        raw = data.encode() if isinstance(data, str) else data
        path = tmp_path / name
        path.write_bytes(raw)
        stated = {
            "exported_at": "2026-11-23T17:30:00Z",
            "row_count": rows,
            "sha256": hashlib.sha256(raw).hexdigest(),
            "source": "hr",
        } | changes
        text = json.dumps({key: value for key, value in stated.items() if value is not None})
        (tmp_path / f"{name}.manifest").write_text(text)
        return path

    return write


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., SourceConfig]:
    """A source named ``hr``; its exports by keyword, its other values in ``settings`` and ``frame``."""

    def make(
        settings: dict[str, Any] | None = None, frame: dict[str, Any] | None = None, **exports: dict[str, Any]
    ) -> SourceConfig:
        values: dict[str, Any] = {
            "system": "hr",
            "domain": Domain.IGA,
            "kind": "file",
            "max_age": 24 * instants.HOUR,
            "max_fall": 0.2,
            "keep": 10,
            "correlate": "id",
            "path": tmp_path / "hr.yaml",
        }
        return SourceConfig(**(values | (frame or {})), settings={"exports": exports} | (settings or {}))

    return make


@pytest.fixture
def read(config: Callable[..., SourceConfig], effects: Effects) -> Callable[..., list[Row]]:
    """All rows of one export of the given kind."""

    def rows(name: str, kind: str = "grant", settings: dict[str, Any] | None = None, **section: Any) -> list[Row]:
        source = FileSource(config(settings, **{kind: {"path": name} | section}), effects)
        return list(source.listing().rows)

    return rows


@pytest.fixture
def store(tmp_path: Path) -> SnapshotStore:
    """An empty store that does not wait for a lock."""
    return SnapshotStore(tmp_path / "snapshots", patience=0)
