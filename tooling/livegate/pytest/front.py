"""The address that an application under test is configured with: OPA's data API, with the test's clock and documents.

It takes ``POST /v1/data/authz/evaluation`` with ``{"input": …}``, ``POST /v0/data/authz/evaluation`` with the bare
request, and ``GET /health``, and answers as a deployed OPA does. What is not the same: numbers go through Python (1.10
becomes 1.1), a body that goes on after its JSON value is 400 instead of read so far, ``?metrics`` and the like add
nothing, every other path is 404, and a bearer token, where there is one, is compared with the session's alone: which
enforcement point may ask what is for the deployment's ``system.authz`` to say.
"""

from __future__ import annotations

import gzip
import hmac
import json
import socket
import threading
import uuid
import zlib
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Protocol, Self

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from livegate.errors import EngineError, LivegateError

if TYPE_CHECKING:
    from starlette.requests import Request

    from livegate.secrets import Secret

Fault = Literal["away", "error", "undefined", "garbage"]
"""What can go wrong with an OPA: gone, 500, no decision, and something else that listens in its place."""

PATH = "data/authz/evaluation"
_NO_INPUT = {"code": "api_usage_warning", "message": "'input' key missing from the request"}
_START = 10.0
_DRAIN = 2


class Answering(Protocol):
    """Who answers now: a test."""

    @property
    def fault(self) -> Fault | None:
        """What is wrong with OPA, as far as the application can tell."""
        ...

    def answer(self, request: Any) -> dict[str, Any]:
        """OPA's answer. Raises LivegateError."""
        ...


class Front:
    """The server, in a thread; a context manager. One a session, so that an application is configured once.

    Args:
        token: what callers show; a wrong one is refused always. demanded: whether none is refused too.
    """

    def __init__(self, token: Secret, *, demanded: bool) -> None:
        self.token, self._demanded = token, demanded
        self.test: Answering | None = None
        self.url = ""

    def __enter__(self) -> Self:
        """Listen on a free port of 127.0.0.1; returns when requests are answered.

        Raises:
            EngineError: it did not start.
        """
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        up = threading.Event()
        self._server = _Server(self._config(), up)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="livegate-front", daemon=True
        )
        self._thread.start()
        if not up.wait(_START):
            self.__exit__()
            raise EngineError("the front of the tests did not start", where=self.url)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop; requests under way get two seconds."""
        self._server.should_exit = True
        self._thread.join(_START)
        self._socket.close()

    def _config(self) -> uvicorn.Config:
        routes = [
            Route("/health", _health, methods=["GET"]),
            Route(f"/v1/{PATH}", self._v1, methods=["POST"]),
            Route(f"/v0/{PATH}", self._v0, methods=["POST"]),
        ]
        app = Starlette(routes=routes, exception_handlers={404: _not_found, 405: _not_found, _RefusedError: _refused})
        app.router.redirect_slashes = False
        return uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            http=self._connection,  # type: ignore[arg-type]  # uvicorn only calls it; a class cannot carry the front
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=_DRAIN,
        )

    def _connection(self, **given: Any) -> H11Protocol:
        return _Connection(self, **given)

    async def _v1(self, request: Request) -> Response:
        body = await self._body(request)
        if body is not None and not isinstance(body, dict):
            raise _RefusedError(400, "invalid_parameter", "body contains malformed input document: it is no object")
        given = (body or {}).get("input")
        answer = await self._answered(given)
        said = {"decision_id": str(uuid.uuid4()), "result": answer, "warning": _NO_INPUT if given is None else None}
        return JSONResponse({name: value for name, value in said.items() if value is not None})

    async def _v0(self, request: Request) -> Response:
        answer = await self._answered(await self._body(request))
        if answer is None:
            raise _RefusedError(404, "undefined_document", "document missing or undefined: data.authz.evaluation")
        return JSONResponse(answer)

    async def _answered(self, request: Any) -> Any:
        test = self.test
        if test is None:
            raise _RefusedError(503, "internal_error", "no test that uses the fixture is running")
        match test.fault:
            case "error":
                raise _RefusedError(500, "internal_error", "as the test asked for")
            case "undefined":
                return None
            case "garbage":
                raise _RefusedError(200, "", "<html>this is no OPA</html>")
        try:
            return await run_in_threadpool(test.answer, request)
        except LivegateError as error:
            raise _RefusedError(500, "internal_error", error.what) from error

    async def _body(self, request: Request) -> Any:
        self._authorize(request.headers.get("authorization"))
        data = await request.body()
        try:
            if request.headers.get("content-encoding", "").strip().lower() == "gzip":
                data = gzip.decompress(data)
            return json.loads(data, parse_constant=_no_number) if data.strip() else None
        except (ValueError, RecursionError, OSError, EOFError, zlib.error) as error:
            raise _RefusedError(400, "invalid_parameter", f"body contains malformed input document: {error}") from error

    def _authorize(self, header: str | None) -> None:
        if header is None and not self._demanded:
            return
        scheme, _, given = (header or "").partition(" ")
        known = self.token.reveal().encode()
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), known):
            raise _RefusedError(401, "unauthorized", "request rejected by administrative policy")


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, up: threading.Event) -> None:
        super().__init__(config)
        self._up = up

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._up.set()


class _Connection(H11Protocol):
    """A connection that ends without a word while OPA is to be away."""

    def __init__(self, front: Front, **given: Any) -> None:
        super().__init__(**given)
        self._front = front

    def data_received(self, data: bytes) -> None:
        test = self._front.test
        if test is not None and test.fault == "away":
            self.transport.abort()
        else:
            super().data_received(data)


class _RefusedError(Exception):
    """An answer that is no decision."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


async def _health(_: Request) -> Response:
    return JSONResponse({})


async def _not_found(_: Request, __: Exception) -> Response:
    return JSONResponse({"code": "not_found", "message": "this address has decisions alone"}, status_code=404)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, _RefusedError)  # noqa: S101  # what Starlette calls this handler with
    if not error.code:
        return Response(error.message, media_type="text/html")
    return JSONResponse({"code": error.code, "message": error.message}, status_code=error.status)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")
