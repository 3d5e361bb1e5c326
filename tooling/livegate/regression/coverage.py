"""What the cases of suites cover, in kinds that mean something. Pure: what was decided comes in, items come out.

Only a case that was decided as judged covers anything: a wrong answer proves nothing of the rule that gave it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livegate.regression.windows import ends

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from fractions import Fraction

    from livegate.regression.suite import Case

KINDS = ("expressions", "gates", "reasons", "actions", "controls", "boundaries")
"""In the order in which they are shown."""

_OUTCOMES = ("passed in an allow", "passed in a denial", "denied alone", "denied with others")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that cases can cover. ``cases``: how many do. ``note``: where it is, or why it was not reached."""

    name: str
    cases: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """All that cases can cover of one kind."""

    name: str
    items: tuple[Item, ...]

    @property
    def covered(self) -> int:
        """How many items at least one case covers."""
        return sum(item.cases > 0 for item in self.items)

    @property
    def missing(self) -> tuple[Item, ...]:
        """What no case covers."""
        return tuple(item for item in self.items if not item.cases)

    def reaches(self, percent: Fraction) -> bool:
        """Whether at least so much of it is covered. What has no item reaches anything but is shown as empty."""
        return self.covered * 100 >= percent * len(self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the policy and its documents have, for cases to cover.

    Attributes:
        gates: that the configuration asks for. reasons: reason id → where its rule is.
        actions: ``type.action`` of the catalogue. controls: requirement → reason ids that serve it.
        own: our own controls, which cases name.
    """

    gates: Sequence[str]
    reasons: Mapping[str, str]
    actions: Sequence[str]
    controls: Mapping[str, frozenset[str]]
    own: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A case that was decided as judged, the gates that passed, and the documents that it was asked of."""

    case: Case
    gates: Mapping[str, bool]
    documents: Mapping[str, Any]


def catalogued(catalog: Mapping[str, Any]) -> tuple[str, ...]:
    """``type.action`` of everything that a ``catalog`` document knows."""
    return tuple(sorted(f"{kind}.{name}" for kind, actions in catalog.get("actions", {}).items() for name in actions))


def coverage(known: Known, decided: Sequence[Decided], expressions: Iterable[Item]) -> tuple[Kind, ...]:
    """What these cases cover, one :class:`Kind` each of :data:`KINDS`.

    Args:
        known: what there is. decided: the cases. expressions: of the policy, counted by who traced them.
    """
    made = {
        "expressions": expressions,
        "gates": _gates(known, decided),
        "reasons": _reasons(known, decided),
        "actions": _actions(known, decided),
        "controls": _controls(known, decided),
        "boundaries": _boundaries(decided),
    }
    return tuple(Kind(name=name, items=tuple(made[name])) for name in KINDS)


def total(kinds: Iterable[Kind]) -> Kind:
    """All kinds as one."""
    return Kind(name="total", items=tuple(item for kind in kinds for item in kind.items))


def _gates(known: Known, decided: Sequence[Decided]) -> Iterable[Item]:
    seen: Counter[tuple[str, str]] = Counter()
    for one in decided:
        # by the reasons that were judged right: a gate that is not told of may fail for lack of the others
        denying = {reason.partition(".")[0] for reason in one.case.expect.reasons}
        for gate, passed in one.gates.items():
            if gate in denying:
                seen[gate, _OUTCOMES[2 if len(denying) == 1 else 3]] += 1
            elif passed:
                seen[gate, _OUTCOMES[0 if one.case.expect.allow else 1]] += 1
    for gate in known.gates:
        # the answer of a request gate that denies names no other gate
        for outcome in _OUTCOMES if gate != "request" else _OUTCOMES[:3]:
            yield Item(name=f"{gate}: {outcome}", cases=seen[gate, outcome])


def _reasons(known: Known, decided: Sequence[Decided]) -> Iterable[Item]:
    seen = Counter(reason for one in decided for reason in one.case.expect.reasons)
    for reason, where in known.reasons.items():
        yield Item(name=reason, cases=seen[reason], note=where)


def _actions(known: Known, decided: Sequence[Decided]) -> Iterable[Item]:
    seen = Counter((_action(one.case.request), one.case.expect.allow) for one in decided)
    for action in known.actions:
        yield Item(name=f"{action}: allowed", cases=seen[action, True])
        yield Item(name=f"{action}: denied", cases=seen[action, False])


def _action(request: Any) -> str:
    try:
        return f"{request['resource']['type']}.{request['action']['name']}"
    except (KeyError, TypeError):
        return ""


def _controls(known: Known, decided: Sequence[Decided]) -> Iterable[Item]:
    named = Counter(control for one in decided for control in one.case.controls)
    for own in known.own:
        yield Item(name=own, cases=named[own], note="our own")
    for control, reasons in known.controls.items():
        cases = sum(not reasons.isdisjoint(one.case.expect.reasons) for one in decided)
        yield Item(name=control, cases=cases, note=f"served by {len(reasons)} reasons")


def _boundaries(decided: Sequence[Decided]) -> Iterable[Item]:
    """Each end of a window that the documents know: asked at it, and one nanosecond before it."""
    asked: Counter[tuple[str | None, int]] = Counter()
    for one in decided:
        asked[None, one.case.instant] += 1
        if subject := _subject(one.case.request):
            asked[subject, one.case.instant] += 1
    known: dict[tuple[str, str | None, int], None] = {}
    seen: set[int] = set()
    for one in decided:
        if id(one.documents) not in seen:
            seen.add(id(one.documents))
            known |= dict.fromkeys(ends(one.documents))
    for name, subject, instant in known:
        yield Item(name=f"{name}: reached", cases=asked[subject, instant])
        yield Item(name=f"{name}: 1 ns before", cases=asked[subject, instant - 1])


def _subject(request: Any) -> str | None:
    subject = request.get("subject") if isinstance(request, dict) else None
    id_ = subject.get("id") if isinstance(subject, dict) else None
    return id_ if isinstance(id_, str) else None
