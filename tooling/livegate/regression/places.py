"""Where in a YAML file each value is, so that an error points at file, line and column.

A suite of thousands of cases is read for its values; where each of them stands is found out when something is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import yaml

from livegate import yamlfiles
from livegate.errors import ConfigError, SuiteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Path = tuple[str | int, ...]
"""Keys and positions from the top of a file to a value."""

_NODES = 1_000_000
_DEPTH = 60


class At(Protocol):
    """Says where values stand; see :class:`Places`."""

    def of(self, path: Iterable[str | int]) -> str:
        """``file:line:column`` of a value."""
        ...

    def of_key(self, path: Iterable[str | int]) -> str:
        """``file:line:column`` of a key."""
        ...

    def mark(self, path: Iterable[str | int]) -> tuple[int, int]:
        """Line and column of a value."""
        ...


@dataclass(frozen=True, slots=True)
class Spot:
    """One place, found out when it is written: ``str()`` is ``file:line:column``."""

    at: At
    path: Path

    def __str__(self) -> str:
        return self.at.of(self.path)


@dataclass(frozen=True, slots=True)
class Places:
    """Line and column (from 1) of every value of one file, and of every key of its mappings."""

    file: str
    values: Mapping[Path, tuple[int, int]]
    keys: Mapping[Path, tuple[int, int]]

    def of(self, path: Iterable[str | int]) -> str:
        """``file:line:column`` of the value at ``path``, or of the nearest one around it that there is."""
        return self._text(self.mark(path))

    def of_key(self, path: Iterable[str | int]) -> str:
        """``file:line:column`` of the key that ends ``path``; of what is around it when it is no key."""
        wanted = tuple(path)
        return self._text(self.keys[wanted] if wanted in self.keys else self.mark(wanted))

    def mark(self, path: Iterable[str | int]) -> tuple[int, int]:
        """Line and column of the value at ``path``, or of the nearest one around it that there is."""
        return _nearest(self.values, tuple(path))

    def _text(self, mark: tuple[int, int]) -> str:
        return f"{self.file}:{mark[0]}:{mark[1]}"


@dataclass(slots=True)
class Later:
    """The places of a text that is known to be sound YAML, found out when one of them is asked for."""

    file: str
    text: str = field(repr=False)
    _found: Places | None = field(default=None, repr=False)

    def of(self, path: Iterable[str | int]) -> str:
        """See :meth:`Places.of`."""
        return self._places().of(path)

    def of_key(self, path: Iterable[str | int]) -> str:
        """See :meth:`Places.of_key`."""
        return self._places().of_key(path)

    def mark(self, path: Iterable[str | int]) -> tuple[int, int]:
        """See :meth:`Places.mark`."""
        return self._places().mark(path)

    def _places(self) -> Places:
        if self._found is None:
            self._found = places(self.text, file=self.file)
        return self._found


def places(text: str, *, file: str) -> Places:
    """The places of YAML ``text``, read without making values of it.

    Raises:
        SuiteError: not YAML, more than one document, deeper than 60 or larger than 1,000,000 values with its aliases
            written out, or as :func:`livegate.yamlfiles.check_shape`: a file of a few lines can stand for gigabytes.
    """
    try:
        yamlfiles.check_shape(text, where=file)  # compose is recursive in C
        top = yaml.compose(text, Loader=yaml.CSafeLoader)
    except ConfigError as error:
        raise SuiteError(error.what, where=error.where, todo=error.todo) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise SuiteError(error.problem or "not YAML", where=_where(file, mark), todo="mend the YAML") from error
    except yaml.YAMLError as error:
        raise SuiteError(f"not YAML: {' '.join(str(error).split())[:160]}", where=file) from error
    if top is None:
        raise SuiteError("is empty", where=file, todo="write a suite with at least one case")
    found = Places(file, {}, {})
    for number, (path, node, key) in enumerate(_walk(top), 1):
        if number > _NODES or len(path) > _DEPTH:
            raise SuiteError(
                f"deeper than {_DEPTH} or larger than {_NODES} values, its aliases (*) written out",
                where=_where(file, node.start_mark),
                todo="write it out plainly, in several files if need be",
            )
        found.values[path] = _mark(node)  # type: ignore[index]  # ours alone until it is returned
        if key is not None:
            found.keys[path] = _mark(key)  # type: ignore[index]  # the same
    return found


def _walk(top: yaml.Node) -> Iterator[tuple[Path, yaml.Node, yaml.Node | None]]:
    waiting: list[tuple[Path, yaml.Node, yaml.Node | None]] = [((), top, None)]
    while waiting:
        path, node, key = waiting.pop()
        yield path, node, key
        if isinstance(node, yaml.MappingNode):
            waiting += [((*path, str(name.value)), value, name) for name, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += [((*path, index), item, None) for index, item in enumerate(node.value)]


def _nearest(marks: Mapping[Path, tuple[int, int]], path: Path) -> tuple[int, int]:
    while path and path not in marks:
        path = path[:-1]
    return marks.get(path, (1, 1))


def _mark(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _where(file: str, mark: yaml.Mark | None) -> str:
    return f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
