"""Rego modules as syntax trees in which every node knows its place in the text."""

from __future__ import annotations

import base64
import binascii
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livegate.bundle.build import modules as shipped
from livegate.errors import EngineError
from livegate.files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_SECONDS = 60
_LIMIT = 1 << 20

Node = dict[str, Any]
"""A node as ``opa parse`` writes it."""


@dataclass(frozen=True, slots=True)
class Module:
    """One file of the policy.

    Attributes:
        name: its path below the policy's folder, with slashes. text: all of it. rules: top nodes, in order.
        package: dotted, without ``data``. starts: offset (characters) of the beginning of each line.
    """

    name: str
    text: str
    package: str
    rules: tuple[Node, ...]
    starts: tuple[int, ...]

    def span(self, node: Mapping[str, Any]) -> tuple[int, int] | None:
        """Offsets of a node's text; None where OPA gives a place that does not hold what it says (``-1``)."""
        place = node.get("location")
        if not isinstance(place, dict) or not 0 < place["row"] <= len(self.starts):
            return None
        start = self.starts[place["row"] - 1] + place["col"] - 1
        said = _text(place)
        return (start, start + len(said)) if said and self.text.startswith(said, start) else None

    def line(self, offset: int) -> int:
        """The line, from 1, that an offset is in."""
        return self.text.count("\n", 0, offset) + 1


def files(rego: Path) -> tuple[Path, ...]:
    """The files of a policy that ship."""
    return shipped(rego)


def modules(engine: Path, rego: Path, paths: Iterable[Path]) -> tuple[Module, ...]:
    """The modules in these files, in order.

    Args:
        engine: OPA's binary. rego: the policy's folder, from which they are named.

    Raises:
        EngineError: OPA cannot read one.
    """
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return tuple(pool.map(lambda path: _module(engine, rego, path), paths))


def children(node: Any) -> Iterator[Node]:
    """The nodes right below one, in the order of the tree; lists are passed through."""
    values = node.values() if isinstance(node, dict) else node
    for value in values:
        if isinstance(value, dict):
            yield value
        elif isinstance(value, list):
            yield from _flat(value)


def called(terms: Any) -> str:
    """The name of the function that a call's terms begin with, ``lt`` or ``object.get``; empty if it is no call."""
    if not isinstance(terms, list) or not terms or terms[0].get("type") != "ref":
        return ""
    return ".".join(str(part.get("value")) for part in terms[0]["value"])


def _flat(values: list[Any]) -> Iterator[Node]:
    for value in values:
        if isinstance(value, dict):
            yield value
        elif isinstance(value, list):
            yield from _flat(value)


def _module(engine: Path, rego: Path, path: Path) -> Module:
    try:
        text = read_bytes(path, limit=_LIMIT).decode()
    except UnicodeDecodeError as error:
        raise EngineError(f"not UTF-8 (byte {error.start})", where=str(path)) from error
    command = [str(engine), "parse", "--format=json", "--json-include=locations,-comments", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"OPA did not read it within {_SECONDS} s", where=str(path)) from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise EngineError(f"OPA cannot read it: {said[:500]}", where=str(path))
    tree = json.loads(done.stdout)
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return Module(
        name=path.relative_to(rego).as_posix(),
        text=text,
        package=".".join(str(part["value"]) for part in tree["package"]["path"][1:]),
        rules=tuple(tree.get("rules", ())),
        starts=tuple(starts[:-1]),
    )


def _text(place: Mapping[str, Any]) -> str:
    try:
        return base64.b64decode(place.get("text", "")).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
