"""What OPA sends back: decision logs, kept as gzip JSON Lines, and the last status of each OPA.

Files are owner-only and whole or not there. OPA sends a chunk again when it got no answer, so a line may come twice
(at least once): readers drop repeats by ``decision_id``. Numbers and keys of events are kept as they were sent.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from livegate.errors import BundleError, LivegateError
from livegate.files import write_bytes
from livegate.model import instants

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ID = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,128}")
_PRIVATE = 0o700


class RejectedError(BundleError):
    """An upload that is not accepted; ``status`` is the HTTP status that says why."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Where uploads go and how large they may be (bytes, compressed and not)."""

    logs: Path
    statuses: Path
    now: Callable[[], int]
    most_sent: int = 16 << 20
    most_unpacked: int = 256 << 20
    most_reporters: int = 10_000

    def unpack(self, body: bytes, encoding: str) -> bytes:
        """The body without its ``Content-Encoding``.

        Raises:
            RejectedError: 413 too large, 415 another encoding, 400 not gzip.
        """
        if len(body) > self.most_sent:
            raise RejectedError(413, f"larger than {self.most_sent} bytes")
        if encoding in ("", "identity"):
            return body
        if encoding != "gzip":
            raise RejectedError(415, "Content-Encoding must be gzip or identity")
        engine = zlib.decompressobj(31)
        try:
            data = engine.decompress(body, self.most_unpacked + 1)
        except zlib.error as error:
            raise RejectedError(400, "not gzip") from error
        if len(data) > self.most_unpacked:
            raise RejectedError(413, f"larger than {self.most_unpacked} bytes unpacked")
        if not engine.eof or engine.unused_data:
            raise RejectedError(400, "not one whole gzip stream")
        return data

    def keep_log(self, body: bytes, encoding: str) -> int:
        """Keep one upload of decisions as one file of the day; the number of events.

        Raises:
            RejectedError: not a JSON array of objects, or see :meth:`unpack`.
            LivegateError: it cannot be written; OPA keeps the chunk and sends it again.
        """
        data = self.unpack(body, encoding)
        try:
            # white space goes, so that an event is one line; Raw keeps every number as it was written
            events = msgspec.json.decode(msgspec.json.format(data, indent=-1), type=list[msgspec.Raw])
        except (msgspec.MsgspecError, RecursionError) as error:
            raise RejectedError(400, "not a JSON array") from error
        if not all(bytes(event).startswith(b"{") for event in events):
            raise RejectedError(400, "an event is not an object")
        if not events:
            return 0
        day, _, time = instants.show(self.now()).partition("T")
        name = f"{time.removesuffix('Z').replace(':', '')}-{hashlib.sha256(data).hexdigest()[:16]}.jsonl.gz"
        lines = b"".join(b"%b\n" % event for event in map(bytes, events))
        _private_folder(self.logs)
        _private_folder(self.logs / day)
        write_bytes(self.logs / day / name, gzip.compress(lines, 6, mtime=0), mode=0o600)
        return len(events)

    def keep_status(self, body: bytes, encoding: str) -> str:
        """Keep the last status of one OPA, named by ``labels.id``; that id.

        Raises:
            RejectedError: not such a status, or more OPAs than ``most_reporters``; see :meth:`unpack`.
            LivegateError: it cannot be written.
        """
        data = self.unpack(body, encoding)
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
