"""Reproducible ``tar.gz`` out, and a reader that trusts nothing.

Same members, same bytes (for one zlib): fixed order, times, owners and modes, a gzip header without time, name or
system. The reader takes plain USTAR files only and stops at limits before it allocates, so that a small archive
cannot become a large memory (OPA itself allows 1 GiB a file).
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from livegate.errors import BundleError, VerificationError

if TYPE_CHECKING:
    from collections.abc import Iterable

_BLOCK = tarfile.BLOCKSIZE
_CHUNK = 1 << 20
_BIG = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a reader accepts, in bytes after decompression and in members."""

    total: int = 1 << 30
    file: int = 1 << 29
    members: int = 10_000


def level_for(size: int) -> int:
    """The gzip level for ``size`` bytes: 1 for big data, where 9 takes 10 times as long and saves a third; else 9."""
    return 1 if size >= _BIG else 9


def write(stream: BinaryIO, members: Iterable[tuple[str, bytes]], *, level: int) -> None:
    """Write ``members`` (name without leading slash, content) in their order; nothing is copied as a whole.

    Raises:
        BundleError: a name that is unsafe, too long for USTAR, or there twice.
    """
    # GzipFile and not zlib's own header: zlib writes the operating system into it
    with gzip.GzipFile(filename="", mode="wb", fileobj=stream, compresslevel=level, mtime=0) as out:
        seen: set[str] = set()
        for name, data in members:
            problem = _bad_name(name) or ("is there twice" if name in seen else "")
            if problem:
                raise BundleError(f"name {name!r} {problem}")
            seen.add(name)
            info = tarfile.TarInfo("/" + name)  # the leading slash is how `opa build` writes names
            info.size, info.mode, info.mtime = len(data), 0o644, 0
            try:
                out.write(info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict"))
            except ValueError as error:
                raise BundleError(f"name {name!r} does not fit an archive: {error}") from error
            view = memoryview(data)
            for start in range(0, len(data), _CHUNK):
                out.write(view[start : start + _CHUNK])
            out.write(bytes(-len(data) % _BLOCK))
        out.write(bytes(2 * _BLOCK))


def read(stream: BinaryIO, *, where: str, limits: Limits | None = None) -> dict[str, bytes]:
    """The files of an archive by name (without leading slash), in its order.

    Raises:
        VerificationError: not a whole ``tar.gz``; anything but plain files with safe, distinct names; bytes
            after the end; or a limit passed.
    """
    limits = limits or Limits()
    try:
        with gzip.GzipFile(fileobj=stream, mode="rb") as unzipped:
            return _members(io.BufferedReader(_Bounded(unzipped, limits.total, where), _CHUNK), where, limits)
    except (OSError, EOFError, zlib.error, tarfile.HeaderError) as error:
        raise VerificationError(f"not a whole tar.gz archive: {error}", where=where) from error


def _members(stream: io.BufferedReader, where: str, limits: Limits) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    while (block := _exactly(stream, _BLOCK)).count(0) != _BLOCK:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        # frombuf leaves out PAX and GNU extensions, so none can change the name or the size
        if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
            raise VerificationError(f"{info.name!r} is not a plain file", where=where)
        name = info.name.removeprefix("/")
        if problem := _bad_name(name) or ("is there twice" if name in files else ""):
            raise VerificationError(f"name {info.name!r} {problem}", where=where)
        if not 0 <= info.size <= limits.file:
            raise VerificationError(f"{name} has {info.size} bytes, the limit is {limits.file}", where=where)
        if len(files) == limits.members:
            raise VerificationError(f"more than {limits.members} files", where=where)
        files[name] = _exactly(stream, info.size)
        _exactly(stream, -info.size % _BLOCK)
    while rest := stream.read(_CHUNK):
        if rest.count(0) != len(rest):
            raise VerificationError("bytes after the end of the archive", where=where)
    return files


def _exactly(stream: io.BufferedReader, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError("cut off")
    return data


def _bad_name(name: str) -> str:
    if not name or not name.isprintable() or "\\" in name:
        return "is empty or has characters that a path of ours lacks"
    return "leaves the archive" if any(part in ("", ".", "..") for part in name.split("/")) else ""


class _Bounded(io.RawIOBase):
    """A stream that ends in an error instead of going past ``limit`` bytes."""

    def __init__(self, source: gzip.GzipFile, limit: int, where: str) -> None:
        self._source = source
        self._left = limit
        self._where = where

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed's WriteableBuffer
        """Fill ``buffer`` from the source; VerificationError past the limit."""
        data = self._source.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise VerificationError("grows beyond the limit when unpacked", where=self._where)
        buffer[: len(data)] = data
        return len(data)
