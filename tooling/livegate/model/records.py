"""The canonical records, immutable and typed; every instant is nanoseconds since the epoch, UTC.

Names follow SCIM (RFC 7643), AuthZEN (access request and approval), CAEP and RFC 9493. Records are
``msgspec`` structs: decoding validates, and a million of them fit in memory (ADR 0003).
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from livegate.model.instants import LEAST, MOST


class IdentityType(StrEnum):
    """Who or what an identity is; the `type` of an AuthZEN subject."""

    HUMAN = "human"
    SERVICE_ACCOUNT = "service_account"
    WORKLOAD = "workload"
    API_KEY_HOLDER = "api_key_holder"
    AGENT = "agent"


class Status(StrEnum):
    """Whether an identity may be relied upon. Only ``active`` may."""

    ACTIVE = "active"
    DISABLED = "disabled"
    SUSPENDED = "suspended"
    DELETED = "deleted"


class Effect(StrEnum):
    """A grant allows or denies; a deny wins, and outlives staleness."""

    ALLOW = "allow"
    DENY = "deny"


class Hold(StrEnum):
    """How a grant is held: for good, or only together with a live elevation (Entra PIM, JIT)."""

    STANDING = "standing"
    ELIGIBLE = "eligible"


class Recording(StrEnum):
    """Whether the session of an elevation is recorded. ``unknown`` counts as ``off``."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"


def _tag(name: str) -> str:
    return name.lower()


class Record(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="record",
    tag=_tag,
    gc=False,  # records hold no cycles, and tracking a million of them doubled the time of a sync (ADR 0003)
):
    """Base: ``id`` is the source's own id of the object, unique in one system and record kind.

    On disk a record names its kind in ``record`` (``"grant"``, ``"elevation"``, …).
    """

    id: str

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("id is empty")


class Identity(Record, frozen=True, kw_only=True):
    """What the IGA knows of a subject. ``owners`` are identity ids, asked for of all but people."""

    type: IdentityType
    status: Status
    owners: tuple[str, ...] = ()
    sponsor: str = ""
    environment: str = ""
    user_name: str = ""
    external_id: str = ""


class Grant(Record, frozen=True, kw_only=True):
    """This identity holds that entitlement on a scope (``*``, or ``type:id`` of a resource or parent).

    The window is ``[not_before, expires_at)``; 0 means open on that side. ``via`` is the path by
    which it is held (``role:dba``, ``group:platform/role:dba``), empty when direct.
    """

    subject: str
    entitlement: str
    scope: str = "*"
    effect: Effect = Effect.ALLOW
    hold: Hold = Hold.STANDING
    not_before: int = 0
    expires_at: int = 0
    via: str = ""

    def __post_init__(self) -> None:
        if not self.id or not self.subject or not self.entitlement or not self.scope:
            raise ValueError("id, subject, entitlement and scope must not be empty")
        _entitlement(self.entitlement)
        _window(self.not_before, self.expires_at, open_end=True)


class Approval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Who asked for an elevation and who approved it (AuthZEN access request and approval)."""

    id: str = ""
    requester: str = ""
    approvers: tuple[str, ...] = ()
    required: int = 1
    approved_at: int = 0
    approved_until: int = 0
    ticket: str = ""


class Elevation(Record, frozen=True, kw_only=True):
    """A PAM grant that ends: of an entitlement on a scope, or of named actions on one resource."""

    subject: str
    not_before: int
    expires_at: int
    approval: Approval
    entitlement: str = ""
    scope: str = "*"
    resource: str = ""
    actions: tuple[str, ...] = ()
    recording: Recording = Recording.UNKNOWN
    session: str = ""
    justification: str = ""

    def __post_init__(self) -> None:
        if not self.id or not self.subject:
            raise ValueError("id and subject must not be empty")
        if bool(self.entitlement) == bool(self.resource):
            raise ValueError("an elevation names an entitlement on a scope, or a resource with actions, not both")
        _entitlement(self.entitlement)
        if self.resource and (not self.actions or "*" in self.actions):
            raise ValueError("an elevation on a resource names its actions one by one")
        _window(self.not_before, self.expires_at, open_end=False)


class BreakGlass(Record, frozen=True, kw_only=True):
    """Emergency access: in its window it stands in for an elevation, and it is always reviewed."""

    subject: str
    resource: str
    actions: tuple[str, ...]
    not_before: int
    expires_at: int
    justification: str
    review_due_at: int
    incident: str = ""
    activated_by: str = ""

    def __post_init__(self) -> None:
        if not self.id or not self.subject or not self.resource:
            raise ValueError("id, subject and resource must not be empty")
        if not self.actions or "*" in self.actions:
            raise ValueError("break-glass names its actions one by one")
        if len(self.justification) < 10:
            raise ValueError("break-glass needs a justification of at least 10 characters")
        _window(self.not_before, self.expires_at, open_end=False)


class Mandate(Record, frozen=True, kw_only=True):
    """What an agent was commissioned to do, by whom, until when."""

    agent: str
    subject: str
    state: str
    expires_at: int
    entitlements: tuple[str, ...]
    issuer: str = ""
    goal: str = ""


class Credential(Record, frozen=True, kw_only=True):
    """A credential of an identity, by thumbprint or key id; never the secret itself."""

    identity: str
    type: str
    status: str
    expires_at: int = 0
    thumbprint: str = ""


class RevocationKind(StrEnum):
    """What is revoked; the collections of the ``revocations`` document."""

    SUBJECT = "subject"
    SESSION = "session"
    ELEVATION = "elevation"
    TOKEN = "token"  # noqa: S105  # a kind of revocation, no password
    CREDENTIAL = "credential"
    MANDATE = "mandate"
    KEY = "key"


class Revocation(Record, frozen=True, kw_only=True):
    """From ``effective_at`` on, what was issued at or before it no longer counts (CAEP, RFC 9493)."""

    kind: RevocationKind
    target: str
    effective_at: int
    reason: str = ""

    def __post_init__(self) -> None:
        if not self.target:
            raise ValueError("target is empty")
        if not LEAST <= self.effective_at <= MOST:
            raise ValueError("effective_at is outside 2001 to 2262")


def _entitlement(name: str) -> None:
    # the key of an entitlement is `name@scope`, that of an action `#action@type:id`: neither may pass for another
    if "@" in name:
        raise ValueError(f"entitlement {name!r} holds '@', which separates it from its scope")
    if name[:1] == "#":
        raise ValueError(f"entitlement {name!r} begins with '#', which marks an action")


def _window(start: int, end: int, *, open_end: bool) -> None:
    if start and not LEAST <= start <= MOST:
        raise ValueError("not_before is outside 2001 to 2262")
    if end == 0:
        if not open_end:
            raise ValueError("an elevation without an end is refused")
    elif not LEAST <= end <= MOST:
        raise ValueError("expires_at is outside 2001 to 2262")
    elif end <= start:
        raise ValueError("expires_at is not after not_before")


AnyRecord = Identity | Grant | Elevation | BreakGlass | Mandate | Credential | Revocation
"""Every kind of record; what a snapshot's lines decode to."""
