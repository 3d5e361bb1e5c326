"""Reading a body: bounds on what comes out, not on what comes in."""

from __future__ import annotations

import gzip
import io
import tracemalloc

import pytest
import requests
from urllib3 import HTTPResponse

from livegate.errors import IncompleteError, SourceError
from livegate.sources.http_body import read


def response(body: bytes, **headers: str) -> requests.Response:
    found = requests.Response()
    found.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    found.raw = HTTPResponse(io.BytesIO(body), headers=dict(found.headers), preload_content=False)
    return found


def test_a_bomb_is_never_unpacked() -> None:
    bomb = response(gzip.compress(b" " * 100_000_000), content_encoding="gzip")

    tracemalloc.start()
    try:
        with pytest.raises(SourceError, match="larger than 1000000 bytes"):
            read(bomb, limit=1_000_000, where="GET /")
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 1_000_000])
def test_exactly_the_limit_is_read(size: int) -> None:
    body = bytes(n % 251 for n in range(size))

    assert read(response(body), limit=size, where="GET /") == body
    assert read(response(gzip.compress(body), content_encoding="GZIP"), limit=size, where="GET /") == body
    for one_less in (response(body + b"x"), response(gzip.compress(body + b"x"), content_encoding="gzip")):
        with pytest.raises(SourceError, match="larger"):
            read(one_less, limit=size, where="GET /")


def test_an_empty_body_is_no_gzip() -> None:
    with pytest.raises(IncompleteError):
        read(response(b"", content_encoding="gzip"), limit=10, where="GET /")


def test_an_announced_size_of_many_digits() -> None:
    with pytest.raises(SourceError, match="larger"):
        read(response(b"", content_length="9" * 5000), limit=10, where="GET /")
