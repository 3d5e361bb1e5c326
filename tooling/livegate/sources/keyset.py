"""A published set of keys (RFC 7517, 5; SPIFFE bundles), fetched whole from an address or a file, and taken apart.

What the single keys are worth is the work of whoever asked: :mod:`livegate.sources.jwks` and
:mod:`livegate.sources.spiffe`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livegate import canonical
from livegate.errors import DocumentError, SourceError
from livegate.files import open_regular
from livegate.model.instants import LEAST, SECOND
from livegate.sources.http import Http, limits_of
from livegate.sources.http_body import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livegate.sources.protocol import Effects

MOST = 1_000
"""Keys of one set; real ones have two to ten."""

_MAX_BYTES = 4 * 1024 * 1024
_DEADLINE = 60.0


@dataclass(frozen=True, slots=True)
class KeySet:
    """One set as it was published.

    Attributes:
        observed_at: when it was asked for, or when the file was written (ns).
        members: the whole object.
        entries: what stands in ``keys``, in its order; not all of it need be a key.
    """

    observed_at: int
    members: Mapping[str, Any]
    entries: list[Any]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of what is in ``keys``, in whatever order."""
        lines = sorted(json.dumps(entry, sort_keys=True) for entry in self.entries)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def repeated(self) -> frozenset[str]:
        """Every ``kid`` that more than one entry has, of whatever use or worth."""
        found = [entry.get("kid") for entry in self.entries if isinstance(entry, dict)]
        return frozenset(
            kid for kid, times in Counter(kid for kid in found if isinstance(kid, str)).items() if times > 1
        )


class Publication:
    """Where a set is published: ``url``, or ``path`` for whoever is cut off from it."""

    def __init__(self, settings: Mapping[str, Any], *, where: str, effects: Effects) -> None:
        """Read ``url`` or ``path``, ``ca``, ``timeout`` and ``max_bytes``; nothing is read or sent yet.

        Raises:
            ConfigError: an address that must not be used, or no such ``ca``.
        """
        self._effects = effects
        self._where = where
        self._limit = int(settings.get("max_bytes", _MAX_BYTES))
        self._file = effects.base / settings["path"] if "path" in settings else None
        self._http: Http | None = None
        if self._file is None:
            address: str = settings["url"]
            self._path = "/" if address.endswith("/") else ""
            self._http = Http(
                address,
                where=where,
                effects=effects,
                limits=limits_of({"max_bytes": _MAX_BYTES} | dict(settings), deadline=_DEADLINE),
                ca=effects.base / settings["ca"] if "ca" in settings else None,
            )

    def read(self) -> KeySet:
        """The set as it is now.

        Raises:
            SourceError: not reached, not a set, not JSON that can be read in one way only, or too large.
        """
        if self._http is None:
            data, observed_at = self._from_file()
            where = str(self._file)
        else:
            observed_at = self._effects.now()
            self._http.begin()
            try:
                answer = self._http.ask("GET", self._path, headers={"Cache-Control": "no-cache"})
            finally:
                self._http.close()
            data, where = answer.body, answer.where
        return _taken_apart(data, observed_at, where)

    def _from_file(self) -> tuple[bytes, int]:
        assert self._file is not None  # noqa: S101  # asked for where there is a file
        try:
            with open_regular(self._file) as stream:
                # the time of what is read, and not of what may be put in its place meanwhile
                written = os.fstat(stream.fileno()).st_mtime_ns
                data = stream.read(self._limit + 1)
        except OSError as error:
            raise SourceError(f"cannot read: {error.strerror or error}", where=str(self._file)) from error
        if written < LEAST:
            raise SourceError("the file says that it was written before 2001", where=str(self._file), todo="touch it")
        if len(data) > self._limit:
            raise SourceError(f"larger than {self._limit} bytes", where=str(self._file), todo="raise max_bytes")
        return data, written


def whole(members: Mapping[str, Any], name: str, *, where: str) -> int | None:
    """A member that is a whole number of at least 0; none where it is absent.

    Raises:
        SourceError: it is something else.
    """
    value = members.get(name)
    if value is None and name not in members:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 63:
        raise SourceError(f"{name} is no whole number of at least 0", where=where)
    return value


def span(seconds: int | None) -> int:
    """Nanoseconds of a number of seconds; 0 where there is none."""
    return (seconds or 0) * SECOND


def _taken_apart(data: bytes, observed_at: int, where: str) -> KeySet:
    try:
        members = canonical.loads(data, where=where)
    except DocumentError as error:
        what = f"the answer cannot be read: {clean(error.what)}"
        raise SourceError(what, where=error.where, todo="check the address") from error
    entries = members.get("keys") if isinstance(members, dict) else None
    if not isinstance(entries, list):
        what = "the answer has another shape than expected: there is no list `keys`"
        raise SourceError(what, where=where, todo="check the address")
    if len(entries) > MOST:
        raise SourceError(f"more than {MOST} keys", where=where)
    return KeySet(observed_at, members, entries)
