"""Captured files decided as they will be: by the project's own rules, from the population that they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from livegate.files import write_bytes
from livegate.regression.results import Outcome
from livegate.regression.run import Runner
from livegate.regression.scratch import temporary
from livegate.regression.suite import load_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from livegate.opa.engine import Engine
    from livegate.project import Project


def differing(
    project: Project, engine: Engine, files: Mapping[str, bytes], *, progress: Callable[[str], None] = lambda _: None
) -> list[str]:
    """The cases of these files that are not decided as they say, each with what differs; none if all are.

    Raises:
        LivegateError: not a single one could be decided, or a file is none that a suite may be.
    """
    with temporary("capture") as folder:
        for path, data in files.items():
            write_bytes(Path(folder) / path, data, mode=0o600)
        suites = load_all(sorted(Path(folder).glob("*.yaml")))
        with Runner(project, engine, progress=progress) as runner:
            return [
                f"{case.case.name}: {case.error or ', '.join(item.what for item in case.differences)}"
                for suite in runner.run(suites).suites
                for case in suite.results
                if case.outcome is not Outcome.PASSED
            ]
