"""``livegate regress diff``: which decisions a change changes."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from livegate.cli import options, output
from livegate.cli.regress import common
from livegate.errors import ConfigError, EngineError
from livegate.files import write_bytes
from livegate.model.instants import parse, show
from livegate.policy.rules import rules
from livegate.regression.diff import declared, report, sides
from livegate.regression.diff.changes import What
from livegate.regression.diff.corpus import LIMIT, SEED, Wanted
from livegate.regression.diff.markdown import as_markdown
from livegate.regression.diff.run import Options
from livegate.regression.diff.run import diff as compare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livegate.regression.diff.run import Diff

_ROWS = 40


@click.command()
@click.argument("base", metavar="BASE")
@click.argument("head", metavar="[HEAD]", required=False)
@click.option(
    "--keys",
    "public_keys",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the public keys that bundles are verified with; the project's bundles/keys by default.",
)
@click.option("--population", default=None, metavar="NAME", help="Organisation of a checkout: example, synced, a name.")
@click.option("--instant", "at", metavar="TIME", help="RFC 3339; by default when the newest document was issued.")
@click.option(
    "--cases",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Suites to ask of both sides; those of both sides by default.",
)
@click.option("--no-cases", is_flag=True, help="No suites at all.")
@click.option(
    "--requests",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Captured requests, JSON a line.",
)
@click.option("--complete", is_flag=True, help="Ask everything, however much it is.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=LIMIT,
    show_default=True,
    help="Generated questions on each side; whoever holds nothing for an action is sampled above it.",
)
@click.option("--seed", type=int, default=SEED, show_default=True, help="Of the sample.")
@click.option(
    "--declared",
    "declared_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"Reviewed changes; {declared.DEFAULT} of HEAD (of the project, for bundles) by default, if it is there.",
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
def diff(
    ctx: click.Context,
    *,
    base: str,
    head: str | None,
    public_keys: Path | None,
    population: str | None,
    at: str | None,
    cases: tuple[Path, ...],
    no_cases: bool,
    requests: tuple[Path, ...],
    complete: bool,
    limit: int,
    seed: int,
    declared_file: Path | None,
    form: str,
    target: Path | None,
    project_folder: Path | None,
) -> None:
    """Which decisions change between BASE and HEAD: folders of bundles, checkouts, or commits of the project.

    HEAD is the project as it stands if it is not named. Both sides answer the cases of their suites, captured requests
    and a corpus generated from their documents, in real OPAs, at the same instants.

    Exit codes: 0 nothing changed, or all of it is declared · 3 a decision changed that is not · 1 not everything could
    be decided · 2 usage.
    """
    if target is not None and form == "table":
        raise ConfigError("is for reports", where="--output", todo="add --format json or --format markdown")
    if cases and no_cases:
        raise ConfigError("names suites and wants none", where="--no-cases", todo="leave one of the two out")
    project = options.project_of(project_folder)
    engine = options.engine_of(project)
    one, other = (sides.recognise(name, project) for name in (base, head or str(project.rego.parent)))
    example = (project.data / "example").is_dir()
    wanted = Options(
        population=population or ("example" if example else "synced"),
        instant=_instant(at),
        cases=() if no_cases else cases or None,
        requests=requests,
        wanted=Wanted(complete=complete, limit=limit, seed=seed),
        declared=declared_file,
        public_keys=public_keys or project.keys,
    )
    say = output.say if sys.stderr.isatty() else lambda _: None
    found = compare(
        one,
        other,
        project,
        engine,
        wanted,
        now=time.time_ns(),
        rules=lambda rego: _rules(engine.path, rego),
        progress=say,
    )
    if target is not None:
        write_bytes(target, _report(found, form))
    if form == "table" or target is not None:
        _show(found)
    else:
        click.echo(_report(found, form), nl=False)
    ctx.exit(found.exit_code)


def _rules(engine: Path, rego: Path) -> Mapping[str, str]:
    """Reason → file:line. Of a policy that OPA cannot parse none: then no side could have been made from it."""
    try:
        return {id_: rule.where for id_, rule in rules(engine, rego).items()}
    except EngineError as error:
        output.say(f"livegate: the rules have no places: {error}")
        return {}


def _instant(text: str | None) -> int | None:
    try:
        return None if text is None else parse(text)
    except ValueError as error:
        raise ConfigError(str(error), where="--instant") from error


def _report(found: Diff, form: str) -> bytes:
    if form == "markdown":
        return as_markdown(found).encode()
    return json.dumps(report.as_json(found), indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _show(found: Diff) -> None:
    """What was opened without being declared, separations, what was closed, what was declared; then the counts."""
    undeclared = [group for group in found.groups if group.declared is None]
    for title, groups in (
        ("Opened, not declared", [group for group in undeclared if group.what is What.OPENED]),
        ("Easier terms, not declared", [group for group in undeclared if group.what is What.EASED]),
        ("Closed, not declared", [group for group in undeclared if group.what is What.CLOSED]),
        ("Declared", [group for group in found.groups if group.declared is not None]),
    ):
        if groups:
            _table(
                title,
                ("", "who", "what", "on", "reasons", "how"),
                [
                    (
                        "privileged" if group.privileged else "",
                        report.who(group),
                        f"{report.WORDS[group.what]} {group.action}",
                        report.on(group),
                        "\n".join(group.reasons),
                        report.how(group),
                    )
                    for group in groups
                ],
            )
        if title.startswith("Opened"):
            _separation(found)
    _people(found)
    for title, lines in (("By application", report.by_application(found)), ("By rule", report.by_rule(found))):
        if lines:
            _table(
                title,
                ("", "where", "opened", "closed", "subjects"),
                [(one.name, one.where, str(one.opened), str(one.closed), str(one.subjects)) for one in lines],
            )
    for declaration in found.stale:
        why = report.stale(declaration, found)
        click.echo(output.plain(f"declared, and {why}: {declaration.where}: {declaration.reason}"))
    for text in found.unanswered[:_ROWS]:
        output.say(f"not answered: {text}")
    for side in (found.base, found.head):
        for remark in side.remarks:
            output.say(f"{side.place.name}: {remark}")
    _counts(found)


def _counts(found: Diff) -> None:
    counts, asked = report.summary(found), report.asked(found)
    click.echo(f"differs: {', '.join(found.differs) or 'nothing'}")
    click.echo(
        f"{asked['decisions']} questions on each side at {show(found.instant)} and around every end: "
        f"{asked['generated']} generated ({'all' if asked['complete'] else 'not all'}: "
        f"{asked['holding']['asked']} of {asked['holding']['pairs']} pairs that hold something, "
        f"{asked['without']['asked']} of {asked['without']['pairs']} that hold nothing), {asked['cases']} cases, "
        f"{asked['requests']} captured requests"
    )
    click.echo(
        f"{counts['opened']} opened ({counts['undeclared_opened']} undeclared), {counts['closed']} closed "
        f"({counts['undeclared_closed']} undeclared); same decision with other reasons {counts['reasons']}, "
        f"obligations {counts['obligations']}, end {counts['valid_until']}"
    )
    if found.partial:
        output.say(f"livegate: PARTIAL: {found.error or f'{len(found.unanswered)} questions were not answered'}")


def _separation(found: Diff) -> None:
    if found.violations:
        _table(
            "Separation of duties, newly possible",
            ("what", "who", "actions", "on", "declared"),
            [
                (
                    one.title,
                    report.some(one.subjects),
                    f"{one.first} and {one.then}" if one.first else one.action,
                    report.some(one.resources),
                    "yes" if one.declared else "",
                )
                for one in found.violations
            ],
        )


def _people(found: Diff) -> None:
    if found.people:
        _table(
            "Joiners, movers, leavers",
            ("", "who", "identity", "holds", "gains", "loses"),
            [
                (
                    one.view,
                    one.id,
                    "\n".join(f"{name}: {was or '-'} → {is_ or '-'}" for name, was, is_ in one.parts),
                    report.some([*(f"+{key}" for key in one.came), *(f"-{key}" for key in one.went)]),
                    report.some(one.gains),
                    report.some(one.loses),
                )
                for one in found.people
            ],
        )


def _table(title: str, columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
    output.emit_table(title, columns, [tuple(Text(output.plain(cell)) for cell in row) for row in rows[:_ROWS]])
    if len(rows) > _ROWS:
        click.echo(f"and {len(rows) - _ROWS} more")
