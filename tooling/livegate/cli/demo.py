"""``livegate demo``: the whole way, on the example organisation, in a folder that is gone afterwards."""

from __future__ import annotations

import json
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livegate.bundle import keys
from livegate.bundle.signing import KeySigner
from livegate.cli import explain, options, output
from livegate.cli.stopping import stopping
from livegate.cli.sync import show_table
from livegate.documents import tree
from livegate.errors import EngineError, LivegateError
from livegate.files import read_bytes
from livegate.model.instants import SECOND
from livegate.model.records import Revocation, RevocationKind
from livegate.pipeline import example, revoke
from livegate.pipeline.build import ALL, build
from livegate.pipeline.running import Deployment, admit
from livegate.pipeline.sync import sync
from livegate.regression.issuers import Issuers
from livegate.sources.config import load_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.text import Text

    from livegate.opa.client import OpaClient
    from livegate.project import Project

_PATIENCE = 10.0


@click.command()
@options.project_option
def demo(project_folder: Path | None) -> None:
    """The example organisation: exports → sync → bundles → OPA → decisions, then a live revocation."""
    project = options.project_of(project_folder)
    engine = options.engine_of(project)
    # stopping first: a stop at any moment must still take OPA and the folder with its keys away
    with stopping() as stop, tempfile.TemporaryDirectory(prefix="livegate-demo-") as folder:
        made, signer, issuers = prepare(project, Path(folder))
        stop.check()
        built = build(made, ALL, signer, now=time.time_ns())
        output.emit_table(
            "Signed bundles",
            ("bundle", "revision", "bytes"),
            [(item.name, item.revision, f"{item.size:,}") for item in built],
        )
        stop.check()
        with Deployment(made, engine, sleep=stop.sleep) as running:
            stop.check()
            requests = [(title, equip(issuers)) for title, equip in read_requests(project)]
            answers = [running.client(caller(project, request)).decide(request) for _, request in requests]
            show_decisions(requests, answers)
            stop.check()
            milliseconds = _revoke(made, running, signer, requests[0][1])
    click.echo(f"Revoked alice while OPA was serving: the first denial came {milliseconds:.0f} ms after publication.")
    click.echo("\nNext: `livegate up --example` keeps it running for curl, README.md shows the request.")


def prepare(project: Project, folder: Path) -> tuple[Project, KeySigner, Issuers]:
    """The example organisation in ``folder``: exported as of now, synced, with a signing key and callers' tokens.

    Its issuers of tokens and certificates get keys that end with the folder.

    Raises:
        LivegateError: a source of the example failed.
    """
    made = example.workspace(project, folder, now=time.time_ns() // SECOND * SECOND)
    private, _ = keys.new("example", folder / "keys", made.keys)
    trust = tree.load(made.data, "trust")
    issuers = Issuers.of(trust)
    issuers.enter(made.data, now=time.time_ns())
    admit(made, [*sorted(trust["peps"]), "operator"])
    configs = load_all(made.sources)
    result = sync(made, configs, configs, options.store_of(made), options.effects_of(made))
    show_table(result)
    for error in result.failures.values():
        raise error
    return made, KeySigner.load("example", f"file:{private}"), issuers


def read_requests(project: Project) -> list[tuple[str, Callable[[Issuers], dict[str, Any]]]]:
    """The example's questions, each with its title; its credential is minted when it is about to be asked."""
    lines = read_bytes(project.data / "example" / "requests.jsonl", limit=1 << 20).decode().splitlines()
    return [(item["title"], _minting(item)) for item in map(json.loads, lines)]


def _minting(item: dict[str, Any]) -> Callable[[Issuers], dict[str, Any]]:
    def made(issuers: Issuers) -> dict[str, Any]:
        request: dict[str, Any] = issuers.equip(
            item["request"], item.get("credential"), item.get("signed"), now=time.time_ns()
        )
        return request

    return made


def caller(project: Project, request: dict[str, Any]) -> str:
    """The enforcement point that asks; of an application that passes no context, the one of its profile."""
    if context := request.get("context"):
        return str(context["pep"])
    catalog = tree.load(project.data, "catalog")
    application = catalog["actions"][request["resource"]["type"]][request["action"]["name"]]["application"]
    return str(catalog["profiles"][catalog["applications"][application]["profile"]]["pep"])


def show_decisions(requests: Sequence[tuple[str, Any]], answers: Sequence[dict[str, Any]]) -> None:
    """One row a decision: the question, the answer, by what the caller proved who it is, and what was wrong."""
    rows: list[list[str | Text]] = []
    for (title, _), answer in zip(requests, answers, strict=True):
        proof = answer["context"].get("evidence", {}).get("proof", {})
        bound = proof.get("bound", "none")
        kind = proof.get("kind", "") + (f", {bound}" if bound != "none" else "")
        reasons = " ".join(reason["id"] for reason in answer["context"]["reasons"])
        rows.append([title, explain.decision_mark(answer), kind, reasons])
    output.emit_table("Decisions", ("question", "decision", "proof", "reasons"), rows)


def _revoke(project: Project, running: Deployment, signer: KeySigner, request: dict[str, Any]) -> float:
    client = running.client(request["context"]["pep"])
    if not client.decide(request)["decision"]:
        raise LivegateError("the request that the revocation is to turn is denied already", where="demo")
    now = time.time_ns()
    revoke.publish(
        project,
        Revocation(
            id=f"r-{uuid.uuid4()}",
            kind=RevocationKind.SUBJECT,
            target=request["subject"]["id"],
            effective_at=now,
            reason="demonstration",
        ),
        signer,
        now=now,
    )
    return bites(client, request, since=time.perf_counter()) * 1000


def bites(client: OpaClient, request: dict[str, Any], *, since: float) -> float:
    """Seconds from ``since`` to the first denial of ``request``.

    Raises:
        EngineError: it is still allowed after ten seconds.
    """
    while time.perf_counter() - since < _PATIENCE:
        if not client.decide(request)["decision"]:
            return time.perf_counter() - since
    raise EngineError(f"the revocation has not bitten within {_PATIENCE:.0f} s", where=client.url)
