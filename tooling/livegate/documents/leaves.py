"""Compact leaves: a grant or an identity as one string.

Memory is what limits one OPA. As small objects, 1,000,000 grants took 1,090 bytes each in the server,
as strings a fifth (ADR 0002). The policy splits a leaf when it reads it; people see the parts in the
evidence of a decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livegate.model.instants import SECOND
from livegate.model.records import Hold, IdentityType, Status

if TYPE_CHECKING:
    from livegate.model.records import Grant, Identity

_STRICTNESS = (Status.ACTIVE, Status.SUSPENDED, Status.DISABLED, Status.DELETED)
_HUMAN = IdentityType.HUMAN
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


def action_key(action: str, scope: str) -> str:
    """The key under which ``action`` on ``scope`` is looked up; no key of a grant begins with ``#``."""
    return f"#{action}@{scope}"


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


def owned(identity: Identity) -> bool:
    """Whether somebody answers for what says that it is a person: then it is an account of theirs."""
    return identity.type is _HUMAN and bool(identity.owners or identity.sponsor)


def responsible(identity: Identity) -> tuple[str, ...]:
    """Who a leaf names beside the identity: the manager of a person, owners and sponsor of any other; each once."""
    if identity.type is _HUMAN and not owned(identity):
        return (identity.manager,) if identity.manager else ()
    return tuple(dict.fromkeys((*identity.owners, identity.sponsor) if identity.sponsor else identity.owners))


def unnamed(identity: Identity) -> tuple[str, ...]:
    """Those of the responsible people whom a leaf cannot name."""
    return tuple(person for person in responsible(identity) if not findable(person))


def identity_leaf(identity: Identity, system: str) -> str:
    """``status|type|environment|system|responsible,responsible``.

    What it cannot say must not be missed: an identity whose responsible people it cannot all name is not active,
    for they could approve as strangers what they have a part in; nor is a person with owners, who stands there as
    a service account of theirs, so that they do not count as strangers to it.
    """
    people = responsible(identity)
    named = [person for person in people if findable(person)]
    doubtful = owned(identity)
    kind = IdentityType.SERVICE_ACCOUNT if doubtful else identity.type
    leaf = f"{identity.status.value}|{kind.value}|{escape(identity.environment)}|{system}|{','.join(named)}"
    return at_most(leaf, Status.SUSPENDED) if doubtful or len(named) < len(people) else leaf


def joined(known: str, other: str) -> str:
    """The leaf of an identity that two systems list, with all responsible people whom it can name.

    Of a person the manager that either names, the first one's if both do; of anything else all owners. Where one
    calls it a person and the other does not, it is none: then its owners are known. The status is that of either.
    """
    head, kind, people = _parts(known)
    _, other_kind, other_people = _parts(other)
    if (kind == _HUMAN) != (other_kind == _HUMAN):
        return other if kind == _HUMAN else known
    if kind == _HUMAN:
        return f"{head}|{people or other_people}"
    return f"{head}|{','.join(dict.fromkeys(filter(None, (*people.split(','), *other_people.split(',')))))}"


def manager(leaf: str) -> str:
    """The manager that a person's leaf names; empty where there is none."""
    _, kind, people = _parts(leaf)
    return people if kind == _HUMAN else ""


def _parts(leaf: str) -> tuple[str, str, str]:
    head, people = leaf.rsplit("|", 1)
    return head, head.split("|", 2)[1], people


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
    """In what two leaves of one identity differ, apart from status and system.

    A person of whom one of them knows no manager differs in nothing; see :func:`joined`.
    """
    _, type_, environment, _, people = one.split("|")
    _, other_type, other_environment, _, other_people = other.split("|")
    person = type_ == other_type == _HUMAN
    silent = person and not (people and other_people)
    return [
        name
        for name, mine, theirs in (
            ("type", type_, other_type),
            ("environment", environment, other_environment),
            ("manager" if person else "owners", set(people.split(",")), set(other_people.split(","))),
        )
        if mine != theirs and not (silent and name == "manager")
    ]


def _rank(leaf: str) -> tuple[bool, str, str, str]:
    _, _, end, start, hold, _ = leaf.split("|")
    return hold == "", end, "" if start else "~", leaf
