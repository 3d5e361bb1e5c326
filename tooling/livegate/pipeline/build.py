"""Documents on disk → the signed bundles that are not built yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livegate.bundle import build as bundles
from livegate.bundle import definition
from livegate.errors import ConfigError
from livegate.pipeline.issue import BUNDLE_ROOT, SYNCED, issue_again, issue_kept

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livegate.bundle.build import Built
    from livegate.bundle.signing import Signer
    from livegate.project import Project


def build(project: Project, names: Iterable[str], signer: Signer, *, now: int) -> list[Built]:
    """Stamp what needs it and build each named bundle into ``bundles/dist/``.

    Raises:
        ConfigError: no such bundle, or a document that only a sync can make is missing.
        DocumentError: a document is not what its schema says.
        LivegateError: a bundle cannot be written; the one that was there stays.
    """
    known = {item.name: item for item in definition.load_all(project)}
    built = []
    for name in names:
        if name not in known:
            raise ConfigError(f"no bundle {name!r}", where=str(project.bundles), todo=f"one of {', '.join(known)}")
        if name in SYNCED:
            if issue_again(project, name, now=now) is None:
                raise ConfigError(
                    f"data/{name}/data.json is not there", where=name, todo="run `livegate sync`, which writes it"
                )
        else:
            issue_kept(project, name, now=now)
        built.append(bundles.build(known[name], project, signer))
    return built


ALL = tuple(BUNDLE_ROOT)
"""Every bundle, the policy first."""
