"""``livegate regress capture``: a suite of what was decided."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from livegate.bundle import keys
from livegate.cli import options, output
from livegate.cli.regress import common
from livegate.errors import ConfigError, LivegateError, RefusedError
from livegate.files import write_bytes
from livegate.regression.archive import Archive
from livegate.regression.capture import write
from livegate.regression.capture.capture import CASES, Wanted
from livegate.regression.capture.capture import capture as take
from livegate.regression.capture.proof import differing
from livegate.regression.cases import BASES
from livegate.regression.replay import Against


@click.command()
@click.argument("logs", nargs=-1, type=click.Path(path_type=Path), metavar="[LOG…]")
@click.option(
    "--output",
    "target",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER|FILE.yaml",
    help="Where the suite goes; its population goes to populations/ beside it.",
)
@common.bundles_option
@common.keys_option
@click.option("--all", "every", is_flag=True, help="A case for every event, not one for those that are alike.")
@click.option("--most", type=click.IntRange(min=1), default=CASES, show_default=True, help="Most cases.")
@click.option("--keep-names", is_flag=True, help="Leave the names of the log in it: it is personal data then.")
@click.option(
    "--mapping",
    "mapping",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write who is called what to this file, for its owner alone.",
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
@output.format_option
@options.project_option
@click.pass_context
def capture(
    ctx: click.Context,
    *,
    logs: tuple[Path, ...],
    target: Path,
    folders: tuple[Path, ...],
    key_folder: Path | None,
    every: bool,
    most: int,
    keep_names: bool,
    mapping: Path | None,
    force: bool,
    form: str,
    project_folder: Path | None,
) -> None:
    """Make a suite of the decisions in each LOG (those that the bundle server keeps if none is named).

    One case of each kind of decision, its request and the documents as small as they can be, under names that tell
    nothing. The suite is decided before it is written: one that does not give the logged decisions is an error.

    Exit codes: 0 written · 1 it would not give the same decisions, or a log could not be read whole (what could be
    is written) · 2 usage · 3 there is nothing to capture · 4 a log is beyond a limit, or a file is there already.
    """
    project = options.project_of(project_folder)
    if keep_names and mapping:
        raise ConfigError("says who is called what, and names are kept", where="--mapping", todo="leave one out")
    is_file = target.suffix == ".yaml"
    folder = target.parent if is_file else target
    name = target.stem if is_file else "captured"
    if name in BASES:
        raise ConfigError(
            f"{name!r} is a population that there is already", where="--output", todo="choose another name"
        )
    there = [folder / path for path in write.paths(name) if (folder / path).exists()]
    if there and not force:  # said before minutes of work
        raise RefusedError("is there already", where=str(there[0]), todo="add --force to replace it")
    engine = options.engine_of(project)
    against = Against(
        archive=Archive(project, folders), keys=keys.load_public(key_folder or project.keys), engine=engine
    )
    progress = output.say if sys.stderr.isatty() else lambda _: None
    wanted = Wanted(name=name, every=every, rename=not keep_names, most=most)
    made = take(logs or (project.logs,), against, wanted, progress=progress)
    if made.files:
        wrong = differing(project, engine, made.files, progress=progress)
        if wrong:
            raise LivegateError(
                f"{len(wrong)} of {made.cases} cases do not give the logged decision, such as: {wrong[0]}",
                where=str(target),
                todo="nothing was written; have the rules changed since? `livegate regress replay` tells",
            )
        for path, data in made.files.items():
            write_bytes(folder / path, data)
        if mapping is not None:
            write_bytes(mapping, json.dumps(made.mapping, indent=2, sort_keys=True).encode() + b"\n", mode=0o600)
    facts = {
        "events": made.events,
        "cases": made.cases,
        "alike": made.alike,
        "left_out": made.left,
        "unread": [{"where": item.where, "what": item.what} for item in made.unread],
        "files": [str(folder / path) for path in made.files],
    }
    if form == "json":
        output.emit_json(facts)
    else:
        output.emit_table("Written", ("file",), [(str(folder / path),) for path in made.files])
        if made.left or made.alike:
            rows = [("alike: has its case", made.alike), *made.left.items()]
            output.emit_table("Left out", ("why", "events"), [(why, f"{count:,}") for why, count in rows if count])
        for item in made.unread[:10]:
            output.say(f"{item.where}: {item.what}")
        click.echo(f"{made.events:,} events, {made.cases:,} cases")
    ctx.exit(1 if made.unread else 0 if made.cases else 3)
