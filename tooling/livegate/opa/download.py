"""Fetch one file over HTTP into a file: bounded in size and time, and never from a host that was not expected."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import requests

from livegate.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

RELEASE_HOSTS = frozenset({"github.com", "objects.githubusercontent.com", "release-assets.githubusercontent.com"})
"""Where GitHub serves release assets from; a redirect to any other host is refused."""

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HOPS = 5
_CHUNK = 1 << 16


def _anonymous(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from adding what the user's ``.netrc`` holds for the host: a release is public."""
    return request


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloader:
    """One attempt each time: offline has to fail fast, so that the next way is tried.

    Args:
        session: its proxies and certificates are the user's. connect, read: seconds. total: seconds for one file.
        hosts: to which a redirect over https may lead. clock: monotonic seconds.
    """

    session: requests.Session = field(default_factory=requests.Session)
    connect: float = 5.0
    read: float = 30.0
    total: float = 900.0
    hosts: frozenset[str] = RELEASE_HOSTS
    clock: Callable[[], float] = time.monotonic

    def fetch(self, url: str, into: BinaryIO, *, limit: int) -> str:
        """Write what ``url`` serves to ``into``, at most ``limit`` bytes.

        Returns:
            The SHA-256 of the bytes, in hex.

        Raises:
            EngineError: not reached, not 200, too large, too slow, cut off, or sent elsewhere.
        """
        ends = self.clock() + self.total
        try:
            with self._follow(url) as response:
                return self._copy(response, into, limit=limit, ends=ends)
        except requests.ConnectTimeout as error:
            raise EngineError(f"no connection within {self.connect:g} s", where=url) from error
        except requests.RequestException as error:
            raise EngineError(f"cannot be fetched ({_reason(error)})", where=url) from error

    def _follow(self, url: str) -> requests.Response:
        first = urlsplit(url)
        for _ in range(_HOPS):
            response = self.session.get(
                url,
                timeout=(self.connect, self.read),
                stream=True,
                allow_redirects=False,
                auth=_anonymous,
                # What is hashed are the bytes of the file, not of a decoded transfer.
                headers={"Accept-Encoding": "identity", "User-Agent": "livegate"},
            )
            if response.status_code == 200:
                return response
            with response:
                if response.status_code not in _REDIRECTS:
                    raise EngineError(f"answered {response.status_code}", where=url)
                following = urljoin(url, response.headers.get("Location", ""))
            if not self._allowed(following, loopback=first.hostname in _LOOPBACK):
                raise EngineError(f"was redirected to {_origin(following)}, which is not allowed", where=url)
            url = following
        raise EngineError(f"was redirected more than {_HOPS} times", where=url)

    def _allowed(self, url: str, *, loopback: bool) -> bool:
        parts = urlsplit(url)
        if loopback and parts.hostname in _LOOPBACK:
            return parts.scheme in {"http", "https"}
        return parts.scheme == "https" and parts.hostname in self.hosts

    def _copy(self, response: requests.Response, into: BinaryIO, *, limit: int, ends: float) -> str:
        digest, size = hashlib.sha256(), 0
        for chunk in response.iter_content(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise EngineError(f"is larger than {limit} bytes", where=response.url)
            if self.clock() > ends:
                raise EngineError(f"took longer than {self.total:g} s", where=response.url)
            into.write(chunk)
            digest.update(chunk)
        return digest.hexdigest()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}"


def _reason(error: requests.RequestException) -> str:
    """The kind of the failure: the text of requests' errors repeats URLs, signed ones included."""
    if isinstance(error, requests.exceptions.SSLError):
        return "certificate not accepted"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused or cannot be reached"
    if isinstance(error, requests.ConnectionError):
        return "no connection, or it was cut off"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the body was cut off"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    return type(error).__name__
