"""What comes back over HTTP, read with suspicion: size, encoding, kind and shape are checked before use.

The other side may be broken, a proxy's login page, or hostile. Nothing here trusts a length that it
announces, unpacks more than was asked for, or repeats its words without cleaning them.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import msgspec

from livegate.errors import IncompleteError, SourceError

if TYPE_CHECKING:
    import requests

T = TypeVar("T")

_BLOCK = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_JSON = frozenset({"application/json", "application/scim+json", "application/jwk-set+json"})
_WORDS = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, whole.

    Attributes:
        status: the HTTP status.
        body: the bytes, unpacked.
        where: method and address without credentials or query, for messages.
    """

    status: int
    body: bytes
    where: str

    def decode(self, shape: type[T]) -> T:
        """The body as JSON of this shape; see :func:`decode`."""
        return decode(self.body, shape, where=self.where)


def read(response: requests.Response, *, limit: int, where: str) -> bytes:
    """The whole body, unpacked, of at most ``limit`` bytes; no more than that is ever held.

    Unpacking is done here because the bound must be on the bytes that come out (a gzip bomb is small
    on the wire).

    Raises:
        SourceError: larger than ``limit``, or packed in a way that was not asked for.
        IncompleteError: broken off before its end.
    """
    announced = response.headers.get("Content-Length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > limit:
        raise _too_large(limit, where)
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", ""}:
        raise SourceError("the answer is packed in a way that was not asked for", where=where, todo="ask for gzip")
    unpack = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
    parts: list[bytes] = []
    size = 0
    for block in response.raw.stream(_BLOCK, decode_content=False):
        part = _unpacked(unpack, block, limit - size + 1, where) if unpack is not None else block
        size += len(part)
        if size > limit:
            raise _too_large(limit, where)
        parts.append(part)
    if unpack is not None and not unpack.eof:
        raise IncompleteError("the packed answer breaks off before its end", where=where)
    return b"".join(parts)


def _unpacked(unpack: zlib._Decompress, block: bytes, room: int, where: str) -> bytes:
    try:
        part = unpack.decompress(block, room)
    except zlib.error as error:
        raise SourceError("the answer says it is gzip and is not", where=where) from error
    if unpack.unused_data:
        raise SourceError("something follows the end of the packed answer", where=where)
    # what is left over did not fit into the room, and the room is one byte more than allowed
    return part


def _too_large(limit: int, where: str) -> SourceError:
    return SourceError(
        f"the answer is larger than {limit} bytes",
        where=where,
        todo="ask for smaller pages (page_size) or raise max_bytes, if that much is right",
    )


def require_json(response: requests.Response, *, where: str) -> None:
    """Refuse an answer that does not call itself JSON.

    Raises:
        SourceError: names what it is instead.
    """
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in _JSON:
        return
    if kind in {"text/html", "application/xhtml+xml"}:
        raise SourceError(
            "answered an HTML page instead of JSON",
            where=where,
            todo="the address may be that of a web page, or a proxy or login page stands before it",
        )
    raise SourceError(
        f"answered {clean(kind) or 'no content type'} instead of JSON", where=where, todo="check the address"
    )


def decode(body: bytes, shape: type[T], *, where: str) -> T:
    """``body`` as JSON of this shape.

    Raises:
        SourceError: not UTF-8, not JSON, broken off, nested too deep, a number too large, or another shape.
    """
    try:
        # msgspec skips what the shape does not name without looking at its bytes
        body.decode("utf-8")
        return msgspec.json.decode(body, type=shape)
    except UnicodeDecodeError as error:
        raise SourceError(f"the answer is not UTF-8 (byte {error.start})", where=where) from error
    except RecursionError as error:
        raise SourceError("the answer is nested too deep", where=where) from error
    except msgspec.ValidationError as error:
        raise SourceError(f"the answer has another shape than expected: {clean(str(error))}", where=where) from error
    except msgspec.DecodeError as error:
        raise SourceError(f"the answer is not JSON: {clean(str(error))}", where=where) from error


class _Complaint(msgspec.Struct):
    """An error as SCIM (RFC 7644, 3.12) and OpenBao word it; what is absent stays empty."""

    detail: str = ""
    scim_type: str = msgspec.field(name="scimType", default="")
    errors: list[str] = []


def complaint(body: bytes) -> tuple[str, str]:
    """The other side's own words for an error, cleaned, and SCIM's ``scimType``; empty where there are none."""
    try:
        found = msgspec.json.decode(body, type=_Complaint)
    except (msgspec.DecodeError, RecursionError):
        return "", ""
    return clean(found.detail or "; ".join(found.errors)), found.scim_type


def clean(text: str) -> str:
    """Foreign text fit for a message: one line, printable, short."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words if len(words) <= _WORDS else words[: _WORDS - 1] + "…"
