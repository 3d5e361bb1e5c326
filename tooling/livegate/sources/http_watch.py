"""A watchdog for one HTTP session: cuts the connection when an exchange takes too long as a whole.

``requests`` bounds each wait for a byte, not their sum: a server that sends one byte at a time, be it
of a header, could hold a reader for days.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from collections.abc import Iterator


class Watch:
    """Holds the socket in use and shuts it when time is up. One exchange at a time."""

    def __init__(self, seconds: float) -> None:
        """Allow ``seconds`` for each exchange."""
        self.seconds = seconds
        self.fired = False
        self._socket: socket.socket | None = None

    def holds(self, found: socket.socket | None) -> None:
        """This is the socket now; a connection that was made when time was up already is shut at once."""
        self._socket = found
        if self.fired:
            self._shut()

    @contextlib.contextmanager
    def exchange(self) -> Iterator[None]:
        """Watch over what happens inside; :attr:`fired` says afterwards whether it was cut."""
        self.fired = False
        timer = threading.Timer(self.seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _cut(self) -> None:
        self.fired = True
        self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


class WatchedAdapter(HTTPAdapter):
    """The transport of a session whose sockets a :class:`Watch` holds. Never retries by itself."""

    def __init__(self, watch: Watch) -> None:
        """Show ``watch`` each socket."""
        self._watch = watch
        super().__init__(max_retries=0, pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As in ``requests``, with connections that show their socket."""
        super().init_poolmanager(*args, **kwargs)
        watch = self._watch

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                watch.holds(self.sock)

        class Secured(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                # before the TLS handshake, which can be dragged out too
                found = super()._new_conn()
                watch.holds(found)
                return found

            def connect(self) -> None:
                super().connect()
                watch.holds(self.sock)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecuredPool(HTTPSConnectionPool):
            ConnectionCls = Secured

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecuredPool}
