"""What differs between two answers to one question, and the differences of one subject and deed together. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livegate.regression.diff.asking import Answer
    from livegate.regression.diff.corpus import Row
    from livegate.regression.diff.world import Deed


class What(StrEnum):
    """What a difference is about, the loudest first."""

    OPENED = "opened"
    CLOSED = "closed"
    REASONS = "reasons"
    OBLIGATIONS = "obligations"
    VALID_UNTIL = "valid_until"


DECISIONS = (What.OPENED, What.CLOSED)
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
        reasons: those that kept the denying side from allowing: of an opening BASE's, of a closing HEAD's.
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
    asked: Asked, base: Answer, head: Answer, *, row: Row | None = None, whole: tuple[Any, Any] | None = None
) -> Difference | None:
    """The loudest difference between two answers; None where they are the same."""
    if base == head:
        return None
    if base.allow != head.allow:
        what = What.OPENED if head.allow else What.CLOSED
    elif base.reasons != head.reasons:
        what = What.REASONS
    else:
        what = What.OBLIGATIONS if base.obligations != head.obligations else What.VALID_UNTIL
    return Difference(asked=asked, what=what, base=base, head=head, row=row, whole=whole)


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
        key = self.key_of(difference)
        change = self.decisions.get(key)
        if change is None:
            change = self.decisions[key] = Change(
                what=what,
                subject=asked.subject,
                deed=asked.deed,
                resource=asked.resource,
                reasons=denying.reasons,
                apart=asked.variant in APART,
            )
        now = asked.instant == self.start
        if now and not change.main:  # what shows at the instant says more than what shows around it
            change.reasons = denying.reasons
        elif now or not change.main:
            change.reasons |= denying.reasons
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
