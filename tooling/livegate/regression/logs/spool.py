"""The events of any number of logs, each once, put aside on disk until they are asked again.

Logs are larger than memory, come twice, out of order, and mixed of many versions of the bundles; an OPA holds one. So
the events are kept in a private file (SQLite) and taken from it by revision set, and their outcomes go there as well.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from livegate.errors import LivegateError
from livegate.regression.logs.event import Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

_TABLES = """
CREATE TABLE sets (number INTEGER PRIMARY KEY, revisions TEXT UNIQUE);
CREATE TABLE events (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE, digest BLOB, place TEXT, revisions INTEGER, event TEXT, outcome TEXT
);
CREATE INDEX waiting ON events (revisions, number) WHERE outcome IS NULL;
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One event that waits, by its number."""

    number: int
    event: Event


class Spool:
    """Events by id, a context manager; its file lies in ``folder``, which is to be the owner's alone.

    Raises:
        LivegateError: from any method: the disk is full or the file cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "events.sqlite"
        self._sets: dict[str, int] = {}
        with _said(self._path):
            self._base = sqlite3.connect(self._path, isolation_level=None)
            # nothing of it is wanted after a crash
            self._base.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_TABLES} BEGIN;")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._base.close()

    def add(self, event: Event) -> bool | None:
        """Put an event aside: True where it is new, False where it is there already, None where another one is.

        Two events of one id that differ in what was asked or answered are not one event.
        """
        body = json.dumps(_plain(event), separators=(",", ":"))
        digest = hashlib.sha256(
            json.dumps([event.request, event.text, event.answer, event.masked], sort_keys=True).encode()
        ).digest()[:16]
        return self._add(event.id, event.where, digest, self._set(event.revisions), body, None)

    def settle_at_once(self, identifier: str, place: str, outcome: Mapping[str, Any]) -> bool | None:
        """Put aside an event that is not to be asked, with its outcome; as :meth:`add`."""
        digest = hashlib.sha256(json.dumps(outcome.get("why")).encode()).digest()[:16]
        return self._add(identifier, place, digest, None, None, json.dumps(outcome))

    def sets(self) -> tuple[tuple[int, dict[str, str], int], ...]:
        """Number, revisions and how many events wait, of every revision set that any waits for, first seen first."""
        with _said(self._path):
            rows = self._base.execute(
                "SELECT sets.number, sets.revisions, count(*) FROM events JOIN sets ON events.revisions = sets.number"
                " WHERE outcome IS NULL GROUP BY sets.number ORDER BY sets.number"
            ).fetchall()
        return tuple((number, json.loads(text), count) for number, text, count in rows)

    def seen(self) -> int:
        """How many revision sets there were."""
        return len(self._sets)

    def waiting(self, number: int, *, chunk: int) -> Iterator[tuple[Waiting, ...]]:
        """What waits of one revision set, so many at a time, in the order of the logs."""
        last = 0
        while True:
            with _said(self._path):
                rows = self._base.execute(
                    "SELECT number, id, place, event FROM events"
                    " WHERE revisions = ? AND outcome IS NULL AND number > ? ORDER BY number LIMIT ?",
                    (number, last, chunk),
                ).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            yield tuple(
                Waiting(found, Event(id=identifier, where=place, **json.loads(text)))
                for found, identifier, place, text in rows
            )

    def settle(self, outcomes: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
        """Write down what became of events, by their numbers."""
        with _said(self._path):
            self._base.executemany(
                "UPDATE events SET outcome = ?, event = NULL WHERE number = ?",
                [(json.dumps(outcome), number) for number, outcome in outcomes],
            )

    def settle_rest(self, outcome: Mapping[str, Any], *, revisions: int | None = None) -> int:
        """One outcome for all that still wait, of one set or of all; how many they were."""
        with _said(self._path):
            where, given = ("", ()) if revisions is None else (" AND revisions = ?", (revisions,))
            return self._base.execute(
                f"UPDATE events SET outcome = ?, event = NULL WHERE outcome IS NULL{where}",  # noqa: S608  # two constants
                (json.dumps(outcome), *given),
            ).rowcount

    def outcomes(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Id, place and outcome of every event that has one, in the order of the logs."""
        with _said(self._path):
            rows = self._base.execute("SELECT id, place, outcome FROM events WHERE outcome NOT NULL ORDER BY number")
            for identifier, place, text in rows:
                yield identifier, place, json.loads(text)

    def _add(
        self, identifier: str, place: str, digest: bytes, revisions: int | None, body: str | None, outcome: str | None
    ) -> bool | None:
        with _said(self._path):
            done = self._base.execute(
                "INSERT OR IGNORE INTO events (id, digest, place, revisions, event, outcome) VALUES (?, ?, ?, ?, ?, ?)",
                (identifier, digest, place, revisions, body, outcome),
            )
            if done.rowcount:
                return True
            (there,) = self._base.execute("SELECT digest FROM events WHERE id = ?", (identifier,)).fetchone()
        return False if there == digest else None

    def _set(self, revisions: Mapping[str, str]) -> int:
        text = json.dumps(revisions, sort_keys=True)
        if text not in self._sets:
            with _said(self._path):
                self._base.execute("INSERT INTO sets (revisions) VALUES (?)", (text,))
            self._sets[text] = len(self._sets) + 1
        return self._sets[text]


def _plain(event: Event) -> dict[str, Any]:
    return {
        "request": event.request,
        "instant": event.instant,
        "answer": event.answer,
        "revisions": event.revisions,
        "masked": event.masked,
        "took": event.took,
        "text": event.text,
    }


class _said:  # noqa: N801  # read as a phrase: with _said(path)
    """Turns what SQLite raises into an error of ours."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, sqlite3.Error):
            raise LivegateError(
                f"events cannot be put aside: {error}", where=str(self._path), todo="is there room on this disk?"
            ) from error
