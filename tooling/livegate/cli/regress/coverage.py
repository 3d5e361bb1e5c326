"""``livegate regress coverage``: what the cases cover, and what nobody has judged yet."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livegate.cli import options, output
from livegate.cli.regress import common
from livegate.files import write_bytes
from livegate.policy.read import read
from livegate.regression import covered
from livegate.regression.coverage import Known, catalogued, total
from livegate.regression.coverage import coverage as cover
from livegate.regression.suite import load_all
from livegate.regression.trace import trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livegate.opa.engine import Engine
    from livegate.project import Project
    from livegate.regression.coverage import Kind
    from livegate.regression.trace import Traced


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH…]")
@common.form_option
@click.option(
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report to this file, in the format that --format names.",
)
@click.option(
    "--floor",
    "least",
    multiple=True,
    metavar="[KIND=]PERCENT",
    help="Exit 3 if less is covered, of a kind or in total; may be given several times.",
)
@click.option("--show", default=10, show_default=True, help="How much of what is missing a table lists, a kind.")
@options.project_option
@click.pass_context
def coverage(
    ctx: click.Context,
    *,
    paths: tuple[Path, ...],
    form: str,
    target: Path | None,
    least: tuple[str, ...],
    show: int,
    project_folder: Path | None,
) -> None:
    """Say what the cases of each PATH cover (the project's tests/policy if none is named), and what they do not.

    Kinds: expressions of the policy that some case has OPA evaluate · gates, each passed in an allow and in a denial,
    denied alone and with others · reasons · actions of the catalogue, allowed and denied · controls and requirements
    that some case speaks for · boundaries: each end of a window in the population, at it and one nanosecond before.

    Only a case that is decided as judged covers anything.

    Exit codes: 0 measured · 3 less than a --floor, or a case is not as judged · 2 a suite is malformed.
    """
    floors = covered.floors(least)
    project = options.project_of(project_folder)
    suites = load_all(paths or (Path(os.path.relpath(project.rego.parent / "tests" / "policy")),))
    engine = options.engine_of(project)
    say = output.say if sys.stderr.isatty() else lambda _: None
    traced = trace(project, suites, engine, progress=say)
    kinds = cover(_known(project, engine, traced), traced.decided, traced.expressions)
    said = covered.below(kinds, floors)
    count = len(traced.decided) + len(traced.wrong)
    if form == "json":
        text = json.dumps(covered.as_json(kinds, cases=count, wrong=traced.wrong), indent=2, sort_keys=True) + "\n"
    elif form == "markdown":
        text = covered.as_markdown(kinds, cases=count, wrong=traced.wrong, said=said)
    else:
        text = ""
    if target is not None and text:
        write_bytes(target, text.encode())
    if form == "table" or target is not None:
        show_table(kinds, traced, show)
    else:
        click.echo(text, nl=False)
    for line in (*traced.wrong, *said):
        output.say(line)
    ctx.exit(3 if traced.wrong or said else 0)


def show_table(kinds: Sequence[Kind], traced: Traced, show: int) -> None:
    """A line a kind, then the first ``show`` of what each is missing."""
    output.emit_table(
        "Coverage",
        ("kind", "covered", "of", "%"),
        [
            (kind.name, str(kind.covered), str(len(kind.items)), covered.percent(kind))
            for kind in (*kinds, total(kinds))
        ],
    )
    for kind in kinds:
        for item in kind.missing[:show]:
            click.echo(output.plain(f"{kind.name}: {covered.shown(item)}"))
        if len(kind.missing) > show:
            click.echo(f"{kind.name}: and {len(kind.missing) - show} more (--show, --format json)")
    count = len(traced.decided) + len(traced.wrong)
    live = f"; {traced.skipped} are for a live OPA and were not asked" if traced.skipped else ""
    click.echo(f"{count} cases, {len(traced.wrong)} not as judged{live}")


def _known(project: Project, engine: Engine, traced: Traced) -> Known:
    joined = read(project, engine.path).coverage()
    documents = traced.documents
    served: dict[str, frozenset[str]] = {}
    for framework in joined.controls.frameworks.values():
        for control in framework.controls:
            if rules := joined.serving(framework, control):
                served[f"{framework.key} {control.id}"] = frozenset(rule.id for rule, _ in rules)
    return Known(
        gates=tuple(documents["config"]["gates"]),
        reasons={rule.id: rule.where for rule in joined.rules.values()},
        actions=catalogued(documents["catalog"]),
        controls=served,
        own=tuple(joined.controls.own),
    )
