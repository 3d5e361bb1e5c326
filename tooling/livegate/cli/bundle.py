"""``livegate bundle``: build, verify, inspect, publish, take back."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livegate.bundle import definition, keys
from livegate.bundle import verify as check
from livegate.cli import options, output
from livegate.documents.stamp import LEAST
from livegate.errors import ConfigError
from livegate.model.instants import DAY, SECOND, show
from livegate.pipeline.build import ALL
from livegate.pipeline.build import build as make
from livegate.pipeline.publish import Published, roll_back
from livegate.pipeline.publish import publish as put

if TYPE_CHECKING:
    from collections.abc import Sequence

_to = click.option(
    "--to",
    "target",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder that a bundle server serves, such as bundles/dist of the project that `livegate serve` runs in.",
)


@click.group()
def bundle() -> None:
    """Signed bundles: build, verify, inspect, publish, take back."""


@bundle.command()
@click.argument("names", nargs=-1, metavar="[NAME…]")
@options.key_option
@output.format_option
@options.project_option
def build(names: tuple[str, ...], key: str | None, form: str, project_folder: Path | None) -> None:
    """Build and sign the named bundles (all five if none is named) into bundles/dist/.

    Reproducible: the same input gives the same bytes. SOURCE_DATE_EPOCH sets the time of issue.
    """
    project = options.project_of(project_folder)
    built = make(project, names or ALL, options.signer_of(key), now=_now())
    rows = [
        {
            "bundle": item.name,
            "revision": item.revision,
            "bytes": item.size,
            "sha256": item.sha256,
            "path": str(item.path),
        }
        for item in built
    ]
    if form == "json":
        output.emit_json(rows)
    else:
        output.emit_table(
            "Bundles",
            ("bundle", "revision", "bytes", "sha256"),
            [(item.name, item.revision, f"{item.size:,}", item.sha256) for item in built],
        )


@bundle.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--keys",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of public keys; by default bundles/keys.",
)
@click.option("--min-sequence", type=int, default=0, help="Least sequence number accepted.")
@options.project_option
def verify(paths: tuple[Path, ...], folder: Path | None, min_sequence: int, project_folder: Path | None) -> None:
    """Check what OPA would check, and more: signature, files, roots, window, sequence. Exit 3 if one fails."""
    project = options.project_of(project_folder)
    public = keys.load_public(folder or project.keys)
    roots = {item.name: item.roots for item in definition.load_all(project)}
    for path in paths:
        name = path.name.removesuffix(".tar.gz")
        seen = check.verify(path, public_keys=public, now=time.time_ns(), minimum=min_sequence, roots=roots.get(name))
        click.echo(f"{path}: good, revision {seen.manifest['revision']}, signed by {seen.kid}")


@bundle.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@output.format_option
def inspect(path: Path, form: str) -> None:
    """What is in a bundle, without judging it."""
    seen = check.inspect(path)
    facts = {
        "revision": seen.manifest.get("revision"),
        "key_id": seen.kid,
        "roots": list(seen.roots),
        "sequence": seen.stamp.sequence if seen.stamp else None,
        "issued_at": show(seen.stamp.issued_at) if seen.stamp else None,
        "expires_at": show(seen.stamp.expires_at) if seen.stamp else None,
        "files": dict(seen.files),
    }
    if form == "json":
        output.emit_json(facts)
    else:
        output.emit_table(str(path), ("", ""), [(name, str(value)) for name, value in facts.items() if name != "files"])
        output.emit_table("Files", ("name", "bytes"), [(name, f"{size:,}") for name, size in seen.files.items()])


@bundle.command()
@click.argument("names", nargs=-1, metavar="[NAME…]")
@_to
@output.format_option
@options.project_option
def publish(names: tuple[str, ...], target: Path, form: str, project_folder: Path | None) -> None:
    """Put the named bundles (all that are built if none is named) where OPAs load them from.

    Each is checked first as OPA and the policy would, and none may be older than the one that is there, or revoke
    less. What is replaced is kept for `livegate bundle rollback`.

    Exit codes: 3 a bundle is not what it should be · 4 it would revoke less. Then nothing was published.
    """
    project = options.project_of(project_folder)
    _show(put(project, names, target, now=time.time_ns()), form)


@bundle.command()
@click.argument("name")
@_to
@click.option("--revision", help="The kept revision to go back to; by default the last with another content.")
@click.option(
    "--older-data", is_flag=True, help="Take back data too, not policy alone; it may open what was closed since."
)
@options.key_option
@output.format_option
@options.project_option
def rollback(
    name: str,
    target: Path,
    revision: str | None,
    key: str | None,
    form: str,
    project_folder: Path | None,
    *,
    older_data: bool,
) -> None:
    """Publish the content from before again, as a new issue with a new signature.

    Older bytes would be refused by every check of ours; the content is what comes back. What was taken back is not
    gone back to by a second rollback. Revocations are never taken back (exit 4).
    """
    project = options.project_of(project_folder)
    signer = options.signer_of(key)
    done = roll_back(project, name, target, signer, now=time.time_ns(), revision=revision, older_data=older_data)
    _show([done], form)


def _show(done: Sequence[Published], form: str) -> None:
    if form == "json":
        output.emit_json(
            [
                {
                    "bundle": item.name,
                    "revision": item.revision,
                    "sequence": item.sequence,
                    "before": item.before,
                    "changed": item.changed,
                    "path": str(item.path),
                }
                for item in done
            ]
        )
        return
    output.emit_table(
        "Published",
        ("bundle", "revision", "before"),
        [(item.name, item.revision, (item.before or "none") if item.changed else "the same") for item in done],
    )


def _now() -> int:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return time.time_ns()
    if not (epoch.isascii() and epoch.isdigit() and len(epoch) < 12):
        raise ConfigError("is no number of seconds", where="SOURCE_DATE_EPOCH")
    now = int(epoch) * SECOND
    # the sequence comes from it: once published, a far future would shut out every bundle until then
    if not LEAST <= now <= time.time_ns() + DAY:
        raise ConfigError(
            "is before 2001-09-09 or more than a day ahead", where="SOURCE_DATE_EPOCH", todo="seconds since 1970"
        )
    return now
