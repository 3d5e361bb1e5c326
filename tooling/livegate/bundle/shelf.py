"""The shelf: the bundle files being served, and who waits for the next one.

A bundle changes by atomic replacement of its file. Whoever publishes inside this process calls :meth:`Shelf.notify`;
for all others one task compares ``stat`` of the files waited for, every few milliseconds and only while someone waits
(at 5 ms: 1.5 % of one core, whether 1 waits or 300). Waiters of one bundle share one event.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from livegate.bundle.definition import NAME

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path

_LOG = logging.getLogger(__name__)

Identity = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Item:
    """One version of a bundle's file: ``etag`` is the quoted SHA-256 of its bytes, ``size`` in bytes."""

    identity: Identity
    etag: str
    size: int


@dataclass(slots=True)
class _Place:
    item: Item | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Shelf:
    """The bundles in ``folder``, by name. All methods but :meth:`path` belong to one event loop."""

    def __init__(self, folder: Path, *, interval: float = 0.005) -> None:
        """Serve ``folder``; compare files every ``interval`` seconds while someone waits."""
        self._folder = folder
        self._interval = interval
        self._places: dict[str, _Place] = {}
        self._watch: asyncio.Task[None] | None = None
        self._closed = False

    def path(self, name: str) -> Path:
        """Where the bundle ``name`` lies."""
        return self._folder / f"{name}.tar.gz"

    async def current(self, name: str) -> Item | None:
        """The version of ``name`` on disk now; None if there is no such file, or no such name at all."""
        if not NAME.fullmatch(name):
            return None
        identity = _identity(self.path(name))
        if identity is None:
            return None
        place = self._places.setdefault(name, _Place())
        async with place.lock:  # of many that ask at once, one reads the file
            if place.item is None or place.item.identity != identity:
                item = await asyncio.to_thread(_read, self.path(name))
                if item is not None and item != place.item:
                    place.item = item
                    changed, place.changed = place.changed, asyncio.Event()
                    changed.set()
        return place.item

    async def wait(self, name: str, etag: str, timeout: float) -> Item | None:  # the protocol's wait is the point
        """The version of ``name`` once it is not ``etag``, or the same one when ``timeout`` seconds are over.

        Returns at once when the shelf is closed.
        """
        item = await self.current(name)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while item is not None and item.etag == etag and not self._closed:
                    place = self._places[name]
                    changed = place.changed
                    place.waiting += 1
                    self._start()
                    try:
                        await changed.wait()
                    finally:
                        place.waiting -= 1
                    item = await self.current(name)
        return item

    async def notify(self, name: str) -> None:
        """The file of ``name`` was replaced: wake who waits now instead of at the next comparison."""
        await self.current(name)

    def waiting(self, name: str) -> int:
        """How many wait for the next version of ``name``."""
        place = self._places.get(name)
        return place.waiting if place else 0

    def close(self) -> None:
        """End all waits."""
        self._closed = True
        for place in self._places.values():
            place.changed.set()
        if self._watch is not None:
            self._watch.cancel()

    def open(self, name: str, item: Item) -> BufferedReader | None:
        """The file of exactly that version, or None when it was replaced since."""
        with contextlib.suppress(OSError):
            stream = _open(self.path(name))
            if _of(os.fstat(stream.fileno())) == item.identity:
                return stream
            stream.close()
        return None

    def _start(self) -> None:
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._compare())

    async def _compare(self) -> None:
        while waited := [(name, place) for name, place in self._places.items() if place.waiting]:
            for name, place in waited:
                identity = _identity(self.path(name))
                if identity is None or (place.item is not None and identity == place.item.identity):
                    continue  # removed: the old version stays until there is a new one
                try:
                    await self.current(name)
                except OSError as error:
                    _LOG.warning("cannot read %s: %s", self.path(name), error)
            await asyncio.sleep(self._interval)


def _open(path: Path) -> BufferedReader:
    # no link is followed: what is served lies in the folder
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")


def _identity(path: Path) -> Identity | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return _of(found) if stat.S_ISREG(found.st_mode) else None


def _of(found: os.stat_result) -> Identity:
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)


def _read(path: Path) -> Item | None:
    try:
        with _open(path) as stream:
            identity = _of(os.fstat(stream.fileno()))
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            # written to in place instead of replaced: not a version yet, the next comparison looks again
            return Item(identity, f'"{digest}"', identity[3]) if _of(os.fstat(stream.fileno())) == identity else None
    except OSError as error:
        _LOG.warning("cannot read %s: %s", path, error)
        return None
