"""What OPA sends back: decision logs, kept as gzip JSON Lines, and the last status of each OPA.

Memory is bounded whatever is sent: an upload unpacks to ``most_unpacked`` bytes at most (twice that while zlib joins
its blocks), its events are counted before any is made an object of, and written one by one. Callers work on one upload
at a time. Stored logs are evidence: when their folder is full, uploads are refused and nothing is removed.

Files are owner-only and whole or not there. OPA sends a chunk again when it got no answer, so a line may come twice
(at least once): readers drop repeats by ``decision_id``. Numbers and keys of events are kept as they were sent.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import logging
import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from livegate.errors import BundleError, LivegateError
from livegate.files import replacing, write_bytes
from livegate.model import instants

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ID = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,128}")
_PRIVATE = 0o700
_MANY = "too many events"
_RECOUNT = 60 * 10**9
_LOG = logging.getLogger(__name__)


class RejectedError(BundleError):
    """An upload that is not accepted; ``status`` is the HTTP status that says why."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status


@dataclass(slots=True)
class _Stored:
    size: int = 0
    counted: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Where uploads go and how large they may be, bytes compressed and not.

    Attributes:
        most_unpacked: OPA sends 9 MiB compressed at most, by its own estimate some 180 MiB unpacked.
        most_status: unpacked; OPA's with all metrics has some hundred kilobytes.
        most_events: in one upload; at 180 MiB an OPA that says anything at all has fewer.
        most_logs: bytes of all stored logs together.
    """

    logs: Path
    statuses: Path
    now: Callable[[], int]
    most_sent: int = 16 << 20
    most_unpacked: int = 192 << 20
    most_status: int = 4 << 20
    most_events: int = 100_000
    most_reporters: int = 10_000
    most_logs: int = 10 << 30
    _stored: _Stored = field(default_factory=_Stored, repr=False)

    def unpack(self, body: bytes, encoding: str, most: int) -> bytes:
        """The body without its ``Content-Encoding``, ``most`` bytes at most.

        Raises:
            RejectedError: 413 too large, 415 another encoding, 400 not gzip.
        """
        if len(body) > self.most_sent:
            raise RejectedError(413, f"larger than {self.most_sent} bytes")
        if encoding in ("", "identity"):
            if len(body) > most:
                raise RejectedError(413, f"larger than {most} bytes")
            return body
        if encoding != "gzip":
            raise RejectedError(415, "Content-Encoding must be gzip or identity")
        engine = zlib.decompressobj(31)
        try:
            data = engine.decompress(body, most + 1)
        except zlib.error as error:
            raise RejectedError(400, "not gzip") from error
        if len(data) > most:
            raise RejectedError(413, f"larger than {most} bytes unpacked")
        if not engine.eof or engine.unused_data:
            raise RejectedError(400, "not one whole gzip stream")
        return data

    def keep_log(self, body: bytes, encoding: str) -> int:
        """Keep one upload of decisions as one file of the day; the number of events.

        Raises:
            RejectedError: not a JSON array of objects, too many of them, 507 the folder is full; see :meth:`unpack`.
            LivegateError: it cannot be written; OPA keeps the chunk and sends it again.
        """
        data = self.unpack(body, encoding, self.most_unpacked)
        if not (count := self._count(data)):
            return 0
        day, _, time = instants.show(self.now()).partition("T")
        name = f"{time.removesuffix('Z').replace(':', '')}-{hashlib.sha256(data).hexdigest()[:16]}.jsonl.gz"
        _private_folder(self.logs)
        self._room(len(body))
        _private_folder(self.logs / day)
        path = self.logs / day / name
        with replacing(path, mode=0o600) as stream, gzip.GzipFile("", "wb", 6, stream, mtime=0) as lines:
            # white space goes, so that an event is one line; Raw keeps every number as it was written
            for event in msgspec.json.decode(data, type=list[msgspec.Raw]):
                lines.write(msgspec.json.format(event, indent=-1) + b"\n")
        self._stored.size += path.stat().st_size
        return count

    def _count(self, data: bytes) -> int:
        numbers = itertools.count(1)

        def check(_: object) -> None:
            if next(numbers) > self.most_events:
                raise ValueError(_MANY)

        # a structure without fields: what an event holds is read over, and the first one too many ends the reading
        event = msgspec.defstruct("Event", [], namespace={"__post_init__": check})
        try:
            return len(msgspec.json.decode(data, type=list[event]))  # type: ignore[valid-type]  # made just now
        except msgspec.ValidationError as error:
            if _MANY in str(error):
                raise RejectedError(413, f"more than {self.most_events} events") from error
            raise RejectedError(400, "not a JSON array of objects") from error
        except (msgspec.MsgspecError, RecursionError) as error:
            raise RejectedError(400, "not a JSON array") from error

    def _room(self, needed: int) -> None:
        stored, now = self._stored, self.now()
        if stored.counted is None or (stored.size + needed > self.most_logs and now - stored.counted >= _RECOUNT):
            # counted again when full, because somebody may have moved files away, but not for every upload
            stored.size, stored.counted = _size(self.logs), now
            if stored.size + needed > self.most_logs:
                _LOG.error(
                    "decision logs are refused: %s holds %d bytes and may hold %d; move old days to an archive",
                    self.logs,
                    stored.size,
                    self.most_logs,
                )
        if stored.size + needed > self.most_logs:
            raise RejectedError(507, "the folder of decision logs is full")

    def keep_status(self, body: bytes, encoding: str) -> str:
        """Keep the last status of one OPA, named by ``labels.id``; that id.

        Raises:
            RejectedError: not such a status, or more OPAs than ``most_reporters``; see :meth:`unpack`.
            LivegateError: it cannot be written.
        """
        data = self.unpack(body, encoding, self.most_status)
        try:
            labels = msgspec.json.decode(data, type=_Status).labels
            text = msgspec.json.format(data, indent=-1)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise RejectedError(400, "not a status: no text labels") from error
        reporter = labels.get("id", "")
        if not _ID.fullmatch(reporter):
            raise RejectedError(400, "labels.id is missing or no name for a file")
        _private_folder(self.statuses)
        path = self.statuses / f"{reporter}.json"
        if not path.exists() and sum(1 for _ in self.statuses.glob("*.json")) >= self.most_reporters:
            raise RejectedError(507, f"more than {self.most_reporters} OPAs: remove old files from the status folder")
        write_bytes(path, text, mode=0o600)
        return reporter


class _Status(msgspec.Struct):
    labels: dict[str, str]


def _private_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True, mode=_PRIVATE)
    except OSError as error:
        raise LivegateError(f"cannot make the folder: {error.strerror or error}", where=str(path)) from error


def _size(folder: Path) -> int:
    try:
        return sum(path.stat().st_size for path in folder.rglob("*.gz"))
    except OSError as error:
        raise LivegateError(f"cannot count: {error.strerror or error}", where=str(folder)) from error
