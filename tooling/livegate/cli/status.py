"""``livegate status``: how old everything is, and which revision is where."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from livegate.bundle import verify
from livegate.cli import options, output
from livegate.cli.stopping import stopping
from livegate.cli.sync import counts
from livegate.documents import stamp, tree, trust
from livegate.errors import ConfigError, LivegateError, VerificationError
from livegate.files import read_bytes
from livegate.model.instants import SECOND, show_second
from livegate.pipeline import fleet
from livegate.pipeline.build import ALL
from livegate.pipeline.issue import BUNDLE_ROOT, SYNCED
from livegate.sources.config import load_all

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from livegate.project import Project

_STATUS_LIMIT = 16 << 20


@click.command()
@click.option(
    "--wait",
    "awaited",
    multiple=True,
    metavar="NAME=REVISION",
    help="Wait until every OPA that reports has this revision active; may be given several times.",
)
@click.option("--timeout", default="5m", show_default=True, metavar="SPAN", help="How long to wait, such as 90s or 5m.")
@click.option(
    "--alive",
    default="3m",
    show_default=True,
    metavar="SPAN",
    help="An OPA that has not reported for so long is gone, and not waited for.",
)
@click.option(
    "--at-least", type=click.IntRange(1), default=1, show_default=True, help="How many OPAs there are, at the least."
)
@output.format_option
@options.project_option
@click.pass_context
def status(
    ctx: click.Context,
    *,
    awaited: tuple[str, ...],
    timeout: str,
    alive: str,
    at_least: int,
    form: str,
    project_folder: Path | None,
) -> None:
    """Age, sequence, count and revision of every source, document, bundle and OPA.

    With --wait nothing else is shown but which OPAs have the revisions. Exit codes then: 0 all have them · 1 the time
    is over · 3 an OPA refuses a bundle.
    """
    project = options.project_of(project_folder)
    if awaited:
        ctx.exit(_wait(project, awaited, span(timeout, "--timeout"), span(alive, "--alive"), at_least, form))
    now = time.time_ns()
    facts = {
        "sources": _sources(project, now),
        "documents": _documents(project, now),
        "bundles": _bundles(project, now),
        "opas": _opas(project),
        "notes": _notes(project),
    }
    if form == "json":
        output.emit_json(facts)
        return
    for title, rows in facts.items():
        if not rows and title != "notes":
            output.emit_table(title.capitalize(), ("",), [("none",)])
            continue
        if not rows:
            continue
        columns = list(dict.fromkeys(key for row in rows for key in row))
        output.emit_table(title.capitalize(), columns, [[_cell(row.get(key)) for key in columns] for row in rows])


def _wait(project: Project, awaited: Sequence[str], timeout: float, alive: float, least: int, form: str) -> int:
    wanted = {}
    for item in awaited:
        name, equals, revision = item.partition("=")
        if name not in ALL or not equals or not revision:
            raise ConfigError(f"{item!r} is no NAME=REVISION", where="--wait", todo=f"NAME is one of {', '.join(ALL)}")
        wanted[name] = revision
    with stopping() as stop:
        found = fleet.wait(
            project.statuses, wanted, timeout=timeout, alive=alive, least=least, clock=time.time_ns, sleep=stop.sleep
        )
    rows = [
        {"opa": one.opa, "state": word, **{name: one.active.get(name, "") for name in wanted}}
        for word, some in (("reached", found.reached), ("behind", found.behind), ("gone", found.gone))
        for one in some
    ]
    rows = [
        {**row, "state": "REFUSED", "error": found.refused[row["opa"]]} if row["opa"] in found.refused else row
        for row in rows
    ]
    if form == "json":
        output.emit_json({"opas": rows, "reached": not found.over and not found.refused, "wanted": wanted})
    else:
        columns = ["opa", "state", *wanted, "error"]
        output.emit_table("OPAs", columns, [[_cell(row.get(key)) for key in columns] for row in rows])
    if found.refused:
        output.say("livegate: an OPA refuses what was published")
        return VerificationError.exit_code
    if found.over:
        have = len(found.reached)
        output.say(f"livegate: after {timeout:g} s {have} of {max(least, have + len(found.behind))} OPAs have it")
        return LivegateError.exit_code
    return 0


def span(text: str, option: str) -> float:
    """Seconds of text such as ``90s``, ``5m`` or ``1h30m``.

    Raises:
        ConfigError: it is none.
    """
    parts = _SPAN.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ConfigError(f"{text!r} is no span of time", where=option, todo="such as 90s, 5m or 1h")
    return float(sum(int(number) * _UNITS[unit] for number, unit in parts))


_SPAN = re.compile(r"(\d+)([smh])")
_UNITS = {"s": 1, "m": 60, "h": 3600}


def _sources(project: Project, now: int) -> list[dict[str, Any]]:
    store = options.store_of(project)
    rows: list[dict[str, Any]] = []
    for config in load_all(project.sources):
        row: dict[str, Any] = {"source": config.system, "kind": config.kind, "domain": config.domain.value}
        try:
            head = store.latest(config.system)
        except LivegateError as error:
            rows.append({**row, "state": "damaged", "records": error.what})
            continue
        if head is None:
            rows.append({**row, "state": "never read"})
            continue
        row |= {
            "state": "current" if now < head.expires_at else "EXPIRED",
            "age": age(now - head.observed_at),
            "sequence": head.sequence,
            "records": counts(head.counts),
            "quarantined": head.quarantined,
            "expires_at": show_second(head.expires_at),
        }
        rows.append(row)
    return rows


def _documents(project: Project, now: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for bundle, root in BUNDLE_ROOT.items():
        path = project.data / root / ("data.json" if root in SYNCED else "bundle.json")
        mark = stamp.of(path.read_bytes(), where=str(path)) if path.is_file() else None
        rows.append({"document": bundle, **_stamped(mark, now)})
    return rows


def _notes(project: Project) -> list[dict[str, Any]]:
    """What of the trust document somebody should know; nothing where it cannot be read, which ``sync`` tells."""
    try:
        document = tree.load(project.data, "trust")
        return [{"note": text} for text in trust.doubts(tree.checked(document, "trust", where="trust"))]
    except LivegateError:
        return []


def _bundles(project: Project, now: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name in ALL:
        path = project.dist / f"{name}.tar.gz"
        if not path.is_file():
            rows.append({"bundle": name, "state": "not built"})
            continue
        seen = verify.inspect(path)
        rows.append({"bundle": name, **_stamped(seen.stamp, now), "bytes": path.stat().st_size, "key_id": seen.kid})
    return rows


def _opas(project: Project) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for path in sorted(project.statuses.glob("*.json")) if project.statuses.is_dir() else []:
        try:
            rows += _opa(json.loads(read_bytes(path, limit=_STATUS_LIMIT)), path.stem)
        except (ValueError, RecursionError, TypeError, AttributeError, LivegateError):  # not the shape that OPA sends
            rows.append({"opa": path.stem[:8], "bundle": "", "active": "unreadable"})
    return rows


def _opa(said: Any, name: str) -> list[dict[str, Any]]:
    said = said.get("status", said)
    opa = str(said.get("labels", {}).get("id", name))[:8]
    return [
        {
            "opa": opa,
            "bundle": bundle,
            "active": facts.get("active_revision", ""),
            "activated": facts.get("last_successful_activation", ""),
            "error": facts.get("message", ""),
        }
        for bundle, facts in sorted(said["bundles"].items() if "bundles" in said else ())
    ]


def _stamped(mark: stamp.Stamp | None, now: int) -> dict[str, Any]:
    if mark is None:
        return {"state": "not issued"}
    return {
        "state": "current" if mark.issued_at <= now < mark.expires_at else "EXPIRED",
        "age": age(now - mark.issued_at),
        "sequence": mark.sequence,
        "revision": mark.revision,
        "expires_at": show_second(mark.expires_at),
    }


def age(span: int) -> str:
    """``3 s``, ``12 min``, ``5 h``, ``2 d``."""
    seconds = span / SECOND
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _cell(value: Any) -> str | Text:
    if value in ("EXPIRED", "damaged", "never read", "not built", "not issued", "unreadable", "REFUSED", "behind"):
        return Text(str(value), style="bold red")
    return "" if value is None else str(value)
