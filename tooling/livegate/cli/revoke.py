"""``livegate revoke``: withdraw at once."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import click

from livegate.cli import options, output
from livegate.errors import LivegateError
from livegate.model.instants import show
from livegate.model.records import Revocation, RevocationKind
from livegate.pipeline import revoke as entries

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.project import Project

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
    entered, built = entries.publish(project, revocation, signer, now=now)
    if not entered:
        output.say(f"{kind} {target} was revoked before; published again")
    click.echo(f"{kind} {target} revoked from {show(now)}, revision {built.revision}")
    warning = _doubt(project, revocation)  # after it is out: no doubt delays a revocation
    if warning:
        output.say(f"livegate: WARNING: {warning}")


def _doubt(project: Project, revocation: Revocation) -> str | None:
    kind, target = revocation.kind, revocation.target
    try:
        known = entries.known_targets(project, kind)
    except LivegateError as error:
        return f"whether {kind.value} {target!r} exists is not known: {error}"
    if known is None or target in known:
        return None
    meant = entries.near(target, known)
    advice = f"did you mean {' or '.join(map(repr, meant))}?" if meant else f"check the id of the {kind.value}"
    return f"no {kind.value} {target!r} is known, so this revocation may stop nobody\n  → {advice}"
