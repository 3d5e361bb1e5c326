"""The frame of every connector that speaks HTTP: one session that answers completely, or raises.

It bounds time (connecting, each wait, one answer, a whole listing) and size, tries again what may be
tried again (RFC 9110 Retry-After honoured), verifies TLS, keeps the token on the one host it is for,
and lets no foreign exception through. What an answer means is the connector's work.

Not safe for use by two threads at once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from livegate import __version__
from livegate.errors import ConfigError, SourceError
from livegate.model.instants import SECOND, to_ns
from livegate.sources.http_address import checked_base, port_of, quoted, shown
from livegate.sources.http_body import Answer, clean, complaint, read, require_json
from livegate.sources.http_watch import Watch, WatchedAdapter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from livegate.secrets import Secret
    from livegate.sources.protocol import Effects

_AGAIN = frozenset({429, 500, 502, 503, 504})
_MOVED = frozenset({301, 302, 303, 307, 308})
_HOPS = 3
_COMPLAINT_BYTES = 64 * 1024
_FOREIGN = (requests.RequestException, HTTPError, HTTPException, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one session.

    Attributes:
        timeout: seconds for connecting, and between two bytes.
        max_bytes: largest answer, unpacked.
        attempts: how often one request is sent at most.
        longest_wait: seconds; a server that asks for more by Retry-After is not waited for.
        answer_factor: one whole answer may take ``timeout`` times this.
        deadline: seconds that a whole listing may take.
    """

    timeout: float = 10.0
    max_bytes: int = 64 * 1024 * 1024
    attempts: int = 4
    longest_wait: float = 60.0
    answer_factor: float = 30.0
    deadline: float = 1800.0


class _Session(requests.Session):
    """A session that never looks where a redirect goes: ``requests`` would first read the whole body, unbounded."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002  # the base class's name
        """Nowhere."""
        return None


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    target: str
    params: Mapping[str, str] | None
    body: object
    headers: Mapping[str, str] | None
    accept: frozenset[int]
    where: str


class Http:
    """One session with one server."""

    def __init__(
        self,
        base: str,
        *,
        token: Secret | None = None,
        header: str = "Authorization",
        scheme: str = "",
        where: str,
        effects: Effects,
        limits: Limits = Limits(),  # frozen, so that one instance serves all
        ca: Path | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare a session; nothing is sent yet.

        Args:
            base: address under which all paths are; ``http`` for loopback only.
            token: the credential, if it takes one; sent in ``header`` after ``scheme`` to this host only.
            header: for example ``Authorization``.
            scheme: for example ``Bearer``, or nothing.
            where: file and key of the configuration, for messages.
            effects: clock and sleep.
            limits: see :class:`Limits`.
            ca: PEM file of the authorities that the server's certificate is verified against, instead of the usual.
            monotonic: the clock for the deadline (s).

        Raises:
            ConfigError: an address or a token that must not be used, or no such ``ca``.
        """
        self._origin = checked_base(base, where=where)
        if ca is not None and not ca.is_file():
            raise ConfigError(f"{ca} is no file", where=f"{where}.ca")
        self._base = base.rstrip("/")
        self._limits = limits
        self._effects = effects
        self._monotonic = monotonic
        self._began = monotonic()
        self._token = "" if token is None else _sendable(token, where=where)
        self._watch = Watch(limits.timeout * limits.answer_factor)
        self._session = _Session()
        self._session.trust_env = False  # no proxy, .netrc or CA from the environment
        self._session.proxies = {}
        self._session.verify = str(ca) if ca is not None else True
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.clear()
        self._session.headers.update(
            {
                "Accept": "application/scim+json, application/json",
                "Accept-Encoding": "gzip",
                "User-Agent": f"livegate/{__version__}",
            }
        )
        if self._token:
            self._session.headers[header] = f"{scheme} {self._token}".strip()
        for prefix in ("http://", "https://"):
            self._session.mount(prefix, WatchedAdapter(self._watch))

    def begin(self) -> None:
        """A listing begins: its deadline counts from now."""
        self._began = self._monotonic()

    def redacted(self, text: str) -> str:
        """``text`` without the token: a server may echo what it was sent."""
        return text.replace(self._token, "[token]") if self._token else text

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        accept: frozenset[int] = frozenset({200}),
    ) -> Answer:
        """Send a request that changes nothing and return its answer, whole.

        It may be sent several times, so only what reads is asked this way: GET, LIST, and the POST of
        an interface that reads by POST.

        Args:
            method: GET, LIST or POST.
            path: under the base, segments joined by ``/``; quoted here.
            params: the query.
            body: sent as JSON when given.
            headers: others than those of the session.
            accept: statuses that the caller understands; any other raises.

        Raises:
            SourceError: not reached, refused, or not an answer that can be used.
        """
        target = self._base + quoted(path)
        where = f"{method} {shown(urlsplit(target))}"
        request = _Request(method, target, params, body, headers, accept, where)
        failure: SourceError | None = None
        for attempt in range(self._limits.attempts):
            if failure is not None:
                self._wait(attempt, failure)
            if self._monotonic() - self._began > self._limits.deadline:
                raise SourceError(f"the listing takes longer than {self._limits.deadline:g} s", where=where)
            try:
                return self._once(request)
            except _AgainError as again:
                failure = again
        assert failure is not None  # noqa: S101  # attempts is at least 1
        what = f"{failure.what} ({self._limits.attempts} tries)"
        raise SourceError(what, where=where, todo=failure.todo) from failure

    def _once(self, request: _Request) -> Answer:
        where = request.where
        for _ in range(_HOPS + 1):
            with self._watch.exchange():
                try:
                    answer = self._exchange(request)
                except _FOREIGN as error:
                    if self._watch.fired:
                        raise self._too_slow(where) from error
                    raise _named(error, where, self._limits.timeout) from error
                except SourceError as error:
                    if self._watch.fired:
                        raise self._too_slow(where) from error
                    error.what = self.redacted(error.what)
                    error.args = (error.what,)
                    raise
            if isinstance(answer, Answer):
                return answer
            request = replace(request, target=self._followed(request, answer), params=None)
        raise SourceError(f"redirects more than {_HOPS} times", where=where, todo="check the address")

    def _exchange(self, request: _Request) -> Answer | str:
        """One request, one answer: itself, or where it points to."""
        timeout = self._limits.timeout
        with self._session.request(
            request.method,
            request.target,
            params=request.params,
            json=request.body,
            headers=request.headers,
            stream=True,
            timeout=(timeout, timeout),
            allow_redirects=False,
        ) as response:
            if response.status_code in _MOVED:
                return response.headers.get("Location", "")
            if response.status_code not in request.accept:
                raise self._refused(response, request.where)
            require_json(response, where=request.where)
            body = read(response, limit=self._limits.max_bytes, where=request.where)
            return Answer(response.status_code, body, request.where)

    def _followed(self, request: _Request, location: str) -> str:
        """The address to go to, if it is the same host; the token is for no other."""
        here, where = urlsplit(request.target), request.where
        try:
            there = urlsplit(urljoin(request.target, location))
            same = (there.scheme, there.hostname, port_of(there)) == self._origin
        except ValueError as error:
            raise SourceError("redirects to something that is no address", where=where) from error
        if not same or there.username or not location:
            raise SourceError(
                f"redirects from {shown(here)} to {self.redacted(clean(shown(there))) or 'nowhere'}; not followed",
                where=where,
                todo="no token was sent there; if that address is right, write it into the configuration",
            )
        if request.method not in {"GET", "LIST"}:
            raise SourceError(f"redirects a {request.method}; not followed", where=where, todo="check the address")
        return there.geturl()

    def _refused(self, response: requests.Response, where: str) -> SourceError:
        status = response.status_code
        words = self._complaint(response)
        tail = f": {words}" if words else ""
        match status:
            case 401 | 403 if not self._token:
                return SourceError(
                    f"wants to know who asks ({status}){tail}",
                    where=where,
                    todo="what is published for everybody is read without a token: check the address",
                )
            case 401:
                return SourceError(
                    f"does not accept the token (401){tail}",
                    where=where,
                    todo="the token is wrong, expired or revoked: renew what the configuration's token refers to",
                )
            case 403:
                return SourceError(
                    f"forbids this to the token (403){tail}",
                    where=where,
                    todo="give the token's account the right to read this; an empty listing is not assumed",
                )
        if status in _AGAIN:
            asked = retry_after(response.headers.get("Retry-After", ""), now=self._effects.now())
            return _AgainError(f"answers {status}{tail}", where=where, seconds=asked)
        return SourceError(f"answers {status}{tail}", where=where, todo="check the address and the other side's log")

    def _complaint(self, response: requests.Response) -> str:
        try:
            body = read(response, limit=_COMPLAINT_BYTES, where="")
        except (SourceError, *_FOREIGN):
            return ""
        return self.redacted(complaint(body)[0])

    def _wait(self, attempt: int, failure: SourceError) -> None:
        asked = failure.seconds if isinstance(failure, _AgainError) else None
        if asked is not None and asked > self._limits.longest_wait:
            most = self._limits.longest_wait
            raise SourceError(
                f"{failure.what} and asks to wait {asked:.0f} s, longer than the {most:g} s allowed",
                where=failure.where,
                todo="run the sync again later, or less often",
            ) from failure
        self._effects.sleep(asked if asked is not None else min(0.5 * 2.0 ** (attempt - 1), self._limits.longest_wait))

    def _too_slow(self, where: str) -> SourceError:
        return SourceError(f"the answer is not complete after {self._watch.seconds:g} s; cut off", where=where)


class _AgainError(SourceError):
    """The request may be sent again, after so many seconds if the server said so."""

    def __init__(self, what: str, *, where: str, seconds: float | None = None, todo: str | None = None) -> None:
        super().__init__(what, where=where, todo=todo)
        self.seconds = seconds


def retry_after(text: str, *, now: int) -> float | None:
    """Seconds to wait by a Retry-After header (RFC 9110, 10.2.3): a number of seconds, or a date; else None."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = to_ns(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0.0, (moment - now) / SECOND)


def _named(error: Exception, where: str, timeout: float) -> SourceError:
    """What a foreign exception means; its own text is left out, as it may repeat what was sent."""
    if isinstance(error, requests.exceptions.SSLError):
        return SourceError(
            "the server's certificate could not be verified",
            where=where,
            todo="if it is signed by an authority of your own, name that as ca",
        )
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return _AgainError(f"no connection within {timeout:g} s", where=where, todo="check address and network")
    if isinstance(error, (requests.exceptions.Timeout, ReadTimeoutError, TimeoutError)):
        return _AgainError(f"no byte within {timeout:g} s", where=where, todo="raise timeout if that is right")
    if isinstance(error, requests.exceptions.ConnectionError):
        return _AgainError("cannot connect, or was cut off", where=where, todo="check address and network")
    if isinstance(error, (requests.exceptions.RequestException, ValueError)):
        return SourceError(f"the exchange failed ({type(error).__name__})", where=where, todo="check the address")
    return _AgainError("the answer broke off before its end", where=where, todo="check the network")


def _sendable(token: Secret, *, where: str) -> str:
    value = token.reveal()
    if not value.isascii() or not value.isprintable() or " " in value:
        # caught here because the library would repeat the whole header in its message
        raise ConfigError("the token holds a character that cannot be in a header", where=f"{where}.token")
    return value


def limits_of(settings: Mapping[str, Any], *, deadline: float) -> Limits:
    """The limits that a connector's section sets (``timeout`` in s, ``max_bytes``), the rest as usual."""
    usual = Limits()
    return Limits(
        timeout=float(settings.get("timeout", usual.timeout)),
        max_bytes=int(settings.get("max_bytes", usual.max_bytes)),
        deadline=deadline,
    )
