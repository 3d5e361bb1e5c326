"""Bodies: bounded in size, number and time."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from livegate.bundle.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Sequence


def _request(parts: Sequence[bytes], *, ends: bool = True) -> Request:
    waiting = list(parts)

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        part = waiting.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(waiting) or not ends}

    return Request({"type": "http", "method": "POST", "headers": [(b"content-encoding", b" GZip ")]}, receive)


def _keep(body: bytes, encoding: str) -> str:
    return f"{len(body)} {encoding}"


def test_a_body_is_handed_on_whole() -> None:
    assert asyncio.run(Uploads(most=6).take(_request([b"abc", b"def"]), _keep)) == "6 gzip"


@pytest.mark.parametrize(
    ("uploads", "parts", "status"),
    [
        (Uploads(most=5), [b"abc", b"def"], 413),
        (Uploads(most=50, together=5), [b"abc", b"def"], 503),
        (Uploads(most=50, seconds=0.05), [b"abc"], 408),
    ],
)
def test_too_large_too_much_too_slow(uploads: Uploads, parts: list[bytes], status: int) -> None:
    with pytest.raises(HTTPException) as caught:
        asyncio.run(uploads.take(_request(parts, ends=False), _keep))
    assert caught.value.status_code == status
    assert caught.value.headers == {"Connection": "close"}
    assert asyncio.run(uploads.take(_request([b"abc"]), _keep)) == "3 gzip", "what was refused takes no room"


def test_one_is_worked_on_at_a_time() -> None:
    uploads = Uploads(most=5)
    busy, most = 0, 0
    guard = threading.Lock()

    def keep(_: bytes, __: str) -> int:
        nonlocal busy, most
        with guard:
            busy += 1
            most = max(most, busy)
        threading.Event().wait(0.01)
        with guard:
            busy -= 1
        return 1

    async def ten() -> int:
        return sum(await asyncio.gather(*(uploads.take(_request([b"a"]), keep) for _ in range(10))))

    assert asyncio.run(ten()) == 10
    assert most == 1
