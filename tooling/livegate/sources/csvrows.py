"""Rows of a CSV export (RFC 4180): a header line, quoted newlines, CRLF and BOM accepted; text stays text.

A cell such as ``=cmd|'/c calc'!A1`` is an id like any other: nothing here is evaluated or trimmed.
"""

from __future__ import annotations

import csv
import io
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from livegate.errors import IncompleteError, SourceError
from livegate.sources.fields import Shape, counted, listed
from livegate.sources.rows import Judge, maker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from livegate.sources.export import Export
    from livegate.sources.fields import Layout
    from livegate.sources.protocol import Row

_TRUNCATED = "the export was cut or is malformed: export again"


def count(export: Export, layout: Layout) -> int:
    """How many rows there are after the header; proves shape and encoding on the way.

    Raises:
        IncompleteError: an open quote at the end, a row with more or fewer cells than the header.
        SourceError: not UTF-8, not CSV, an unknown or a missing column.
    """
    _, rows = _table(export, layout)
    return sum(1 for _ in rows)


def read(export: Export, layout: Layout) -> Iterator[Row]:
    """The records of the export, and the rows that are none. Raises as :func:`count` does."""
    header, rows = _table(export, layout)
    make = maker(layout)
    judge = Judge(layout)
    pick = _picker(header, layout)
    for line, row in rows:
        try:
            yield make(*pick(row))
        except ValueError as error:
            yield judge.row(export.where(line), str(error), _raw(row, header, layout))


def _table(export: Export, layout: Layout) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    # io.StringIO(newline="\n") ends lines at \n alone: a cell may hold U+2028 or a lone \r inside quotes
    lines = chain.from_iterable(io.StringIO(text, newline="\n") for text in export.texts())
    reader = csv.reader(lines, strict=True)
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise _malformed(export, 1, error) from error
    _check_header(export, layout, header)
    return header, _rows(export, reader, len(header))


def _rows(export: Export, reader: Any, width: int) -> Iterator[tuple[int, list[str]]]:
    line = reader.line_num + 1
    try:
        for row in reader:
            if len(row) != width:
                if not row:
                    line = reader.line_num + 1
                    continue  # an empty line is no row
                raise IncompleteError(
                    f"{len(row)} cells where the header has {width}", where=f"{export.path}:{line}", todo=_TRUNCATED
                )
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise _malformed(export, line, error) from error


def _malformed(export: Export, line: int, error: csv.Error) -> IncompleteError:
    return IncompleteError(
        f"the row that begins here is not CSV: {error}", where=f"{export.path}:{line}", todo=_TRUNCATED
    )


def _check_header(export: Export, layout: Layout, header: list[str]) -> None:
    where = str(export.path)
    if any(item.shape is Shape.VALUE for item in layout.fields):
        raise SourceError(
            f"a {layout.kind} does not fit into CSV", where=where, todo="export it as JSON Lines (.jsonl)"
        )
    if not header:
        raise IncompleteError("empty, without even a header line", where=where, todo=_TRUNCATED)
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise SourceError(f"column {twice[0]!r} is there twice", where=where, todo="name each column once")
    known = {layout.column(item.name) for item in layout.fields} | layout.ignore
    unknown = [name for name in header if name not in known]
    if unknown:
        raise unknown_column(unknown[0], export, layout)
    for item in layout.fields:
        column = layout.column(item.name)
        if column not in header and (item.required or item.name in layout.columns):
            raise SourceError(
                f"no column {column!r} (for {item.name})",
                where=where,
                todo=f"export it, or name the column that holds it in file.exports.{layout.kind}.columns",
            )


def unknown_column(name: str, export: Export, layout: Layout) -> SourceError:
    """The refusal of a column or member that the layout does not name."""
    return SourceError(
        f"unknown column {name[:80]!r}",
        where=str(export.path),
        todo=f"map it in file.exports.{layout.kind}.columns, or list it in file.exports.{layout.kind}.ignore",
    )


def _picker(header: list[str], layout: Layout) -> Callable[[list[str]], tuple[Any, ...]]:
    """From the cells of a row to the values of the fields, in their order, absent ones ``UNSET``."""
    absent = len(header)
    positions = [header.index(c) if (c := layout.column(f.name)) in header else absent for f in layout.fields]
    pick = itemgetter(*positions)
    converters: list[tuple[int, Callable[[str], Any]]] = []
    for place, item in enumerate(layout.fields):
        if positions[place] != absent and item.shape is Shape.LIST:
            converters.append((place, listed))
        elif positions[place] != absent and item.shape is Shape.COUNT:
            converters.append((place, partial(counted, name=item.name)))

    def plain(row: list[str]) -> tuple[Any, ...]:
        row.append(UNSET)  # type: ignore[arg-type]  # the cell that absent columns point at
        values: tuple[Any, ...] = pick(row)
        return values

    def converted(row: list[str]) -> tuple[Any, ...]:
        values = list(plain(row))
        for place, convert in converters:
            values[place] = convert(values[place])
        return tuple(values)

    return converted if converters else plain


def _raw(row: list[str], header: list[str], layout: Layout) -> list[Any]:
    cells = dict(zip(header, row, strict=False))
    return [cells.get(layout.column(item.name), UNSET) for item in layout.fields]
