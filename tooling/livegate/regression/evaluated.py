"""Which expressions of the policy a set of questions has OPA evaluate: OPA's own coverage, of ``opa eval``.

Coverage is a tracer in OPA, which its server does not offer, so the questions are asked of ``opa eval`` with the
bundles that a population's run has just built and signed, in as many processes at once as there are processors. Every
answer comes with it, to be compared as any other: what is answered wrongly covers nothing.

OPA 1.22.2 lists as covered more than it ever lists as not covered (parts of an expression, once it was evaluated). So
what there is to cover is what a query that touches nothing leaves uncovered.
"""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livegate.documents import ROOTS
from livegate.errors import EngineError
from livegate.opa.surroundings import plain_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from livegate.regression.ask import Question

_SECONDS = 300
_QUERY = (
    "answers := [[id, answer] |\n  some variant in input\n"
    + "".join(f"  document_{root} := variant.documents.{root}\n" for root in ROOTS)
    + "  some case in variant.cases\n  id := case[0]\n  request := case[1]\n  instant := case[2]\n"
    + "  answer := [data.authz.evaluation, {gate: verdict | verdict := data.authz.gates[gate].verdict.pass}]"
    + " with input as request with time.now_ns as instant"
    + "".join(f" with data.{root} as document_{root}" for root in ROOTS)
    + "\n]"
)
"""Bound first and then replaced, for the reason that :mod:`livegate.regression.ask` gives."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """An expression or the head of a rule: file (as the bundle names it), line and column from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What came of the questions.

    Attributes:
        answers: the decisions, in the order of the questions; None where there is none.
        gates: gate → whether it passed, in the same order.
        covered: what was evaluated. missed: what was not, with OPA's word for why, where it has one.
    """

    answers: tuple[Any, ...]
    gates: tuple[Mapping[str, bool], ...]
    covered: frozenset[Place]
    missed: Mapping[Place, str]


def evaluate(
    engine: Path, bundles: Iterable[Path], questions: Sequence[Question], *, processes: int | None = None
) -> Evaluated:
    """Have OPA answer each question and say what it evaluated for all of them together.

    Args:
        engine: OPA's binary. bundles: whose policy is asked. questions: each with the documents of all roots.
        processes: how many share the questions; one a processor by default.

    Raises:
        EngineError: OPA could not be started, took too long, or did not answer every question.
    """
    count = min(len(questions), processes or os.cpu_count() or 1)
    parts = [range(start, len(questions), count) for start in range(count)]
    command = [str(engine), "eval", "--format=json", "--coverage", *(f"--bundle={path}" for path in bundles)]
    with ThreadPoolExecutor(count + 1) as pool:
        nothing = pool.submit(_eval, [*command, "answers := []"], b"")
        said = list(pool.map(lambda part: _ask([*command, "--stdin-input", _QUERY], questions, part), parts))
    whole = _missed(nothing.result()[1])
    answers: dict[int, Any] = {}
    missed = whole
    for answered, files in said:
        answers |= answered
        left = _missed(files)
        missed = {place: why for place, why in missed.items() if place in left}
        missed |= {place: left[place] for place in missed if left[place]}
    return Evaluated(
        answers=tuple(answers[number][0] for number in range(len(questions))),
        gates=tuple(
            {gate: passed is True for gate, passed in sorted(answers[number][1].items())}
            for number in range(len(questions))
        ),
        covered=frozenset(whole.keys() - missed.keys()),
        missed=dict(sorted(missed.items())),
    )


def _ask(
    command: Sequence[str], questions: Sequence[Question], numbers: Sequence[int]
) -> tuple[dict[int, Any], dict[str, Any]]:
    variants: dict[int, dict[str, Any]] = {}
    for number in numbers:
        question = questions[number]
        variant = variants.setdefault(id(question.documents), {"documents": dict(question.documents), "cases": []})
        variant["cases"].append([number, question.request, question.instant])
    listed, files = _eval(command, json.dumps(list(variants.values()), allow_nan=False).encode())
    try:
        found = dict(listed)
        complete = set(found) == set(numbers) and all(len(pair) == 2 for pair in found.values())
    except (ValueError, TypeError) as error:
        raise EngineError("opa eval answered something that belongs to no question", where=command[0]) from error
    if not complete:
        raise EngineError(f"opa eval answered {len(found)} of {len(numbers)} questions", where=command[0])
    return found, files


def _eval(command: Sequence[str], given: bytes) -> tuple[Any, dict[str, Any]]:
    """What ``answers`` is bound to, and the coverage of each file."""
    try:
        done = subprocess.run(
            command,
            input=given,
            capture_output=True,
            env=plain_environment(os.environ),
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EngineError(f"opa eval cannot be asked ({type(error).__name__})", where=command[0]) from error
    try:
        answer = json.loads(done.stdout)
        return answer["result"][0]["bindings"]["answers"], answer["coverage"]["files"]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        text = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise EngineError(f"opa eval did not answer: {text[:300] or 'nothing was said'}", where=command[0]) from error


def _missed(files: Mapping[str, Any]) -> dict[Place, str]:
    return {
        Place(file.lstrip("/"), item["start"]["row"], item["start"]["col"]): ", ".join(item.get("kinds", ()))
        for file, found in files.items()
        for item in found.get("not_covered", ())
    }
