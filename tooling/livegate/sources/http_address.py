"""Addresses: which a token may be sent to, how they are written, how they are shown."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from livegate.errors import ConfigError, SourceError
from livegate.sources.http_body import clean

if TYPE_CHECKING:
    from urllib.parse import SplitResult


def checked_base(base: str, *, where: str) -> tuple[str, str | None, int]:
    """Scheme, host and port of an address to which a token may be sent, and from which a key may be taken.

    Raises:
        ConfigError: not http(s), unencrypted to another machine, or with credentials, query or fragment inside.
    """
    try:
        parts = urlsplit(base)
        port = port_of(parts)
    except ValueError as error:
        raise ConfigError("url is no address", where=where) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError("url is no http or https address", where=where)
    if parts.username is not None or parts.password is not None:
        raise ConfigError("url holds credentials", where=where, todo="give the secret by reference, as token")
    if parts.query or parts.fragment:
        raise ConfigError("url holds a query or a fragment", where=where, todo="write the base address only")
    if parts.scheme == "http" and not _loopback(parts.hostname):
        raise ConfigError(
            f"http to {parts.hostname} would show the token, or let the answer be changed, on the way",
            where=where,
            todo="use https",
        )
    return parts.scheme, parts.hostname, port


def quoted(path: str) -> str:
    """A path fit for a URL.

    Raises:
        SourceError: it holds ``.`` or ``..``, which would be resolved to another path on the way.
    """
    segments = path.split("/")
    if any(segment in {".", ".."} for segment in segments):
        raise SourceError("a path with '.' or '..' is not asked for", where=clean(path))
    return quote(path, safe="/")


def shown(parts: SplitResult) -> str:
    """An address for messages: without credentials, query and fragment."""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"


def port_of(parts: SplitResult) -> int:
    """The port, the scheme's usual one if none is written; ValueError if it is none."""
    return parts.port or (443 if parts.scheme == "https" else 80)


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
