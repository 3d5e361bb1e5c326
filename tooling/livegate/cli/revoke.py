"""``livegate revoke``: withdraw at once."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import click

from livegate.cli import options, output
from livegate.model.instants import show
from livegate.model.records import Revocation, RevocationKind
from livegate.pipeline import revoke as entries
from livegate.pipeline.build import build

if TYPE_CHECKING:
    from pathlib import Path

_KINDS = (RevocationKind.SUBJECT, RevocationKind.SESSION, RevocationKind.ELEVATION)


@click.command()
@click.argument("kind", type=click.Choice([kind.value for kind in _KINDS]))
@click.argument("target")
@click.option("--reason", default="", help="For the record.")
@options.key_option
@options.project_option
def revoke(kind: str, target: str, reason: str, key: str | None, project_folder: Path | None) -> None:
    """Revoke a subject, session or elevation now: enter it, then build and publish the revocations bundle."""
    project = options.project_of(project_folder)
    signer = options.signer_of(key)
    now = time.time_ns()
    revocation = Revocation(
        id=f"r-{uuid.uuid4()}", kind=RevocationKind(kind), target=target, effective_at=now, reason=reason
    )
    if not entries.add(project, revocation):
        output.say(f"{kind} {target} was revoked before; published again")
    built = build(project, ["revocations"], signer, now=now)[0]
    click.echo(f"{kind} {target} revoked from {show(now)}, revision {built.revision}")
