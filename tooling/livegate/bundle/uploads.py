"""Request bodies: of bounded size, alone and together, read in bounded time and worked on one after the other."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_CLOSE = {"Connection": "close"}


@dataclass(slots=True, kw_only=True)
class Uploads:
    """Reads uploads and hands them on.

    Attributes:
        most: bytes of one body.
        together: bytes of all bodies that are in memory at once.
        seconds: for one body to arrive.
    """

    most: int
    together: int = 256 << 20
    seconds: float = 60.0
    _held: int = 0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def take(self, request: Request, keep: Callable[[bytes, str], _T]) -> _T:
        """What ``keep`` says to the body and its ``Content-Encoding``.

        Raises:
            HTTPException: 413 too large, 408 too slow, 400 cut off, 503 too much at once: OPA sends it again.
        """
        parts = bytearray()
        try:
            await self._read(request, parts)
            encoding = request.headers.get("content-encoding", "").strip().lower()
            # unpacking is not for the event loop, where all the others wait, and takes memory: one at a time
            async with self._turn:
                return await asyncio.to_thread(keep, bytes(parts), encoding)
        finally:
            self._held -= len(parts)

    async def _read(self, request: Request, parts: bytearray) -> None:
        try:
            async with asyncio.timeout(self.seconds):
                async for part in request.stream():
                    parts += part
                    self._held += len(part)
                    if len(parts) > self.most:
                        raise HTTPException(413, f"larger than {self.most} bytes", headers=_CLOSE)
                    if self._held > self.together:
                        raise HTTPException(503, "too many uploads at once", headers=_CLOSE)
        except ClientDisconnect as error:
            raise HTTPException(400, "cut off") from error
        except TimeoutError as error:
            raise HTTPException(408, f"not there within {self.seconds:g} s", headers=_CLOSE) from error
