"""Who answers what: rules, requirements and cases joined, and what is left over. No I/O."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from livegate.policy.controls import OUT_OF_REACH, Answerable, Relation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from livegate.policy.controls import Control, Controls, Framework, Link
    from livegate.policy.rules import Rule
    from livegate.regression.suite import Case, Suite


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Requirements that no rule answers, each with its framework, by what is known of them.

    Attributes:
        open: a policy at run time could answer it at least in part. out_of_reach: it could not. silent: nobody says.
        supported: rules help it, but none is what it asks for.
    """

    open: tuple[tuple[Framework, Control], ...]
    out_of_reach: tuple[tuple[Framework, Control], ...]
    silent: tuple[tuple[Framework, Control], ...]
    supported: tuple[tuple[Framework, Control], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Rules, controls and cases, joined.

    Attributes:
        rules: by id, in the order to show them. specified: reason ids of the specification, in its order.
        by_reason: number of cases that expect a reason. by_own: cases that name an own control.
        served: reasons (with their claim) by framework and id of the requirement; only reasons that a rule gives.
    """

    rules: Mapping[str, Rule]
    controls: Controls
    specified: Sequence[str]
    cases: tuple[Case, ...]
    by_reason: Counter[str] = field(default_factory=Counter)
    by_own: Counter[str] = field(default_factory=Counter)
    served: Mapping[tuple[str, str], tuple[tuple[Rule, Link], ...]] = field(default_factory=dict)

    def links(self, rule: Rule) -> tuple[Link, ...]:
        """What the rule is claimed to serve."""
        return self.controls.reasons.get(rule.id, ())

    def serving(self, framework: Framework, control: Control) -> tuple[tuple[Rule, Link], ...]:
        """The rules that serve a requirement, each with its claim."""
        return self.served.get((framework.key, control.id), ())

    def cases_of(self, framework: Framework, control: Control) -> int:
        """The number of cases that expect a reason which serves the requirement."""
        ids = {rule.id for rule, _ in self.serving(framework, control)}
        return sum(not ids.isdisjoint(case.expect.reasons) for case in self.cases)

    def gates(self) -> dict[str, list[Rule]]:
        """The rules of each gate, in order."""
        found: dict[str, list[Rule]] = {}
        for rule in self.rules.values():
            found.setdefault(rule.gate, []).append(rule)
        return found

    def gaps(self) -> Gaps:
        """What no rule answers."""
        lists: dict[str, list[tuple[Framework, Control]]] = defaultdict(list)
        for framework in self.controls.frameworks.values():
            for control in framework.controls:
                kind = _kind(control, [link for _, link in self.serving(framework, control)])
                lists[kind].append((framework, control))
        return Gaps(
            open=tuple(lists["open"]),
            out_of_reach=tuple(lists["out_of_reach"]),
            silent=tuple(lists["silent"]),
            supported=tuple(lists["supported"]),
        )

    def unexpected(self) -> list[str]:
        """Reasons that no case expects."""
        return [id_ for id_ in self.rules if not self.by_reason[id_]]

    def unwritten(self) -> list[str]:
        """Reasons of the specification that no rule gives yet."""
        return [id_ for id_ in self.specified if id_ not in self.rules]


def join(rules: Mapping[str, Rule], controls: Controls, specified: Sequence[str], suites: Iterable[Suite]) -> Coverage:
    """Joins what was read. Rules come in the order of the specification, those it does not name after them by id."""
    order = {id_: number for number, id_ in enumerate(specified)}
    shown = dict(sorted(rules.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))
    cases = tuple(case for suite in suites for case in suite.cases)
    served: dict[tuple[str, str], list[tuple[Rule, Link]]] = defaultdict(list)
    for id_, rule in shown.items():
        for link in controls.reasons.get(id_, ()):
            served[link.framework, link.id].append((rule, link))
    return Coverage(
        rules=shown,
        controls=controls,
        specified=specified,
        cases=cases,
        by_reason=Counter(id_ for case in cases for id_ in case.expect.reasons),
        by_own=Counter(id_ for case in cases for id_ in case.controls),
        served={key: tuple(value) for key, value in served.items()},
    )


def _kind(control: Control, links: list[Link]) -> str:
    if any(link.relation is Relation.IMPLEMENTS for link in links):
        return "implemented"
    if links:
        return "supported"
    if control.answerable in OUT_OF_REACH:
        return "out_of_reach"
    return "open" if control.answerable in {Answerable.YES, Answerable.PARTLY} else "silent"
