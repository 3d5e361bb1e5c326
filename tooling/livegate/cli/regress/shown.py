"""A run for people: the suites with their counts, and each case that is not as judged with all there is to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from livegate.cli import output
from livegate.regression import report, told
from livegate.regression.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livegate.regression.cases import Suite
    from livegate.regression.results import Run
    from livegate.regression.told import Told

MOST = 50
"""Cases that are shown one by one; the reports have all."""

_STYLES = {Outcome.PASSED: "", Outcome.FAILED: "bold red", Outcome.ERROR: "bold magenta", Outcome.SKIPPED: "yellow"}
_COLOURS = {"+": "green", "-": "red"}


def table(run: Run, rules: Mapping[str, str], *, failures_first: bool = False) -> None:
    """Everything on stdout; it needs no more than 80 columns."""
    if failures_first:
        _wrong(run, rules)
    _suites(run)
    if not failures_first:
        _wrong(run, rules)
    click.echo(report.sentence(run.suites))


def names(suites: Sequence[Suite]) -> None:
    """The places and names of the cases that would be decided, a line each."""
    for suite in suites:
        for case in suite.cases:
            click.echo(output.plain(f"{suite.file}:{case.line}: {case.name}"))


def _suites(run: Run) -> None:
    skipped = any(suite.count(Outcome.SKIPPED) for suite in run.suites)
    outcomes = [outcome for outcome in Outcome if skipped or outcome is not Outcome.SKIPPED]
    heads = {Outcome.PASSED: "passed", Outcome.FAILED: "differs", Outcome.ERROR: "errors", Outcome.SKIPPED: "skipped"}
    output.emit_table(
        "Suites",
        ("suite", "file", "cases", *(heads[outcome] for outcome in outcomes)),
        [
            (
                Text(output.plain(suite.suite.title)),
                Text(output.plain(suite.suite.file)),
                str(len(suite.results)),
                *(_number(suite.count(outcome), outcome) for outcome in outcomes),
            )
            for suite in run.suites
        ],
    )


def _wrong(run: Run, rules: Mapping[str, str]) -> None:
    everything = list(told.wrong(run.suites, rules))
    for about in everything[:MOST]:
        _case(about)
    if len(everything) > MOST:
        click.echo(f"… and {len(everything) - MOST} more; --output report.json has all of them\n")


def _case(about: Told) -> None:
    sign = "differs" if about.outcome is Outcome.FAILED else "error"
    click.secho(output.plain(f"{sign}: {' '.join(about.name.split())}"), bold=True)
    click.echo(output.plain(f"  {about.place}{f'  at {about.at}' if about.at else ''}"))
    if about.error:
        click.echo(output.plain("\n".join(f"    {line}" for line in about.error.splitlines())))
    for line in about.lines:
        click.secho(output.plain(f"  {line}"), fg=_COLOURS.get(line.mark))
    if about.gates:
        click.echo(output.plain(f"  gates: {' · '.join(about.gates)}"))
    click.echo(output.plain(f"  again: {about.again}\n"))


def _number(count: int, outcome: Outcome) -> Text:
    return Text(str(count), style=_STYLES[outcome] if count else "")
