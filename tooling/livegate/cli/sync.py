"""``livegate sync``: sources → snapshots → documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from livegate.cli import options, output
from livegate.errors import ConfigError, RefusedError
from livegate.model.instants import show, show_second
from livegate.pipeline.sync import Result
from livegate.pipeline.sync import sync as run
from livegate.sources.config import SourceConfig, load_all

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.model.snapshot import Quarantined


@click.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE…]")
@click.option("--dry-run", is_flag=True, help="Show what would change; keep nothing.")
@click.option("--accept-removals", is_flag=True, help="Let a sharp fall in rows pass, this once.")
@output.format_option
@options.project_option
@click.pass_context
def sync(
    ctx: click.Context,
    sources: tuple[str, ...],
    dry_run: bool,
    accept_removals: bool,
    form: str,
    project_folder: Path | None,
) -> None:
    """Read every SOURCE (all of data/sources if none is named) and write the documents.

    A source that fails publishes nothing: its last complete snapshot stays and ages. The others go on.
    """
    project = options.project_of(project_folder)
    everything = load_all(project.sources)
    chosen = choose(everything, sources, where=str(project.sources))
    result = run(
        project,
        chosen,
        everything,
        options.store_of(project),
        options.effects_of(project),
        accept_removals=accept_removals,
        dry_run=dry_run,
        progress=output.progress,
    )
    if form == "json":
        output.emit_json(as_json(result))
    else:
        show_table(result)
    ctx.exit(exit_code(result))


def choose(everything: list[SourceConfig], names: tuple[str, ...], *, where: str) -> list[SourceConfig]:
    """The named sources, or all.

    Raises:
        ConfigError: none is configured, or a name is not.
    """
    if not everything:
        raise ConfigError("no source is configured", where=where, todo="write one; `livegate demo` shows how it works")
    known = {config.system: config for config in everything}
    for name in names:
        if name not in known:
            raise ConfigError(f"no source {name!r}", where=where, todo=f"one of {', '.join(known)}")
    return [known[name] for name in names] if names else everything


def exit_code(result: Result) -> int:
    """The worst of the sources: a failure (1) before a refusal by a limit (4)."""
    errors = [*result.failures.values(), *(seen.refused for seen in result.previews.values() if seen.refused)]
    codes = {error.exit_code for error in errors}
    return 1 if codes - {RefusedError.exit_code} else max(codes, default=0)


def show_table(result: Result) -> None:
    """Sources, documents, and what was left out."""
    rows: list[tuple[str | Text, ...]] = []
    for system, outcome in result.outcomes.items():
        head = outcome.snapshot
        rows.append(
            (
                system,
                Text("complete", style="green"),
                str(head.sequence),
                show_second(head.observed_at),
                counts(head.counts),
                counts(outcome.changes, signed=True),
                str(head.quarantined),
            )
        )
    for system, seen in result.previews.items():
        changes = {kind: f"+{diff.added} -{diff.removed} ~{diff.changed}" for kind, diff in seen.differences.items()}
        state = Text("would be refused", style="yellow") if seen.refused else Text("dry run")
        rows.append(
            (
                system,
                state,
                "",
                show_second(seen.observed_at),
                counts(seen.counts),
                " ".join(f"{kind} {change}" for kind, change in changes.items()),
                str(seen.quarantined),
            )
        )
    rows += [(system, Text("FAILED", style="bold red"), "", "", "", "", "") for system in result.failures]
    output.emit_table("Sources", ("source", "listing", "run", "observed at", "records", "change", "left out"), rows)
    if result.issued:
        output.emit_table(
            "Documents",
            ("document", "revision", "expires at", ""),
            [
                (
                    item.bundle,
                    item.stamp.revision,
                    show_second(item.stamp.expires_at),
                    "new" if item.renewed else "unchanged",
                )
                for item in result.issued
            ],
        )
    left_out = [row for outcome in result.outcomes.values() for row in outcome.snapshot.samples]
    left_out += [row for seen in result.previews.values() for row in seen.samples] + result.unmatched
    if left_out:
        output.emit_table(
            "Left out (quarantined)", ("where", "why"), [(row.where, row.reason) for row in left_out[:50]]
        )
    for note in result.notes:
        output.say(f"livegate: note: {note}")
    for system, error in result.failures.items():
        output.say(f"livegate: {system}: {error}")
    for system, seen in result.previews.items():
        if seen.refused:
            output.say(f"livegate: {system}: {seen.refused}")


def counts(values: dict[str, int], *, signed: bool = False) -> str:
    """``identity 16, grant 25``."""
    return ", ".join(f"{kind} {value:+d}" if signed else f"{kind} {value}" for kind, value in sorted(values.items()))


def as_json(result: Result) -> dict[str, Any]:
    """The result for machines."""
    return {
        "sources": {
            **{
                system: {
                    "state": "complete",
                    "snapshot": outcome.snapshot.id,
                    "observed_at": show(outcome.snapshot.observed_at),
                    "expires_at": show(outcome.snapshot.expires_at),
                    "counts": outcome.snapshot.counts,
                    "changes": outcome.changes,
                    "quarantined": outcome.snapshot.quarantined,
                    "samples": _rows(outcome.snapshot.samples),
                }
                for system, outcome in result.outcomes.items()
            },
            **{
                system: {
                    "state": "dry_run",
                    "observed_at": show(seen.observed_at),
                    "counts": seen.counts,
                    "quarantined": seen.quarantined,
                    "samples": _rows(seen.samples),
                    "differences": {
                        kind: {
                            "added": diff.added,
                            "removed": diff.removed,
                            "changed": diff.changed,
                            "added_ids": diff.added_ids,
                            "removed_ids": diff.removed_ids,
                            "changed_ids": diff.changed_ids,
                        }
                        for kind, diff in seen.differences.items()
                    },
                    "refused": str(seen.refused) if seen.refused else None,
                }
                for system, seen in result.previews.items()
            },
            **{system: {"state": "failed", "error": str(error)} for system, error in result.failures.items()},
        },
        "documents": {
            item.bundle: {
                "revision": item.stamp.revision,
                "sequence": item.stamp.sequence,
                "expires_at": show(item.stamp.expires_at),
                "new": item.renewed,
            }
            for item in result.issued
        },
        "unmatched": _rows(result.unmatched),
        "notes": result.notes,
    }


def _rows(rows: list[Quarantined] | tuple[Quarantined, ...]) -> list[dict[str, Any]]:
    return [{"where": row.where, "reason": row.reason, "critical": row.critical} for row in rows]
