"""``livegate regress replay``: what was decided, decided again."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livegate.bundle import keys
from livegate.cli import options, output
from livegate.cli.regress import common
from livegate.errors import ConfigError
from livegate.files import replacing
from livegate.regression import replay_report as report
from livegate.regression.archive import Archive
from livegate.regression.replay import Against, Latency
from livegate.regression.replay import replay as decide
from livegate.regression.shipped import bundles_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from livegate.regression.tally import Replay

_MS = 1_000_000


@click.command()
@click.argument("logs", nargs=-1, type=click.Path(path_type=Path), metavar="[LOG…]")
@click.option(
    "--candidate",
    "candidates",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="BUNDLE|FOLDER",
    help="Decide with these bundles in the place of those of the same names.",
)
@common.bundles_option
@common.keys_option
@click.option("--assume-proof", is_flag=True, help="Take a proof that the log masks as its evidence tells it.")
@click.option("--allow-not-replayable", is_flag=True, help="Exit 0 although some could not be decided again.")
@click.option(
    "--latency",
    "factor",
    type=click.FloatRange(min=1.0),
    metavar="FACTOR",
    help="Report what takes longer than FACTOR times what the log says. Each is asked alone: slow.",
)
@click.option(
    "--latency-floor", "floor", type=click.FloatRange(min=0), default=5.0, show_default=True, help="Milliseconds."
)
@common.form_option
@click.option(
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every event with its outcome to this file, JSON lines.",
)
@options.project_option
@click.pass_context
def replay(
    ctx: click.Context,
    *,
    logs: tuple[Path, ...],
    candidates: tuple[Path, ...],
    folders: tuple[Path, ...],
    key_folder: Path | None,
    assume_proof: bool,
    allow_not_replayable: bool,
    factor: float | None,
    floor: float,
    form: str,
    target: Path | None,
    project_folder: Path | None,
) -> None:
    """Decide each LOG again, a decision log or a folder of them (the ones the bundle server keeps if none is named).

    Every event is decided with the bundles whose revisions it names, found among those that this project has built,
    its own input, and the clock where it stood. Forms: as OPA uploads them, as our server keeps them, JSON lines,
    OPA's console log; plain or gzip.

    Exit codes: 0 all the same · 3 something changed, or could not be decided again (see --allow-not-replayable) ·
    1 something failed or could not be read, what was decided is reported · 2 usage · 4 a log is beyond a limit.
    """
    project = options.project_of(project_folder)
    against = Against(
        archive=Archive(project, folders),
        keys=keys.load_public(key_folder or project.keys),
        engine=options.engine_of(project),
        candidate=tuple(path for one in candidates for path in (bundles_in(one) if one.is_dir() else (one,))),
        assume=assume_proof,
        latency=None if factor is None else Latency(factor=factor, floor=int(floor * _MS)),
    )
    if not against.keys:
        raise ConfigError("holds no public key", where=str(key_folder or project.keys), todo="name one with --keys")
    progress = output.say if sys.stderr.isatty() else lambda _: None
    with _lines(target) as each:
        result = decide(logs or (project.logs,), against, clock=time.monotonic, each=each, progress=progress)
    if form == "json":
        output.emit_json(report.as_json(result))
    elif form == "markdown":
        click.echo(report.as_markdown(result), nl=False)
    else:
        show_table(result)
    ctx.exit(result.exit_code(lenient=allow_not_replayable))


def show_table(result: Replay) -> None:
    """Counts, then what is not the same with examples, then what could not be read."""
    output.emit_table(
        "Replay", ("outcome", "events"), [(one.value, f"{count:,}") for one, count in result.counts.items() if count]
    )
    if result.groups:
        rows = []
        for group in result.groups:
            shown = [report.example(group, number) for number in range(len(group.examples))]
            text = "\n".join(f"{what}\n  {which}" for what, which in shown)
            rows.append((group.outcome.value, group.title, f"{group.count:,}", text))
        output.emit_table("Not the same", ("outcome", "what", "events", "examples"), rows)
    if result.broken:
        output.emit_table("Not read", ("where", "what"), [(item.where, item.what) for item in result.broken])
    for remark in report.remarks(result):
        click.echo(output.plain(remark))
    click.echo(report.summary(result))


@contextlib.contextmanager
def _lines(target: Path | None) -> Iterator[Any]:
    if target is None:
        yield lambda _: None
        return
    with replacing(target, mode=0o600) as stream:  # it names who asked for what
        out: BinaryIO = stream
        yield lambda event: out.write(json.dumps(event, ensure_ascii=False, sort_keys=True).encode() + b"\n")
