"""Snapshots on disk, immutable: ``<folder>/<system>/<sequence>.jsonl.gz`` and the head ``<sequence>.json``.

A snapshot exists when its head does: the records are written first, both atomically, both for the owner
alone. Whatever else a crash leaves behind is ignored, and removed by the next run of that system.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import zlib
from typing import TYPE_CHECKING

import filelock
import msgspec

from livegate.errors import LivegateError
from livegate.files import replacing, write_bytes
from livegate.model.records import AnyRecord
from livegate.model.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_HEAD = re.compile(r"([0-9]{10})\.json")
_OURS = re.compile(r"\.?[0-9]{10}\.json(l\.gz)?(\.[^/]*)?")
_BATCH = 1000
_CHUNK = 256 * 1024
_LINE_LIMIT = 16 * 1024 * 1024
_HEAD_LIMIT = 1024 * 1024
_GZIP = 31  # zlib's window bits for a gzip container; it writes no name and no time, so equal records are equal bytes


class RecordWriter:
    """Streams records to one file: a record a line, hashed before compression."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        # level 1: the disk is not what is scarce; level 6 takes three times as long for a fifth less
        self._gzip = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
        self._encoder = msgspec.json.Encoder()
        self._batch: list[AnyRecord] = []

    def add(self, record: AnyRecord) -> None:
        """Write one record."""
        self.extend((record,))

    def extend(self, records: Iterable[AnyRecord]) -> None:
        """Write records, in their order."""
        self._batch += records
        if len(self._batch) >= _BATCH:
            self._flush()

    def finish(self) -> str:
        """Write what is left; the SHA-256 of all lines (hex). Nothing may be added after."""
        self._flush()
        self._stream.write(self._gzip.flush())
        return self._hash.hexdigest()

    def _flush(self) -> None:
        lines = self._encoder.encode_lines(self._batch)
        self._batch.clear()
        self._hash.update(lines)
        self._stream.write(self._gzip.compress(lines))


class SnapshotStore:
    """The snapshots of every system under one folder.

    Args:
        folder: made when missing, for the owner alone.
        patience: seconds to wait for another run of the same system before giving up.
    """

    def __init__(self, folder: Path, *, patience: float = 10.0) -> None:
        self.folder = folder
        self._patience = patience

    def latest(self, system: str) -> Snapshot | None:
        """The current snapshot of ``system``; None when there is none.

        Raises:
            LivegateError: its head is damaged. An older one is not taken instead: that would roll back.
        """
        sequences = self._sequences(system)
        return self._head(system, sequences[-1]) if sequences else None

    def heads(self, system: str) -> list[Snapshot]:
        """Every snapshot of ``system``, oldest first.

        Raises:
            LivegateError: a head is damaged.
        """
        return [self._head(system, sequence) for sequence in self._sequences(system)]

    def systems(self) -> list[str]:
        """Every system that has a snapshot, by name."""
        if not self.folder.is_dir():
            return []
        return sorted(
            item.name for item in self.folder.iterdir() if _NAME.fullmatch(item.name) and self._sequences(item.name)
        )

    def records(self, head: Snapshot) -> Iterator[AnyRecord]:
        """The records of a snapshot, streamed.

        They are checked while they stream and not in a reading before, which would cost as much again:
        whoever stops early, or acts on a record before the end, has proven nothing. Build in memory,
        publish after the last record.

        Raises:
            LivegateError: gone, or not what the head says (hash, counts, encoding).
        """
        path = self._records_path(head.system, head.sequence)
        hasher = hashlib.sha256()
        decoder = msgspec.json.Decoder(AnyRecord)
        number = 0
        try:
            for lines in _unzipped(path):
                hasher.update(lines)
                records = decoder.decode_lines(lines)
                number += len(records)
                yield from records
        except (OSError, ValueError, RecursionError, zlib.error) as error:
            raise _damaged(path, str(error)) from error
        if hasher.hexdigest() != head.sha256 or number != head.count:
            raise _damaged(path, f"SHA-256 or count ({number}) is not what the head says ({head.count})")

    @contextlib.contextmanager
    def locked(self, system: str) -> Iterator[None]:
        """Hold ``system`` for one run; what a crash left behind is removed.

        Raises:
            LivegateError: another run holds it, or the folder cannot be written.
        """
        folder = self._folder(system)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)
            lock = filelock.FileLock(folder / ".lock", timeout=self._patience, mode=0o600)
            lock.acquire()
        except filelock.Timeout as error:
            raise LivegateError(
                f"another run of {system} is at work", where=str(folder), todo="wait for it to end, then run again"
            ) from error
        except OSError as error:
            raise LivegateError(
                f"cannot write: {error.strerror or error}", where=str(folder), todo="check the folder's owner and space"
            ) from error
        try:
            self._clean(system)
            yield
        finally:
            lock.release()

    def next_sequence(self, system: str) -> int:
        """The sequence number that the next snapshot of ``system`` takes."""
        return max(self._sequences(system), default=0) + 1

    @contextlib.contextmanager
    def writing(self, system: str, sequence: int) -> Iterator[RecordWriter]:
        """Write the records of a snapshot; hold :meth:`locked` around it. On any error nothing is left.

        Raises:
            LivegateError: cannot be written (a full disk included).
        """
        with replacing(self._records_path(system, sequence), mode=0o600) as stream:
            yield RecordWriter(stream)

    def publish(self, head: Snapshot) -> None:
        """Write the head, by which the records written before become the current snapshot.

        Raises:
            LivegateError: cannot be written; the records are removed, the snapshot before stays current.
        """
        text = msgspec.json.format(msgspec.json.encode(head), indent=2) + b"\n"
        try:
            write_bytes(self._head_path(head.system, head.sequence), text, mode=0o600)
        except BaseException:
            self.discard(head)
            raise

    def discard(self, head: Snapshot) -> None:
        """Remove the records of a snapshot that is not to be published."""
        self._records_path(head.system, head.sequence).unlink(missing_ok=True)

    def retain(self, system: str, keep: int) -> None:
        """Remove all but the newest ``keep`` snapshots (at least the current one stays).

        Raises:
            LivegateError: cannot be removed.
        """
        try:
            for sequence in self._sequences(system)[: -max(keep, 1)]:
                self._head_path(system, sequence).unlink()  # first: without it the records are a leftover
                self._records_path(system, sequence).unlink(missing_ok=True)
        except OSError as error:
            raise LivegateError(f"cannot remove old snapshots: {error}", where=str(self._folder(system))) from error

    def _clean(self, system: str) -> None:
        kept = {self._head_path(system, number).name for number in self._sequences(system)}
        for item in self._folder(system).iterdir():
            head = item.name.removesuffix("l.gz") if item.name.endswith(".jsonl.gz") else item.name
            if _OURS.fullmatch(item.name) and head not in kept:
                with contextlib.suppress(OSError):  # it is ignored anyway
                    item.unlink()

    def _sequences(self, system: str) -> list[int]:
        folder = self._folder(system)
        if not folder.is_dir():
            return []
        return sorted(int(match[1]) for item in folder.iterdir() if (match := _HEAD.fullmatch(item.name)))

    def _head(self, system: str, sequence: int) -> Snapshot:
        path = self._head_path(system, sequence)
        try:
            with path.open("rb") as stream:
                head = msgspec.json.decode(stream.read(_HEAD_LIMIT), type=Snapshot)
        except (OSError, ValueError, RecursionError) as error:
            raise _damaged(path, str(error)) from error
        if head.system != system or head.sequence != sequence:
            raise _damaged(path, f"it speaks of {head.system} {head.sequence}")
        return head

    def _folder(self, system: str) -> Path:
        if not _NAME.fullmatch(system):
            raise LivegateError(f"{system[:40]!r} is no name of a system")
        return self.folder / system

    def _head_path(self, system: str, sequence: int) -> Path:
        return self._folder(system) / f"{sequence:010d}.json"

    def _records_path(self, system: str, sequence: int) -> Path:
        return self._folder(system) / f"{sequence:010d}.jsonl.gz"


def _unzipped(path: Path) -> Iterator[bytes]:
    """Whole lines of a gzip file, a few hundred kilobytes at a time."""
    unzip = zlib.decompressobj(_GZIP)
    rest = b""
    with path.open("rb") as stream:
        while not unzip.eof:
            data = unzip.unconsumed_tail or stream.read(_CHUNK)
            if not data:
                raise ValueError("it ends too early")
            text = unzip.decompress(data, _CHUNK)
            head, newline, tail = text.rpartition(b"\n")
            if newline:
                yield rest + head + newline
                rest = tail
            else:
                rest += text
                if len(rest) > _LINE_LIMIT:
                    raise ValueError("a line without an end")
        if rest or unzip.unused_data or stream.read(1):
            raise ValueError("it does not end where its last record does")


def _damaged(path: Path, why: str) -> LivegateError:
    stem = path.name.partition(".")[0]
    return LivegateError(
        f"the snapshot is damaged: {why}"[:300],
        where=str(path),
        todo=f"restore {stem}.json and {stem}.jsonl.gz from a backup, or move both away and run livegate sync",
    )
