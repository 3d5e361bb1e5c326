"""JSON text read as exactly as OPA would tell it apart."""

from __future__ import annotations

import json
from typing import Any


class Exact:
    """Reads JSON and sees whether a number in it is written otherwise than Python would write it.

    The decision can tell 1e2 from 100, so a request that has such a number is asked as the text that it is.
    """

    def __init__(self) -> None:
        self._odd = False
        self._decoder = json.JSONDecoder(parse_float=self._real, parse_constant=_constant)

    def at(self, text: str, start: int) -> tuple[Any, bool, int]:
        """The value that begins at ``start``, whether it has such a number, and where it ends.

        Raises:
            ValueError: not JSON, or a number with too many digits. RecursionError: nested too deep.
        """
        self._odd = False
        value, end = self._decoder.raw_decode(text, start)
        if text.find("\\ud", start, end) >= 0 or text.find("\\uD", start, end) >= 0:
            json.dumps(value, ensure_ascii=False).encode()  # refuses half a surrogate pair, which OPA has no text for
        return value, self._odd, end

    def whole(self, text: str) -> tuple[Any, bool]:
        """The value that all of ``text`` is. Raises as :meth:`at`."""
        value, odd, end = self.at(text, skip(text, 0))
        if text[end:].strip():
            raise ValueError("more than one value in a line")
        return value, odd

    def _real(self, literal: str) -> float:
        value = float(literal)
        self._odd = self._odd or repr(value) != literal
        return value


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


class Utf8:
    """Text of bytes that come in parts, a character cut in two included."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, part: bytes) -> str:
        data = self._rest + part
        try:
            self._rest = b""
            return data.decode()
        except UnicodeDecodeError as error:
            if not part or error.end < len(data) or len(data) - error.start > 3:
                raise
            self._rest = data[error.start :]
            return data[: error.start].decode()


def skip(text: str, at: int) -> int:
    """The first position from ``at`` on that is no white space."""
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at
