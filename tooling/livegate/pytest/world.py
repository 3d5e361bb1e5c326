"""What a session of tests shares: an OPA with a population's signed bundles, and what it would hold after changes."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livegate.errors import ConfigError, EngineError
from livegate.model.instants import parse
from livegate.opa.engine import install
from livegate.opa.process import ENDING
from livegate.opa.surroundings import Surroundings
from livegate.opa.tools import OPA
from livegate.pipeline import example
from livegate.project import Project
from livegate.pytest.here import Here
from livegate.pytest.people import named_as_in_pam
from livegate.regression import ask
from livegate.regression.ask import Question
from livegate.regression.population import issued, serving
from livegate.regression.populations import Populations
from livegate.regression.scratch import temporary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from livegate.regression.cases import Given
    from livegate.regression.issuers import Issuers
    from livegate.regression.population import Served

_NEVER = frozenset({"trust"})
"""Not replaced: the keys in it are made anew with each issue, and the credentials of the session are by the first."""


@contextlib.contextmanager
def opened(project_folder: Path, population: str, instant: str, *, folder: Path) -> Iterator[World]:
    """A population in a running OPA, for as long as the block lasts.

    Args:
        project_folder: of the policy, or below it. population: its name. instant: RFC 3339; empty for its own.
        folder: for what is made on the way.

    Raises:
        LivegateError: there is no such project or population, OPA cannot be installed, or did not start.
    """
    project = Project.find(project_folder.resolve())
    given, start = _population(project, population, instant)
    engine = install(OPA, around=Surroundings.here(modules=project.engine))
    with serving(project, given, engine, folder=folder) as served:
        world = World(project, given, served, start=start)
        try:
            yield world
        finally:
            world.close()


def _population(project: Project, name: str, instant: str) -> tuple[Given, int]:
    """The plain population, and where clocks stand."""
    if name == "live":
        raise ConfigError(
            "an OPA that runs elsewhere cannot be changed or frozen",
            where="livegate_population",
            todo="`livegate regress run --url` asks one",
        )
    try:
        start = parse(instant) if instant else time.time_ns() if name == "synced" else example.INSTANT
    except ValueError as error:
        raise ConfigError(str(error), where="livegate_instant") from error
    beside = project.rego.parent / "tests" / "policy" / "suite.yaml"
    given = Populations().given(name, start, file=str(beside), at=Here("livegate"))
    return given, start if instant or given.synced is None else given.synced


class World:
    """One population in one OPA; any number of tests, and the application's threads, ask of it what they changed it to.

    Args:
        project: rules and documents. given: the plain population. served: it, in a running OPA.
        start: its instant (ns).
    """

    def __init__(self, project: Project, given: Given, served: Served, *, start: int) -> None:
        self.given, self.start = given, start
        self._project, self._served = project, served
        self._client = served.opa.client()
        self._lock = threading.Lock()
        self._made: dict[Given, Mapping[str, Any]] = {given: {}}

    @property
    def issuers(self) -> Issuers:
        """Who mints credentials that this OPA takes."""
        return self._served.issuers

    def documents(self, given: Given) -> Mapping[str, Any]:
        """What differs from the plain population in the documents of ``given``, root → document.

        They are made as those that ship: the sources' exports are changed, synced, checked, stamped and signed.

        Raises:
            LivegateError: a change that no source could make, such as a grant to nobody.
        """
        with self._lock:
            if given not in self._made:
                with temporary("pytest") as folder:
                    named = named_as_in_pam(self._project, given)
                    made = issued(self._project, named, Path(folder)).documents
                plain = self._served.documents
                self._made[given] = {
                    root: document
                    for root, document in made.items()
                    if root not in _NEVER and document != plain.get(root)
                }
            return self._made[given]

    def answer(self, request: Any, instant: int, given: Given) -> dict[str, Any]:
        """OPA's answer to the request with its clock at ``instant`` (ns).

        Raises:
            EngineError: OPA cannot be asked, has ended, or gave no decision.
        """
        asked = Question(request=request, instant=instant, documents=self.documents(given))
        (answer,) = self._asked(asked, ask.DECISION)
        if wrong := ask.problem(asked, answer):
            raise EngineError(wrong, where=self._served.opa.url)
        found: dict[str, Any] = answer
        return found

    def gates(self, request: Any, instant: int, given: Given) -> dict[str, bool]:
        """Gate → whether it passed, of the same question. Raises as :meth:`answer`."""
        asked = Question(request=request, instant=instant, documents=self.documents(given))
        with self._lock:
            (found,) = ask.gates(self._client, [asked])
        return found

    def close(self) -> None:
        """Let go of the connection."""
        self._client.session.close()

    def _asked(self, asked: Question, of: str) -> list[Any]:
        with self._lock:  # a requests.Session is one thread's at a time
            try:
                return ask.answers(self._client, [asked], of=of)
            except EngineError:
                self._served.opa.ensure_running(within=ENDING)  # how OPA ended says more than that it cannot be reached
                raise
