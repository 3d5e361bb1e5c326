"""The cases of suites as they are put to a bench: credentials minted once, documents of their organisation named."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from livegate import canonical
from livegate.errors import ConfigError, SuiteError
from livegate.regression import ask
from livegate.regression.compare import compare
from livegate.regression.population import issued
from livegate.regression.stock import Stock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from livegate.project import Project
    from livegate.regression.cases import Case, Given, Suite
    from livegate.regression.issuers import Issuers


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One case, ready to be asked.

    Attributes:
        case: as it is in its suite. file: of the suite. request: with its credential. documents: those in which its
            organisation differs from the one that is loaded; one mapping for all cases of an organisation.
    """

    case: Case
    file: str
    request: Any = field(repr=False)
    documents: Mapping[str, Any] = field(repr=False)
    issuers: Issuers = field(repr=False)

    @property
    def instant(self) -> int:
        """Its clock, ns."""
        return self.case.instant

    @property
    def where(self) -> str:
        """File, line and name."""
        return f"{self.file}:{self.case.line} {self.case.name}"

    def equip(self, request: Any, instant: int) -> Any:
        """Another request with this case's credential, minted for another instant (ns).

        Raises:
            ConfigError: nobody can mint it.
        """
        return self.issuers.equip(request, self.case.credential, self.case.signed, now=instant)

    def killed_by(self, answer: Any) -> str | None:
        """What of an answer is not as judged; None if all is."""
        if wrong := ask.problem(self, answer):
            return wrong
        differences = compare(self.case.expect, answer)
        return "; ".join(f"{one.what}: {one.expected} → {one.actual}" for one in differences) or None


@dataclass(frozen=True, slots=True)
class Prepared:
    """All cases, and root → document of the organisation that most of them are asked of."""

    trials: tuple[Trial, ...]
    documents: Mapping[str, Any] = field(repr=False)


def prepare(project: Project, suites: Iterable[Suite], folder: Path) -> Prepared:
    """Each organisation that a case is asked of, made as it ships, and each case with its credential.

    Args:
        project: rules and documents. folder: for the organisations.

    Raises:
        LivegateError: an organisation cannot be made. SuiteError: a credential that nobody in it can mint.
    """
    listed = [(suite.file, case) for suite in suites for case in suite.cases if not case.given.live]
    if not listed:
        raise SuiteError("there is no case that an organisation could be made for", where="the suites")
    counted = Counter(case.given for _, case in listed)
    base: Mapping[str, Any] = {}
    stock = Stock.new(folder / "stock")
    worlds: dict[Given, tuple[Issuers, Mapping[str, Any]]] = {}
    for number, (given, _) in enumerate(counted.most_common()):
        made = issued(project, given, folder / str(number), stock)
        base = base or made.documents
        worlds[given] = (made.issuers, _differing(made.documents, base))
    return Prepared(tuple(_trial(file, case, *worlds[case.given]) for file, case in listed), base)


def _trial(file: str, case: Case, issuers: Issuers, documents: Mapping[str, Any]) -> Trial:
    try:
        request = issuers.equip(case.request, case.credential, case.signed, now=case.instant)
    except ConfigError as error:
        raise SuiteError(error.what, where=f"{file}:{case.line}", todo=error.todo) from error
    return Trial(case, file, request, documents, issuers)


def _differing(documents: Mapping[str, Any], base: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        root: document
        for root, document in documents.items()
        if document is not base.get(root) and canonical.dumps(document) != canonical.dumps(base.get(root))
    }
