"""Cases decided under OPA's tracer: which of them are as judged, and which expressions of the policy they reach."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livegate.errors import ConfigError, SuiteError
from livegate.files import read_bytes
from livegate.regression import ask
from livegate.regression.compare import compare
from livegate.regression.coverage import Decided, Item
from livegate.regression.evaluated import evaluate
from livegate.regression.population import issued
from livegate.regression.scratch import temporary
from livegate.regression.stock import Stock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from livegate.opa.engine import Engine
    from livegate.project import Project
    from livegate.regression.evaluated import Evaluated
    from livegate.regression.population import Issued
    from livegate.regression.suite import Case, Given, Suite

_DECISIONS = "authz/"
_LIMIT = 1 << 20
_LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """What the tracer saw.

    Attributes:
        decided: cases that are as judged. wrong: file, line and what is the matter, of those that are not.
        skipped: how many are for a live OPA alone.
        expressions: of the packages that decide. documents: root → document, of the first population.
    """

    decided: tuple[Decided, ...]
    wrong: tuple[str, ...]
    skipped: int
    expressions: tuple[Item, ...]
    documents: Mapping[str, Any]


def trace(
    project: Project, suites: Iterable[Suite], engine: Engine, *, progress: Callable[[str], None] = lambda _: None
) -> Traced:
    """Decide every case with the bundles of its population, under the tracer.

    Args:
        project: rules and documents. suites: what to decide. engine: OPA. progress: told each step.

    Raises:
        SuiteError: there is no case that a population could be made for.
        LivegateError: a population cannot be made. EngineError: OPA did not answer.
    """
    listed = [(suite.file, case) for suite in suites for case in suite.cases]
    cases = [(file, case) for file, case in listed if case.given.population != _LIVE]
    if not cases:
        raise SuiteError("there is no case that can be decided here", todo="live cases need an OPA that is up")
    with temporary("coverage") as scratch:
        made: dict[Given, Issued] = {}
        stock = Stock.new(Path(scratch) / "stock")
        questions = []
        for file, case in cases:
            if case.given not in made:
                progress(f"population {len(made) + 1}: {case.given.population}")
                made[case.given] = issued(project, case.given, Path(scratch) / str(len(made)), stock)
            questions.append(_question(made[case.given], case, file))
        progress(f"{len(questions)} cases under the tracer")
        first = next(iter(made.values()))
        found = evaluate(engine.path, first.local.bundles, questions)
    decided, wrong = [], []
    for number, (file, case) in enumerate(cases):
        if problem := _problem(case, found, number):
            wrong.append(f"{file}:{case.line}: {case.name}: {problem}")
        else:
            documents = made[case.given].documents
            decided.append(Decided(case=case, gates=found.gates[number], documents=documents))
    return Traced(
        decided=tuple(decided),
        wrong=tuple(wrong),
        skipped=len(listed) - len(cases),
        expressions=tuple(_expressions(found, project.rego)),
        documents=first.documents,
    )


def _question(made: Issued, case: Case, file: str) -> ask.Question:
    try:
        request = made.issuers.equip(case.request, case.credential, case.signed, now=case.instant)
    except ConfigError as error:
        raise SuiteError(error.what, where=f"{file}:{case.line}", todo=error.todo) from error
    return ask.Question(request=request, instant=case.instant, documents=made.documents)


def _problem(case: Case, found: Evaluated, number: int) -> str | None:
    if error := ask.problem(case, found.answers[number]):
        return error
    different = compare(case.expect, found.answers[number])
    return "; ".join(f"{one.what}: expected {one.expected}, actual {one.actual}" for one in different) or None


def _expressions(found: Evaluated, rego: Path) -> Iterable[Item]:
    """Of the packages that decide; what serves OPA itself (``system``) is not asked by a decision."""
    texts: dict[str, Sequence[str]] = {}
    for place in sorted(found.covered | found.missed.keys()):
        if not place.file.startswith(_DECISIONS):
            continue
        name = f"{rego.name}/{place.file}:{place.line}:{place.column}"
        if place in found.covered:
            yield Item(name=name, cases=1)
            continue
        if place.file not in texts:
            path = rego / place.file
            texts[place.file] = read_bytes(path, limit=_LIMIT).decode("utf-8", errors="replace").splitlines()
        lines = texts[place.file]
        text = lines[place.line - 1][place.column - 1 :].strip() if place.line <= len(lines) else ""
        why = f" ({found.missed[place].replace('_', ' ')})" if found.missed[place] else ""
        yield Item(name=name, cases=0, note=f"{text}{why}")
