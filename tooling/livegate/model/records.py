"""The canonical records, immutable and typed; every instant is nanoseconds since the epoch, UTC.

Names follow SCIM (RFC 7643), AuthZEN (access request and approval), CAEP and RFC 9493. Records are
``msgspec`` structs: decoding validates, and a million of them fit in memory (ADR 0003).
"""

from __future__ import annotations

import math
import re
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from livegate.model.instants import LEAST, MOST

if TYPE_CHECKING:
    from collections.abc import Iterable

_DIGEST = re.compile(r"sha-256:[A-Za-z0-9_-]{43}")
_SCOPE = re.compile(r"\*|[a-z][a-z0-9_-]*:.+")
_COUNTER = re.compile(r"[a-z][a-z0-9_-]*")


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
    """What the IGA knows of a subject.

    Attributes:
        owners: identity ids, asked for of all but people.
        sponsor: identity id of who answers for it beside its owners (of an agent, who asked for it).
        manager: identity id of a person's superior.
        names: what its proofs call it: SPIFFE IDs, or ``issuer#subject``; immutable at the issuer, never an address.
    """

    type: IdentityType
    status: Status
    owners: tuple[str, ...] = ()
    sponsor: str = ""
    manager: str = ""
    names: tuple[str, ...] = ()
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
    """Who asked for an elevation and who approved it (AuthZEN access request and approval).

    Attributes:
        subject, entitlement, scope, resource, actions, parameters: what it was given for, as far as the PAM says:
            for whom, an entitlement on a scope or actions on a resource, and the digest of the parameters.
    """

    id: str = ""
    requester: str = ""
    approvers: tuple[str, ...] = ()
    required: int = 1
    approved_at: int = 0
    approved_until: int = 0
    ticket: str = ""
    subject: str = ""
    entitlement: str = ""
    scope: str = ""
    resource: str = ""
    actions: tuple[str, ...] = ()
    parameters: str = ""

    def __post_init__(self) -> None:
        if self.entitlement and self.resource:
            raise ValueError("an approval is of an entitlement on a scope, or of actions on a resource, not of both")
        if bool(self.entitlement) != bool(self.scope):
            raise ValueError("an approval of an entitlement names its scope, and only that has one")
        if bool(self.resource) != bool(self.actions) or "*" in self.actions:
            raise ValueError("an approval on a resource names its actions one by one, and only that has any")
        _entitlement(self.entitlement)
        _actions(self.actions)
        _digest("approval.parameters", self.parameters)


class Elevation(Record, frozen=True, kw_only=True):
    """A PAM grant that ends: of an entitlement on a scope, or of named actions on one resource.

    Attributes:
        session, recording_ref: the recorded session, and where its recording is.
        parameters: digest of the parameters that it is for alone (``livegate.documents.digest``); empty for any.
        max_uses: how often it may be used; 0 where that is not limited.
    """

    subject: str
    not_before: int
    expires_at: int
    approval: Approval
    entitlement: str = ""
    scope: str = "*"
    resource: str = ""
    actions: tuple[str, ...] = ()
    recording: Recording = Recording.UNKNOWN
    recording_ref: str = ""
    session: str = ""
    justification: str = ""
    parameters: str = ""
    max_uses: int = 0

    def __post_init__(self) -> None:
        if not self.id or not self.subject:
            raise ValueError("id and subject must not be empty")
        if bool(self.entitlement) == bool(self.resource):
            raise ValueError("an elevation names an entitlement on a scope, or a resource with actions, not both")
        _entitlement(self.entitlement)
        if self.resource and (not self.actions or "*" in self.actions):
            raise ValueError("an elevation on a resource names its actions one by one")
        _actions(self.actions)
        _digest("parameters", self.parameters)
        _uses(self.max_uses)
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
        _actions(self.actions)
        if len(self.justification) < 10:
            raise ValueError("break-glass needs a justification of at least 10 characters")
        _window(self.not_before, self.expires_at, open_end=False)


class Constraint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What the value called ``name`` must be. There are no other operators: what has one is refused.

    Attributes:
        max, min: bounds of a number.
        equals, one_of: the value, or all values that it may be; text is never a number.
        required: whether it must be there.
    """

    name: str
    max: int | float | None = None
    min: int | float | None = None
    equals: str | int | float | bool | None = None
    one_of: tuple[str | int | float | bool, ...] | None = None
    required: bool | None = None

    def __post_init__(self) -> None:
        if (self.max, self.min, self.equals, self.one_of, self.required) == (None, None, None, None, None):
            raise ValueError(f"the constraint on {self.name!r} says nothing")
        if self.one_of == ():
            raise ValueError(f"the constraint on {self.name!r} is met by no value: one_of is empty")
        for value in (self.max, self.min, self.equals, *(self.one_of or ())):
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"the constraint on {self.name!r} holds {value}, which is no number of JSON")


class Authority(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Actions that a mandate covers on one scope (``*``, or ``type:id`` of a resource or parent), and how.

    Attributes:
        tools: those it may use; none asked for without it, and no tool will do where it is empty.
        constraints: on the action's properties.
        parameters: digest of the only parameters that will do; empty for any.
    """

    actions: tuple[str, ...]
    scope: str
    tools: tuple[str, ...] | None = None
    constraints: tuple[Constraint, ...] = ()
    parameters: str = ""

    def __post_init__(self) -> None:
        if not self.actions or "*" in self.actions:
            raise ValueError("an authority names its actions one by one")
        _actions(self.actions)
        if not _SCOPE.fullmatch(self.scope):
            raise ValueError(f"the scope {self.scope[:40]!r} of an authority is neither * nor type:id")
        if "" in (self.tools or ()):
            raise ValueError("an authority has a tool without a name")
        _digest("parameters of an authority", self.parameters)


class Limit(msgspec.Struct, frozen=True, gc=False):
    """The most that a counter may be, the request in hand included."""

    name: str
    most: int | float

    def __post_init__(self) -> None:
        if not _COUNTER.fullmatch(self.name):
            raise ValueError(f"{self.name[:40]!r} is no name of a counter (a-z, 0-9, _ and -)")
        if not (self.most >= 0 and math.isfinite(self.most)):
            raise ValueError(f"the limit of {self.name} is below 0")


class Delegation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """To which agents a mandate may be passed on, and over how many links at most."""

    max_depth: int
    delegates: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.max_depth < 0:
            raise ValueError("delegation.max_depth is below 0")
        if "" in self.delegates:
            raise ValueError("delegation.delegates has an empty element")


class Parent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The mandate that another was derived from."""

    agent: str
    id: str

    def __post_init__(self) -> None:
        if not self.agent or not self.id:
            raise ValueError("parent names an agent and the id of its mandate")


class TaskApproval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A person's approval of one task of a mandate; ``approved_until`` 0 means as long as the mandate."""

    task: str
    id: str
    approvers: tuple[str, ...]
    required: int = 1
    approved_until: int = 0
    parameters: str = ""
    max_uses: int = 0

    def __post_init__(self) -> None:
        if not self.task or not self.id:
            raise ValueError("an approval of a task names the task and itself")
        if self.required < 1:
            raise ValueError("an approval of a task needs at least one approver")
        if "" in self.approvers:
            raise ValueError("approvers has an empty element")
        if self.approved_until and not LEAST <= self.approved_until <= MOST:
            raise ValueError("approved_until is outside 2001 to 2262")
        _digest("parameters of an approval", self.parameters)
        _uses(self.max_uses)


class Mandate(Record, frozen=True, kw_only=True):
    """What an agent was commissioned to do, for whom, until when.

    Attributes:
        agent, subject: who acts, and the person it acts for.
        state: only ``active`` counts.
        tasks: those it was given for.
        authorities: what it may do; two never name one action on one scope.
        limits: of counters.
        delegation: whether and to whom it may be passed on.
        parent: the mandate that it was derived from; none where a person gave it.
        approvals: of its tasks, one each.
    """

    agent: str
    subject: str
    state: str
    not_before: int
    expires_at: int
    tasks: tuple[str, ...]
    authorities: tuple[Authority, ...]
    limits: tuple[Limit, ...] = ()
    delegation: Delegation | None = None
    parent: Parent | None = None
    approvals: tuple[TaskApproval, ...] = ()
    issuer: str = ""
    goal: str = ""

    def __post_init__(self) -> None:
        for name in ("id", "agent", "subject", "state"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty")
        if "" in self.tasks:
            raise ValueError("tasks has an empty element")
        if not self.not_before:
            raise ValueError("not_before is empty")
        if not self.expires_at:
            raise ValueError("expires_at is empty")
        _window(self.not_before, self.expires_at, open_end=False)
        _once("authority", (f"{action} on {item.scope}" for item in self.authorities for action in item.actions))
        _once("limit", (item.name for item in self.limits))
        _once("approval", (item.task for item in self.approvals))


class Credential(Record, frozen=True, kw_only=True):
    """A credential of an identity, by thumbprint or key id; never the secret itself."""

    identity: str
    type: str
    status: str
    expires_at: int = 0
    thumbprint: str = ""


class KeyUse(StrEnum):
    """What a key of a listing verifies: ``sig`` any other token (RFC 7517), the rest SPIFFE's kinds of SVID."""

    SIG = "sig"
    JWT_SVID = "jwt-svid"
    WIT_SVID = "wit-svid"
    X509_SVID = "x509-svid"


class Key(Record, frozen=True, kw_only=True):
    """A public key of an issuer, as its JWKS or SPIFFE bundle lists it, checked and stripped of all but the key.

    Attributes:
        id: the ``kid``; of an X.509 authority, the SHA-256 of the certificate in hex.
        issuer: ``iss`` of its tokens, or the trust domain.
        use: what it verifies.
        alg: the one algorithm it is for (RFC 7518); empty for an X.509 authority.
        jwk: the public JWK as canonical JSON; empty for an X.509 authority.
        certificate: PEM of an X.509 authority; else empty.
    """

    issuer: str
    use: KeyUse
    alg: str = ""
    jwk: str = ""
    certificate: str = ""

    def __post_init__(self) -> None:
        if not self.id or not self.issuer:
            raise ValueError("id and issuer must not be empty")
        if (self.use is KeyUse.X509_SVID) != bool(self.certificate) or bool(self.jwk) == bool(self.certificate):
            raise ValueError("a key is a JWK, or for x509-svid a certificate")


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
    """From ``effective_at`` on, what was issued until ``issued_until`` no longer counts (CAEP, RFC 9493).

    Attributes:
        effective_at: from when (ns).
        issued_until: what was issued later counts again (ns); for good without one.
    """

    kind: RevocationKind
    target: str
    effective_at: int
    issued_until: int = MOST
    reason: str = ""

    def __post_init__(self) -> None:
        if not self.target:
            raise ValueError("target is empty")
        if not LEAST <= self.effective_at <= MOST:
            raise ValueError("effective_at is outside 2001 to 2262")
        if not LEAST <= self.issued_until <= MOST:
            raise ValueError("issued_until is outside 2001 to 2262")


def _entitlement(name: str) -> None:
    # the key of an entitlement is `name@scope`, that of an action `#action@type:id`: neither may pass for another
    if "@" in name:
        raise ValueError(f"entitlement {name!r} holds '@', which separates it from its scope")
    if name[:1] == "#":
        raise ValueError(f"entitlement {name!r} begins with '#', which marks an action")


def _actions(names: tuple[str, ...]) -> None:
    # the first `@` of a key ends the action, so what came after one would be read as part of the scope
    for name in names:
        if not name or "@" in name:
            raise ValueError(f"action {name!r} is empty or holds '@', which separates it from its resource")


def _digest(name: str, value: str) -> None:
    if value and not _DIGEST.fullmatch(value):
        raise ValueError(f"{name} is no digest such as sha-256:<43 characters of base64url>")


def _uses(value: int) -> None:
    if value < 0:
        raise ValueError("max_uses is below 1")


def _once(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{what} {name[:80]!r} is there twice, and nobody can say which counts")
        seen.add(name)


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


AnyRecord = Identity | Grant | Elevation | BreakGlass | Mandate | Credential | Key | Revocation
"""Every kind of record; what a snapshot's lines decode to."""
