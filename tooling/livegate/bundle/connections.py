"""Connections that ask for nothing make room for those that do.

uvicorn waits for a request for ever and counts connections only once one is there: a few thousand clients that send
half a header would take every file descriptor. Here a request has ten seconds to arrive whole, an answer that nobody
takes is given up, and when all places are taken the one that has been idle longest is closed for the newcomer. An OPA
in a long poll is not idle, so it keeps its place.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

_SPARE = 64
_EACH = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The places of one server, and who could give one up, longest idle first.

    Attributes:
        places: most connections at once.
        header: seconds for a request to arrive whole, its body apart.
        stall: seconds without progress after which an answer is given up.
    """

    places: int
    header: float = 10.0
    stall: float = 60.0
    idle: dict[Connection, None] = field(default_factory=dict)
    stalled: dict[Connection, None] = field(default_factory=dict)

    def connection(self, **given: Any) -> Connection:
        """A protocol for one connection; what uvicorn takes as ``http``."""
        return Connection(self, **given)

    def make(self) -> bool:
        """Free one place; False when all are busy."""
        for group in (self.idle, self.stalled):
            if group:
                next(iter(group)).drop()
                return True
        return False


def places(wanted: int, *, raise_limit: bool = False) -> int:
    """How many of ``wanted`` connections the file-descriptor limit leaves room for, at least one.

    A connection may hold two descriptors (itself and the bundle it gets); some stay free for everything else.
    ``raise_limit`` first raises this process's soft limit towards the hard one, as far as is needed.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted * _EACH + _SPARE
    if raise_limit and soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, (soft - _SPARE) // _EACH))


class Connection(H11Protocol):
    """uvicorn's HTTP/1.1, with an end to every wait for the client."""

    def __init__(self, room: Room, **given: Any) -> None:
        """``given`` is what uvicorn gives its protocols."""
        super().__init__(**given)
        self._room = room
        self._deadline: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Take a place, somebody's who is idle if need be."""
        full = len(self.connections) >= self._room.places
        super().connection_made(transport)
        if full and not self._room.make():
            self.drop()
            return
        self._watch(self._room.header)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes that do not complete a request do not give it more time."""
        super().data_received(data)
        self._watch(self._room.header)

    def on_response_complete(self) -> None:
        """Idle again: uvicorn's keep-alive time runs, and ends with the next byte."""
        super().on_response_complete()
        self._watch(None)

    def timeout_keep_alive_handler(self) -> None:
        """Closed by uvicorn, which would wait for ever until what was sent is taken."""
        super().timeout_keep_alive_handler()
        self._watch(None)

    def pause_writing(self) -> None:
        """The client takes less than is sent."""
        super().pause_writing()
        self._room.stalled[self] = None
        self._stall = self._stall or self.loop.call_later(self._room.stall, self.drop)

    def resume_writing(self) -> None:
        """It has taken it."""
        super().resume_writing()
        self._room.stalled.pop(self, None)
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def drop(self) -> None:
        """Close now, whatever is under way; the place is free at once."""
        self._forget()
        self.connections.discard(self)
        self.transport.abort()

    def _watch(self, seconds: float | None) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if self.transport.is_closing():
            seconds = self._room.stall
        elif cycle is not None and not cycle.response_complete:
            self._room.idle.pop(self, None)
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None
            return
        if self not in self.connections:
            return
        self._room.idle.setdefault(self)
        if seconds is not None and self._deadline is None:
            self._deadline = self.loop.call_later(seconds, self.drop)

    def _forget(self) -> None:
        self._room.idle.pop(self, None)
        self._room.stalled.pop(self, None)
        for timer in (self._deadline, self._stall):
            if timer is not None:
                timer.cancel()
