"""``livegate regress run --watch``: decide again whenever a suite, a rule or a document is saved."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from livegate.cli import output
from livegate.errors import LivegateError
from livegate.regression.results import Run
from livegate.regression.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from livegate.project import Project
    from livegate.regression.cases import Suite
    from livegate.regression.results import SuiteResult
    from livegate.regression.run import Runner


def watch(
    runner: Runner,
    project: Project,
    paths: Sequence[Path],
    load: Callable[[], Sequence[Suite]],
    show: Callable[[Run], None],
    *,
    sleep: Callable[[float], None],
) -> None:
    """Decide all, then what a change affects, until ``sleep`` raises.

    A suite alone is decided alone, with OPA as it is. Anything else (a rule, a document, a population) makes everything
    anew. What is saved by halves shows its error, and the next change is waited for.

    Args:
        runner: decides, and keeps OPA. project: whose rules and documents are watched. paths: of the suites.
        load: reads the suites as they are now. show: writes a run. sleep: seconds.
    """
    folder = project.rego.parent
    # what stands behind FILE:LINE is the file
    suites = [path if path.exists() else type(path)(str(path).rpartition(":")[0]) for path in paths]
    looking = Watch((project.rego, project.data, folder / "bundles", *suites), sleep=sleep)
    known: dict[str, SuiteResult] = {}
    dirty: set[str] = set()
    everything = True
    while True:
        try:
            found = load()
            files = {os.path.realpath(suite.file): suite for suite in found}
            if everything := everything or bool(dirty - files.keys() - known.keys()):
                runner.forget()
                known.clear()
            todo = [suite for file, suite in files.items() if everything or file in dirty]
            seconds = 0.0
            if todo:
                run = runner.run(todo)
                seconds = run.seconds
                known |= {os.path.realpath(result.suite.file): result for result in run.suites}
            known = {file: known[file] for file in files if file in known}
            _clear()
            show(Run(suites=tuple(known.values()), seconds=seconds))
            dirty, everything = set(), False
        except LivegateError as error:
            _clear()
            output.say(f"livegate: {error}")
        output.say(f"waiting for changes in {folder} (Ctrl-C ends)")
        dirty |= looking.wait()


def _clear() -> None:
    if sys.stdout.isatty():
        click.clear()
