"""``livegate regress laws``: what holds of every decision, tried on cases, documents and random requests."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from livegate.cli import options, output
from livegate.cli.regress import common
from livegate.files import write_bytes
from livegate.regression.laws import report
from livegate.regression.laws.check import CORPUS, POPULATIONS, run
from livegate.regression.laws.law import load_all
from livegate.regression.suite import load_all as load_suites

if TYPE_CHECKING:
    from livegate.project import Project
    from livegate.regression.laws.check import Report

_STYLES = {"broken": "bold red", "vacuous": "bold yellow", "untried": "dim", "holds": ""}


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH…]")
@click.option(
    "--suites",
    "suites",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Suites whose cases are tried, and varied; the project's tests/policy if none is named. May be repeated.",
)
@click.option(
    "--count",
    type=click.IntRange(0, 1_000_000),
    default=3_000,
    show_default=True,
    help="Random requests; each law about a change is compared a quarter as often.",
)
@click.option(
    "--populations",
    type=click.IntRange(0, 10_000),
    default=POPULATIONS,
    show_default=True,
    help="How many populations of the suites are made, those with the most cases; 0 for all.",
)
@click.option(
    "--corpus",
    type=click.IntRange(1, 10_000_000),
    default=CORPUS,
    show_default=True,
    help="About how many pairs of subject and resource that the documents suggest are tried at most.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, (1 << 63) - 1),
    default=None,
    help="Of all that is random. The same seed tries the same; drawn and told if left out.",
)
@common.form_option
@click.option(
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the counterexamples, if there are any, as a suite to this file.",
)
@options.project_option
@click.pass_context
def laws(
    ctx: click.Context,
    *,
    paths: tuple[Path, ...],
    suites: tuple[Path, ...],
    count: int,
    populations: int,
    corpus: int,
    seed: int | None,
    form: str,
    target: Path | None,
    project_folder: Path | None,
) -> None:
    """Try the laws of each PATH, a file or folder (the project's tests/policy/laws if none is named).

    A law is a condition over one decision, or says what a change of documents, request or clock never does. Each is
    tried on the cases of the suites, on every request that the documents suggest, and on random variations of both, by
    the signed bundles in a real OPA. A counterexample is made small and told as a case ready to be judged.

    Exit codes: 0 every law holds · 3 one is broken, or nothing tried it · 1 something could not be decided · 2 a law
    is malformed, or reads what the gates say.
    """
    project = options.project_of(project_folder)
    book = load_all(paths or (_below(project, "tests", "policy", "laws"),))
    cases = load_suites(suites or (_below(project, "tests", "policy"),))
    drawn = int.from_bytes(os.urandom(4)) if seed is None else seed
    say = output.say if sys.stderr.isatty() else lambda _: None
    engine = options.engine_of(project)
    result = run(
        project,
        book,
        cases,
        engine,
        count=count,
        seed=drawn,
        populations=populations,
        most=corpus,
        progress=say,
    )
    if target is not None and (text := report.cases(result)):
        write_bytes(target, text.encode())
    if form == "json":
        output.emit_json(report.as_json(result))
    elif form == "markdown":
        click.echo(report.as_markdown(result), nl=False)
    else:
        show_table(result)
    ctx.exit(report.exit_code(result))


def show_table(result: Report) -> None:
    """Every law with how often it was tried, then each counterexample as YAML."""
    output.emit_table(
        "Laws",
        ("law", "where", "verdict", "tried", "broken", "excepted"),
        [
            (
                Text(output.plain(one.law.name)),
                Text(output.plain(f"{one.law.file}:{one.law.line}")),
                Text(report.verdict(one), style=_STYLES[report.verdict(one)]),
                str(one.tried),
                str(one.broken),
                str(one.excepted),
            )
            for one in result.results
        ],
    )
    for one in result.results:
        if one.found:
            click.echo(f"\n{output.plain(one.law.name)}: a case to judge\n\n{output.plain(one.found.case)}", nl=False)
    for origin, problem in result.undecided[:5]:
        click.echo(f"undecided: {output.plain(origin)}: {output.plain(problem)}")
    for skipped in result.skipped:
        output.say(f"not tried: {skipped}")
    click.echo(report.summary(result))


def _below(project: Project, *parts: str) -> Path:
    """A folder of the project, named from the working folder."""
    return Path(os.path.relpath(project.rego.parent.joinpath(*parts)))
