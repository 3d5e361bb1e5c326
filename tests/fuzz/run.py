"""The run: worlds, questions, both answers; then the laws, and a share of the questions over the data API."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from tests.fuzz import laws
from tests.fuzz.asking import Question, ask
from tests.fuzz.compare import difference, judge
from tests.fuzz.shrink import printed, shrink
from tests.fuzz.wallet import Wallet
from tests.fuzz.world import make

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.fuzz.server import Answer, Server
    from tests.fuzz.world import World

BATCH = 250
"""Questions a world."""

SAMPLE = 30
"""Of them, those that the laws are tried on."""


@dataclass(slots=True)
class Outcome:
    """What a run found. ``disagreements``: one of a kind, shrunk, as printed; ``kinds``: how many of which."""

    asked: int = 0
    allowed: int = 0
    broken: int = 0
    one_by_one: int = 0
    laws: int = 0
    seconds: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    disagreements: list[str] = field(default_factory=list)

    @property
    def found(self) -> int:
        """Number of disagreements and broken laws."""
        return sum(self.kinds.values())


def run(
    server: Server,
    count: int,
    seed: int,
    *,
    shown: int = 5,
    only: str = "",
    tell: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Ask ``count`` questions of ``seed``.

    Args:
        server: OPA with the rules. shown: disagreements to shrink and describe, of a kind that has
            ``only`` in it. tell: told how far it is.
    """
    started = time.monotonic()
    outcome = Outcome()
    wallet = Wallet(Random(seed))  # noqa: S311  # repeatable, not secret
    number = 0
    while outcome.asked < count:
        world = make(seed * 1_000_003 + number, wallet)
        random = Random(world.seed + 1)  # noqa: S311  # repeatable, not secret
        questions = [ask(random, world, wallet) for _ in range(min(BATCH, count - outcome.asked))]
        answers = _world(server, world, questions, outcome, shown, only)
        _laws(server, world, _sample(random, questions, answers), random, outcome, shown)
        number += 1
        if number % 40 == 0:
            tell(f"{outcome.asked:,} asked, {outcome.allowed:,} allowed, {outcome.found} disagreements")
    outcome.seconds = time.monotonic() - started
    return outcome


def _sample(random: Random, questions: list[Question], answers: Sequence[Answer | None]) -> list[Question]:
    """Half of them allowed, as far as there are any: the laws of time are about allows, the others about denials."""
    mixed = random.sample(list(zip(questions, answers, strict=True)), len(questions))
    allowed = [one for one, answer in mixed if answer and answer.decision]
    denied = [one for one, answer in mixed if not (answer and answer.decision)]
    chosen = allowed[: max(SAMPLE // 2, SAMPLE - len(denied))]
    return chosen + denied[: SAMPLE - len(chosen)]


def _world(
    server: Server, world: World, questions: list[Question], outcome: Outcome, shown: int, only: str
) -> list[Answer | None]:
    server.load(world.documents)
    answers = server.answers(questions)
    _one_by_one(server, questions[:: max(1, len(questions) // 5)], outcome)
    outcome.asked += len(questions)
    outcome.broken += len(questions) if world.broken else 0
    for number, (question, answer) in enumerate(zip(questions, answers, strict=True)):
        outcome.allowed += bool(answer and answer.decision)
        expected = judge(question, world.documents)
        found = difference(question, world.documents, expected, answer)
        if found is None or (world.broken and found.about_gates):
            continue
        outcome.kinds[found.kind] += 1
        if outcome.kinds[found.kind] == 1 and only in found.kind and len(outcome.disagreements) < shown:
            smaller = shrink(server, question, world.documents, found)
            outcome.disagreements.append(printed(f"{world.seed} question {number}", *smaller))
            server.load(world.documents)
    return answers


def _one_by_one(server: Server, questions: list[Question], outcome: Outcome) -> None:
    """Over the data API each alone: always 200, always a decision, and the one that the query gives at that instant."""
    for question in questions:
        status, answer = server.direct(question.request)
        result = answer.get("result") if isinstance(answer, dict) else None
        decision = result.get("decision") if isinstance(result, dict) else None
        if status != 200 or not isinstance(decision, bool) or result is None:
            outcome.kinds[f"the data API answered {status}, decision {decision!r}"] += 1
            continue
        outcome.one_by_one += 1
        at = laws.instant_of(result)
        same = server.answers([Question(question.request, at)])[0] if at is not None else None
        if same is None or same.decision != decision or same.until != laws.until_of(result):
            outcome.kinds["the data API and the query differ"] += 1


def _laws(
    server: Server, world: World, questions: list[Question], random: Random, outcome: Outcome, shown: int
) -> None:
    checked, broken = laws.check(server, world, questions, random)
    outcome.laws += checked
    for name, text in broken:
        outcome.kinds[f"law broken: {name}"] += 1
        if len(outcome.disagreements) < shown:
            outcome.disagreements.append(text)
