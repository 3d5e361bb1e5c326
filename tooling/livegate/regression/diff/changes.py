"""What differs between two answers to one question, and the differences of one subject and deed together. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from livegate.regression import compare

if TYPE_CHECKING:
    from livegate.regression.diff.asking import Answer
    from livegate.regression.diff.corpus import Row
    from livegate.regression.diff.world import Deed


class What(StrEnum):
    """What a difference is about, the loudest first."""

    OPENED = "opened"
    CLOSED = "closed"
    EASED = "eased"
    REASONS = "reasons"
    OBLIGATIONS = "obligations"
    VALID_UNTIL = "valid_until"
    CACHE = "cache"


DECISIONS = (What.OPENED, What.CLOSED, What.EASED)
APART = frozenset({"beyond", "separation", "combination"})
"""Forms that are there to be denied: beyond a limit, or against a separation of duties."""
EXAMPLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question, as it is told to people.

    Attributes:
        subject, resource: id, and ``type:id``. deed: type of the resource and action.
        variant: of a generated one, or ``case`` and ``request``. source: of the others, where it stands.
        request: as it was sent, without credential. instant: ns.
    """

    subject: str
    deed: Deed
    resource: str
    variant: str
    instant: int
    request: Any = field(repr=False)
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One question that the two sides do not answer alike.

    Attributes:
        row: of the corpus, of a generated one. whole: both whole answers, of another.
    """

    asked: Asked
    what: What
    base: Answer
    head: Answer
    row: Row | None = None
    whole: tuple[Any, Any] | None = field(default=None, repr=False)


@dataclass(slots=True, kw_only=True)
class Change:
    """All questions about one subject, action and resource that came out differently in one direction.

    Attributes:
        apart: whether its questions are such as are there to be denied (:data:`APART`); then it is a change of its own.
        reasons: those that kept the denying side from allowing: of an opening BASE's, of a closing HEAD's. Of what is
            allowed on easier terms: which terms.
        count: questions. main: whether it shows at the instant of the comparison. examples: a few of the questions.
    """

    what: What
    subject: str
    deed: Deed
    resource: str
    reasons: frozenset[str]
    count: int = 0
    main: bool = False
    variants: set[str] = field(default_factory=set)
    examples: list[Difference] = field(default_factory=list)
    apart: bool = False
    declared: str | None = None


def compared(
    asked: Asked,
    base: Answer,
    head: Answer,
    *,
    row: Row | None = None,
    whole: tuple[Any, Any] | None = None,
    ends: bool = True,
) -> Difference | None:
    """The loudest difference between two answers; None where they are the same.

    Args:
        ends: whether a later end is an easier term. Where records alone changed it is what they say.
    """
    if base == head:
        return None
    if base.allow != head.allow:
        what = What.OPENED if head.allow else What.CLOSED
    elif eased(base, head, ends=ends):
        what = What.EASED
    elif base.reasons != head.reasons:
        what = What.REASONS
    elif base.obligations != head.obligations:
        what = What.OBLIGATIONS
    else:
        what = What.VALID_UNTIL if base.until != head.until else What.CACHE
    return Difference(asked=asked, what=what, base=base, head=head, row=row, whole=whole)


def eased(base: Answer, head: Answer, *, ends: bool = True) -> frozenset[str]:
    """The terms of an allow that HEAD makes easier than BASE does; none for what is not allowed by both.

    An obligation that is gone, an end that is later, an answer that may be kept where it might not, for longer, or
    for more requests than before.
    """
    if not (base.allow and head.allow):
        return frozenset()
    found = {f"without obligation {_type(one)}" for one in set(base.obligations) - set(head.obligations)}
    if ends and _later(head.until, base.until):
        found.add("a later end")
    mine, other = base.cache, head.cache
    if other.get("store") is not False and (
        mine.get("store") is False
        or set(mine.get("depends_on", ())) - set(other.get("depends_on", ()))
        or (ends and _later(other.get("until", ""), mine.get("until", "")))
    ):
        found.add("kept more by whoever caches")
    return frozenset(found)


def _type(obligation: str) -> str:
    return str(json.loads(obligation).get("type"))


def _later(one: str, other: str) -> bool:
    mine, theirs = compare.instant(one), compare.instant(other)
    return mine != theirs and (mine is None or theirs is None or mine > theirs)


@dataclass(slots=True)
class Gathered:
    """Differences put together as they come.

    Attributes:
        decisions: openings and closings by :meth:`key_of`. quiet: the others by what they are, counted.
        reasons: of those whose reasons alone differ, (reasons gone, reasons come) → count.
    """

    start: int
    decisions: dict[Any, Change] = field(default_factory=dict)
    quiet: dict[What, int] = field(default_factory=dict)
    quiet_examples: dict[What, list[Difference]] = field(default_factory=dict)
    reasons: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = field(default_factory=dict)

    def add(self, difference: Difference) -> None:
        """Enter one."""
        asked, what = difference.asked, difference.what
        if what not in DECISIONS:
            self.quiet[what] = self.quiet.get(what, 0) + 1
            examples = self.quiet_examples.setdefault(what, [])
            if len(examples) < EXAMPLES:
                examples.append(difference)
            if what is What.REASONS:
                gone, come = difference.base.reasons, difference.head.reasons
                pair = tuple(sorted(gone - come)), tuple(sorted(come - gone))
                self.reasons[pair] = self.reasons.get(pair, 0) + 1
            return
        denying = difference.base if what is What.OPENED else difference.head
        reasons = eased(difference.base, difference.head) if what is What.EASED else denying.reasons
        key = self.key_of(difference)
        change = self.decisions.get(key)
        if change is None:
            change = self.decisions[key] = Change(
                what=what,
                subject=asked.subject,
                deed=asked.deed,
                resource=asked.resource,
                reasons=reasons,
                apart=asked.variant in APART,
            )
        now = asked.instant == self.start
        if now and not change.main:  # what shows at the instant says more than what shows around it
            change.reasons = reasons
        elif now or not change.main:
            change.reasons |= reasons
        change.count += 1
        change.main = change.main or now
        change.variants.add(asked.variant)
        # one at the instant of the comparison says more than one at a boundary
        if len(change.examples) < EXAMPLES:
            change.examples.append(difference)
        elif asked.instant == self.start and change.examples[-1].asked.instant != self.start:
            change.examples[-1] = difference

    @staticmethod
    def key_of(difference: Difference) -> tuple[object, ...]:
        """What the change is about that a difference belongs to."""
        asked = difference.asked
        return difference.what, asked.subject, asked.deed, asked.resource, asked.variant in APART

    def changes(self) -> list[Change]:
        """The openings and closings."""
        return list(self.decisions.values())
