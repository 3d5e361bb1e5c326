"""Outcomes of a replay, counted and grouped for people; memory does not grow with the log."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from livegate.regression.judge import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livegate.regression.logs.read import Broken

EXAMPLES = 3
_GROUPS = 1_000
_BROKEN = 100
_COUNTED = "counted, too many to list"


@dataclass(slots=True, kw_only=True)
class Group:
    """Events that came out alike: in what, how many, and a few of them by id, place and what was asked."""

    outcome: Outcome
    title: str
    count: int = 0
    examples: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The result of a replay.

    Attributes:
        counts: outcome → events. marks: what SAME and the others rest on, where not on the whole request → events.
        groups: of all that is not SAME, the largest first. repeated: events that came more than once.
        broken: what could not be read, the first hundred; unread: how many in all.
        sets: revision sets in the logs. seconds: that deciding took, and ``asked`` how many were asked in them.
        interrupted: it was told to stop. candidate: names of the bundles that took others' places.
    """

    counts: Mapping[Outcome, int]
    marks: Mapping[str, int]
    groups: tuple[Group, ...]
    repeated: int
    broken: tuple[Broken, ...]
    unread: int
    sets: int
    asked: int
    seconds: float
    interrupted: bool
    candidate: tuple[str, ...]

    @property
    def events(self) -> int:
        """How many different events there were."""
        return sum(self.counts.values())

    @property
    def partial(self) -> bool:
        """Whether not all that was logged was read and asked."""
        return self.interrupted or bool(self.unread) or bool(self.counts[Outcome.ERROR])

    def exit_code(self, *, lenient: bool) -> int:
        """130 interrupted · 1 something failed or could not be read · 3 something changed, or could not be decided
        again and that was not ``lenient``-ly taken · 0 all the same."""
        if self.interrupted:
            return 130
        if self.partial:
            return 1
        changed = sum(self.counts[one] for one in (Outcome.DECISION_CHANGED, Outcome.REASONS_CHANGED, Outcome.LATENCY))
        return 3 if changed or (self.counts[Outcome.NOT_REPLAYABLE] and not lenient) else 0


@dataclass(slots=True)
class Tally:
    """Counts while a replay runs."""

    asked: int = 0
    seconds: float = 0.0
    sets: int = 0
    interrupted: bool = False
    _counts: Counter[Outcome] = field(default_factory=Counter)
    _marks: Counter[str] = field(default_factory=Counter)
    _groups: dict[tuple[Any, ...], Group] = field(default_factory=dict)
    _repeated: int = 0
    _broken: list[Broken] = field(default_factory=list)
    _unread: int = 0

    def broken(self, what: Broken) -> None:
        """Something could not be read."""
        self._unread += 1
        if len(self._broken) < _BROKEN:
            self._broken.append(what)

    def repeated(self) -> None:
        """An event came once more."""
        self._repeated += 1

    def add(self, identifier: str, place: str, found: Mapping[str, Any]) -> None:
        """One event and its outcome, as :meth:`livegate.regression.judge.Verdict.plain` has it."""
        outcome = Outcome(found["outcome"])
        self._counts[outcome] += 1
        if "mark" in found:
            self._marks[f"{outcome.value}, {found['mark']}"] += 1
        if outcome is Outcome.SAME:
            return
        title = _title(outcome, found)
        key = (outcome, title)
        if key not in self._groups and len(self._groups) >= _GROUPS:
            title = _COUNTED
            key = (outcome, title)
        group = self._groups.setdefault(key, Group(outcome=outcome, title=title))
        group.count += 1
        if len(group.examples) < EXAMPLES:
            group.examples.append({"decision_id": identifier, "where": place, **found})

    def result(self, *, candidate: tuple[str, ...]) -> Replay:
        """What was counted."""
        order = list(Outcome)
        return Replay(
            counts={outcome: self._counts[outcome] for outcome in Outcome},
            marks=dict(sorted(self._marks.items())),
            groups=tuple(sorted(self._groups.values(), key=lambda one: (order.index(one.outcome), -one.count))),
            repeated=self._repeated,
            broken=tuple(self._broken),
            unread=self._unread,
            sets=self.sets,
            asked=self.asked,
            seconds=self.seconds,
            interrupted=self.interrupted,
            candidate=candidate,
        )


def _title(outcome: Outcome, found: Mapping[str, Any]) -> str:
    if outcome in (Outcome.DECISION_CHANGED, Outcome.REASONS_CHANGED):
        before, after = found["before"], found["after"]
        went = sorted(set(before["reasons"]) - set(after["reasons"]))
        came = sorted(set(after["reasons"]) - set(before["reasons"]))
        parts = [f"{_word(before)} → {_word(after)}"]
        parts += [f"no more {', '.join(went)}"] if went else []
        parts += [f"now {', '.join(came)}"] if came else []
        if not went and not came:
            parts.append(f"differs: {', '.join(item['what'] for item in found['differences'])}")
        return "; ".join(parts)
    if outcome is Outcome.NOT_REPLAYABLE:
        return str(found["reason"])
    return "slower" if outcome is Outcome.LATENCY else str(found.get("why", ""))[:200]


def _word(said: Mapping[str, Any]) -> str:
    return "allow" if said["decision"] else "deny"
