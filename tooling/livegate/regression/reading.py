"""Values of a YAML file with their places, times in it, and what to tell of a word that is not known."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from livegate import schema, yamlfiles
from livegate.errors import ConfigError, SuiteError
from livegate.files import read_bytes
from livegate.model.instants import DAY, HOUR, LEAST, MINUTE, MOST, SECOND, parse
from livegate.regression import onepass
from livegate.regression.places import Later, places

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from livegate.regression.places import At

_LIMIT = 16 << 20

_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_PART = re.compile(r"(\d+)(ns|us|ms|s|m|h|d)")


@dataclass(frozen=True, slots=True)
class Source:
    """A YAML file, read: its value, and where everything in it stands."""

    file: str
    value: Any
    at: At
    _lines: Mapping[int, int] = field(default_factory=dict, repr=False)

    def line(self, value: Any, path: Iterable[str | int]) -> int:
        """Line (from 1) at which the list or object ``value`` begins, which stands at ``path``."""
        return self._lines.get(id(value)) or self.at.mark(path)[0]


def read(data: bytes, *, file: str) -> Source:
    """The value of UTF-8 YAML; ``file`` names it in errors.

    Raises:
        SuiteError: no UTF-8, no YAML, no value that JSON knows, too deep, or too large; names line and column.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SuiteError(f"not UTF-8 (byte {error.start})", where=file, todo="save it as UTF-8") from error
    tree = onepass.read(text)
    if tree is not None and tree.value is not None:
        return Source(file, tree.value, Later(file, text), tree.lines)
    at = places(text, file=file)
    try:
        return Source(file, yamlfiles.loads(text, where=file), at)
    except ConfigError as error:
        raise SuiteError(error.what, where=error.where, todo=error.todo) from error
    except (ValueError, TypeError) as error:  # a scalar that its own tag refuses, or a key that is a list
        raise SuiteError(f"not a value that JSON knows: {error}", where=file) from error


def contents(path: Path) -> bytes:
    """The bytes of a file of at most 16 MiB.

    Raises:
        SuiteError: it cannot be read.
    """
    try:
        return read_bytes(path, limit=_LIMIT)
    except ConfigError as error:
        raise SuiteError(error.what, where=error.where, todo=error.todo) from error


def near(word: object, known: list[str]) -> str:
    """What to tell of a word that is none of these: the one that it is near to, or all of them."""
    close = difflib.get_close_matches(str(word), known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"one of {', '.join(known)}"


def instant_of(text: str, start: int | None, at: At, path: tuple[str | int, ...], *, least: int = LEAST) -> int:
    """Nanoseconds of RFC 3339 text, or of an offset such as ``-1h30m`` from ``start`` (ns).

    Args:
        text: of the form that the suite's schema asks for. at, path: where it stands, for the error.
        least: the earliest that is taken.

    Raises:
        SuiteError: there is no such time; names line and column.
    """
    try:
        if text[0] not in "+-":
            return parse(text)
        span = sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text))
        value = (start or 0) + (span if text[0] == "+" else -span)
        if not least <= value <= MOST:
            raise ValueError(f"{text} leads out of 2001-09-09 to 2262-04-11")
    except ValueError as error:
        raise SuiteError(f"{schema.key_path(path)}: {error}", where=at.of(path)) from error
    return value
