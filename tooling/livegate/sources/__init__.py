"""Connectors: each lists one source completely or raises; the frame around them makes snapshots.

``protocol`` says what a connector is, ``run`` is the frame, ``store`` keeps what it makes. A new
connector is one module and one line in :data:`CONNECTORS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livegate.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from livegate.sources.config import SourceConfig
    from livegate.sources.protocol import Effects, Source


def _file(config: SourceConfig, effects: Effects) -> Source:
    from livegate.sources.file import FileSource  # noqa: PLC0415  # a connector is loaded when it is used

    return FileSource(config, effects)


def _scim(config: SourceConfig, effects: Effects) -> Source:
    from livegate.sources.scim import ScimSource  # noqa: PLC0415  # files need no HTTP client

    return ScimSource(config, effects)


def _openbao(config: SourceConfig, effects: Effects) -> Source:
    from livegate.sources.openbao import OpenBaoSource  # noqa: PLC0415  # files need no HTTP client

    return OpenBaoSource(config, effects)


def _jwks(config: SourceConfig, effects: Effects) -> Source:
    from livegate.sources.jwks import JwksSource  # noqa: PLC0415  # files need no HTTP client

    return JwksSource(config, effects)


def _spiffe(config: SourceConfig, effects: Effects) -> Source:
    from livegate.sources.spiffe import SpiffeSource  # noqa: PLC0415  # files need no HTTP client

    return SpiffeSource(config, effects)


CONNECTORS: dict[str, Callable[[SourceConfig, Effects], Source]] = {
    "file": _file,
    "scim": _scim,
    "openbao": _openbao,
    "jwks": _jwks,
    "spiffe": _spiffe,
}
"""The ``kind`` of a source's configuration → how its connector is made."""


def connect(config: SourceConfig, effects: Effects) -> Source:
    """The connector of ``config``; nothing is read or connected to yet.

    Raises:
        ConfigError: no such kind, or the connector's section is wrong.
    """
    make = CONNECTORS.get(config.kind)
    if make is None:
        raise ConfigError(f"no connector {config.kind!r}; there is {', '.join(CONNECTORS)}", where=config.where)
    return make(config, effects)
