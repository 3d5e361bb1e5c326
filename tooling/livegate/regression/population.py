"""An organisation as it ships: its signed bundles, loaded and verified by a real OPA server."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livegate.documents import ROOTS, tree
from livegate.opa.process import Local, OpaProcess
from livegate.regression import shipped, spoilt, workspace
from livegate.regression.repack import repacked
from livegate.regression.scratch import temporary
from livegate.regression.stock import KID, Stock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from livegate.opa.engine import Engine
    from livegate.project import Project
    from livegate.regression.issuers import Issuers
    from livegate.regression.suite import Given


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


def issued(project: Project, given: Given, folder: Path, stock: Stock | None = None) -> Issued:
    """The five bundles of a population, signed with a key that ends with the run.

    Whoever its trust document names as an issuer gets keys for as long. With an outage the documents of IGA and PAM
    are those of the last sync, and all others are issued when it has lasted so long.

    Args:
        project: the checkout. given: what to make. folder: an empty one.
        stock: what it may share with other populations of the run; one of its own, in ``folder``, without.

    Raises:
        SuiteError, ConfigError, LivegateError: see :func:`livegate.regression.workspace.made` and :func:`serving`.
    """
    stock = stock or Stock.new(folder)
    if given not in stock.made:
        make = _spoilt if given.spoilt else _sound
        stock.made[given] = make(project, given, folder, stock)
    return stock.made[given]


def as_loaded(made: Issued, given: Given, folder: Path, stock: Stock | None = None) -> tuple[Local, dict[str, Any]]:
    """The population as OPA would load it, after its bundles were verified; and root → document in there.

    Args:
        made: of ``given``. folder: for copies. stock: where it remembers which bundles were verified.

    Raises:
        VerificationError, BundleError: a bundle is not what its signature says.
    """
    keys = {made.sound.kid: made.sound.key.read_text("utf-8")}
    verified = shipped.verified(made.sound.bundles, keys, folder, opened=stock.opened if stock else None)
    local = made.local if given.spoilt else verified.local
    return local, spoilt.documents(verified.documents, given.spoilt)


def _sound(project: Project, given: Given, folder: Path, stock: Stock) -> Issued:
    work, issuers, now = workspace.made(project, given, folder / "project", issuers_of=stock.issuers)
    paths = stock.bundles(work, now=now, outage=given.outage)
    local = Local(bundles=paths, kid=KID, key=stock.public)
    documents = {root: tree.load(work.data, root) for root in ROOTS}
    return Issued(local=local, sound=local, issuers=issuers, documents=documents)


def _spoilt(project: Project, given: Given, folder: Path, stock: Stock) -> Issued:
    made = issued(project, replace(given, spoilt=""), folder, stock)
    return Issued(
        local=repacked(made.sound, given.spoilt, stock.signer, folder / "spoilt"),
        sound=made.sound,
        issuers=made.issuers,
        documents=spoilt.documents(made.documents, given.spoilt),
    )
