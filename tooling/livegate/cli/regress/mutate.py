"""``livegate regress mutate``: whether the cases would notice if the policy were wrong."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from livegate.cli import options, output
from livegate.cli.regress import common
from livegate.cli.stopping import stopping
from livegate.errors import ConfigError
from livegate.files import write_bytes
from livegate.regression.mutation import data, equivalent, plan, report, tree
from livegate.regression.mutation.cases import prepare
from livegate.regression.mutation.run import run
from livegate.regression.mutation.suggest import suggestions
from livegate.regression.scratch import temporary
from livegate.regression.suite import load_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livegate.cli.stopping import Stop
    from livegate.project import Project
    from livegate.regression.cases import Suite
    from livegate.regression.mutation.report import Report
    from livegate.regression.mutation.run import Change


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH…]")
@click.option(
    "--only",
    multiple=True,
    metavar="PLACE",
    help="Mutants of this folder, file or FILE:LINE alone, such as rego/authz/gates; all of rego/authz if left out.",
)
@click.option("--data", "of_data", is_flag=True, help="Mutants of the documents in the place of the policy's.")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Only so many, drawn at random.")
@click.option("--seed", type=int, default=1, show_default=True, help="What draws the sample and the suggestions.")
@click.option("--jobs", type=click.IntRange(1, 64), help="OPAs side by side; as many as there are processors.")
@click.option(
    "--suggest",
    type=click.IntRange(0, 100_000),
    default=0,
    metavar="N",
    help="For each that survives, try N variations of the cases for one that would notice it.",
)
@click.option(
    "--floor", type=click.FloatRange(0, 100), help="The least score (percent), of the whole and of each gate."
)
@click.option(
    "--equivalent",
    "listed",
    type=click.Path(dir_okay=False, path_type=Path),
    help="List of mutants that nothing could notice; the project's tests/policy/equivalent.yaml if left out.",
)
@common.form_option
@click.option(
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the JSON or Markdown report to this file, and the table to stdout.",
)
@options.project_option
@click.pass_context
def mutate(
    ctx: click.Context,
    *,
    paths: tuple[Path, ...],
    only: tuple[str, ...],
    of_data: bool,
    sample: int | None,
    seed: int,
    jobs: int | None,
    suggest: int,
    floor: float | None,
    listed: Path | None,
    form: str,
    target: Path | None,
    project_folder: Path | None,
) -> None:
    """Change the policy by little, again and again: does a case of PATH notice (tests/policy if none is named)?

    Conditions go, comparisons shift, constants change, gates always pass; each such mutant that no case notices is a
    case that is missing, or a line that is not needed. Mutants never ship: they run unsigned, in an OPA of their own.

    Exit codes: 0 done · 3 the score is below the floor, a listed mutant is not equivalent, or a case differs without
    any mutant · 1 OPA failed; what was tried by then is reported · 2 usage, a suite or the list is malformed ·
    130 interrupted; the same.
    """
    if target is not None and form == "table":
        raise ConfigError("is for reports", where="--output", todo="add --format json or --format markdown")
    if of_data and only:
        raise ConfigError("is of the policy, --data of the documents", where="--only", todo="leave one of them out")
    project = options.project_of(project_folder)
    suites = load_all(paths or (_tests(project),))
    with stopping() as stop:
        made = _report(
            project,
            suites,
            only=only,
            of_data=of_data,
            sample=sample,
            seed=seed,
            jobs=jobs or os.cpu_count() or 1,
            suggest=suggest,
            listed=listed or project.rego.parent / "tests" / "policy" / "equivalent.yaml",
            stop=stop,
        )
        stopped = stop.wait(0)
    if target is not None:
        write_bytes(target, _written(made, form, floor).encode())
    if form == "table" or target is not None:
        show_table(made, floor)
    else:
        click.echo(_written(made, form, floor), nl=False)
    if stopped and not made.outcome.complete:
        raise KeyboardInterrupt
    if made.outcome.error is not None:
        raise made.outcome.error
    ctx.exit(made.exit_code(floor))


def show_table(made: Report, floor: float | None) -> None:
    """Scores by gate and by file, then every mutant that survived, with what would notice it."""
    low = {score.name for score in made.below(floor)} if floor is not None else set()
    for title, scores in (
        ("Gates", made.scores(lambda result: result.mutant.gate)),
        ("Files", made.scores(lambda result: result.mutant.file)),
    ):
        output.emit_table(
            title,
            ("of", "score", "killed", "timeout", "survived", "equivalent", "stillborn"),
            [
                (
                    score.name,
                    Text(report.percent(score), style="bold red" if title == "Gates" and score.name in low else ""),
                    str(score.killed),
                    str(score.timeout),
                    str(score.survived),
                    str(score.equivalent),
                    str(score.stillborn),
                )
                for score in scores
            ],
        )
    for result in made.survivors:
        click.echo(output.plain(f"\n{result.mutant.where}  {result.mutant.gate}  {result.mutant.name}"))
        for line in result.mutant.diff():
            click.echo(output.plain(f"  {line.expandtabs(4)}"))
        if result.mutant.number in made.suggestions:
            suggestion = made.suggestions[result.mutant.number]
            click.echo(output.plain(suggestion.text.rstrip("\n") if suggestion else f"  {report.NONE_FOUND}"))
    for case, why in made.outcome.broken:
        click.echo(output.plain(f"\nleft out, because it differs without any mutant: {case}\n  {why}"))
    for entry, result in made.refuted:
        click.echo(output.plain(f"\nnot equivalent: {entry.where}: {result.mutant.where} {result.by or result.why}"))
    click.echo(f"\n{'' if made.outcome.complete else 'NOT COMPLETE: '}{report.summary(made)}")


def _report(
    project: Project,
    suites: Sequence[Suite],
    *,
    only: tuple[str, ...],
    of_data: bool,
    sample: int | None,
    seed: int,
    jobs: int,
    suggest: int,
    listed: Path,
    stop: Stop,
) -> Report:
    engine = options.engine_of(project).path
    say = output.say if sys.stderr.isatty() else lambda _: None
    modules = tree.modules(engine, project.rego, tree.files(project.rego))
    every = plan.mutants(modules)
    entries = {} if of_data else equivalent.matched(equivalent.load(listed), every)
    placed = plan.only(every, only or (plan.DECIDES,))
    with temporary("mutate") as scratch:
        folder = Path(scratch)
        say("making the organisations that the cases are asked of")
        prepared = prepare(project, suites, folder / "populations")
        stop.check()
        candidates: Sequence[Change] = data.mutants(prepared.documents) if of_data else placed
        chosen = plan.sample(candidates, sample, seed)
        outcome = run(
            engine,
            modules,
            chosen,
            prepared,
            folder=folder / "run",
            jobs=jobs,
            stopped=lambda: stop.wait(0),
            progress=_progress(len(chosen)),
        )
        made = report.Report(
            outcome=outcome,
            chosen=(len(chosen), len(candidates)),
            listed=entries,
            seed=None if sample is None else seed,
        )
        survivors = [result.mutant for result in made.survivors if not isinstance(result.mutant, data.DataMutant)]
        if suggest and survivors and outcome.error is None and not stop.wait(0):
            say(f"looking for the cases that {len(survivors)} survivors miss")
            found = suggestions(
                engine,
                modules,
                survivors,
                outcome.trials,
                prepared.documents,
                folder=folder,
                jobs=jobs,
                seed=seed,
                count=suggest,
                stopped=lambda: stop.wait(0),
            )
            made = replace(made, suggestions=found)
    return made


def _progress(of: int) -> Callable[[int, int], None]:
    if not sys.stderr.isatty():
        return lambda *_: None

    def show(tried: int, survived: int) -> None:
        score = 100 * (tried - survived) / tried
        end = "\n" if tried == of else ""
        click.echo(
            f"\r{tried:,} of {of:,} mutants, {score:.1f} % noticed, {survived} survived {end}", nl=False, err=True
        )

    return show


def _written(made: Report, form: str, floor: float | None) -> str:
    if form == "markdown":
        return report.as_markdown(made, floor)
    return json.dumps(report.as_json(made, floor), indent=2, ensure_ascii=False) + "\n"


def _tests(project: Project) -> Path:
    """The project's own suites, named from the working folder."""
    return Path(os.path.relpath(project.rego.parent / "tests" / "policy"))
