"""What became of the mutants, for people and for machines: scores by file and gate, and every one that survived."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from livegate.regression.mutation.mutants import Mutant
from livegate.regression.mutation.run import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from livegate.regression.mutation.equivalent import Entry
    from livegate.regression.mutation.run import Outcome, Result
    from livegate.regression.mutation.suggest import Suggestion


@dataclass(slots=True)
class Score:
    """The mutants of one file, gate or root, counted. ``equivalent``: listed as such, and no case noticed."""

    name: str
    killed: int = 0
    timeout: int = 0
    survived: int = 0
    equivalent: int = 0
    stillborn: int = 0

    @property
    def judged(self) -> int:
        """All that count: those that do not compile and those that nothing could notice do not."""
        return self.killed + self.timeout + self.survived

    @property
    def percent(self) -> float | None:
        """Of those, how many a case noticed; None where there is none to notice."""
        return 100 * (self.killed + self.timeout) / self.judged if self.judged else None

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        counts = {name: getattr(self, name) for name in ("killed", "timeout", "survived", "equivalent", "stillborn")}
        return {"name": self.name, **counts, "score": None if self.percent is None else round(self.percent, 2)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All of it.

    Attributes:
        listed: number of a mutant → its entry in the list of equivalents. seed: with which a sample was drawn.
        suggestions: number of a mutant → a case that would notice it; None where none was found.
        chosen: how many mutants of how many there are.
    """

    outcome: Outcome
    chosen: tuple[int, int]
    listed: Mapping[int, Entry] = field(default_factory=dict)
    suggestions: Mapping[int, Suggestion | None] = field(default_factory=dict)
    seed: int | None = None

    @property
    def survivors(self) -> tuple[Result, ...]:
        """Those that no case noticed and nobody listed."""
        return tuple(
            result
            for result in self.outcome.results
            if result.verdict is Verdict.SURVIVED and result.mutant.number not in self.listed
        )

    @property
    def refuted(self) -> tuple[tuple[Entry, Result], ...]:
        """Entries of mutants that are said to be equivalent, and that a case noticed or that do not compile."""
        return tuple(
            (self.listed[result.mutant.number], result)
            for result in self.outcome.results
            if result.mutant.number in self.listed and result.verdict is not Verdict.SURVIVED
        )

    def scores(self, by: Callable[[Result], str]) -> tuple[Score, ...]:
        """A score for each name, by name."""
        found: dict[str, Score] = {}
        for result in self.outcome.results:
            score = found.setdefault(by(result), Score(by(result)))
            what = result.verdict.value
            if result.verdict is Verdict.SURVIVED and result.mutant.number in self.listed:
                what = "equivalent"
            setattr(score, what, getattr(score, what) + 1)
        return tuple(found[name] for name in sorted(found))

    @property
    def total(self) -> Score:
        """Of all of them."""
        return next(iter(self.scores(lambda _: "all")), Score("all"))

    def below(self, floor: float) -> tuple[Score, ...]:
        """What does not reach the floor (percent): the whole, and each gate by itself."""
        scores = (self.total, *self.scores(lambda result: result.mutant.gate))
        return tuple(score for score in scores if score.percent is not None and score.percent < floor)

    def exit_code(self, floor: float | None) -> int:
        """By the table of exit codes: 1 ended early by an error, 3 something found, 0 done."""
        if self.outcome.error is not None:
            return self.outcome.error.exit_code
        found = self.outcome.broken or self.refuted or (floor is not None and self.below(floor))
        return 3 if found or not self.total.judged else 0


def as_json(report: Report, floor: float | None) -> dict[str, Any]:
    """Everything, for machines."""
    outcome = report.outcome
    return {
        "complete": outcome.complete,
        "error": None if outcome.error is None else str(outcome.error),
        "mutants": {"chosen": report.chosen[0], "of": report.chosen[1], "untried": outcome.untried},
        "seed": report.seed,
        "cases": len(outcome.trials),
        "floor": floor,
        "total": report.total.plain(),
        "gates": [score.plain() for score in report.scores(lambda result: result.mutant.gate)],
        "files": [score.plain() for score in report.scores(lambda result: result.mutant.file)],
        "below": [] if floor is None else [score.name for score in report.below(floor)],
        "broken": [{"case": case, "why": why} for case, why in outcome.broken],
        "refuted": [
            {"entry": entry.where, "mutant": result.mutant.where, "by": result.by, "why": result.why}
            for entry, result in report.refuted
        ],
        "survivors": [_survivor(report, result) for result in report.survivors],
    }


def as_markdown(report: Report, floor: float | None) -> str:
    """For a pull request."""
    lines = [f"### Mutants: {summary(report)}", ""]
    if not report.outcome.complete:
        lines += [f"**Not complete**: {report.outcome.untried} not tried. {report.outcome.error or 'Stopped.'}", ""]
    lines += [
        "| gate | score | killed | survived | equivalent | stillborn |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for score in (*report.scores(lambda result: result.mutant.gate), report.total):
        low = floor is not None and score.percent is not None and score.percent < floor
        shown = f"**{percent(score)}**" if low else percent(score)
        counts = (score.killed + score.timeout, score.survived, score.equivalent, score.stillborn)
        lines.append(f"| {score.name} | {shown} | {' | '.join(map(str, counts))} |")
    for case, why in report.outcome.broken:
        lines += ["", f"Left out, because it differs without any mutant: `{case}`: {why}"]
    for entry, result in report.refuted:
        lines += ["", f"Not equivalent: `{entry.where}`: {result.by or result.why}"]
    for result in report.survivors:
        lines += ["", f"<details><summary>{result.mutant.where} {_escaped(result.mutant.name)}</summary>", ""]
        lines += ["```diff", *result.mutant.diff(), "```", ""]
        if result.mutant.number in report.suggestions:
            suggestion = report.suggestions[result.mutant.number]
            lines += ["```yaml", suggestion.text.rstrip("\n"), "```"] if suggestion else [NONE_FOUND]
        lines += ["", "</details>"]
    return "\n".join(lines) + "\n"


NONE_FOUND = "No request found that tells them apart: equivalent?"


def summary(report: Report) -> str:
    """One line."""
    total, outcome = report.total, report.outcome
    text = (
        f"{percent(total)} of {total.judged} noticed by {len(outcome.trials)} cases, {total.survived} survived, "
        f"{total.equivalent} equivalent, {total.stillborn} do not compile"
    )
    if outcome.broken:
        text += f"; {len(outcome.broken)} CASES DIFFER WITHOUT ANY MUTANT and were left out: mend those first"
    return text if outcome.complete else f"{text}; {outcome.untried} not tried"


def percent(score: Score) -> str:
    """``97.3 %``, cut, not rounded: what is below a floor must not look as if it reached it."""
    return "-" if score.percent is None else f"{int(score.percent * 10) / 10:.1f} %"


def _survivor(report: Report, result: Result) -> dict[str, Any]:
    mutant = result.mutant
    made: dict[str, Any] = {
        "file": mutant.file,
        "line": mutant.line,
        "where": mutant.where,
        "gate": mutant.gate,
        "mutation": mutant.name,
        "diff": list(mutant.diff()),
    }
    if isinstance(mutant, Mutant):  # how the list of equivalents names it
        made |= {"text": mutant.text, "rule": mutant.edit.rule}
    if mutant.number in report.suggestions:
        suggestion = report.suggestions[mutant.number]
        made["suggestion"] = None if suggestion is None else suggestion.text
    return made


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
