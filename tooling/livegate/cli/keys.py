"""``livegate keys``: signing keys of bundles, and tokens of callers."""

from __future__ import annotations

import hashlib
import re
import secrets
from pathlib import Path

import click

from livegate.bundle import keys as store
from livegate.cli import options, output
from livegate.errors import ConfigError

_CALLER = re.compile(r"[a-z][a-z0-9_-]*")


@click.group()
def keys() -> None:
    """Signing keys, and bearer tokens of callers."""


@keys.command("new")
@click.argument("key_id")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of private keys; by default one of your own, never inside a checkout.",
)
@options.project_option
def new(key_id: str, folder: Path | None, project_folder: Path | None) -> None:
    """Make an ES256 key pair: the private key owner-only, the public one into bundles/keys/."""
    project = options.project_of(project_folder)
    private, public = store.new(key_id, folder or store.default_private_folder(), project.keys)
    click.echo(f"private  {private}")
    click.echo(f"public   {public}")


@keys.command("list")
@output.format_option
@options.project_option
def listing(form: str, project_folder: Path | None) -> None:
    """Key ids: the public keys that OPA will accept, and the private ones of yours."""
    project = options.project_of(project_folder)
    public = set(store.load_public(project.keys))
    private = {path.stem for path in store.default_private_folder().glob("*.pem")}
    rows = [{"key_id": kid, "accepted": kid in public, "yours": kid in private} for kid in sorted(public | private)]
    if form == "json":
        output.emit_json(rows)
    else:
        output.emit_table(
            "Keys",
            ("key id", "accepted", "yours"),
            [(str(row["key_id"]), _mark(row["accepted"]), _mark(row["yours"])) for row in rows],
        )


@keys.command("token")
@click.argument("caller")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File for the token; made owner-only."
)
def token(caller: str, out: Path) -> None:
    """Make a bearer token for CALLER (a PEP, or `operator`) and print the entry for data/trust."""
    if not _CALLER.fullmatch(caller):
        raise ConfigError(
            f"{caller!r} is no caller", where="CALLER", todo="`operator`, or a PEP: a-z first, then a-z, 0-9, '_', '-'"
        )
    store.refuse_work_tree(out.parent, what="a token")
    value = secrets.token_urlsafe(32)
    store.create(out, value.encode())
    who = "{operator: true}" if caller == "operator" else f"{{pep: {caller}}}"
    click.echo(f"callers:\n  {hashlib.sha256(value.encode()).hexdigest()}: {who}")
    output.say(f"the token is in {out}; put the two lines above into data/trust/")


def _mark(value: object) -> str:
    return "yes" if value else ""
