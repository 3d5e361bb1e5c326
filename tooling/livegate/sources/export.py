"""The bytes of one export: opened once, read twice, hashed each time, never whole in memory.

The first reading proves the export against its manifest; the second maps the rows and hashes what it
maps, so what is used is what was proven, though an export of gigabytes is never held.
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING, BinaryIO

from livegate.errors import IncompleteError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK = 128 * 1024  # and what is made of it stays in the processor's cache until it is written: a tenth of the time
ROW_LIMIT = 4 * 1024 * 1024
"""Longest line (bytes). A row has a few hundred; a file without line ends must not fill the memory."""

BOM = b"\xef\xbb\xbf"


class Export:
    """An open export file.

    Args:
        path: the file; symbolic links are followed, all but regular files refused.
        limit: largest size read (bytes).

    Raises:
        SourceError: missing, unreadable, not a regular file, or too large.
    """

    def __init__(self, path: Path, *, limit: int) -> None:
        self.path = path
        self._limit = limit
        self._skipped = 0
        self._hash = hashlib.sha256()
        self._stream = _open(path)
        try:
            size = os.fstat(self._stream.fileno()).st_size
            if size > limit:
                raise self._too_large()
        except BaseException:
            self._stream.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._stream.close()

    @property
    def sha256(self) -> str:
        """Of the bytes that the reading in hand has given so far (hex)."""
        return self._hash.hexdigest()

    def where(self, line: int) -> str:
        """``grants.csv:17``, for a person."""
        return f"{self.path.name}:{line}"

    def blocks(self) -> Iterator[bytes]:
        """Whole lines, about 128 KiB at a time, from the start; a BOM is left out, the last line end may be missing.

        Raises:
            SourceError: unreadable, a line without an end, or more bytes than the limit.
        """
        self._hash = hashlib.sha256()
        seen = 0
        rest = b""
        first = True
        self._skipped = 0
        try:
            self._stream.seek(0)
            while chunk := self._stream.read(_CHUNK):
                self._hash.update(chunk)
                seen += len(chunk)
                if seen > self._limit:
                    raise self._too_large()
                head, newline, tail = chunk.rpartition(b"\n")
                if not newline:
                    rest += chunk
                    if len(rest) > ROW_LIMIT:
                        raise SourceError(
                            f"a line of more than {ROW_LIMIT} bytes",
                            where=str(self.path),
                            todo="one row a line (JSON Lines, not one JSON array); is this the right file?",
                        )
                    continue
                block = rest + head + newline
                rest = tail
                yield self._without_bom(block) if first else block
                first = False
        except OSError as error:
            raise SourceError(f"cannot read: {error.strerror or error}", where=str(self.path)) from error
        if rest:
            yield self._without_bom(rest) if first else rest

    def texts(self) -> Iterator[str]:
        """:meth:`blocks` as text.

        Raises:
            SourceError: also for invalid UTF-8, naming line and byte.
        """
        return (block.decode("utf-8") for block in self.utf8_blocks())

    def utf8_blocks(self) -> Iterator[bytes]:
        """:meth:`blocks`, each known to be UTF-8. Raises as :meth:`texts`."""
        line = 1
        offset = 0
        for block in self.blocks():
            try:
                if not block.isascii():
                    block.decode("utf-8")
            except UnicodeDecodeError as error:
                at = line + block.count(b"\n", 0, error.start)
                raise SourceError(
                    f"line {at} is not UTF-8 (byte 0x{block[error.start]:02x} "
                    f"at offset {self._skipped + offset + error.start})",
                    where=str(self.path),
                    todo="export as UTF-8",
                ) from error
            yield block
            line += block.count(b"\n")
            offset += len(block)

    def _without_bom(self, block: bytes) -> bytes:
        if block.startswith(BOM):
            self._skipped = len(BOM)
            return block[len(BOM) :]
        return block

    def _too_large(self) -> SourceError:
        return SourceError(
            f"larger than {self._limit} bytes",
            where=str(self.path),
            todo="check that this is the right file, or raise file.max_bytes in the source's configuration",
        )


def _open(path: Path) -> BinaryIO:
    todo = "check file.exports in the source's configuration, and that the export was made"
    try:
        # a FIFO in the place of an export must not hang the run: it opens at once, and is refused below
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise IncompleteError(f"cannot read: {reason}", where=str(path), todo=todo) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SourceError("not a regular file", where=str(path), todo=todo)
    return os.fdopen(descriptor, "rb", buffering=0)
