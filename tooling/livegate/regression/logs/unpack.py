"""The bytes of one log, unpacked if they are packed, chunk by chunk; what could fill the machine is refused."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO

from livegate.errors import RefusedError

_GZIP = b"\x1f\x8b"
SPACE = b" \t\r\n"
"""White space of JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bytes: of one record, of one file unpacked; and how many times its size a file may unpack to.

    The ratio is asked for above ``free`` bytes only: a short file of like events packs well.
    """

    record: int = 16 << 20
    file: int = 256 << 30
    ratio: int = 500
    free: int = 256 << 20
    chunk: int = 1 << 20


LIMITS = Limits()


class Source:
    """The bytes of one file, unpacked if they are packed, chunk by chunk; ``broken`` says why they ended early."""

    def __init__(self, stream: BinaryIO, where: str, limits: Limits) -> None:
        self.where, self.limits = where, limits
        self.broken: str | None = None
        self.seen = 0
        self._stream = stream
        self._taken = 0
        start = stream.read(2)
        self._ahead = b""
        self._pending = start
        self._engine: Any = zlib.decompressobj(31) if start == _GZIP else None

    def peek(self) -> bytes:
        """The first byte that is no white space, still to be read; empty at the end."""
        while True:
            self._ahead = self._ahead.lstrip(SPACE)
            if self._ahead or not (part := self._read()):
                return self._ahead[:1]
            self._ahead = part.removeprefix(b"\xef\xbb\xbf")

    def drop(self, first: bytes) -> None:
        """Take the first byte away, which :meth:`peek` gave."""
        self._ahead = self._ahead.removeprefix(first)

    def read(self) -> bytes:
        """The next bytes; empty at the end."""
        part, self._ahead = self._ahead, b""
        return part or self._read()

    def _read(self) -> bytes:
        while True:
            try:
                part = self._plain() if self._engine is None else self._unpacked()
            except (OSError, zlib.error) as error:
                self.broken = f"damaged ({error}): what stands before was read"
                return b""
            if part is None:
                return b""
            if part:
                self.seen += len(part)
                if self.seen > self.limits.file:
                    raise RefusedError(
                        f"unpacks to more than {self.limits.file} bytes", where=self.where, todo="split it by day"
                    )
                return part

    def _plain(self) -> bytes | None:
        part, self._pending = self._pending + self._stream.read(self.limits.chunk), b""
        return part or None

    def _unpacked(self) -> bytes | None:
        packed = self._engine.unconsumed_tail or self._pending
        if self._engine.eof:  # another member may follow
            packed = self._engine.unused_data or self._stream.read(self.limits.chunk)
            if not packed.strip(b"\0"):
                return None
            self._engine = zlib.decompressobj(31)
        elif not packed:
            packed = self._stream.read(self.limits.chunk)
            if not packed:
                self.broken = "cut off in the middle: what stands before was read"
                return None
        self._pending = b""
        self._taken = self._stream.tell()
        part: bytes = self._engine.decompress(packed, self.limits.chunk)
        unpacked = self.seen + len(part)
        if unpacked > max(self.limits.free, self.limits.ratio * self._taken):
            raise RefusedError(
                f"unpacks to more than {self.limits.ratio} times its size: taken for a bomb",
                where=self.where,
                todo="if it is a log, unpack it yourself and name the plain file",
            )
        return part
