"""What became of the laws: as JSON, as Markdown for a pull request, and as an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livegate.model.instants import show
from livegate.regression import paste

if TYPE_CHECKING:
    from livegate.regression.laws.bench import Judged
    from livegate.regression.laws.check import Report, Result
    from livegate.regression.laws.found import Counterexample

_SHOWN = 10


def exit_code(report: Report) -> int:
    """0: every law holds. 3: one is broken, or nothing tried it. 1: something could not be decided."""
    if report.undecided or not report.results:
        return 1
    return 3 if any(result.found or result.vacuous for result in report.results) else 0


def verdict(result: Result) -> str:
    """``broken``, ``vacuous`` (nothing tried it), ``untried`` (nor needs to), or ``holds``."""
    if result.found:
        return "broken"
    if result.tried:
        return "holds"
    return "vacuous" if result.vacuous else "untried"


def summary(report: Report) -> str:
    """One line: how much was tried, and how many laws hold."""
    asked = ", ".join(f"{number} {name}" for name, number in report.asked.items())
    words = [verdict(result) for result in report.results]
    counts = ", ".join(
        f"{words.count(word)} {word}" for word in ("holds", "untried", "vacuous", "broken") if word in words
    )
    return f"{len(words)} laws: {counts} ({asked}; seed {report.seed})"


def as_json(report: Report) -> dict[str, Any]:
    """Everything, for machines."""
    return {
        "seed": report.seed,
        "count": report.count,
        "asked": dict(report.asked),
        "undecided": [{"origin": origin, "problem": problem} for origin, problem in report.undecided],
        "skipped": list(report.skipped),
        "laws": [_law(result) for result in report.results],
    }


def _law(result: Result) -> dict[str, Any]:
    law = result.law
    entry: dict[str, Any] = {
        "law": law.name,
        "file": law.file,
        "line": law.line,
        "controls": list(law.controls),
        "verdict": verdict(result),
        "tried": result.tried,
        "broken": result.broken,
        "excepted": result.excepted,
    }
    if law.change is not None:
        entry["change"] = {law.change.verb: law.change.what}
        entry["never"] = list(law.never)
    if law.because:
        entry["exception"] = law.because
    if law.may_be_vacuous:
        entry["may_be_vacuous"] = law.may_be_vacuous
    if result.found:
        entry["counterexample"] = _counterexample(result.found)
    return entry


def _counterexample(found: Counterexample) -> dict[str, Any]:
    trial = found.trial
    return {
        "origin": trial.probe.origin,
        "request": trial.probe.request,
        "credential": trial.probe.credential,
        "signed": trial.probe.signed,
        "instant": show(trial.probe.instant),
        "moved": None if trial.moved is None else show(trial.moved),
        "changed": [str(edit) for edit in trial.edits],
        "before": None if found.before is None else _answer(found.before),
        "after": _answer(found.after),
        "rests_on": list(found.rests_on),
        "documents": found.documents,
        "case": found.case,
    }


def _answer(one: Judged) -> dict[str, Any]:
    if one.problem:
        return {"problem": one.problem}
    said: dict[str, Any] = {"decision": one.allow, "reasons": list(one.reasons)}
    return said | ({"valid_until": show(one.until)} if one.until is not None else {})


def cases(report: Report) -> str:
    """The counterexamples as a suite; empty where there is none. Nobody has judged them."""
    found = [result.found for result in report.results if result.found]
    if not found:
        return ""
    return paste.as_suite(
        "Counterexamples to laws",
        [one.case for one in found],
        instant=found[0].trial.probe.instant,
        population=found[0].trial.probe.place.name,
        comment=f"Found by livegate regress laws, seed {report.seed}. Judge each one.",
    )


def as_markdown(report: Report) -> str:
    """A summary for a pull request."""
    lines = ["### Laws", "", summary(report), "", "| law | verdict | tried | broken |", "| --- | --- | ---: | ---: |"]
    wrong = [result for result in report.results if verdict(result) in {"broken", "vacuous"}]
    lines += [
        f"| {_escaped(result.law.name)} | {verdict(result)} | {result.tried} | {result.broken} |"
        for result in [*wrong, *(result for result in report.results if result not in wrong)]
    ]
    for result in wrong:
        if result.found:
            lines += ["", f"<details><summary>{_escaped(result.law.name)}</summary>", "", "```yaml"]
            lines += [result.found.case.rstrip("\n").replace("```", "` ` `"), "```", "", "</details>"]
    if report.undecided:
        lines += ["", f"**{len(report.undecided)} could not be decided**, the first:", ""]
        lines += [f"- {_escaped(origin)}: {_escaped(problem)}" for origin, problem in report.undecided[:_SHOWN]]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;"), ("`", "&#96;"), ("@", "&#64;")):
        text = text.replace(char, entity)
    return " ".join(text.split())
