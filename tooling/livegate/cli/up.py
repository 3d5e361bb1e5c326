"""``livegate up``: sync, build, serve, decide, and stay."""

from __future__ import annotations

import contextlib
import json
import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livegate.cli import options, output
from livegate.cli.demo import prepare, read_requests
from livegate.cli.sync import choose, show_table
from livegate.errors import LivegateError
from livegate.model.instants import show
from livegate.pipeline.build import ALL, build
from livegate.pipeline.running import Deployment, token_path
from livegate.pipeline.sync import Result, sync
from livegate.sources.config import load_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livegate.bundle.signing import Signer
    from livegate.project import Project


@click.command()
@click.option(
    "--example", is_flag=True, help="Run the example organisation, in a folder of its own that is gone afterwards."
)
@click.option("--every", default=60.0, show_default=True, help="Seconds between syncs.")
@click.option("--port", default=8181, show_default=True, help="Of OPA's API on 127.0.0.1; 0 takes a free one.")
@click.option("--bundle-port", default=0, help="Of the bundle server; by default a free one.")
@options.key_option
@options.project_option
def up(example: bool, every: float, port: int, bundle_port: int, key: str | None, project_folder: Path | None) -> None:
    """Sync, build and sign, serve bundles, run OPA, and stay up until Ctrl-C; sources are read again and again."""
    project = options.project_of(project_folder)
    engine = options.engine_of(project)
    with contextlib.ExitStack() as stack:
        stop = stack.enter_context(_stopping())  # first: a stop while starting must still take OPA down
        signer: Signer
        if example:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="livegate-up-")))
            origin, (project, signer) = project, prepare(project, folder)
        else:
            signer = options.signer_of(key)
            show_table(_refresh(project))
        build(project, ALL, signer, now=time.time_ns())
        running = stack.enter_context(Deployment(project, engine, port=port, bundle_port=bundle_port))
        output.say(f"bundles   {running.server.url}")
        output.say(f"decisions {running.opa.url}/v1/data/authz/evaluation")
        if example:
            _tell_example(project, read_requests(origin)[0][1], running.opa.url, folder)
        output.say("up; stop with Ctrl-C")
        while not stop.wait(every):
            running.opa.ensure_running()
            try:
                failures = {} if example else _refresh(project).failures  # the example's exports do not change
                build(project, ALL, signer, now=time.time_ns())
            except LivegateError as error:  # what stands goes on being served, and ages visibly
                failures = {"refresh": error}
            for system, failure in failures.items():
                output.say(f"{show(time.time_ns())} {system}: {failure}")
            if not failures:
                output.say(f"{show(time.time_ns())} refreshed")


def _refresh(project: Project) -> Result:
    configs = load_all(project.sources)
    choose(configs, (), where=str(project.sources))
    return sync(project, configs, configs, options.store_of(project), options.effects_of(project))


def _tell_example(project: Project, request: dict[str, object], url: str, folder: Path) -> None:
    body = folder / "request.json"
    body.write_text(json.dumps({"input": request}))
    token = token_path(project, "db-proxy")
    click.echo(
        f"""
ask    curl -s -H "Authorization: Bearer $(cat {token})" -H 'Content-Type: application/json' \\
         --data @{body} {url}/v1/data/authz/evaluation
why    livegate decide {body} --url {url} --token file:{token}
revoke livegate revoke subject alice --project {folder} --key file:{folder / "keys" / "example.pem"}
status livegate status --project {folder}
"""
    )


@contextlib.contextmanager
def _stopping() -> Iterator[threading.Event]:
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
