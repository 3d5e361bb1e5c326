"""A case with a table: as many cases as it has rows, its parameters filled in, each row checked like a plain case."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livegate import schema
from livegate.errors import SuiteError
from livegate.regression.reading import near

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from livegate.regression.places import At
    from livegate.regression.places import Path as Where

_MOST = 256 << 20
"""Characters of a table's cases, written out: a few lines of aliases and rows can stand for gigabytes."""

_NAME = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_TOKEN = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Row:
    """One row, filled in: a case without a table, and where what is in it stands."""

    case: dict[str, Any]
    values: Mapping[str, Any]
    number: int
    at: At


def rows(template: Mapping[str, Any], at: At, path: Where) -> Iterator[Row]:
    """The cases of a case with a table.

    Args:
        template: the case, as the schema has it. at, path: where it stands.

    Raises:
        SuiteError: a row that lacks a parameter, one that is used nowhere or known nowhere, or a brace that stands
            alone; names line and column.
    """
    bare = {name: value for name, value in template.items() if name != "table"}
    table = template["table"]
    if len(json.dumps(bare)) * len(table) > _MOST:
        raise SuiteError(
            f"{schema.key_path((*path, 'table'))}: {len(table)} rows of so long a case are more than {_MOST >> 20} MiB",
            where=at.of((*path, "table")),
            todo="put the rows into several suites, or make the case smaller",
        )
    used = dict(_used(bare, at, path))
    columns = {name for values in table for name in values}
    for number, values in enumerate(table):
        here = (*path, "table", number)
        for name in sorted(values.keys() - used.keys()):
            raise SuiteError(
                f"{schema.key_path(here)}: nothing uses the parameter {name!r}",
                where=at.of_key((*here, name)),
                todo=near(name, sorted(used)) if used else f"write {{{name}}} where its value belongs",
            )
        for name in sorted((used.keys() | columns) - values.keys()):
            if name not in columns:
                raise SuiteError(
                    f"{schema.key_path(used[name])}: {{{name}}} is no parameter of the table",
                    where=at.of(used[name]),
                    todo=near(name, sorted(columns)),
                )
            raise SuiteError(
                f"{schema.key_path(here)}: has no {name!r}",
                where=at.of(here),
                todo="each row says all parameters: " + ", ".join(sorted(columns)),
            )
        yield Row(_filled(bare, values), values, number, RowAt(at, bare, path, number))


@dataclass(frozen=True, slots=True)
class RowAt:
    """Places of a filled-in case: what came from the row is in the row, all else in the template."""

    at: At
    template: Mapping[str, Any]
    path: Where
    number: int

    def of(self, path: Iterable[str | int]) -> str:
        """See :meth:`livegate.regression.places.Places.of`."""
        return self.at.of(self._source(tuple(path)))

    def of_key(self, path: Iterable[str | int]) -> str:
        """See :meth:`livegate.regression.places.Places.of_key`."""
        return self.at.of_key(self._source(tuple(path)))

    def mark(self, path: Iterable[str | int]) -> tuple[int, int]:
        """See :meth:`livegate.regression.places.Places.mark`."""
        return self.at.mark(self._source(tuple(path)))

    def _source(self, path: Where) -> Where:
        value: Any = self.template
        below = path[len(self.path) :]
        for depth, part in enumerate(below):
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return path
            if isinstance(value, str) and (found := _NAME.search(value)):
                return (*self.path, "table", self.number, found[1], *below[depth + 1 :])
        return path


def _alone(text: str) -> str | None:
    """The parameter that ``text`` is, and nothing else."""
    found = _NAME.fullmatch(text)
    return found[1] if found else None


def _used(value: Any, at: At, path: Where) -> Iterator[tuple[str, Where]]:
    """Each parameter with a place at which it is used."""
    if isinstance(value, str):
        for found in _TOKEN.finditer(value):
            if found[1]:
                yield found[1], path
            elif found[0] in "{}":
                raise SuiteError(
                    f"{schema.key_path(path)}: a brace that stands alone in {value[:60]!r}",
                    where=at.of(path),
                    todo="in a case with a table {name} is a parameter; write {{ and }} for braces",
                )
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _used(name, at, (*path, name))
            yield from _used(item, at, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _used(item, at, (*path, number))


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return values[name] if (name := _alone(value)) else _written(value, values)
    if isinstance(value, dict):
        return {_written(name, values): _filled(item, values) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    return value


def _written(text: str, values: Mapping[str, Any]) -> str:
    if "{" not in text and "}" not in text:
        return text
    return _TOKEN.sub(lambda found: _plain(values[found[1]]) if found[1] else found[0][0], text)


def _plain(value: Any) -> str:
    """A value inside a longer text: text as it is, the elements of a list by commas, all else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return json.dumps(value, ensure_ascii=False)
