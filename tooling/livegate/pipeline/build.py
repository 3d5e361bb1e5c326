"""Documents on disk → the signed bundles that are not built yet."""

from __future__ import annotations

import tarfile
import zlib
from typing import TYPE_CHECKING, Any

from livegate import canonical
from livegate.bundle import build as bundles
from livegate.bundle import definition
from livegate.errors import BundleError, ConfigError, DocumentError
from livegate.files import open_regular
from livegate.pipeline import kept
from livegate.pipeline.issue import BUNDLE_ROOT, SYNCED, issue_again, issue_kept
from livegate.pipeline.lock import exclusively

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from livegate.bundle.build import Built
    from livegate.bundle.definition import Definition
    from livegate.bundle.signing import Signer
    from livegate.documents.stamp import Stamp
    from livegate.project import Project


def build(project: Project, names: Iterable[str], signer: Signer, *, now: int) -> list[Built]:
    """Stamp what needs it and build each named bundle into ``bundles/dist/``, one command at a time.

    Each is kept by its revision as well (:mod:`livegate.pipeline.kept`).

    Raises:
        ConfigError: no such bundle, or a document that only a sync can make is missing.
        DocumentError: a document is not what its schema says.
        BundleError: the bundle that is there is newer than what would replace it; it stays.
        LivegateError: a bundle cannot be written (the one that was there stays), or another command does not end.
    """
    known = {item.name: item for item in definition.load_all(project)}
    built = []
    for name in names:
        if name not in known:
            raise ConfigError(f"no bundle {name!r}", where=str(project.bundles), todo=f"one of {', '.join(known)}")
        with exclusively(project):  # each by itself: a revocation need not wait for all five
            built.append(_build(project, known[name], signer, now=now))
    return built


def issue(project: Project, item: Definition, *, now: int) -> Stamp:
    """Stamp the document of a bundle if it needs it; the stamp that it has then. Raises as :func:`build`."""
    if item.name not in SYNCED:
        return issue_kept(project, item.name, now=now).stamp
    if (issued := issue_again(project, item.name, now=now)) is not None:
        return issued.stamp
    raise ConfigError(
        f"data/{item.name}/data.json is not there", where=item.name, todo="run `livegate sync`, which writes it"
    )


def _build(project: Project, item: Definition, signer: Signer, *, now: int) -> Built:
    mark = issue(project, item, now=now)
    path = project.dist / f"{item.name}.tar.gz"
    there = published(path)
    if mark.sequence < there:
        raise BundleError(
            f"sequence {mark.sequence} is below {there}, which is published: an older bundle again",
            where=str(path),
            todo="check the clock and the files under data/; if it is meant, remove the bundle that is there first",
        )
    made = bundles.build(item, project, signer)
    kept.keep(project, made)
    return made


def published(path: Path) -> int:
    """The sequence of the bundle at ``path`` by its manifest; 0 if none can be read."""
    try:
        return int((manifest(path) or {})["metadata"]["sequence"])
    except (KeyError, TypeError, ValueError):
        return 0


def manifest(path: Path) -> dict[str, Any] | None:
    """What the bundle at ``path`` says of itself, believed or not; None if none can be read."""
    try:
        with open_regular(path) as stream, tarfile.open(fileobj=stream, mode="r|gz") as members:
            for member in members:
                if member.name.removeprefix("/") == bundles.MANIFEST and (content := members.extractfile(member)):
                    found = canonical.loads(content.read(_MANIFEST_LIMIT), where=str(path))
                    return found if isinstance(found, dict) else None
    except (OSError, EOFError, zlib.error, tarfile.TarError, DocumentError, ValueError):
        pass  # damaged
    return None


_MANIFEST_LIMIT = 1 << 16

ALL = tuple(BUNDLE_ROOT)
"""Every bundle, the policy first."""
