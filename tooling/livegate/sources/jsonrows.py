"""Rows of a JSON Lines export: one object a line, decoded and checked by ``msgspec`` in blocks of lines.

A line that is no JSON object refuses the export, as a cut CSV does: nobody can tell what it was.
"""

from __future__ import annotations

import io
from itertools import starmap
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType

from livegate.errors import IncompleteError
from livegate.sources.csvrows import unknown_column
from livegate.sources.fields import Field, Layout, Shape
from livegate.sources.rows import Judge, maker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from livegate.sources.export import Export
    from livegate.sources.protocol import Row

_NESTED = "approval"
_TYPES: dict[Shape, Any] = {
    Shape.TEXT: str | None | UnsetType,
    Shape.WORD: str | None | UnsetType,
    Shape.TIME: str | None | UnsetType,
    Shape.LIST: tuple[str, ...] | None | UnsetType,
    Shape.COUNT: int | None | UnsetType,
}


def _type(item: Field) -> Any:
    return item.form | None | UnsetType if item.shape is Shape.VALUE else _TYPES[item.shape]


def count(export: Export, layout: Layout) -> int:  # noqa: ARG001  # the counterpart of csvrows.count
    """How many rows there are, empty lines not counted; proves the encoding on the way.

    Raises:
        SourceError: not UTF-8.
    """
    return sum(map(_lines, export.utf8_blocks()))


def read(export: Export, layout: Layout) -> Iterator[Row]:
    """The records of the export, and the rows that are none.

    Raises:
        IncompleteError: a line that is no JSON object.
        SourceError: a member that the layout does not name.
    """
    reader = _Reader(export, layout)
    number = 0
    for block in export.blocks():
        lines = block.count(b"\n") + (not block.endswith(b"\n"))
        try:
            rows = reader.decoder.decode_lines(block)
        except (ValueError, RecursionError):
            rows = []
        if len(rows) != lines:  # one line is wrong, or empty: find out which
            for line in io.BytesIO(block):
                number += 1
                if line.strip(b" \t\r\n"):
                    yield reader.one(line, number)
            continue
        try:
            made: list[Row] = list(starmap(reader.make, map(reader.values, rows)))
        except ValueError:  # at least one of them is no record: one by one
            made = [reader.made(row, line) for line, row in enumerate(rows, number + 1)]
        yield from made
        number += lines


def _lines(block: bytes) -> int:
    lines = block.count(b"\n")
    if block.count(b"}\n") == lines and block.endswith(b"\n"):  # so none of them is empty
        return lines
    return sum(1 for line in io.BytesIO(block) if line.strip(b" \t\r\n"))


class _Reader:
    """What reading one export needs, made once."""

    def __init__(self, export: Export, layout: Layout) -> None:
        self._export = export
        self._layout = layout
        self.make = maker(layout)
        self.judge = Judge(layout)
        row_type, self.values = _row_type(layout)
        self.decoder = msgspec.json.Decoder(row_type)
        self._known = {layout.column(item.name) for item in _flat(layout)} | layout.ignore

    def one(self, line: bytes, number: int) -> Row:
        """The row on one line, the long way, which can say what is wrong with it."""
        try:
            row = self.decoder.decode(line)
        except (ValueError, RecursionError) as error:
            members = self._members(line, number)
            return self.judge.row(self._export.where(number), str(error), self._raw(members))
        return self.made(row, number)

    def made(self, row: Any, number: int) -> Row:
        """The record of a decoded row, or why it is none."""
        values = self.values(row)
        try:
            return self.make(*values)
        except ValueError as error:
            return self.judge.row(self._export.where(number), str(error), values)

    def _members(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            members = msgspec.json.decode(line)
        except (ValueError, RecursionError) as error:
            raise self._malformed(number, str(error)) from error
        if not isinstance(members, dict):
            raise self._malformed(number, "another JSON value")
        nested = _inner(self._layout)
        for name in members:
            if name not in self._known and not (nested and name == _NESTED):
                raise unknown_column(name, self._export, self._layout)
        inner = members.get(_NESTED)
        if nested and isinstance(inner, dict):
            for name in inner:
                if name not in {_tail(item) for item in nested}:
                    raise unknown_column(f"{_NESTED}.{name}", self._export, self._layout)
        return members

    def _malformed(self, number: int, why: str) -> IncompleteError:
        return IncompleteError(
            f"not a JSON object: {why}"[:200],
            where=f"{self._export.path}:{number}",
            todo="one JSON object a line; export again",
        )

    def _raw(self, members: dict[str, Any]) -> list[Any]:
        return [members.get(self._layout.column(item.name), UNSET) for item in self._layout.fields]


def _inner(layout: Layout) -> list[Field]:
    """Fields of the nested approval; one that ``columns`` names is a member of the row instead."""
    return [f for f in layout.fields if f.name.startswith(f"{_NESTED}.") and f.name not in layout.columns]


def _flat(layout: Layout) -> list[Field]:
    inner = _inner(layout)
    return [item for item in layout.fields if item not in inner]


def _tail(item: Field) -> str:
    return item.name.removeprefix(f"{_NESTED}.")


def _struct(name: str, columns: dict[str, Any]) -> tuple[type[msgspec.Struct], dict[str, str]]:
    """A struct with a member for each column, and the attribute that holds it."""
    attributes = {column: f"c{position}" for position, column in enumerate(columns)}
    made = msgspec.defstruct(
        name,
        [(attributes[column], kind, UNSET) for column, kind in columns.items()],
        rename={attribute: column for column, attribute in attributes.items()},
        forbid_unknown_fields=True,
        gc=False,  # as the records: it holds no cycles
    )
    return made, attributes


def _row_type(layout: Layout) -> tuple[type[msgspec.Struct], Callable[[Any], tuple[Any, ...]]]:
    """The type that a line decodes to, and the function to the values of the fields, in their order."""
    flat, inner = _flat(layout), _inner(layout)
    columns = {layout.column(item.name): _type(item) for item in flat}
    columns |= dict.fromkeys(sorted(layout.ignore), msgspec.Raw)
    if not inner:
        row, attributes = _struct(layout.kind, columns)
        if len(columns) == len(layout.fields):  # nothing ignored, nothing shared: they are in this order already
            return row, msgspec.structs.astuple
        return row, attrgetter(*(attributes[layout.column(item.name)] for item in layout.fields))

    nested, nested_attributes = _struct(_NESTED, {_tail(item): _type(item) for item in inner})
    row, attributes = _struct(layout.kind, columns | {_NESTED: nested | None | UnsetType})
    outer_values = attrgetter(*(attributes[layout.column(item.name)] for item in flat))
    inner_values = [attrgetter(nested_attributes[_tail(item)]) for item in inner]
    approval = attrgetter(attributes[_NESTED])
    empty = nested()
    names = [item.name for item in (*flat, *inner)]
    order = [names.index(item.name) for item in layout.fields]

    def values(line: Any) -> tuple[Any, ...]:
        part = approval(line) or empty
        both = (*outer_values(line), *(value(part) for value in inner_values))
        return tuple(both[place] for place in order)

    return row, values
