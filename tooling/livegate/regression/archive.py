"""Bundles of the past, found by what they are called and by their revision.

What a project built is kept under its name (:mod:`livegate.pipeline.kept`); in any other folder a bundle is found by
its own manifest. Nothing here is believed: whoever loads a bundle verifies it (:mod:`livegate.regression.shipped`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livegate.errors import ConfigError, RefusedError
from livegate.pipeline import kept
from livegate.pipeline.build import manifest
from livegate.pipeline.issue import BUNDLE_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from livegate.project import Project

MOST = 20_000
"""Files that are looked into below the folders that are named; beyond it they are refused, since each is opened."""


class Archive:
    """Where bundles of the past are looked for: what the project keeps and serves, and further folders.

    Args:
        project: its private state, and ``bundles/dist``; none for the folders alone.
        folders: searched with all below them, once, when something is not found otherwise.
    """

    def __init__(self, project: Project | None, folders: Sequence[Path] = (), *, most: int = MOST) -> None:
        self._kept = kept.folder(project) if project else None
        self._folders = tuple(folders)
        self._own = (project.dist, project.state / "opa" / "bundles") if project else ()
        self._most = most
        self._index: dict[tuple[str, str], Path] | None = None

    def find(self, name: str, revision: str) -> Path | None:
        """The file of a bundle, or None.

        Raises:
            ConfigError: a folder that was named is not there. RefusedError: there are too many files to look into.
        """
        if self._kept is not None and kept.REVISION.fullmatch(revision):
            path = self._kept / name / f"{revision}.tar.gz"
            if path.is_file():
                return path
        if self._index is None:
            self._index = self._indexed()
        return self._index.get((name, revision))

    def looked(self) -> str:
        """Where was looked, for an error."""
        places = [*([self._kept] if self._kept else ()), *self._own, *self._folders]
        return ", ".join(map(str, places)) or "nowhere"

    def _indexed(self) -> dict[tuple[str, str], Path]:
        index: dict[tuple[str, str], Path] = {}
        left = self._most
        for folder in (*self._folders, *self._own):
            if folder in self._folders and not folder.is_dir():
                raise ConfigError("is no folder", where=str(folder), todo="name a folder of bundles (*.tar.gz)")
            for path in sorted(folder.rglob("*.tar.gz")):
                left -= 1
                if left < 0:
                    raise RefusedError(
                        f"more than {self._most} bundles below the folders to search",
                        where=str(folder),
                        todo="name narrower folders with --bundles",
                    )
                for name, revision in _called(path):
                    index.setdefault((name, revision), path)
        return index


def _called(path: Path) -> Iterable[tuple[str, str]]:
    found = manifest(path) if path.is_file() else None
    roots, revision = (found or {}).get("roots"), (found or {}).get("revision")
    if isinstance(roots, list) and isinstance(revision, str):
        for name, root in BUNDLE_ROOT.items():
            if root in roots:
                yield name, revision
