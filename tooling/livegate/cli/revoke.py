"""``livegate revoke``: withdraw at once."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import click

from livegate.cli import options, output
from livegate.errors import LivegateError
from livegate.model.instants import MOST, show
from livegate.model.records import Revocation, RevocationKind
from livegate.pipeline import revoke as entries

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.project import Project

_REISSUABLE = frozenset({RevocationKind.SUBJECT, RevocationKind.SESSION})
"""What may be issued anew, so that «since then» means something. Of the others, each is one thing, once."""


@click.command()
@click.argument("kind", type=click.Choice([kind.value for kind in RevocationKind]))
@click.argument("target")
@click.option(
    "--reissued",
    is_flag=True,
    help="What is issued from now on counts again: a subject or session that signs in anew. Without it, for good.",
)
@click.option("--reason", default="", help="For the record.")
@options.key_option
@options.project_option
def revoke(
    kind: str, target: str, reason: str, *, reissued: bool, key: str | None, project_folder: Path | None
) -> None:
    """Revoke something now: enter it, then build and publish the revocations bundle.

    \b
    KIND        TARGET
    subject     id of the identity: whatever it does, and whatever proof it shows
    session     the session that the application passes
    token       jti of a token (txn of a transaction token)
    credential  SHA-256 of a certificate or of the key that a token is bound to: base64url or hex
    key         issuer#kid: every token that this key has signed
    mandate     id of an agent's mandate, and with it all that derive from it
    elevation   id of an elevation or break-glass

    A revocation never gets weaker. Of two for one target, the one that begins first and the one that reaches
    further both stay, in whatever order they come.
    """
    project = options.project_of(project_folder)
    chosen = RevocationKind(kind)
    if reissued and chosen not in _REISSUABLE:
        raise click.UsageError(f"--reissued: a {kind} is never issued anew; it is for subject and session")
    target = entries.target_of(chosen, target)
    signer = options.signer_of(key)
    now = time.time_ns()
    revocation = Revocation(
        id=f"r-{uuid.uuid4()}",
        kind=chosen,
        target=target,
        effective_at=now,
        issued_until=now if reissued else MOST,
        reason=reason,
    )
    entered, built = entries.publish(project, revocation, signer, now=now)
    if not entered:
        output.say(f"{kind} {target} was revoked before; published again")
    until = ", until it is issued anew" if reissued and entered else ""
    click.echo(f"{kind} {target} revoked from {show(now)}{until}, revision {built.revision}")
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
