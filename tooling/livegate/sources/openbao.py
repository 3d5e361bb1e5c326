"""The ``openbao`` connector: leases under configured prefixes and approved control-group requests (OpenBao, Vault).

A lease of a secret is an elevation of who holds it, until it ends or is revoked; an approved
control-group request is one of who asked, until its wrapping token ends or is revoked, or its lease is
named and takes its place. Requests cannot be listed, so those to look up are in the approvals file. One
that is not approved is nothing. What has ended between a list and a lookup is nothing either.

How a lease tells who holds it: :mod:`livegate.sources.openbao_mapping`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from livegate import files
from livegate.errors import ConfigError, SourceError
from livegate.model.instants import SECOND
from livegate.model.snapshot import Quarantined
from livegate.secrets import resolve
from livegate.sources import openbao_mapping as mapping
from livegate.sources.config import duration
from livegate.sources.http import Http, limits_of
from livegate.sources.http_body import clean
from livegate.sources.openbao_api import Entity, OpenBao
from livegate.sources.protocol import Listing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livegate.sources.config import SourceConfig
    from livegate.sources.openbao_mapping import Approved, Line, Target
    from livegate.sources.protocol import Effects, Row

_APPROVALS_BYTES = 16 * 1024 * 1024


class OpenBaoSource:
    """One OpenBao or Vault; implements :class:`livegate.sources.protocol.Source`."""

    def __init__(self, config: SourceConfig, effects: Effects) -> None:
        """Read the ``openbao`` section of the configuration; nothing is sent yet.

        Raises:
            ConfigError: an address, a secret or a prefix that cannot be used.
        """
        settings = config.settings
        where = f"{config.where}.openbao"
        self._effects = effects
        self._targets = mapping.targets(settings["prefixes"], where=f"{where}.prefixes")
        self._names = mapping.Names(settings.get("names", "entity"), settings.get("alias_mount", ""))
        if (self._names.kind == "alias") != bool(self._names.mount):
            raise ConfigError("names: alias and alias_mount go together", where=where)
        self._approvals = effects.base / settings["approvals"] if "approvals" in settings else None
        self._http = Http(
            settings["url"].rstrip("/") + "/v1",
            token=resolve(settings["token"], where=f"{where}.token", base=effects.base),
            header="X-Vault-Token",
            where=where,
            effects=effects,
            limits=limits_of(settings, deadline=duration(settings.get("deadline", "30m")) / SECOND),
            ca=effects.base / settings["ca"] if "ca" in settings else None,
        )
        self._bao = OpenBao(self._http, namespace=settings.get("namespace", ""))

    def listing(self) -> Listing:
        """Look up the requests of the approvals file and all leases, completely, before anything is handed on.

        Raises:
            SourceError: not reached, sealed, not allowed, or answers what it should not.
        """
        self._http.begin()
        try:
            self._bao.require_ready()
            return self._listing(self._effects.now())
        finally:
            self._http.close()

    def _listing(self, observed_at: int) -> Listing:
        rows: list[Row] = []
        by_lease: dict[str, tuple[str, Line, Approved | None]] = {}
        requests: list[tuple[str, Line, Approved]] = []
        for where, line in self._lines(rows):
            try:
                request = self._request(line)
            except ValueError as error:
                rows.append(Quarantined(where=where, reason=clean(str(error))))
                continue
            if line.lease:
                by_lease[line.lease] = (where, line, request)
            elif request is not None:
                requests.append((where, line, request))
        rows.extend(self._requests(requests, observed_at))
        rows.extend(self._leases(by_lease, observed_at))
        return Listing(observed_at, iter(rows))

    def _lines(self, rows: list[Row]) -> Iterator[tuple[str, Line]]:
        """Each usable line of the approvals file and its place; the others go to ``rows``, quarantined."""
        if self._approvals is None:
            return
        try:
            data = files.read_bytes(self._approvals, limit=_APPROVALS_BYTES)
        except ConfigError as error:
            raise SourceError(error.what, where=error.where, todo="approvals must be there, if empty") from error
        seen: set[str] = set()
        for number, text in enumerate(data.splitlines(), 1):
            where = f"{self._approvals}:{number}"
            if not text.strip():
                continue
            try:
                line = msgspec.json.decode(text, type=mapping.Line)
            except (msgspec.DecodeError, ValueError, RecursionError) as error:
                rows.append(Quarantined(where=where, reason=clean(str(error))))
                continue
            keys = {key for key in (line.accessor and f"a {line.accessor}", line.lease and f"l {line.lease}") if key}
            if keys & seen:
                rows.append(Quarantined(where=where, reason="a line before names the same accessor or lease"))
                continue
            seen |= keys
            yield where, line

    def _request(self, line: Line) -> Approved | None:
        """The approved request that the line names; None when it has ended, is not approved, or none is named.

        Raises:
            ValueError: it is not what the line says, or cannot be mapped.
        """
        if not line.accessor:
            return None
        group = self._bao.control_group(line.accessor)
        if group is None or not group.approved:
            return None
        token = self._bao.token(line.accessor)
        if token is None:
            return None
        if line.path and line.path != group.request_path:
            raise ValueError(f"the request is for {group.request_path}, the line says {line.path}")
        approvers = [self._approver(item.entity_id) for item in group.authorizations or []]
        found = mapping.approved(group, token, approvers, line.accessor, self._names)
        if line.subject and line.subject != found.approval.requester:
            raise ValueError(f"the request is by {found.approval.requester}, the line says {line.subject}")
        return found

    def _approver(self, entity_id: str) -> Entity:
        # a request names approvers by the display name of their token, which is no name of the entity
        entity = self._bao.entity(entity_id)
        if entity is None:
            raise ValueError(f"approver {entity_id} does not exist any more")
        return entity

    def _requests(self, requests: list[tuple[str, Line, Approved]], now: int) -> Iterator[Row]:
        for where, line, request in requests:
            target = mapping.target_of(request.path, self._targets)
            if target is None:
                yield Quarantined(where=where, reason=f"no prefix of the configuration fits {clean(request.path)}")
            elif request.expires_at > now:
                try:
                    yield mapping.of_request(request, line, target)
                except ValueError as error:
                    yield Quarantined(where=where, reason=clean(str(error)))

    def _leases(self, by_lease: dict[str, tuple[str, Line, Approved | None]], now: int) -> Iterator[Row]:
        prefixes = frozenset(target.prefix for target in self._targets)
        for target in self._targets:
            for lease_id in self._bao.leases(target.prefix, without=prefixes):
                try:
                    row = self._lease(lease_id, target, by_lease, now)
                except ValueError as error:
                    row = Quarantined(where=clean(lease_id), reason=clean(str(error)))
                if row is not None:
                    yield row

    def _lease(
        self, lease_id: str, target: Target, by_lease: dict[str, tuple[str, Line, Approved | None]], now: int
    ) -> Row | None:
        """The elevation of one lease; None when it is a token's, or has ended."""
        if mapping.is_token_lease(lease_id):
            return None
        lease = self._bao.lease(lease_id)
        if lease is None:
            return None
        if lease.id != lease_id:
            raise SourceError("answers another lease than was asked for", where=clean(lease_id))
        _, line, request = by_lease.get(lease_id, ("", None, None))
        elevation = mapping.of_lease(lease, target, line, request)
        return elevation if elevation.expires_at > now else None
