"""The bundle server as a process (``livegate serve``) and inside one (demo, tests)."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import ipaddress
import secrets as random
import socket
import ssl
import stat
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import uvicorn

from livegate.bundle.app import Face
from livegate.bundle.connections import Room, places
from livegate.bundle.intake import Intake
from livegate.bundle.shelf import Shelf
from livegate.bundle.uploads import Uploads
from livegate.errors import BundleError, ConfigError
from livegate.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_START = 10.0
_QUEUE = 2048
_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What to serve, to whom, where. Folders are made when first written to.

    Attributes:
        dist: folder with ``<name>.tar.gz``.
        logs: folder for decision logs.
        statuses: folder for the last status of each OPA.
        tokens: any of them opens; two while one is being replaced.
        host: loopback, or any address when ``certificate`` and ``key`` are given.
        port: 0 takes a free one.
        certificate: PEM chain; key: its private key, owner-only.
        most_wait: longest wait of a long poll, seconds.
        drain: seconds that transfers get to end when the server stops.
        connections: most at once; fewer where the file-descriptor limit leaves less room.
        header: seconds for a request to arrive whole, its body apart.
        stall: seconds without progress after which an answer is given up.
        most_logs: bytes that the folder of decision logs may take; then uploads are refused (507), none is removed.
    """

    dist: Path
    logs: Path
    statuses: Path
    tokens: Sequence[Secret]
    host: str = "127.0.0.1"
    port: int = 0
    certificate: Path | None = None
    key: Path | None = None
    most_wait: int = 600
    drain: int = 5
    connections: int = 10_000
    header: float = 10.0
    stall: float = 60.0
    most_logs: int = 10 << 30


def serve(
    settings: Settings, *, ready: Callable[[str], None] | None = None, now: Callable[[], int] = time.time_ns
) -> None:
    """Serve until SIGINT or SIGTERM; ``ready`` gets the URL once requests are answered.

    Raises:
        ConfigError: no token, TLS files that do not fit, or an address other than loopback without TLS.
        BundleError: the port is taken or the address is not this machine's.
    """
    room = places(settings.connections, raise_limit=True)
    server, _ = _prepare(dataclasses.replace(settings, connections=room), now, ready)
    server.run(sockets=[server.socket])


class BundleServer:
    """The server in a thread of this process; a context manager.

    Example:
        >>> with BundleServer(Settings(dist=dist, logs=logs, statuses=statuses, tokens=[])) as server:
        ...     server.url, server.token.reveal()

    Without tokens it makes one of its own, see :attr:`token`.
    """

    def __init__(self, settings: Settings, *, now: Callable[[], int] = time.time_ns) -> None:
        """Prepare; nothing is opened yet. ``now`` gives nanoseconds, for the names of log files."""
        self.token = settings.tokens[0] if settings.tokens else Secret(random.token_urlsafe(32), "generated")
        self.settings = settings
        self._tokens = tuple(settings.tokens) or (self.token,)
        self._now = now
        self.url = ""

    def __enter__(self) -> Self:
        """Start; returns when requests are answered. Errors as :func:`serve`."""
        up = threading.Event()
        chosen = dataclasses.replace(self.settings, tokens=self._tokens)
        self._server, self.url = _prepare(chosen, self._now, lambda _: up.set())
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._server.socket]}, name="bundle-server", daemon=True
        )
        self._thread.start()
        if not up.wait(_START):
            self.__exit__()
            raise BundleError("the bundle server did not start", where=self.url)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop: waiting polls end at once, transfers get the settings' ``drain`` seconds."""
        self._server.should_exit = True
        self._thread.join(self.settings.drain + _START)
        self._server.socket.close()

    def waiting(self, name: str) -> int:
        """How many clients wait for the next version of ``name``."""
        return self._server.shelf.waiting(name)

    def publish(self, name: str) -> None:
        """Say that the file of ``name`` was just replaced; returns when the waiting have been woken."""
        loop = self._server.loop
        if loop is not None and loop.is_running():
            asyncio.run_coroutine_threadsafe(self._server.shelf.notify(name), loop).result(_START)


class _Server(uvicorn.Server):
    """uvicorn, but long polls end when it stops instead of holding the stop up."""

    def __init__(
        self,
        config: uvicorn.Config,
        shelf: Shelf,
        listening: socket.socket,
        ready: Callable[[], None],
        handshake: float,
    ) -> None:
        super().__init__(config)
        self.shelf = shelf
        self.socket = listening
        self.loop: asyncio.AbstractEventLoop | None = None
        self._ready = ready
        self._handshake = handshake

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self.config.ssl is not None:
            # uvicorn has no setting for it, and asyncio gives a client 60 s to shake hands
            loop = asyncio.get_running_loop()
            brief = functools.partial(loop.create_server, ssl_handshake_timeout=self._handshake)
            loop.create_server = brief  # type: ignore[method-assign]  # the loop is this server's own
        await super().startup(sockets)
        self.socket.listen(_QUEUE)  # asyncio has set it to what it accepts in one go
        self.loop = asyncio.get_running_loop()
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.shelf.close()
        await super().shutdown(sockets)
        # uvicorn lets go of what did not drain in time without closing it
        for connection in tuple(self.server_state.connections):
            if transport := getattr(connection, "transport", None):
                transport.abort()
        await asyncio.sleep(0)


def _prepare(settings: Settings, now: Callable[[], int], ready: Callable[[str], None] | None) -> tuple[_Server, str]:
    if not settings.tokens:
        raise ConfigError("no bearer token", where="tokens", todo="give at least one as env:NAME or file:/path")
    tls = _tls(settings)
    shelf = Shelf(settings.dist)
    intake = Intake(logs=settings.logs, statuses=settings.statuses, now=now, most_logs=settings.most_logs)
    face = Face(
        shelf=shelf,
        intake=intake,
        uploads=Uploads(most=intake.most_sent),
        tokens=settings.tokens,
        most_wait=settings.most_wait,
        send_timeout=settings.stall,
    )
    room = Room(places=places(settings.connections), header=settings.header, stall=settings.stall)
    config = uvicorn.Config(
        face.application(),
        log_config=None,
        access_log=False,
        server_header=False,
        # asyncio accepts so many in one go, before the first of them is looked at
        backlog=_AT_ONCE,
        http=room.connection,  # type: ignore[arg-type]  # uvicorn only calls it; a class cannot carry the room
        ws="none",
        lifespan="off",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=settings.drain,
        ssl_certfile=settings.certificate if tls else None,
        ssl_keyfile=settings.key if tls else None,
    )
    listening = _listen(settings, tls=tls)
    host, port = listening.getsockname()[:2]
    url = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
    return _Server(config, shelf, listening, lambda: ready(url) if ready else None, settings.header), url


def _tls(settings: Settings) -> bool:
    if settings.certificate is None and settings.key is None:
        return False
    if settings.certificate is None or settings.key is None:
        raise ConfigError("certificate and key come together", where="tls")
    try:
        mode = settings.key.stat().st_mode
        if mode & 0o077:
            raise ConfigError(
                f"others can read the key (mode {stat.S_IMODE(mode):04o})",
                where=str(settings.key),
                todo=f"chmod 600 {settings.key}",
            )
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(settings.certificate, settings.key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"cannot use certificate and key: {error.strerror or error}", where="tls") from error
    return True


def _listen(settings: Settings, *, tls: bool) -> socket.socket:
    where = f"{settings.host}:{settings.port}"
    try:
        family, _, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ConfigError(f"no such address: {error.strerror or error}", where=where) from error
    if not tls and not ipaddress.ip_address(address[0]).is_loopback:
        raise ConfigError(
            "listens only on loopback without TLS",
            where=where,
            todo="give a certificate and a key, or listen on 127.0.0.1",
        )
    # IPPROTO_TCP by name: asyncio turns Nagle's algorithm off only where it sees it, and with it on, head and body
    # of an answer lie 40 ms apart
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_QUEUE)
    except OSError as error:
        with contextlib.suppress(OSError):
            listening.close()
        raise BundleError(
            f"cannot listen: {error.strerror or error}",
            where=where,
            todo="stop what listens there, or choose another port (0 takes a free one)",
        ) from error
    return listening
