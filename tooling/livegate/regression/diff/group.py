"""Changes that are alike as one line: so many people of one role gain one action on these resources. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livegate.regression.diff.changes import What

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from livegate.regression.diff.changes import Change
    from livegate.regression.diff.world import Deed, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Changes in one direction of one action, with the same reasons, by people of one role, on the same resources.

    Attributes:
        holders: the role or entitlement through which its subjects hold it; empty where they hold nothing.
        reasons: that went (of an opening) or came. questions: how many questions it stands for.
        main: whether it shows at the instant of the comparison, or only at other instants.
        declared: why it is as it should be, if every change in here is declared.
    """

    what: What
    deed: Deed
    application: str
    privileged: bool
    holders: str
    reasons: tuple[str, ...]
    subjects: tuple[str, ...]
    resources: tuple[str, ...]
    variants: tuple[str, ...]
    questions: int
    main: bool
    declared: str | None
    changes: tuple[Change, ...]

    @property
    def action(self) -> str:
        """``type/action``."""
        return "/".join(self.deed)


def grouped(changes: Iterable[Change], base: World, head: World) -> list[Group]:
    """The groups: undeclared openings first, privileged before others, then by application and size."""
    alike: dict[tuple[object, ...], dict[str, list[Change]]] = defaultdict(lambda: defaultdict(list))
    for change in changes:
        allowing = head if change.what is What.OPENED else base
        key = (
            change.what,
            change.deed,
            tuple(sorted(change.reasons)),
            held_by(allowing, change),
            change.declared,
            change.main,
            change.apart,
        )
        alike[key][change.resource].append(change)
    found = []
    for by_resource in alike.values():
        # resources that the same people reach are one line
        by_people: dict[tuple[str, ...], list[Change]] = defaultdict(list)
        for same in by_resource.values():
            by_people[tuple(sorted({one.subject for one in same}))] += same
        found += [_group(same, base, head) for same in by_people.values()]
    return sorted(found, key=_rank)


def application(world: World, other: World, deed: Deed) -> str:
    """Whose action it is, by either side."""
    return str(world.action(deed).get("application") or other.action(deed).get("application") or "")


def privileged(base: World, head: World, deed: Deed) -> bool:
    """Whether either side calls it privileged."""
    return any(world.action(deed).get("privileged") is True for world in (base, head))


def held_by(world: World, change: Change) -> str:
    """The role through which somebody holds what an action needs (``via``), else the entitlement; empty for none."""
    permits = world.documents["catalog"].get("permits", {}).get(change.deed[0], {}).get(change.deed[1], ())
    grants: Mapping[str, str] = world.documents["iga"].get("grants", {}).get(change.subject, {})
    listed = world.documents["catalog"].get("resources", {}).get(change.resource, {})
    for scope in ("*", change.resource, *listed.get("parents", ())):
        for entitlement in permits:
            leaf = grants.get(f"{entitlement}@{scope}")
            if leaf is not None:
                via = leaf.rsplit("|", 1)[-1]
                return via or f"{entitlement}@{scope}"
    return ""


def _group(changes: Sequence[Change], base: World, head: World) -> Group:
    first = changes[0]
    return Group(
        what=first.what,
        deed=first.deed,
        application=application(head, base, first.deed),
        privileged=privileged(base, head, first.deed),
        holders=held_by(head if first.what is What.OPENED else base, first),
        reasons=tuple(sorted(first.reasons)),
        subjects=tuple(sorted({one.subject for one in changes})),
        resources=tuple(sorted({one.resource for one in changes})),
        variants=tuple(sorted({name for one in changes for name in one.variants})),
        questions=sum(one.count for one in changes),
        main=first.main,
        declared=first.declared,
        changes=tuple(changes),
    )


def _rank(group: Group) -> tuple[object, ...]:
    return (
        group.declared is not None,
        group.what is not What.OPENED,
        not group.privileged,
        not group.main,
        group.application,
        -len(group.subjects),
        group.deed,
        group.subjects,
        group.resources,
    )
