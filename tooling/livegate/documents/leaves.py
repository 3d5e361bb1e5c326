"""Compact leaves: a grant or an identity as one string.

Memory is what limits one OPA. As small objects, 1,000,000 grants took 1,090 bytes each in the server,
as strings a fifth (ADR 0002). The policy splits a leaf when it reads it; people see the parts in the
evidence of a decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livegate.model.instants import SECOND
from livegate.model.records import Hold, Status

if TYPE_CHECKING:
    from livegate.model.records import Grant, Identity

_STRICTNESS = (Status.ACTIVE, Status.SUSPENDED, Status.DISABLED, Status.DELETED)
_STANDING = Hold.STANDING  # looking up a member of an enum takes longer than the rest of a comparison

NEVER = 9_223_372_036
"""Epoch second that stands for «no end»: the last whole one that OPA's clock can name."""


def escape(text: str) -> str:
    """``text`` without the separators of a leaf; ``%`` escapes, as in a URL."""
    if "|" in text or "%" in text or "," in text:
        return text.replace("%", "%25").replace("|", "%7C").replace(",", "%2C")
    return text


def grant_key(entitlement: str, scope: str) -> str:
    """The key under which a grant of ``entitlement`` on ``scope`` is looked up."""
    return f"{entitlement}@{scope}"


def grant_leaf(grant: Grant, system: str) -> str:
    """``system|id|end|start|hold|via``: end rounded down to a second, start up, so never wider than granted."""
    end = grant.expires_at // SECOND if grant.expires_at else NEVER
    start = -(-grant.not_before // SECOND) if grant.not_before else ""
    hold = "" if grant.hold is _STANDING else grant.hold.value
    return f"{system}|{escape(grant.id)}|{end}|{start}|{hold}|{escape(grant.via) if grant.via else ''}"


def preferred(old: str, new: str) -> str:
    """Of two leaves under one key the one to keep: a standing one, then the one that ends last."""
    return max(old, new, key=_rank)


def findable(identity: str) -> bool:
    """Whether an identity can be looked up by what a leaf says of it: its id holds no separator."""
    return escape(identity) == identity


def identity_leaf(identity: Identity, system: str) -> str:
    """``status|type|environment|system|owner,owner``; an owner who cannot be found by it is left out."""
    owners = ",".join(filter(findable, identity.owners))
    return f"{identity.status.value}|{identity.type.value}|{escape(identity.environment)}|{system}|{owners}"


def at_most(leaf: str, status: Status) -> str:
    """An identity's leaf with ``status``, if that is the stricter."""
    own, rest = leaf.split("|", 1)
    return f"{max(own, status, key=_STRICTNESS.index)}|{rest}"


def status(leaf: str) -> Status:
    """The status that an identity's leaf says."""
    return Status(leaf.split("|", 1)[0])


def system(leaf: str) -> str:
    """The system that an identity's leaf is of."""
    return leaf.split("|")[3]


def differences(one: str, other: str) -> list[str]:
    """In what two leaves of one identity differ, apart from status and system."""
    _, type_, environment, _, owners = one.split("|")
    _, other_type, other_environment, _, other_owners = other.split("|")
    return [
        name
        for name, mine, theirs in (
            ("type", type_, other_type),
            ("environment", environment, other_environment),
            ("owners", set(owners.split(",")), set(other_owners.split(","))),
        )
        if mine != theirs
    ]


def _rank(leaf: str) -> tuple[bool, str, str, str]:
    _, _, end, start, hold, _ = leaf.split("|")
    return hold == "", end, "" if start else "~", leaf
