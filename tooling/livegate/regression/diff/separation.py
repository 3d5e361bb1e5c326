"""Separations of duties that the change lifts: what was kept apart and now meets in one pair of hands. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from livegate.regression.diff.changes import What
from livegate.regression.diff.forms import COMBINED, SEPARATED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from livegate.regression.diff.changes import Change
    from livegate.regression.diff.world import Deed, World

KEPT_APART = {
    "transaction.separation_of_duties": "who did the one may now do the other",
    "transaction.combination_denied": "one chain may now hold both",
    "entitlement.denied": "a deny was lifted",
    "elevation.self_approved": "who asked may now approve",
    "elevation.subordinate_approved": "who reports to the subject may now approve",
    "elevation.second_person_missing": "one person is now enough to break the glass",
    "transaction.confirmation_missing": "fewer people need to confirm",
}
"""Reasons that keep duties apart → what it means that one went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A separation that does not hold any more.

    Attributes:
        kind: ``rule`` (a rule stopped it), ``pair`` (somebody holds both actions now), ``combination`` (the same, one
            after the other in a chain). first, then: actions, of the latter two.
    """

    kind: str
    title: str
    subjects: tuple[str, ...]
    action: str
    resources: tuple[str, ...] = ()
    first: str | None = None
    then: str | None = None
    reason: str | None = None
    declared: bool = False


@dataclass(slots=True)
class Allowed:
    """Who is allowed what at the instant: subject → actions, of one side."""

    by: dict[str, set[Deed]] = field(default_factory=lambda: defaultdict(set))

    def add(self, subject: str, deed: Deed) -> None:
        """Enter one allow."""
        self.by[subject].add(deed)


def violations(changes: Iterable[Change], base: World, head: World, before: Allowed, after: Allowed) -> list[Violation]:
    """What became possible that was kept apart: by rules that stopped it, and by actions that meet in one person."""
    return [*_by_rule(changes), *_by_pair(base, head, before, after)]


def _by_rule(changes: Iterable[Change]) -> Iterator[Violation]:
    found: dict[tuple[str, Deed, bool], list[Change]] = defaultdict(list)
    for change in changes:
        if change.what is not What.OPENED:
            continue
        kept = change.reasons & KEPT_APART.keys()
        if not kept and change.variants <= {SEPARATED, COMBINED}:
            kept = frozenset({"transaction.separation_of_duties"})
        for reason in kept:
            found[reason, change.deed, change.declared is not None].append(change)
    for (reason, deed, declared), same in sorted(found.items(), key=lambda item: (item[0][2], item[0][0], item[0][1])):
        yield Violation(
            kind="rule",
            title=KEPT_APART[reason],
            subjects=tuple(sorted({change.subject for change in same})),
            action="/".join(deed),
            resources=tuple(sorted({change.resource for change in same})),
            reason=reason,
            declared=declared,
        )


def _by_pair(base: World, head: World, before: Allowed, after: Allowed) -> Iterator[Violation]:
    for first, then, kind, title in sorted({*_pairs(base), *_pairs(head)}):
        people = sorted(
            subject
            for subject, deeds in after.by.items()
            if {first, then} <= deeds and not {first, then} <= before.by.get(subject, set())
        )
        if people:
            yield Violation(
                kind=kind,
                title=title,
                subjects=tuple(people),
                action="/".join(then),
                first="/".join(first),
                then="/".join(then),
            )


def _pairs(world: World) -> Iterator[tuple[Deed, Deed, str, str]]:
    for deed in world.deeds():
        for action in world.action(deed).get("limits", {}).get("separation", ()):
            if (other := (deed[0], action)) != deed:
                yield other, deed, "pair", "both actions in one hand, kept apart only on the same resource"
    combinations: Mapping[str, Mapping[str, str]] = world.documents["catalog"].get("combinations", {})
    for combination in combinations.values():
        labelled = {
            name: [deed for deed in world.deeds() if combination.get(name) in world.action(deed).get("labels", {})]
            for name in ("after", "then")
        }
        for first in labelled["after"]:
            for then in labelled["then"]:
                if first != then:
                    yield first, then, "combination", combination["title"]
