"""An overlay's records in a workspace's exports: rows taken out by id, new ones put in, before any source is read.

So that correlation, quarantine, schemas and stamps are those of every other export. New rows come first, so that what a
connector says of them names a line that is known here.
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from livegate import yamlfiles
from livegate.errors import SuiteError
from livegate.files import read_bytes, write_bytes
from livegate.pipeline import example
from livegate.regression.overlay import KINDS
from livegate.regression.reading import near
from livegate.sources.fields import FIELDS, Shape, counted, listed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from livegate.project import Project
    from livegate.regression.cases import Given
    from livegate.regression.overlay import Overlay, Place

_LIMIT = 256 << 20
_NO_MORE = 8
"""How many ids an error names."""


def empty(made: Project) -> None:
    """Write the sources of an organisation that has nobody yet: two systems, ``suite-iga`` and ``suite-pam``.

    The PAM system knows people by their id. Ages are those of the example's sources.
    """
    parts = (
        ("suite-iga", "iga", "24h", ("identity", "grant")),
        ("suite-pam", "pam", "30m", ("elevation", "breakglass", "mandate")),
    )
    for system, domain, age, kinds in parts:
        exports = {kind: {"path": f"exports/{kind}.jsonl"} for kind in kinds}
        config = {"domain": domain, "kind": "file", "max_age": age, "max_fall": 1.0, "file": {"exports": exports}}
        write_bytes(made.sources / f"{system}.yaml", json.dumps({system: config}).encode())
        for section in exports.values():
            write_bytes(made.data / section["path"], b"")


def exported(
    made: Project, given: Given, overlay: Overlay, *, now: int, exported_at: int | None = None
) -> dict[str, Place]:
    """Write the exports of the workspace's ``file`` sources anew, as of ``now`` (ns), with the overlay's records in.

    Args:
        made: the workspace. exported_at: when what is there was exported (ns); None where it has no manifest yet.

    Returns:
        What a connector calls a row that is the overlay's (``grant.jsonl:1``), to its place in the overlay.

    Raises:
        SuiteError: no source exports such records, or none of them has an id that is to be taken out.
    """
    lines: dict[str, Place] = {}
    found: set[str] = set()
    for path in sorted(made.sources.glob("*.yaml")):
        config = yamlfiles.load(path)
        (system, source), *_ = config.items()
        named, edited = source["file"].get("source", system), False
        for kind, section in source["file"]["exports"].items():
            name = next(name for name, record in KINDS.items() if record == kind)
            touched = name not in found and bool(overlay.rows.get(name) or overlay.gone.get(name))
            if touched:
                lines |= _edited(made.data, name, section, given, overlay, where=str(path))
            found.add(name)
            edited |= touched
            target = made.data / section["path"]
            if touched or now != exported_at:
                example.write(target, read_bytes(target, limit=_LIMIT), system=named, exported_at=now)
        if edited:
            write_bytes(path, json.dumps(config).encode())
    for name in sorted(({*overlay.rows} | {*overlay.gone}) - found):
        raise SuiteError(
            f"no source of the population exports {name}",
            where=place(given, f"with.{name}", next(iter(overlay.rows.get(name, {})), "")),
            todo="base the population on `empty`, which has a source of each kind",
        )
    return lines


def place(given: Given, section: str, name: str) -> str:
    """Where the suite or the population's file says this of the overlay."""
    spot = given.places.get((section, name)) or given.places.get(("given", ""))
    return str(spot) if spot else f"population {given.population}"


def _edited(
    data: Path, name: str, section: dict[str, Any], given: Given, overlay: Overlay, *, where: str
) -> dict[str, Place]:
    """Put one kind of records into its export; the section then names it as JSON Lines."""
    kind = KINDS[name]
    if section.keys() & {"columns", "values"}:
        raise SuiteError(
            f"the source's {kind} export has columns or words of its own, so no record can be put into it",
            where=where,
            todo="base the population on `empty`, or give the export the fields' own names",
        )
    there = rows(data / section["path"], kind)
    known = [_id(row, kind) for row in there]
    out = overlay.gone.get(name, {})
    for id_ in sorted(out):
        if out[id_] and id_ not in known:
            listing = sorted(set(filter(None, known)))
            raise SuiteError(
                f"without.{name}: {id_!r} is none of the population's {name}",
                where=place(given, f"without.{name}", id_),
                todo=near(id_, listing) if len(listing) <= _NO_MORE else _close(id_, listing),
            )
    put_in = overlay.rows.get(name, {})
    kept = (row for row, id_ in zip(there, known, strict=True) if id_ not in {*out, *put_in})
    ignored = section.get("ignore", ())
    target = (data / section["path"]).with_name(f"{kind}.jsonl")
    bare = ({key: value for key, value in row.items() if key not in ignored} for row in (*put_in.values(), *kept))
    write_bytes(target, b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in bare))
    section["path"] = str(target.relative_to(data))
    return {f"{target.name}:{number}": (f"with.{name}", id_) for number, id_ in enumerate(put_in, 1)}


def _close(word: str, known: list[str]) -> str:
    hint = near(word, known)
    return hint if hint.startswith("did") else f"one of {', '.join(known[:_NO_MORE])} …"


def rows(path: Path, kind: str) -> list[dict[str, Any]]:
    """The rows of an export in the words of the fields, whatever form it has."""
    text = read_bytes(path, limit=_LIMIT).decode("utf-8-sig")
    if path.suffix != ".csv":
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    shapes = {item.name: item.shape for item in FIELDS[kind]}
    return [
        {column: _cell(cell, shapes.get(column), column) for column, cell in row.items() if column is not None}
        for row in csv.DictReader(io.StringIO(text, newline=""))
    ]


def _cell(cell: str, shape: Shape | None, column: str) -> Any:
    """A cell as the JSON value that the connector takes for the same."""
    if shape is Shape.LIST:
        return list(listed(cell))
    return counted(cell, column) if shape is Shape.COUNT else cell


def _id(row: Mapping[str, Any], kind: str) -> str | None:
    if "id" in row or kind != "grant":
        return row.get("id")
    return f"{row.get('subject')}/{row.get('entitlement')}@{row.get('scope')}"
