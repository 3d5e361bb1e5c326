"""The HTTP face of the bundle server: OPA's download, decision-log and status protocols (Starlette).

Download protocol (OPA ``v1/download/download.go``): ``If-None-Match``, ``Prefer: modes=snapshot,delta;wait=N``; the
``Content-Type`` of a bundle is what tells OPA that long polling is spoken here; 304 when a wait ends without news.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from livegate.bundle.intake import RejectedError
from livegate.errors import LivegateError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from livegate.bundle.intake import Intake
    from livegate.bundle.shelf import Item, Shelf
    from livegate.bundle.uploads import Uploads
    from livegate.secrets import Secret

_T = TypeVar("_T", int, str)
BUNDLE_TYPE = "application/vnd.openpolicyagent.bundles"
_LOG = logging.getLogger(__name__)
_WAIT = re.compile(r"(?:^|[;,\s])wait=(\d{1,9})(?:$|[;,\s])")
_CHUNK = 256 * 1024
_SMALL = 64 * 1024
_NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """What the routes need. ``most_wait`` and ``send_timeout`` (without progress) are in seconds."""

    shelf: Shelf
    intake: Intake
    uploads: Uploads
    tokens: Sequence[Secret]
    most_wait: int = 600
    send_timeout: float = 60.0

    def application(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/health", _health, methods=["GET"]),
            Route("/bundles/{name}", self._bundle, methods=["GET"]),
            Route("/logs", self._logs, methods=["POST"]),
            Route("/logs/{partition}", self._logs, methods=["POST"]),
            Route("/status", self._status, methods=["POST"]),
            Route("/status/{partition}", self._status, methods=["POST"]),
        ]
        app = Starlette(
            routes=routes, exception_handlers={HTTPException: _http_error, LivegateError: _failed, Exception: _failed}
        )
        app.router.redirect_slashes = False
        return app

    async def _bundle(self, request: Request) -> Response:
        self._authorize(request)
        name = request.path_params["name"].removesuffix(".tar.gz")
        item = await self.shelf.current(name)
        if item is None:
            raise HTTPException(404, "no such bundle")
        known = _etags(request.headers.get("if-none-match", ""))
        if item.etag in known and request.method == "GET" and (seconds := self._seconds(request)):
            item = await _unless_gone(request, self.shelf.wait(name, item.etag, seconds)) or item
        headers = {**_NO_STORE, "ETag": item.etag, "Content-Type": BUNDLE_TYPE}
        if item.etag in known:
            return Response(status_code=304, headers=headers)
        if request.method == "HEAD":
            return Response(headers={**headers, "Content-Length": str(item.size)})
        return await self._file(name, item, headers)

    async def _file(self, name: str, item: Item, headers: dict[str, str]) -> Response:
        # a publication between the two steps makes the version stale: take the newer one
        for _ in range(5):
            stream = self.shelf.open(name, item)
            if stream is not None:
                headers |= {"ETag": item.etag, "Content-Length": str(item.size)}
                return _FileResponse(stream, item.size, headers, self.send_timeout)
            item = await self.shelf.current(name) or item
        raise HTTPException(503, "the bundle changes too fast")

    async def _logs(self, request: Request) -> Response:
        count = await self._keep(request, self.intake.keep_log)
        return JSONResponse({"events": count}, headers=_NO_STORE)

    async def _status(self, request: Request) -> Response:
        await self._keep(request, self.intake.keep_status)
        return JSONResponse({}, headers=_NO_STORE)

    async def _keep(self, request: Request, keep: Callable[[bytes, str], _T]) -> _T:
        self._authorize(request)
        return await self.uploads.take(request, keep)

    def _authorize(self, request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        sent = hashlib.sha256(given.strip().encode()).digest()
        # all tokens are compared, at equal cost, so that time tells nothing
        matches = [hmac.compare_digest(sent, hashlib.sha256(t.reveal().encode()).digest()) for t in self.tokens]
        if scheme.lower() != "bearer" or not any(matches):
            raise HTTPException(401, "a valid bearer token is needed", headers={"WWW-Authenticate": "Bearer"})

    def _seconds(self, request: Request) -> int:
        match = _WAIT.search(request.headers.get("prefer", ""))
        return min(int(match[1]), self.most_wait) if match else 0


class _FileResponse(Response):
    """Streams an open file in pieces; a client that takes none for ``timeout`` seconds is let go."""

    def __init__(self, stream: BinaryIO, size: int, headers: dict[str, str], timeout: float) -> None:
        super().__init__(headers=headers)
        self._stream = stream
        self._size = size
        self._timeout = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        """Send head and body."""
        with self._stream:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            left = self._size
            while left:
                # a small file is in memory already; handing it to a thread would cost more than reading it
                size = min(_CHUNK, left)
                data = (
                    self._stream.read(size)
                    if self._size <= _SMALL
                    else await asyncio.to_thread(self._stream.read, size)
                )
                if not data:
                    raise RuntimeError("a bundle was cut while being served; replace it, do not write into it")
                left -= len(data)
                async with asyncio.timeout(self._timeout):
                    await send({"type": "http.response.body", "body": data, "more_body": left > 0})


async def _unless_gone(request: Request, waiting: Coroutine[None, None, Item | None]) -> Item | None:
    task = asyncio.create_task(waiting)
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        # a client that went away must not keep its place until the time-out
        for each in (task, gone):
            each.cancel()
            with suppress(asyncio.CancelledError):
                await each


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _etags(header: str) -> frozenset[str]:
    return frozenset(part.strip().removeprefix("W/") for part in header.split(",") if part.strip())


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"}, headers=_NO_STORE)


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # what Starlette calls this handler with
    headers = {**_NO_STORE, **(error.headers or {})}
    return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=headers)


async def _failed(_: Request, error: Exception) -> Response:
    if isinstance(error, RejectedError):
        return JSONResponse({"error": error.what}, status_code=error.status, headers=_NO_STORE)
    # the text may name folders of this machine: for the operator's log, not for the client
    _LOG.error("request failed: %s", error)
    return JSONResponse({"error": "the server could not do this now"}, status_code=503, headers=_NO_STORE)
