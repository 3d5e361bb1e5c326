"""SCIM resources (RFC 7643) to records: a User is an identity and its grants, a Group is grants of its members.

What a value says is taken as it stands, white space included; ``display``, ``type`` and ``primary`` of
a value mean nothing here. Attributes that are not named are allowed, since SCIM is extensible. Names
are compared exactly, though SCIM lets them differ in case: a server that writes ``Active`` is refused
row by row, not guessed at.

A grant's scope is ``*``. Only where the source says ``scoped_values`` is ``entitlement@type:id`` read as
an entitlement on a scope; otherwise a value with ``@`` is quarantined, because an address or a group
name with ``@`` in it would be cut into an entitlement and a scope that nobody meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from livegate.model.records import Grant, Identity, IdentityType, Status
from livegate.model.snapshot import Quarantined
from livegate.sources.http_body import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from livegate.sources.protocol import Row

_SCOPE = re.compile(r"[a-z][a-z0-9_-]*:[^@\s]+")
_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


class _Value(msgspec.Struct):
    value: str | None = None


class _Enterprise(msgspec.Struct):
    manager: _Value | None = None


class _User(msgspec.Struct):
    id: str
    user_name: str | None = msgspec.field(name="userName", default=None)
    external_id: str | None = msgspec.field(name="externalId", default=None)
    user_type: str | None = msgspec.field(name="userType", default=None)
    active: bool | None = None
    entitlements: list[_Value] | None = None
    roles: list[_Value] | None = None
    owners: list[_Value] | None = None
    enterprise: _Enterprise | None = msgspec.field(name=_ENTERPRISE, default=None)


class _Glimpse(msgspec.Struct):
    """What is looked at of a user that cannot be read."""

    id: Any = None
    active: Any = None
    enterprise: Any = msgspec.field(name=_ENTERPRISE, default=None)


@dataclass(slots=True)
class Users:
    """Maps users, and remembers which became identities.

    Attributes:
        types: userType → identity type.
        default_type: of a user without a userType.
        values: how values become grants.
        known: ids of the identities mapped so far.
    """

    types: Mapping[str, IdentityType]
    default_type: IdentityType
    values: Values
    known: set[str] = field(default_factory=set)

    def rows(self, resources: Iterable[msgspec.Raw]) -> Iterator[Row]:
        """Each user as an identity and its grants, or quarantined.

        A user that is left out loses every right, which is safe; but one that is not plainly active may be
        a disable that would get lost, so then the row is critical; so it is when the user has a manager, without
        whom those below would lose the superiors above.
        """
        for position, resource in enumerate(resources, 1):
            try:
                user = msgspec.json.decode(resource, type=_User)
                identity = self._identity(user)
            except (msgspec.DecodeError, ValueError, RecursionError) as error:
                yield _left_out(resource, position, error)
                continue
            self.known.add(identity.id)
            yield identity
            for kind, held in (("entitlement", user.entitlements), ("role", user.roles)):
                for value in dict.fromkeys(item.value or "" for item in held or []):
                    yield self.values.grant(identity.id, kind, value, via=f"role:{value}" if kind == "role" else "")

    def _identity(self, user: _User) -> Identity:
        if user.active is None:
            raise ValueError("active is missing")
        kind = self.default_type
        if user.user_type is not None:
            if user.user_type not in self.types:
                raise ValueError(f"userType {clean(user.user_type)!r} is not named in types")
            kind = self.types[user.user_type]
        manager = user.enterprise.manager.value if user.enterprise and user.enterprise.manager else None
        person = kind is IdentityType.HUMAN
        owners = [*(owner.value for owner in user.owners or []), None if person else manager]
        return Identity(
            id=user.id,
            type=kind,
            status=Status.ACTIVE if user.active else Status.DISABLED,
            # who manages a person does not own it; who manages anything else answers for it
            owners=tuple(dict.fromkeys(filter(None, owners))),
            manager=(manager or "") if person else "",
            user_name=user.user_name or "",
            external_id=user.external_id or "",
        )


@dataclass(frozen=True, slots=True)
class Values:
    """Turns the value of an entitlement, a role or a group into a grant.

    Attributes:
        prefix: put before each value.
        scoped: whether ``entitlement@type:id`` is read as an entitlement on a scope.
    """

    prefix: str = ""
    scoped: bool = False

    def grant(self, subject: str, kind: str, value: str, *, via: str) -> Row:
        """The grant ``<subject>/<kind>/<value>``, or the row quarantined; never critical, as it can only allow."""
        where = f"/Users/{clean(subject)} {kind} {clean(value)!r}"
        if not value:
            return Quarantined(where=where, reason="the value is empty")
        entitlement, at, scope = value.partition("@")
        if at and not self.scoped:
            return Quarantined(where=where, reason="the value holds '@', which separates an entitlement from its scope")
        if at and (not entitlement or not _SCOPE.fullmatch(scope)):
            return Quarantined(where=where, reason="what follows '@' is no scope of the form type:id")
        return Grant(
            id=f"{subject}/{kind}/{value}",
            subject=subject,
            entitlement=self.prefix + entitlement,
            scope=scope or "*",
            via=via,
        )


def _left_out(resource: msgspec.Raw, position: int, error: Exception) -> Quarantined:
    try:
        glimpse = msgspec.json.decode(resource, type=_Glimpse)
    except (msgspec.DecodeError, RecursionError):
        glimpse = _Glimpse()
    name = glimpse.id if isinstance(glimpse.id, str) and glimpse.id else f"row {position}"
    reason = "nested too deep" if isinstance(error, RecursionError) else clean(str(error))
    more = glimpse.enterprise
    lost = glimpse.active is not True or bool(more and (not isinstance(more, dict) or more.get("manager")))
    return Quarantined(where=f"/Users/{clean(name)}", reason=reason, critical=lost)
