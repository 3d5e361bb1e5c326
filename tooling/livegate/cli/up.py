"""``livegate up``: sync, build, serve, decide, and stay."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livegate.cli import options, output
from livegate.cli.demo import prepare, read_requests
from livegate.cli.stopping import stopping
from livegate.cli.sync import choose, show_table
from livegate.errors import LivegateError
from livegate.files import write_bytes
from livegate.model.instants import HOUR, SECOND, show
from livegate.pipeline import example as exports
from livegate.pipeline.build import ALL, build
from livegate.pipeline.issue import renewal
from livegate.pipeline.running import Deployment, token_path
from livegate.pipeline.sync import Result, sync
from livegate.sources.config import load_all

if TYPE_CHECKING:
    from livegate.bundle.signing import Signer
    from livegate.cli.stopping import Stop
    from livegate.project import Project
    from livegate.regression.issuers import Issuers

_URGENT = ("revocations", *(name for name in ALL if name != "revocations"))

_ALICE = {"kind": "access-token", "issuer": "https://login.example"}

_EXAMPLE_EVERY = 120.0
"""Seconds: the example is exported anew well before its elevations are too old for its strictest tier."""


@click.command()
@click.option(
    "--example", is_flag=True, help="Run the example organisation, in a folder of its own that is gone afterwards."
)
@click.option("--every", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds between syncs.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8181,
    show_default=True,
    help="Of OPA's API on 127.0.0.1; 0 takes a free one.",
)
@click.option(
    "--bundle-port", type=click.IntRange(0, 65535), default=0, help="Of the bundle server; by default a free one."
)
@options.key_option
@options.project_option
def up(example: bool, every: float, port: int, bundle_port: int, key: str | None, project_folder: Path | None) -> None:
    """Sync, build and sign, serve bundles, run OPA, and stay up until Ctrl-C; sources are read again and again."""
    project = options.project_of(project_folder)
    engine = options.engine_of(project)
    with contextlib.ExitStack() as stack:
        stop = stack.enter_context(stopping())  # first: a stop while starting or ending must still take OPA down
        signer: Signer
        origin = None
        if example:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="livegate-up-")))
            origin, (project, signer, issuers) = project, prepare(project, folder)
            every = min(every, _EXAMPLE_EVERY)
        else:
            signer = options.signer_of(key)
            show_table(_refresh(project, None, stop))
        stop.check()
        build(project, ALL, signer, now=time.time_ns())
        stop.check()
        running = stack.enter_context(Deployment(project, engine, port=port, bundle_port=bundle_port, sleep=stop.sleep))
        output.say(f"bundles   {running.server.url}")
        output.say(f"decisions {running.opa.url}/v1/data/authz/evaluation")
        if origin:
            _tell_example(project, read_requests(origin)[0][1](issuers), issuers, running.opa.url, folder)
        output.say("up; stop with Ctrl-C")
        with contextlib.suppress(KeyboardInterrupt):  # told to stop is how this ends well
            _stay(running, project, origin, signer, every, stop)


def _stay(
    running: Deployment, project: Project, origin: Project | None, signer: Signer, every: float, stop: Stop
) -> None:
    read_at = time.monotonic()
    while not stop.wait(pause(project, every)):
        running.opa.ensure_running()
        failures: dict[str, LivegateError] = {}
        # what stands goes on being served, and ages visibly; one failure keeps nothing else from being renewed
        if due := time.monotonic() - read_at >= every:
            read_at = time.monotonic()
            try:
                failures |= _refresh(project, origin, stop).failures
            except LivegateError as error:
                failures["sync"] = error
        for name in _URGENT:
            try:
                build(project, [name], signer, now=time.time_ns())
            except LivegateError as error:
                failures[f"bundle {name}"] = error
        for what, failure in failures.items():
            output.say(f"{show(time.time_ns())} {what}: {failure}")
        if due and not failures:
            output.say(f"{show(time.time_ns())} refreshed")


def pause(project: Project, every: float) -> float:
    """Seconds until the next look: ``every``, or less where revocations would grow too old to decide by then."""
    try:
        return min(every, renewal(project, "revocations") / SECOND / 2)
    except LivegateError:  # of the configuration, which building says too
        return every


def _refresh(project: Project, origin: Project | None, stop: Stop) -> Result:
    if origin:
        exports.export_again(origin, project, now=time.time_ns())
    configs = load_all(project.sources)
    choose(configs, (), where=str(project.sources))
    return sync(project, configs, configs, options.store_of(project), options.effects_of(project, sleep=stop.sleep))


def _tell_example(project: Project, request: dict[str, object], issuers: Issuers, url: str, folder: Path) -> None:
    body, header, proven = folder / "request.json", folder / "header", folder / "proven.json"
    write_bytes(body, json.dumps({"input": request}).encode())
    now = time.time_ns()
    shown = {**_ALICE, "claims": {"sub": "00u0001", "client_id": "console", "iat": now, "exp": now + HOUR}}
    write_bytes(proven, json.dumps({"input": issuers.equip(request, shown, None, now=now)}).encode(), mode=0o600)
    token = token_path(project, "db-proxy")
    # in a file: everyone on the machine can read a command line
    write_bytes(header, b"Authorization: Bearer " + token.read_bytes() + b"\n", mode=0o600)
    click.echo(
        f"""
ask    curl -s -H @{header} -H 'Content-Type: application/json' \\
         --data @{body} {url}/v1/data/authz/evaluation
prove  curl -s -H @{header} -H 'Content-Type: application/json' \\
         --data @{proven} {url}/v1/data/authz/evaluation     # with an access token of hers, valid for an hour
why    livegate decide {body} --url {url} --token file:{token}
revoke livegate revoke subject alice --project {folder} --key file:{folder / "keys" / "example.pem"}
status livegate status --project {folder}
"""
    )
