"""The few questions that the ``openbao`` connector asks of OpenBao's (and Vault's) API, each with its refusals.

The token needs, and should have no more than::

    path "sys/leases/lookup/*"        { capabilities = ["list", "sudo"] }
    path "sys/leases/lookup"          { capabilities = ["update"] }
    path "sys/control-group/request"  { capabilities = ["update"] }
    path "auth/token/lookup-accessor" { capabilities = ["update"] }
    path "identity/entity/id/*"       { capabilities = ["read"] }

Measured on OpenBao 2.7.2: a lookup of what has ended answers 400 with ``invalid lease`` or ``invalid
accessor``; an empty prefix answers 404 with no errors, an unknown namespace 404 with one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from livegate.errors import SourceError
from livegate.sources.http_body import complaint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livegate.sources.http import Http
    from livegate.sources.http_body import Answer

T = TypeVar("T")

MOST_LEASES = 200_000
"""More leases than this are not looked up one by one."""

DEEPEST = 32
"""Prefixes nested further than this are not followed."""

_OK = frozenset({200})
_OK_OR_GONE = frozenset({200, 400, 404})
_GONE = ("invalid lease", "lease not found", "invalid accessor", "invalid wrapping token", "bad token")


class Alias(msgspec.Struct):
    """One account of an entity, in one auth mount."""

    name: str = ""
    mount_accessor: str = ""


class Entity(msgspec.Struct):
    """Who asked or approved."""

    name: str = ""
    aliases: list[Alias] | None = None
    id: str = ""


class _Requester(msgspec.Struct):
    # this one endpoint writes ID in capitals
    id: str = msgspec.field(name="ID", default="")
    name: str = ""
    aliases: list[Alias] | None = None


class _Authorization(msgspec.Struct):
    entity_id: str


class ControlGroup(msgspec.Struct):
    """A control-group request.

    ``entity_name`` of an authorization is left out: it is the display name of the approver's token
    (``userpass-bob``), not the name of the entity.
    """

    approved: bool
    request_path: str
    request_entity: _Requester
    authorizations: list[_Authorization] | None = None

    @property
    def requester(self) -> Entity:
        """Who asked."""
        asked = self.request_entity
        return Entity(name=asked.name, aliases=asked.aliases, id=asked.id)


class Token(msgspec.Struct):
    """A token by its accessor; here always the one that wraps a control-group request."""

    issue_time: str
    expire_time: str | None = None
    path: str = ""


class Lease(msgspec.Struct):
    """A lease. ``path`` is what was asked; nothing in it tells who asked."""

    id: str
    path: str = ""
    issue_time: str | None = None
    expire_time: str | None = None


class _Keys(msgspec.Struct):
    keys: list[str]


class _Health(msgspec.Struct):
    initialized: bool
    sealed: bool
    standby: bool


class OpenBao:
    """One OpenBao or Vault."""

    def __init__(self, http: Http, *, namespace: str = "") -> None:
        """Ask through ``http``, whose base is the server's address with ``/v1``.

        Args:
            http: the session; it sends the token.
            namespace: sent as ``X-Vault-Namespace``, but for ``sys/health``, which no namespace has.
        """
        self._http = http
        self._headers = {"X-Vault-Namespace": namespace} if namespace else {}

    def require_ready(self) -> None:
        """Refuse a server that is not the one to ask.

        Raises:
            SourceError: not initialised, sealed, or a standby (whose leases may lag behind).
        """
        # by these statuses the answer is the same whatever the state, and no retry hides it
        same = {"uninitcode": "200", "sealedcode": "200", "standbycode": "200", "drsecondarycode": "200"}
        same["performancestandbycode"] = "200"
        answer = self._http.ask("GET", "/sys/health", params=same)
        state = answer.decode(_Health)
        if not state.initialized:
            raise SourceError("is not initialised", where=answer.where, todo="initialise and unseal it")
        if state.sealed:
            raise SourceError("is sealed", where=answer.where, todo="unseal it; until then its leases cannot be seen")
        if state.standby:
            raise SourceError(
                "is a standby, whose leases may lag behind", where=answer.where, todo="set url to the active node"
            )

    def leases(self, prefix: str, *, without: frozenset[str] = frozenset()) -> Iterator[str]:
        """Ids of all leases under ``prefix`` (ends in ``/``), but those under the prefixes of ``without``.

        Raises:
            SourceError: 403 (needs ``sudo``), or keys that no server would give.
        """
        count = 0
        waiting = [(prefix, 0)]
        while waiting:
            folder, depth = waiting.pop()
            for key in self._keys(folder):
                if not key.endswith("/"):
                    count += 1
                    yield folder + key
                elif depth >= DEEPEST:
                    raise SourceError(f"lease prefixes nest deeper than {DEEPEST}", where=folder)
                elif folder + key not in without:
                    waiting.append((folder + key, depth + 1))
                if count + len(waiting) > MOST_LEASES:
                    raise SourceError(
                        f"more than {MOST_LEASES} leases", where=prefix, todo="configure narrower prefixes"
                    )

    def lease(self, lease_id: str) -> Lease | None:
        """The lease, or None when it has ended."""
        return self._read("POST", "/sys/leases/lookup", Lease, {"lease_id": lease_id})

    def control_group(self, accessor: str) -> ControlGroup | None:
        """The request behind the accessor of its wrapping token, or None when it has ended."""
        return self._read("POST", "/sys/control-group/request", ControlGroup, {"accessor": accessor})

    def token(self, accessor: str) -> Token | None:
        """The token with this accessor, or None when it has ended."""
        return self._read("POST", "/auth/token/lookup-accessor", Token, {"accessor": accessor})

    def entity(self, entity_id: str) -> Entity | None:
        """The entity, or None when there is none."""
        return self._read("GET", f"/identity/entity/id/{entity_id}", Entity, None)

    def _keys(self, folder: str) -> list[str]:
        answer = self._http.ask(
            "LIST", f"/sys/leases/lookup/{folder}", headers=self._headers, accept=frozenset({200, 404})
        )
        if answer.status == 404:
            self._require_nothing(answer)
            return []
        keys = _data(answer, _Keys).keys
        for key in keys:
            if key.rstrip("/") in {"", ".", ".."} or "/" in key.removesuffix("/"):
                raise SourceError("a key of the list is no name", where=answer.where)
        if len(set(keys)) != len(keys):
            raise SourceError("the list names a key twice", where=answer.where)
        return keys

    def _read(self, method: str, path: str, shape: type[T], body: Any) -> T | None:
        answer = self._http.ask(method, path, body=body, headers=self._headers, accept=_OK_OR_GONE)
        if answer.status in _OK:
            return _data(answer, shape)
        words, _ = complaint(answer.body)
        if answer.status == 400 and any(gone in words for gone in _GONE):
            return None
        if answer.status == 404:
            self._require_nothing(answer)
            return None
        raise self._refusal(answer, words)

    def _require_nothing(self, answer: Answer) -> None:
        """A 404 without errors is an empty answer; with one it is something else (no such namespace, no such path)."""
        words, _ = complaint(answer.body)
        if words or b'"errors"' not in answer.body:
            raise self._refusal(answer, words)

    def _refusal(self, answer: Answer, words: str) -> SourceError:
        tail = f": {self._http.redacted(words)}" if words else ""
        return SourceError(f"answers {answer.status}{tail}", where=answer.where, todo="check url and namespace")


class _Wrapped(msgspec.Struct, Generic[T]):
    data: T


def _data(answer: Answer, shape: type[T]) -> T:
    return answer.decode(_Wrapped[shape]).data  # type: ignore[valid-type]  # msgspec makes the shape at run time
