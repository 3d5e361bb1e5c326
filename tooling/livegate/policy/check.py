"""Whether rules, controls, specification and cases agree: every id exists, every reason and every case has controls.

A reason of the specification that no rule gives yet is no fault; a rule that the specification does not know is one.
No I/O.
"""

from __future__ import annotations

import difflib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livegate.policy.controls import OUT_OF_REACH

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from livegate.errors import LivegateError
    from livegate.policy.controls import Controls, Framework, Link
    from livegate.policy.rules import Rule
    from livegate.regression.suite import Suite

_READABLE = 20
ROUTER = frozenset(f"decision.{name}" for name in ("unexplained", "gate_missing", "not_configured", "undefined"))
"""Reasons that no gate gives: the router's own, so that no denial is without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong: file and line, a sentence, and what to do about it."""

    where: str
    what: str
    todo: str

    @classmethod
    def of(cls, error: LivegateError) -> Problem:
        """The problem that a file could not be read for."""
        return cls(where=error.where or "", what=error.what, todo=error.todo or "mend the file")


def problems(
    rules: Mapping[str, Rule], controls: Controls, specified: Sequence[str], suites: Iterable[Suite]
) -> tuple[Problem, ...]:
    """Everything that does not agree, in order: lists, own controls, table of reasons, rules, cases."""
    known = set(specified) | rules.keys()
    return (
        *_lists(controls),
        *_own(controls),
        *_table(controls, known, specified),
        *(problem for rule in rules.values() for problem in _rule(rule, controls, specified)),
        *(problem for suite in suites for problem in _suite(suite, controls, known)),
    )


def near(word: str, known: Collection[str]) -> str:
    """What was meant, if something like it is known; else all that is known, while that can be read."""
    close = difflib.get_close_matches(word, list(known), n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"one of {', '.join(sorted(known)) if len(known) <= _READABLE else f'the {len(known)} that are known'}"


def _lists(controls: Controls) -> Iterator[Problem]:
    for framework in controls.frameworks.values():
        counts = Counter(control.id for control in framework.controls)
        for control in framework.controls:
            if counts[control.id] > 1:
                yield Problem(
                    where=control.where,
                    what=f"{framework.key} lists {control.id} more than once",
                    todo="keep one of them",
                )


def _own(controls: Controls) -> Iterator[Problem]:
    served = {(link.framework, link.id) for links in controls.reasons.values() for link in links}
    for own in controls.own.values():
        yield from _twice(own.id, own.maps)
        for link in own.maps:
            yield from _exists(own.id, link, controls)
            framework = controls.frameworks.get(link.framework)
            listed = framework.find(link.id) if framework else None
            if framework and link.version != framework.version:
                yield Problem(
                    where=link.where,
                    what=f"{own.id} names {framework.key} in version {link.version!r}",
                    todo=f"the list is of version {framework.version!r}: look at what changed, then write that",
                )
            if listed and link.title != listed.title:
                yield Problem(
                    where=link.where,
                    what=f"{own.id} calls {link.id} {link.title!r}",
                    todo=f"its title is {listed.title!r}",
                )
            if listed and (link.framework, link.id) not in served:
                yield Problem(
                    where=link.where,
                    what=f"{own.id} stands for {link.id}, which no reason serves",
                    todo="map a reason to it in data/controls/reasons, or take the claim out",
                )


def _table(controls: Controls, known: Collection[str], specified: Sequence[str]) -> Iterator[Problem]:
    for id_, links in controls.reasons.items():
        if id_ not in known:
            yield Problem(
                where=controls.placed[id_],
                what=f"no rule gives the reason {id_}, and the specification does not name it",
                todo=_near_or(id_, known, "take it out"),
            )
        yield from _twice(id_, links)
        for link in links:
            yield from _exists(id_, link, controls)
    for id_ in specified:
        if id_ not in controls.reasons:
            yield Problem(
                where="rego/README.md",
                what=f"the reason {id_} of the specification is mapped to nothing",
                todo="say in data/controls/reasons what it serves",
            )


def _rule(rule: Rule, controls: Controls, specified: Sequence[str]) -> Iterator[Problem]:
    if not rule.annotated:
        yield Problem(where=rule.where, what=f"{rule.id} has no METADATA", todo=f"write it, with custom.id: {rule.id}")
    elif not rule.controls:
        yield Problem(
            where=rule.where,
            what=f"{rule.id} names no control",
            todo=f"write custom.controls: some of {', '.join(sorted(controls.own))}",
        )
    for name in rule.controls:
        if name not in controls.own:
            yield Problem(
                where=rule.where,
                what=f"{rule.id} names the control {name!r}, which is none",
                todo=near(name, controls.own),
            )
    if rule.id not in specified:
        yield Problem(
            where=rule.where,
            what=f"the specification does not name the reason {rule.id}",
            todo=_near_or(rule.id, specified, "write it into rego/README.md, or take the rule out"),
        )
        if rule.id not in controls.reasons:
            yield Problem(
                where=rule.where,
                what=f"the reason {rule.id} is mapped to nothing",
                todo="say in data/controls/reasons what it serves",
            )


def _suite(suite: Suite, controls: Controls, known: Collection[str]) -> Iterator[Problem]:
    for case in suite.cases:
        where = f"{suite.file}:{case.line}"
        for name in case.controls:
            if name not in controls.own:
                yield Problem(
                    where=where,
                    what=f"{case.name!r} names the control {name!r}, which is none",
                    todo=near(name, controls.own),
                )
        for id_ in sorted(case.expect.reasons - set(known) - ROUTER):
            yield Problem(
                where=where,
                what=f"{case.name!r} expects the reason {id_}, which there is not",
                todo=_near_or(id_, known, "name one of the specification"),
            )


def _exists(who: str, link: Link, controls: Controls) -> Iterator[Problem]:
    framework: Framework | None = controls.frameworks.get(link.framework)
    if framework is None:
        yield Problem(
            where=link.where,
            what=f"{who} names the framework {link.framework!r}, which is not listed",
            todo=near(link.framework, controls.frameworks),
        )
        return
    listed = framework.find(link.id)
    if listed is None:
        yield Problem(
            where=link.where,
            what=f"{who} names {link.id} of {link.framework}, which has no such id",
            todo=near(link.id, [control.id for control in framework.controls]),
        )
    elif listed.answerable in OUT_OF_REACH:
        yield Problem(
            where=link.where,
            what=f"{who} claims {link.id}, which no policy at run time answers",
            todo=f"take the claim out: {listed.by}",
        )


def _twice(who: str, links: Iterable[Link]) -> Iterator[Problem]:
    seen = set()
    for link in links:
        if (link.framework, link.id) in seen:
            yield Problem(where=link.where, what=f"{who} names {link.id} twice", todo="keep one of them")
        seen.add((link.framework, link.id))


def _near_or(word: str, known: Collection[str], otherwise: str) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {close[0]!r}? else {otherwise}" if close else otherwise
