"""An organisation as it ships: its signed bundles, loaded and verified by a real OPA server."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livegate.bundle import keys
from livegate.bundle.signing import KeySigner
from livegate.documents import ROOTS, tree
from livegate.opa.process import Local, OpaProcess
from livegate.pipeline import build
from livegate.pipeline.issue import SYNCED
from livegate.regression import spoilt, workspace
from livegate.regression.scratch import temporary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from livegate.opa.engine import Engine
    from livegate.project import Project
    from livegate.regression.issuers import Issuers
    from livegate.regression.suite import Given

_KID = "regression"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A population as it ships: signed bundles, who mints its credentials, and root → document as they are in there.

    ``sound``: the bundles before their documents were spoilt, if they are (:attr:`Given.spoilt`).
    """

    local: Local
    sound: Local
    issuers: Issuers
    documents: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The same, in a running OPA."""

    opa: OpaProcess
    issuers: Issuers
    documents: Mapping[str, Any]


@contextlib.contextmanager
def serving(project: Project, given: Given, engine: Engine, *, folder: Path | None = None) -> Iterator[Served]:
    """An OPA that has the population's bundles active, for as long as the block lasts, and the issuers that it trusts.

    The exports are read as they are written, by a sync whose clock stands at the instant that they speak for; so
    every document is issued then. The rules and hand-kept documents are the project's. Nothing of it is written to.

    Args:
        project: the checkout. given: population and revocations. engine: OPA.
        folder: where the temporary folder is made; the system's by default.

    Raises:
        LivegateError: a source failed, a document is wrong, a bundle was refused, or OPA did not start.
    """
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(temporary("regress", within=folder))
        made = issued(project, given, Path(scratch))
        opa = stack.enter_context(OpaProcess(engine.path, made.local, folder=Path(scratch) / "opa"))
        yield Served(opa=opa, issuers=made.issuers, documents=made.documents)


def issued(project: Project, given: Given, folder: Path) -> Issued:
    """The five bundles of a population, signed with a key that is made in ``folder`` and ends with it.

    Whoever its trust document names as an issuer gets keys for as long. With an outage the documents of IGA and PAM
    are those of the last sync, and all others are issued when it has lasted so long.

    Raises:
        SuiteError, ConfigError, LivegateError: see :func:`livegate.regression.workspace.made` and :func:`serving`.
    """
    work, issuers, now = workspace.made(project, given, folder / "project")
    private, public = keys.new(_KID, folder / "key", work.keys)
    signer = KeySigner.load(_KID, f"file:{private}")
    kept = [name for name in build.ALL if name not in SYNCED]
    built = [*build.build(work, kept, signer, now=now + given.outage), *build.build(work, SYNCED, signer, now=now)]
    sound = Local(bundles=tuple(item.path for item in built), kid=_KID, key=public)
    return Issued(
        local=spoilt.bundles(sound, given.spoilt, signer, folder / "spoilt") if given.spoilt else sound,
        sound=sound,
        issuers=issuers,
        documents=spoilt.documents({root: tree.load(work.data, root) for root in ROOTS}, given.spoilt),
    )
