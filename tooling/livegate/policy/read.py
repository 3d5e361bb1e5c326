"""Everything that the policy is answered for with, read once: rules, controls, specification and cases of a project."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from livegate.errors import ConfigError
from livegate.policy import check, controls, coverage, rules, specification
from livegate.regression import choosing, suite

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from livegate.policy.controls import Controls
    from livegate.policy.coverage import Coverage
    from livegate.policy.rules import Rule
    from livegate.project import Project
    from livegate.regression.suite import Suite


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was read, and the problems that kept files from being read. ``controls`` is None when they were not."""

    rules: Mapping[str, Rule]
    controls: Controls | None
    specified: tuple[str, ...]
    suites: tuple[Suite, ...]
    unread: tuple[check.Problem, ...]

    def problems(self) -> tuple[check.Problem, ...]:
        """All that is wrong: what could not be read, and where what was read does not agree."""
        if self.controls is None:
            return self.unread
        # without the specification every rule would seem to be unknown to it
        agreed = check.problems(self.rules, self.controls, self.specified, self.suites) if self.specified else ()
        return (*self.unread, *agreed)

    def coverage(self) -> Coverage:
        """Rules, controls and cases, joined.

        Raises:
            ConfigError: something could not be read; the first of it.
        """
        if self.controls is None or self.unread:
            first = self.unread[0]
            raise ConfigError(first.what, where=first.where, todo=first.todo)
        return coverage.join(self.rules, self.controls, self.specified, self.suites)


def read(project: Project, engine: Path) -> Read:
    """Reads a project; file names are given from its folder.

    Raises:
        EngineError: OPA cannot read the policy.
    """
    root = project.rego.parent
    unread: list[ConfigError] = []
    listed: Controls | None = None
    specified: tuple[str, ...] = ()
    suites: list[Suite] = []
    try:
        listed = controls.load(project.data)
    except ConfigError as error:
        unread.append(error)
    try:
        specified = specification.reasons(project.rego / "README.md")
    except ConfigError as error:
        unread.append(error)
    for path in _suites(root / "tests" / "policy"):
        try:
            suites += (replace(one, file=_named(one.file, root)) for one in suite.load_all((path,)))
        except ConfigError as error:
            unread.append(error)
    return Read(
        rules=rules.rules(engine, project.rego),
        controls=listed,
        specified=specified,
        suites=tuple(suites),
        unread=tuple(replace(problem, where=_named(problem.where, root)) for problem in map(check.Problem.of, unread)),
    )


def _suites(folder: Path) -> list[Path]:
    """Each suite by itself, so that a malformed one does not hide the next; the folder, to be refused, if none."""
    return choosing.files(folder) or [folder]


def _named(where: str, root: Path) -> str:
    return where.removeprefix(f"{root}/")
