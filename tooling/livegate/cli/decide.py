"""``livegate decide``: ask a running OPA for one decision, and explain it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from livegate.cli import explain, options, output
from livegate.errors import ConfigError
from livegate.files import read_bytes
from livegate.opa.annotations import reasons
from livegate.opa.client import OpaClient
from livegate.secrets import resolve

_LIMIT = 1 << 20


@click.command()
@click.argument(
    "request_file", required=False, type=click.Path(dir_okay=False, allow_dash=True, path_type=Path), metavar="[FILE]"
)
@click.option("--subject", help="type:id, for example human:alice.")
@click.option("--action", help="Name of the action.")
@click.option("--resource", help="type:id, for example database:orders-prod.")
@click.option(
    "--context", "context", multiple=True, metavar="NAME=VALUE", help="A member of the context; pep is one of them."
)
@click.option("--url", default="http://127.0.0.1:8181", show_default=True, envvar="LIVEGATE_OPA_URL", help="OPA's API.")
@click.option(
    "--token",
    "token",
    envvar="LIVEGATE_CALLER_TOKEN",
    help="The caller's bearer token by reference: env:NAME or file:/path.",
)
@output.format_option
@options.project_option
def decide(
    request_file: Path | None,
    subject: str | None,
    action: str | None,
    resource: str | None,
    context: tuple[str, ...],
    url: str,
    token: str | None,
    form: str,
    project_folder: Path | None,
) -> None:
    """Ask OPA for the decision on an AuthZEN request (FILE, `-`, or the options) and explain it gate by gate.

    Exit code 0 whether it allows or denies: the question was answered.
    """
    project = options.project_of(project_folder)
    request = _from_file(request_file) if request_file else _from_options(subject, action, resource, context)
    client = OpaClient(url=url, token=resolve(token, where="--token") if token else None)
    answer = client.decide(request)
    if form == "json":
        output.emit_json(answer)
    else:
        explain.show(request, answer, reasons(options.engine_of(project).path, project.rego))


def _from_file(path: Path) -> dict[str, Any]:
    text = sys.stdin.buffer.read(_LIMIT) if str(path) == "-" else read_bytes(path, limit=_LIMIT)
    try:
        request = json.loads(text)
    except ValueError as error:
        raise ConfigError("is no JSON", where=str(path)) from error
    if not isinstance(request, dict):
        raise ConfigError("an evaluation request is an object", where=str(path))
    inner = request.get("input")
    return inner if isinstance(inner, dict) else request


def _from_options(
    subject: str | None, action: str | None, resource: str | None, context: tuple[str, ...]
) -> dict[str, Any]:
    if not (subject and action and resource):
        raise ConfigError(
            "the request is not complete", where="decide", todo="give a FILE, or --subject, --action and --resource"
        )
    members = {}
    for item in context:
        name, equals, value = item.partition("=")
        if not equals:
            raise ConfigError("is no NAME=VALUE", where=f"--context {item}")
        members[name] = value
    return {
        "subject": _entity(subject, "--subject"),
        "action": {"name": action},
        "resource": _entity(resource, "--resource"),
        "context": members,
    }


def _entity(text: str, option: str) -> dict[str, str]:
    kind, colon, name = text.partition(":")
    if not colon:
        raise ConfigError("is no type:id", where=f"{option} {text}")
    return {"type": kind, "id": name}
