"""An organisation as it ships: its signed bundles, loaded and verified by a real OPA server."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from livegate.bundle import keys
from livegate.bundle.signing import KeySigner
from livegate.documents import tree
from livegate.errors import LivegateError
from livegate.opa.process import Local, OpaProcess
from livegate.pipeline import build, example, revoke
from livegate.pipeline.sync import sync
from livegate.regression.issuers import Issuers
from livegate.sources.config import load_all
from livegate.sources.protocol import Effects
from livegate.sources.store import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livegate.opa.engine import Engine
    from livegate.project import Project
    from livegate.regression.suite import Given

_KID = "regression"


@contextlib.contextmanager
def serving(
    project: Project, given: Given, engine: Engine, *, folder: Path | None = None
) -> Iterator[tuple[OpaProcess, Issuers]]:
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
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="livegate-regress-", dir=folder))
        local, issuers = issued(project, given, Path(scratch))
        yield stack.enter_context(OpaProcess(engine.path, local, folder=Path(scratch) / "opa")), issuers


def issued(project: Project, given: Given, folder: Path) -> tuple[Local, Issuers]:
    """The five bundles of a population, signed with a key that is made in ``folder`` and ends with it.

    Whoever its trust document names as an issuer gets keys for as long. With an outage the documents of IGA and PAM
    are those of the last sync, and all others are issued when it has lasted so long.

    Raises:
        LivegateError: see :func:`serving`.
    """
    now = example.INSTANT
    made = example.workspace(project, folder / "project", now=now)
    made.state.mkdir(parents=True)
    issuers = Issuers.of(tree.load(made.data, "trust"))
    issuers.enter(made.data, now=now)
    for revocation in given.revocations:
        revoke.add(made, revocation)
    configs = load_all(made.sources)
    effects = Effects(now=lambda: now, sleep=lambda _: None, base=made.data)
    result = sync(made, configs, configs, SnapshotStore(made.snapshots), effects)
    if result.failures:
        system, error = next(iter(result.failures.items()))
        raise LivegateError(
            f"the population cannot be read: {error.what}", where=error.where or system, todo=error.todo
        ) from error
    private, public = keys.new(_KID, folder / "key", made.keys)
    signer = KeySigner.load(_KID, f"file:{private}")
    built = build.build(made, build.ALL, signer, now=now + given.outage)
    return Local(bundles=tuple(item.path for item in built), kid=_KID, key=public), issuers
