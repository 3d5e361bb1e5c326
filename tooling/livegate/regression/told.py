"""What a case that is not as judged shows to people, in whatever form: the difference, the rules, how to repeat it."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from livegate.model.instants import show
from livegate.regression.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from livegate.regression.results import CaseResult, SuiteResult


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a difference. ``mark``: ``+`` came, ``-`` was expected, blank: neither. ``rule``: file and line."""

    mark: str
    text: str
    rule: str = ""

    def __str__(self) -> str:
        return f"{self.mark} {self.text}{f'  {self.rule}' if self.rule else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A case that is not as judged.

    Attributes:
        place: ``file:line``. at: its instant; empty for a live one. lines: the difference.
        gates: what each gate said. again: the command that repeats it alone.
    """

    name: str
    outcome: Outcome
    place: str
    at: str
    again: str
    lines: tuple[Line, ...]
    gates: tuple[str, ...] = ()
    error: str = ""
    file: str = ""
    line: int = field(default=0)

    @property
    def title(self) -> str:
        """What is wrong, in a few words."""
        if self.outcome is Outcome.ERROR:
            return "could not be decided"
        return str(self.lines[0]).strip() if self.lines else "differs"


def told(suite: SuiteResult, result: CaseResult, rules: Mapping[str, str] | None = None) -> Told:
    """What there is to say about a case.

    Args:
        suite, result: where it stands, what became of it.
        rules: reason id → place of its rule, gate → place of its verdict, as far as they are known.
    """
    place = where(suite, result)
    live = result.case.given.live
    return Told(
        name=result.case.name,
        outcome=result.outcome,
        place=place,
        at="" if live else show(result.case.instant),
        again=f"livegate regress run {shlex.quote(place)}{' --url …' if live else ''}",
        lines=tuple(_lines(result, rules or {})) if result.outcome is Outcome.FAILED else (),
        gates=tuple(said(result)),
        error=result.error or "",
        file=suite.suite.file,
        line=result.case.line,
    )


def wrong(suites: tuple[SuiteResult, ...], rules: Mapping[str, str] | None = None) -> Iterator[Told]:
    """All cases that are not as judged, in order; skipped ones are none."""
    for suite in suites:
        for result in suite.results:
            if result.outcome in {Outcome.FAILED, Outcome.ERROR}:
                yield told(suite, result, rules)


def where(suite: SuiteResult, result: CaseResult) -> str:
    """``file:line`` of a case."""
    return f"{suite.suite.file}:{result.case.line}"


def said(result: CaseResult) -> Iterator[str]:
    """What each gate said, and why those that did not pass; nothing where nobody asked them."""
    reasons: dict[str, list[str]] = {}
    for reason in result.answer["context"]["reasons"] if result.gates else ():
        reasons.setdefault(str(reason.get("gate", "")), []).append(reason["id"])
    for gate, passed in (result.gates or {}).items():
        why = "" if passed else f" ({', '.join(sorted(reasons.get(gate, ()))) or 'not told'})"
        yield f"{gate}: {'pass' if passed else f'DENY{why}'}"


def reasons(result: CaseResult) -> tuple[list[str], list[str]]:
    """Reason ids that came though they were not expected, and those that were expected and did not come."""
    actual = {reason["id"] for reason in result.answer["context"]["reasons"]}
    return sorted(actual - result.case.expect.reasons), sorted(result.case.expect.reasons - actual)


def _lines(result: CaseResult, rules: Mapping[str, str]) -> Iterator[Line]:
    for item in result.differences:
        if item.what == "reasons":
            came, missing = reasons(result)
            yield from (Line("+", id_, rules.get(id_, "")) for id_ in came)
            yield from (Line("-", id_, rules.get(id_, "")) for id_ in missing)
        elif item.what == "obligations":
            actual = Counter(each["type"] for each in result.answer["context"]["obligations"])
            expected = Counter(result.case.expect.obligations or ())
            yield from (Line("+", f"obligation {kind}") for kind in sorted((actual - expected).elements()))
            yield from (Line("-", f"obligation {kind}") for kind in sorted((expected - actual).elements()))
        else:
            yield Line(" ", f"{item.what}: expected {item.expected}, actual {item.actual}")
    if result.answer["decision"] and not result.case.expect.allow:
        for gate in sorted({id_.partition(".")[0] for id_ in result.case.expect.reasons}):
            yield Line(" ", f"gate {gate} passed, by its verdict", rules.get(gate, ""))
