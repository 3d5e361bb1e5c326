"""Canonical JSON: the one byte form of a value whose SHA-256 is also OPA's hash of the document.

The form is that of OPA's ``v1/bundle/hash.go``: no white space, keys sorted bytewise, number literals as
written, no escaping beyond what JSON asks for except U+2028 and U+2029 (Go always escapes these two).
Pure: bytes and values in, bytes and values out.
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

from livegate.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_SEPARATORS = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))
_SURROGATE = re.compile("[\ud800-\udfff]")
DEPTH = 200
"""Deepest nesting that is written: below orjson's own limit, far above any document of ours."""


class _Literal(str):
    """A number as its text; a type of its own so that it is not taken for a string."""

    __slots__ = ()


def dumps(value: Any) -> bytes:
    """Canonical bytes of ``value``; integers of any size are kept.

    Raises:
        DocumentError: NaN or infinity, a key that is no text, text that is not Unicode, a type that JSON
            lacks, or nesting beyond ``DEPTH``.
    """
    try:
        data = orjson.dumps(value, option=_OPTIONS)
    except (TypeError, RecursionError) as error:
        # integers beyond 64 bits are the one thing that JSON and OPA have and orjson lacks
        data = _slow(value, error)
    else:
        if b"null" in data:  # orjson writes NaN and infinity as null: tell them from a real one
            _refuse_non_finite(value, 0)
    return escape(data)


def escape(data: bytes) -> bytes:
    """``data`` with U+2028 and U+2029 escaped, as Go's encoder has them; the same object when there are none."""
    if b"\xe2" in data:  # one byte is sought at the speed of memory, three are not
        for raw, escaped in _SEPARATORS:
            data = data.replace(raw, escaped)
    return data


def is_canonical(data: bytes) -> bool:
    """Whether ``data`` is byte for byte what :func:`dumps` writes (so that its plain SHA-256 is OPA's hash).

    Decodes and encodes once (0.25 s for 1,000,000 grants); big integers give False, which only costs the
    slow path.
    """
    try:
        return escape(orjson.dumps(orjson.loads(data), option=_OPTIONS)) == data
    except (orjson.JSONDecodeError, TypeError, RecursionError):
        return False


def loads(data: bytes, *, where: str) -> Any:
    """The value of JSON text, exact: no key twice, no number that a double would change.

    Raises:
        DocumentError: not JSON, not UTF-8, a duplicate key, or a number that would lose digits.
    """
    return _decode(data, _number, where)


def normalise(data: bytes, *, where: str) -> bytes:
    """Canonical form of any JSON text, number literals kept as written: the bytes that OPA hashes.

    Raises:
        DocumentError: as :func:`loads`, or nesting beyond ``DEPTH``.
    """
    parts: list[bytes] = []
    _write(_decode(data, _Literal, where), parts.append, 0, where)
    return b"".join(parts)


def _decode(data: bytes, number: Callable[[str], Any], where: str) -> Any:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(items)
        if len(value) != len(items):
            seen: set[str] = set()
            twice = next(key for key, _ in items if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # set.add
            raise DocumentError(f"key {twice!r} is there twice", where=where, todo="OPA would keep the last in silence")
        return value

    def constant(name: str) -> Any:
        raise DocumentError(f"{name} is not JSON", where=where)

    integer = int if number is _number else number
    try:
        # parse_int sees at most what json accepts; the limit of int() on digits turns up as ValueError
        return json.loads(
            data.decode(), parse_int=integer, parse_float=number, parse_constant=constant, object_pairs_hook=pairs
        )
    except UnicodeDecodeError as error:
        raise DocumentError(f"not UTF-8 at byte {error.start}", where=where) from error
    except json.JSONDecodeError as error:
        raise DocumentError(f"not JSON: {error.msg}", where=f"{where}:{error.lineno}:{error.colno}") from error
    except RecursionError as error:
        raise DocumentError("nested too deep", where=where) from error
    except ValueError as error:
        raise DocumentError("a number has too many digits", where=where) from error


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or Decimal(text) != Decimal(repr(value)):
        raise ValueError(text)
    return value


def _slow(value: Any, cause: Exception) -> bytes:
    _refuse_non_finite(value, 0)
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:  # UnicodeEncodeError is a ValueError
        raise DocumentError(f"cannot be written as JSON: {_reason(error)}") from cause


def _reason(error: Exception) -> str:
    return "text with a lone surrogate" if isinstance(error, UnicodeEncodeError) else str(error)


def _refuse_non_finite(value: Any, depth: int) -> None:
    if depth > DEPTH:
        raise DocumentError(f"nested deeper than {DEPTH}")
    if isinstance(value, float) and not math.isfinite(value):
        raise DocumentError(f"{value} is not JSON", todo="leave the key out, or write a number")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise DocumentError(f"key {key!r} is not text", todo="put the key in quotes")
            _refuse_non_finite(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_non_finite(item, depth + 1)


def _write(value: Any, put: Callable[[bytes], None], depth: int, where: str) -> None:
    if depth > DEPTH:
        raise DocumentError(f"nested deeper than {DEPTH}", where=where)
    if isinstance(value, dict):
        # Go sorts keys by their UTF-8 bytes, which is the order of code points, Python's own
        for position, (key, item) in enumerate(sorted((_repair(key), item) for key, item in value.items())):
            put((b"," if position else b"{") + _text(key) + b":")
            _write(item, put, depth + 1, where)
        put(b"}" if value else b"{}")
    elif isinstance(value, list):
        for position, item in enumerate(value):
            put(b"," if position else b"[")
            _write(item, put, depth + 1, where)
        put(b"]" if value else b"[]")
    elif isinstance(value, _Literal):
        put(value.encode())
    elif isinstance(value, str):
        put(_text(_repair(value)))
    else:
        put({None: b"null", True: b"true", False: b"false"}[value])


def _repair(text: str) -> str:
    # Go's decoder replaces a lone surrogate escape by U+FFFD
    return _SURROGATE.sub("\ufffd", text)


def _text(text: str) -> bytes:
    return escape(orjson.dumps(text))
