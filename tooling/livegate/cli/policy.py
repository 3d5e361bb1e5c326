"""``livegate policy``: which rule serves which requirement, what proves it, and what nobody answers."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from livegate.cli import options, output
from livegate.errors import ConfigError
from livegate.files import read_bytes, write_bytes
from livegate.policy import page as pages
from livegate.policy.check import near
from livegate.policy.read import read

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.policy.check import Problem
    from livegate.policy.coverage import Coverage
    from livegate.policy.rules import Rule

_LIMIT = 1 << 22


@click.group()
def policy() -> None:
    """Say which rule serves which requirement, and see that it is true."""


@policy.command("list")
@click.option("--gate", metavar="GATE", help="Only rules of this gate.")
@click.option("--control", metavar="ID", help="Only rules that serve this control: one of ours, or a framework's.")
@click.option(
    "--framework", metavar="KEY", help="Only rules that serve this framework, and of what they serve only its own."
)
@output.format_option
@options.project_option
def list_(
    *, gate: str | None, control: str | None, framework: str | None, form: str, project_folder: Path | None
) -> None:
    """Every reason for which the policy denies, with the controls it serves and the cases that expect it."""
    project = options.project_of(project_folder)
    coverage = read(project, options.engine_of(project).path).coverage()
    _known("--gate", gate, coverage.gates())
    _known("--framework", framework, coverage.controls.frameworks)
    listed = [item.id for one in coverage.controls.frameworks.values() for item in one.controls]
    _known("--control", control, [*coverage.controls.own, *listed])
    rows = [_row(rule, coverage, framework) for rule in coverage.rules.values() if gate in {None, rule.gate}]
    rows = [
        row
        for row in rows
        if (framework is None or row["serves"])
        and (control is None or control in row["controls"] or control in {link["id"] for link in row["serves"]})
    ]
    if form == "json":
        output.emit_json(rows)
        return
    output.emit_table(
        f"{len(rows)} reasons",
        ("reason", "means", "next", "own", "frameworks", "cases", "where"),
        [
            (
                row["id"],
                row["title"],
                row["next_action"] or "",
                " ".join(row["controls"]),
                pages.claims(
                    (link.id, link)
                    for link in coverage.controls.reasons.get(row["id"], ())
                    if framework in {None, link.framework}
                ),
                str(row["cases"]),
                f"{row['file']}:{row['line']}",
            )
            for row in rows
        ],
    )


@policy.command()
@output.format_option
@options.project_option
@click.pass_context
def check(ctx: click.Context, *, form: str, project_folder: Path | None) -> None:
    """See that every reason and every case names controls that exist, and that every mapping is true to its list.

    A reason of the specification that no rule gives yet is no fault; a rule that the specification does not know is.

    Exit codes: 0 all agrees · 3 something does not · 1 OPA cannot read the policy.
    """
    project = options.project_of(project_folder)
    found = read(project, options.engine_of(project).path)
    problems = found.problems()
    if form == "json":
        output.emit_json([asdict(problem) for problem in problems])
    else:
        _show(problems)
        if not problems:
            coverage = found.coverage()
            click.echo(
                f"{len(coverage.rules)} reasons, {len(coverage.cases)} cases and {len(coverage.controls.frameworks)} "
                f"frameworks agree; {len(coverage.unwritten())} reasons of the specification have no rule yet"
            )
    ctx.exit(3 if problems else 0)


@policy.command()
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing: exit 3 if the page is not what would be written."
)
@options.project_option
@click.pass_context
def page(ctx: click.Context, *, only_check: bool, project_folder: Path | None) -> None:
    """Write data/controls/README.md: rules to controls, controls to rules, cases, and the gaps.

    Exit codes: 0 written, or as it would be · 3 it is stale, or `livegate policy check` finds something.
    """
    project = options.project_of(project_folder)
    found = read(project, options.engine_of(project).path)
    problems = found.problems()
    if problems:
        _show(problems)
        ctx.exit(3)
    target = project.data / "controls" / "README.md"
    wanted = pages.write(found.coverage()).encode()
    there = read_bytes(target, limit=_LIMIT) if target.exists() else b""
    if there == wanted:
        click.echo(f"{target}: as it should be")
    elif only_check:
        click.echo(f"{target}: is not what would be written\n  → write it with `livegate policy page`")
        ctx.exit(3)
    else:
        write_bytes(target, wanted)
        click.echo(f"{target}: written")


def _row(rule: Rule, coverage: Coverage, framework: str | None) -> dict[str, Any]:
    """A rule as JSON; of what it serves, only ``framework`` where one is asked for."""
    return {
        "id": rule.id,
        "gate": rule.gate,
        "title": rule.title,
        "next_action": rule.next_action,
        "controls": list(rule.controls),
        "serves": [
            {
                "framework": link.framework,
                "version": coverage.controls.frameworks[link.framework].version,
                "id": link.id,
                "relation": link.relation.value,
                "confidence": link.confidence,
            }
            for link in coverage.links(rule)
            if framework in {None, link.framework}
        ],
        "file": rule.file,
        "line": rule.line,
        "cases": coverage.by_reason[rule.id],
    }


def _known(option: str, word: str | None, known: Any) -> None:
    if word is not None and word not in known:
        raise ConfigError(f"{word!r} is not known", where=option, todo=near(word, known))


def _show(problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        click.echo(output.plain(f"{problem.where}: {problem.what}\n  → {problem.todo}"))
    if problems:
        click.echo(f"{len(problems)} problems")
