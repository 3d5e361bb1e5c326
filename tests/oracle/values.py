"""Values as JSON has them: exact numbers, and readers that give nothing where the type is another.

A number is an ``int`` or a :class:`Literal` (a Decimal that remembers how it was written), never a float and never a
bool; the specification compares numbers by value and digests them as they came.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from fractions import Fraction
from json.encoder import encode_basestring
from typing import Any, Final, Self


class Literal(Decimal):
    """A JSON number with a fraction, an exponent or a sign of its own: its value, and ``text`` as it was written."""

    text: str

    def __new__(cls, text: str) -> Self:
        """Of the literal ``text``."""
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __deepcopy__(self, memo: object) -> Literal:
        """Itself: it never changes."""
        return self


class Missing:
    """What a member that is not there reads as."""


MISSING: Final = Missing()


def _integer(text: str) -> int | Literal:
    return Literal(text) if text == "-0" else int(text)


def loads(text: str | bytes) -> Any:
    """The JSON value of ``text``, numbers exact.

    Raises:
        ValueError: no JSON.
    """
    return json.loads(text, parse_float=Literal, parse_int=_integer)


def at(value: Any, *path: str) -> Any:
    """The member of nested objects, or MISSING."""
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return MISSING
        value = value[name]
    return value


def text(value: Any) -> str | None:
    """A text that is not empty, or None."""
    return value if isinstance(value, str) and value else None


def number(value: Any) -> int | Fraction | None:
    """A number's exact value, or None for anything else (a bool is no number)."""
    if type(value) is int:
        return value
    return Fraction(value) if isinstance(value, Decimal) else None


_COUNTABLE = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")


def countable(value: Any) -> int | Fraction | None:
    """The exact value of a number of the request that may be compared and summed, by how it is written."""
    found = number(value)
    if found is None or not _COUNTABLE.fullmatch(dumps(value)):
        return None
    return found


def texts(value: Any) -> list[str] | None:
    """A list of texts that are not empty, or None where it is not one, all of it."""
    if not isinstance(value, list) or not all(text(item) for item in value):
        return None
    return value


def items(value: Any) -> dict[str, Any]:
    """An object's members; none for anything else."""
    return value if isinstance(value, dict) else {}


def equal(one: Any, other: Any) -> bool:
    """Equality of JSON values: numbers by value, everything else by type and content."""
    left, right = number(one), number(other)
    if left is not None or right is not None:
        return left == right
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(equal(*pair) for pair in zip(one, other, strict=True))
    return type(one) is type(other) and bool(one == other)


def dumps(value: Any, *, escape: bool = False) -> str:
    """Compact JSON with sorted keys, numbers as they came; with ``escape`` as Go writes it for HTML."""
    if isinstance(value, dict):
        members = (f"{_quoted(name, escape)}:{dumps(value[name], escape=escape)}" for name in sorted(value))
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(dumps(item, escape=escape) for item in value) + "]"
    if isinstance(value, Literal):
        return value.text
    if isinstance(value, str):
        return _quoted(value, escape)
    return json.dumps(value)


_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def _quoted(value: str, escape: bool) -> str:
    written = encode_basestring(value)
    if escape:
        for plain, escaped in _ESCAPES.items():
            written = written.replace(plain, escaped)
    return written
