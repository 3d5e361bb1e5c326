"""The organisations that cases are asked of, on one side: made when the first case needs one, kept for the others."""

from __future__ import annotations

import hashlib
import itertools
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from livegate.errors import LivegateError
from livegate.regression import population
from livegate.regression.stock import Stock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from livegate.project import Project
    from livegate.regression.cases import Given
    from livegate.regression.diff.sides import Side
    from livegate.regression.issuers import Issuers

_AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class Put:
    """Root → document that is put in the place of the side's own (nothing if those serve), and who mints."""

    documents: Mapping[str, Any] = field(repr=False)
    issuers: Issuers = field(repr=False)


class Populations:
    """Populations for the cases of one side.

    Args:
        side: of a comparison. main: what its OPA has loaded, of a checkout. project: whose example and sources are
            used where the side is bundles; those bring rules, catalogue and configuration, and no organisation.
        folder: private; each population gets its own in there.
        twin: those of the other side, if its files are the same but for the rules: then they serve both.
    """

    def __init__(
        self, side: Side, main: Given, project: Project, folder: Path, twin: Populations | None = None
    ) -> None:
        self._side, self._project, self._folder = side, project, folder
        self._twin = twin
        self._made: dict[Given, Put | LivegateError] = {}
        self._stock: Stock | None = None
        if side.project is not None:
            self._made[main] = Put({}, side.issuers)

    def prepare(self, wanted: Iterable[Given]) -> None:
        """Make those that are not there yet, several at once: most of the time a disk is waited for."""
        new = [given for given in dict.fromkeys(wanted) if given not in self._made]
        start = len(self._made)
        if new and self._stock is None:
            self._stock = Stock.new(self._folder / "stock")
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for given, made in zip(new, pool.map(self._tried, new, itertools.count(start)), strict=True):
                self._made[given] = made

    def of(self, given: Given) -> Put:
        """The population.

        Raises:
            LivegateError: it cannot be made on this side.
        """
        self.prepare([given])
        made = self._made[given]
        if isinstance(made, LivegateError):
            raise made
        return made

    def _tried(self, given: Given, number: int) -> Put | LivegateError:
        try:
            if self._twin is not None and given in self._twin._made:
                return self._twin.of(given)
            return self._new(given, self._folder / f"population-{number}")
        except LivegateError as error:
            return error

    def _new(self, given: Given, folder: Path) -> Put:
        folder.mkdir(parents=True)
        made = population.issued(self._side.project or self._project, given, folder, self._stock)
        documents = dict(made.documents)
        if self._side.project is None:
            own = self._side.documents
            # as if the shipped rules and catalogue had been issued with that organisation
            documents["catalog"] = {**own["catalog"], "bundle": documents["catalog"]["bundle"]}
            documents["config"] = own["config"]
        shutil.rmtree(folder)  # hundreds of them would stay until the end
        return Put(documents, made.issuers)


def alike(base: Side, head: Side) -> bool:
    """Whether what populations are made from is the same on both sides, file by file, so that one will do for both."""
    return base.project is not None and head.project is not None and _files(base.project) == _files(head.project)


def _files(project: Project) -> dict[str, bytes]:
    return {
        str(path.relative_to(project.rego.parent)): hashlib.sha256(path.read_bytes()).digest()
        for folder in (project.data, project.bundles)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and project.dist not in path.parents and project.keys not in path.parents
    }
