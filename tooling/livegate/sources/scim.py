"""The ``scim`` connector: users, their entitlements and roles, and groups of an identity provider (RFC 7643, 7644).

Paging is by cursor (RFC 9865) where the provider announces it, else by index; see
:mod:`livegate.sources.scim_paging` for how a listing proves itself. A listing that changes under the
reader is begun anew, a few times; nothing of it is handed on before its last page has been read.

SCIM has no end dates, no denies and no scopes: every grant is open, allows, and is for ``*``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from livegate.errors import IncompleteError
from livegate.model.instants import SECOND
from livegate.model.records import IdentityType
from livegate.secrets import resolve
from livegate.sources import scim_groups
from livegate.sources.config import duration
from livegate.sources.http import Http, limits_of
from livegate.sources.http_body import clean
from livegate.sources.protocol import Listing
from livegate.sources.scim_mapping import Users, Values
from livegate.sources.scim_paging import DirtyError, Resources, collect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livegate.sources.config import SourceConfig
    from livegate.sources.protocol import Effects, Row

RESTARTS = 3
"""How often a listing that changed under the reader is begun anew."""


class _Pagination(msgspec.Struct):
    cursor: bool = False
    most: int | None = msgspec.field(name="maxPageSize", default=None)


class _Provider(msgspec.Struct):
    pagination: _Pagination | None = None


class ScimSource:
    """One SCIM service provider; implements :class:`livegate.sources.protocol.Source`."""

    def __init__(self, config: SourceConfig, effects: Effects) -> None:
        """Read the ``scim`` section of the configuration; nothing is sent yet.

        Raises:
            ConfigError: an address or a secret that cannot be used.
        """
        settings = config.settings
        where = f"{config.where}.scim"
        self._where = where
        self._effects = effects
        self._http = Http(
            settings["url"],
            token=resolve(settings["token"], where=f"{where}.token", base=effects.base),
            header="Authorization",
            scheme="Bearer",
            where=where,
            effects=effects,
            limits=limits_of(settings, deadline=duration(settings.get("deadline", "30m")) / SECOND),
            ca=effects.base / settings["ca"] if "ca" in settings else None,
        )
        self._paging: str = settings.get("paging", "auto")
        self._size: int = settings.get("page_size", 200)
        self._types = {name: IdentityType(kind) for name, kind in settings.get("types", {}).items()}
        self._default = IdentityType(settings.get("default_type", "human"))
        self._groups: bool = settings.get("groups", True)
        self._group_value: str = settings.get("group_value", "displayName")
        self._values = Values(settings.get("entitlement_prefix", ""), settings.get("scoped_values", False))

    def listing(self) -> Listing:
        """List users, then groups, completely, before anything is handed on.

        Raises:
            SourceError: the provider cannot be reached, refuses, or answers what it should not.
            IncompleteError: it changed under the reader each time.
        """
        self._http.begin()
        try:
            size, cursor = self._plan()
            reason = ""
            for attempt in range(RESTARTS + 1):
                if attempt:
                    self._effects.sleep(float(attempt))
                observed_at = self._effects.now()
                try:
                    users = collect(self._http, "/Users", size=size, cursor=cursor)
                    groups = collect(self._http, "/Groups", size=size, cursor=cursor) if self._groups else None
                except DirtyError as error:
                    reason = clean(str(error))
                    continue
                return Listing(observed_at, self._rows(users, groups))
        finally:
            self._http.close()
        raise IncompleteError(
            f"the listing cannot be proven complete: {reason} (begun {RESTARTS + 1} times)",
            where=self._where,
            todo="run the sync when fewer changes are made, or page by cursor if the provider can",
        )

    def _plan(self) -> tuple[int, bool]:
        """Rows a page, and whether by cursor."""
        if self._paging != "auto":
            return self._size, self._paging == "cursor"
        answer = self._http.ask("GET", "/ServiceProviderConfig")
        announced = answer.decode(_Provider).pagination or _Pagination()
        most = announced.most if announced.most is not None and announced.most > 0 else self._size
        return min(self._size, most), announced.cursor

    def _rows(self, users: Resources, groups: Resources | None) -> Iterator[Row]:
        mapper = Users(self._types, self._default, self._values)
        yield from mapper.rows(users)
        if groups is not None:
            yield from scim_groups.rows(groups, users=mapper.known, values=self._values, value_from=self._group_value)
