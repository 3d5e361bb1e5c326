"""SCIM groups to grants: who is in a group, directly or through groups within it, holds the group's entitlement.

The path is kept, from the user's own group up: ``group:dba/group:platform`` is held by a member of
``dba``, which is in ``platform``. Of several paths the shortest counts. A circle of groups is walked once.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from livegate.model.snapshot import Quarantined
from livegate.sources.http_body import clean
from livegate.sources.scim_paging import id_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from livegate.sources.protocol import Row
    from livegate.sources.scim_mapping import Values

DEEPEST = 20
"""Groups within groups further down than this are not followed; their members hold less, and a row says so."""


class _Member(msgspec.Struct):
    value: str | None = None


class _Group(msgspec.Struct):
    id: str
    display_name: str | None = msgspec.field(name="displayName", default=None)
    external_id: str | None = msgspec.field(name="externalId", default=None)
    members: list[_Member] | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    value: str
    members: tuple[str, ...]


def rows(
    resources: Iterable[msgspec.Raw], *, users: set[str], values: Values, value_from: str = "displayName"
) -> Iterator[Row]:
    """Each membership as a grant ``<user>/group/<value>``; what cannot be told is quarantined, never critical.

    Args:
        resources: the groups.
        users: ids of the identities; a member that is neither one of them nor a group holds nothing.
        values: makes the grants.
        value_from: which attribute names the group's entitlement: ``displayName``, ``id`` or ``externalId``. A
            name that two groups share is quarantined, since anyone who may name a group could borrow another's rights.
    """
    groups: dict[str, _Known] = {}
    for position, resource in enumerate(resources, 1):
        try:
            group = msgspec.json.decode(resource, type=_Group)
            if not group.id:
                raise ValueError("id is empty")
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            reason = "nested too deep" if isinstance(error, RecursionError) else clean(str(error))
            yield Quarantined(where=f"/Groups/{clean(id_of(resource)) or f'row {position}'}", reason=reason)
            continue
        value = {"displayName": group.display_name, "id": group.id, "externalId": group.external_id}[value_from] or ""
        groups[group.id] = _Known(value, tuple(dict.fromkeys(m.value or "" for m in group.members or [])))
    shared = Counter(known.value for known in groups.values())
    for name, known in groups.items():
        where = f"/Groups/{clean(name)}"
        if not known.value:
            yield Quarantined(where=where, reason=f"{value_from} is missing, so its members hold nothing by it")
        elif shared[known.value] > 1:
            yield Quarantined(where=where, reason=f"another group has the same {value_from} {clean(known.value)!r}")
        else:
            yield from _held(name, groups, users, values)


def _held(top: str, groups: dict[str, _Known], users: set[str], values: Values) -> Iterator[Row]:
    """Grants of the one group ``top``: breadth first, so that the first path to a user is the shortest."""
    seen_groups = {top}
    seen_users: set[str] = set()
    queue: deque[tuple[str, tuple[str, ...]]] = deque([(top, (top,))])
    while queue:
        name, path = queue.popleft()
        for member in groups[name].members:
            # an id is a group's or a user's by where it was listed; `type` and `$ref` are optional in SCIM
            if member in groups:
                if member in seen_groups:
                    continue
                seen_groups.add(member)
                if len(path) >= DEEPEST:
                    yield Quarantined(
                        where=f"/Groups/{clean(top)}", reason=f"groups within it go deeper than {DEEPEST}"
                    )
                    continue
                queue.append((member, (member, *path)))
            elif member not in users:
                if name == top:  # told once, at the group that names it
                    yield Quarantined(
                        where=f"/Groups/{clean(top)} member {clean(member)!r}", reason="is no user that was mapped"
                    )
            elif member not in seen_users:
                seen_users.add(member)
                via = "/".join(f"group:{groups[step].value or step}" for step in path)
                yield values.grant(member, "group", groups[top].value, via=via)
