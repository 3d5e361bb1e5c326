"""Times in a suite, and what to tell of a word that is not known."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from livegate import schema
from livegate.errors import SuiteError
from livegate.model.instants import DAY, HOUR, LEAST, MINUTE, MOST, SECOND, parse

if TYPE_CHECKING:
    from livegate.regression.places import Places

_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_PART = re.compile(r"(\d+)(ns|us|ms|s|m|h|d)")


def near(word: object, known: list[str]) -> str:
    """What to tell of a word that is none of these: the one that it is near to, or all of them."""
    close = difflib.get_close_matches(str(word), known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"one of {', '.join(known)}"


def instant_of(text: str, start: int | None, at: Places, path: tuple[str | int, ...], *, least: int = LEAST) -> int:
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
