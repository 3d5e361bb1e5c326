"""``livegate regress``: what a change does to decisions, before it ships."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from livegate.cli import options, output
from livegate.errors import ConfigError
from livegate.files import write_bytes
from livegate.model.instants import show
from livegate.regression import report
from livegate.regression.run import Outcome
from livegate.regression.run import run as decide
from livegate.regression.suite import chosen, load_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livegate.project import Project
    from livegate.regression.run import SuiteResult

_STYLES = {Outcome.PASSED: "", Outcome.FAILED: "bold red", Outcome.ERROR: "bold magenta"}


@click.group()
def regress() -> None:
    """Decide hand-judged cases with the signed bundles, in a real OPA."""


@regress.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH…]")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "junit"]),
    default="table",
    show_default=True,
    help="For people, for machines, for CI servers.",
)
@click.option(
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the JSON or JUnit report to this file, and the table to stdout.",
)
@click.option("--filter", "wanted", metavar="TEXT", help="Only cases that have TEXT in their file, suite or name.")
@options.project_option
@click.pass_context
def run(
    ctx: click.Context,
    *,
    paths: tuple[Path, ...],
    form: str,
    target: Path | None,
    wanted: str | None,
    project_folder: Path | None,
) -> None:
    """Decide the cases of each PATH, a suite or a folder of suites (the project's tests/policy if none is named).

    The population is synced, its bundles signed, and an OPA that verified them decides each case with its clock
    standing at the case's instant.

    Exit codes: 0 all as judged · 3 a decision differs · 1 a case could not be decided · 2 a suite is malformed, or
    there is no case.
    """
    if target is not None and form == "table":
        raise ConfigError("is for reports", where="--output", todo="add --format json or --format junit")
    project = options.project_of(project_folder)
    suites = load_all(paths or (_cases(project),))
    if wanted is not None:
        suites = chosen(suites, wanted)
    say = output.say if sys.stderr.isatty() else lambda _: None
    results = decide(project, suites, options.engine_of(project), progress=say)
    if target is not None:
        write_bytes(target, _report(results, form))
    if form == "table" or target is not None:
        show_table(results)
    else:
        click.echo(_report(results, form), nl=False)
    ctx.exit(report.exit_code(results))


def show_table(results: Sequence[SuiteResult]) -> None:
    """Suites with their counts, then every case that did not pass with both sides and what each gate said."""
    output.emit_table(
        "Suites",
        ("suite", "file", "cases", "passed", "differs", "errors"),
        [
            (
                _plain(suite.suite.title),
                _plain(suite.suite.file),
                str(len(suite.results)),
                *(_number(suite.count(outcome), outcome) for outcome in Outcome),
            )
            for suite in results
        ],
    )
    rows: list[tuple[str | Text, ...]] = []
    for suite in results:
        for result in suite.results:
            if result.outcome is Outcome.PASSED:
                continue
            case = Text(f"{result.case.name}\n{report.place(suite, result)}\nat {show(result.case.instant)}")
            expected = [f"{item.what}: {item.expected}" for item in result.differences]
            actual = [f"{item.what}: {item.actual}" for item in result.differences] or [result.error or ""]
            rows.append((case, "\n".join(expected), "\n".join(actual), report.said(result)))
    if rows:
        output.emit_table(
            "Not as judged", ("case", "expected", "actual", "gates"), [tuple(map(_plain, row)) for row in rows]
        )
    total = report.summary(results)
    click.echo(
        f"{total['cases']} cases in {total['suites']} suites: {total['passed']} as judged, "
        f"{total['failed']} differ, {total['error']} could not be decided"
    )


def _cases(project: Project) -> Path:
    """The project's own suites, named from the working folder."""
    return Path(os.path.relpath(project.rego.parent / "tests" / "policy"))


def _report(results: Sequence[SuiteResult], form: str) -> bytes:
    if form == "junit":
        return report.as_junit(results)
    return json.dumps(report.as_json(results), indent=2, sort_keys=True).encode() + b"\n"


def _number(count: int, outcome: Outcome) -> Text:
    return Text(str(count), style=_STYLES[outcome] if count else "")


def _plain(cell: str | Text) -> Text:
    # square brackets in a name are text, not rich's markup
    return cell if isinstance(cell, Text) else Text(cell)
