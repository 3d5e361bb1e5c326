"""The example organisation, exported as of now.

``data/example/`` holds what its systems would have exported at :data:`INSTANT`. A running OPA has
the clock of today, so the demonstration shifts every time in the files by the same span and
writes the manifests that an exporter would; the connectors then read them like any other export.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
from typing import TYPE_CHECKING

from livegate.errors import ConfigError
from livegate.files import write_bytes
from livegate.model.instants import SECOND, parse, show
from livegate.project import Project

if TYPE_CHECKING:
    from pathlib import Path

INSTANT = parse("2026-11-23T12:00:00Z")
"""When the example's files were exported."""

SOURCES = {
    "identities.csv": "example-iga",
    "grants.csv": "example-iga",
    "elevations.jsonl": "example-pam",
    "breakglass.jsonl": "example-pam",
    "mandates.jsonl": "example-pam",
}
"""Export to the system that it is an export of."""

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


def workspace(project: Project, folder: Path, *, now: int) -> Project:
    """A project in ``folder`` with the same rules and catalogue, whose sources are the example's exports.

    Args:
        project: the checkout; nothing in it is written to.
        folder: an empty folder outside the checkout.
        now: the instant that the exports are to speak for (ns); whole seconds.
    """
    if not (project.data / "example").is_dir():
        raise ConfigError(
            "the example organisation is not in this project any more",
            where=str(project.data / "example"),
            todo="run your own sources: `livegate sync`, `livegate up`",
        )
    made = rules(project, folder)
    made.sources.mkdir(parents=True)
    for path in project.sources.glob("example-*.yaml"):
        shutil.copy(path, made.sources)
    export(project.data / "example", made.data / "example", now=now)
    return made


def rules(project: Project, folder: Path) -> Project:
    """A project in ``folder`` with the same rules, hand-kept documents and bundles, and nobody in it: no sources.

    Args:
        project: the checkout; nothing in it is written to. folder: an empty folder outside the checkout.
    """
    made = Project.at(folder)
    shutil.copytree(project.rego, made.rego, ignore=shutil.ignore_patterns("*_test.rego"))
    for root in ("catalog", "config", "trust", "revocations"):
        shutil.copytree(
            project.data / root,
            made.data / root,
            ignore=shutil.ignore_patterns("bundle.json", "revoked.json", "synced.json"),
        )
    made.bundles.mkdir(parents=True)
    for path in project.bundles.glob("*.yaml"):
        shutil.copy(path, made.bundles)
    return made


def export(origin: Path, target: Path, *, now: int) -> None:
    """Write the example's exports with every time moved by ``now - INSTANT``, each with its manifest."""
    for name, system in SOURCES.items():
        text = shift((origin / name).read_text("utf-8"), now - INSTANT)
        write(target / name, text.encode(), system=system, exported_at=now)


def export_again(project: Project, made: Project, *, now: int) -> None:
    """Export the example anew into the workspace ``made``, as its systems would have by now.

    What was under way when the demonstration began is under way again: the windows move with ``now``, so an
    example that is left running goes on deciding as it did.

    Args:
        project: the checkout. made: what :func:`workspace` made of it. now: ns.
    """
    export(project.data / "example", made.data / "example", now=now // SECOND * SECOND)


def write(path: Path, data: bytes, *, system: str, exported_at: int) -> None:
    """Write an export and the manifest that goes with it."""
    rows = data.decode()
    count = sum(1 for _ in csv.DictReader(io.StringIO(rows))) if path.suffix == ".csv" else len(rows.splitlines())
    manifest = {
        "exported_at": show(exported_at),
        "row_count": count,
        "sha256": hashlib.sha256(data).hexdigest(),
        "source": system,
    }
    write_bytes(path, data)
    write_bytes(path.with_name(path.name + ".manifest"), json.dumps(manifest).encode() + b"\n")


def shift(text: str, span: int) -> str:
    """``text`` with every RFC 3339 time in it moved by ``span`` ns, rounded to the second."""
    seconds = span // SECOND * SECOND
    return _TIME.sub(lambda match: show(parse(match[0]) + seconds), text)
