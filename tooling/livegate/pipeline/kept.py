"""Every bundle that was built, kept by revision: what decided then can be asked again (``livegate regress replay``).

A copy costs nothing where a hard link will do: a bundle is put in its place whole, so the file that was there is never
written to. The folder is bounded, the oldest go first, and whatever goes wrong here is said and stops nothing: a
revocation must go out although its copy cannot be kept.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livegate.files import open_regular, replacing

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.bundle.build import Built
    from livegate.project import Project

REVISION = re.compile(r"([0-9]{1,20})-[0-9a-f]{12}")
"""What a revision looks like (:mod:`livegate.documents.stamp`); only such a one is made the name of a file."""

_SUFFIX = ".tar.gz"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What is kept of each bundle: ``files`` in number, ``size`` in bytes. The newest always stays."""

    files: int = 5_000
    size: int = 4 << 30


BOUNDS = Bounds()


def folder(project: Project) -> Path:
    """Where the bundles of the past lie: ``<name>/<revision>.tar.gz``, for their owner alone."""
    return project.state / "bundles"


def keep(project: Project, built: Built, *, bounds: Bounds = BOUNDS) -> bool:
    """Keep a bundle that was just built; whether it is kept. Never raises for what the file system says."""
    where = folder(project) / built.name
    if not REVISION.fullmatch(built.revision):
        _LOG.warning("bundle %s is not kept for replays: revision %r is no file name", built.name, built.revision)
        return False
    target = where / f"{built.revision}{_SUFFIX}"
    try:
        project.private_state()
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        _place(built.path, target)
        _prune(where, bounds)
    except Exception as error:  # noqa: BLE001  # a copy is a convenience, the bundle that was built must go out
        said = getattr(error, "strerror", None) or getattr(error, "what", None) or type(error).__name__
        _LOG.warning("bundle %s %s is not kept for replays: %s (%s)", built.name, built.revision, said, where)
        return False
    return True


def _place(path: Path, target: Path) -> None:
    if target.exists() and target.samefile(path):
        return  # renaming one link of a file over another leaves both
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()
    try:
        os.link(path, beside)
    except OSError:  # another file system, or one without links
        with open_regular(path) as stream, replacing(target, mode=0o600) as out:
            shutil.copyfileobj(stream, out, 1 << 20)
        return
    try:
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _prune(where: Path, bounds: Bounds) -> None:
    there = []
    with os.scandir(where) as entries:
        for entry in entries:
            match = REVISION.fullmatch(entry.name.removesuffix(_SUFFIX))
            if match and entry.is_file(follow_symlinks=False):
                there.append((int(match[1]), entry.name, entry.stat(follow_symlinks=False).st_size))
    there.sort(reverse=True)
    total = 0
    for number, (_, name, size) in enumerate(there):
        total += size
        if number and (number >= bounds.files or total > bounds.size):
            (where / name).unlink(missing_ok=True)
