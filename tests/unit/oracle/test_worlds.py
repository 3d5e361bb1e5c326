"""The worlds of the fuzz run: repeatable, of documents that hold to the schemas unless they were broken on purpose."""

from __future__ import annotations

from random import Random

from tests.fuzz.asking import ask
from tests.fuzz.wallet import Wallet
from tests.fuzz.world import ROOTS, make, valid
from tests.oracle.decide import decide

from livegate.schema import check, validator


def test_worlds_hold_to_the_schemas_unless_broken() -> None:
    wallet = Wallet(Random(5))  # noqa: S311  # repeatable, not secret
    worlds = [make(seed, wallet) for seed in range(40)]
    for world in worlds:
        if not world.broken:
            for root in ROOTS:
                check(world.documents[root], validator("livegate.documents", root), where=f"world {world.seed}, {root}")
    assert any(world.broken and not valid(world.documents) for world in worlds)


def test_seed_repeats_world_and_questions() -> None:
    wallet = Wallet(Random(5))  # noqa: S311  # repeatable, not secret
    one, again = (make(7, wallet) for _ in range(2))
    assert one == again
    assert ask(Random(8), one, wallet) == ask(Random(8), again, wallet)  # noqa: S311  # repeatable, not secret


def test_about_a_third_is_allowed_and_every_gate_denies_alone() -> None:
    wallet = Wallet(Random(5))  # noqa: S311  # repeatable, not secret
    verdicts = []
    for seed in range(60):
        world, random = make(seed, wallet), Random(seed)  # noqa: S311  # repeatable, not secret
        questions = [ask(random, world, wallet) for _ in range(40)]
        verdicts += [decide(one.request, world.documents, one.now) for one in questions]
    allowed = sum(verdict.decision for verdict in verdicts)
    assert 0.2 < allowed / len(verdicts) < 0.55
    alone = {name for verdict in verdicts if len(verdict.failed) == 1 for name in verdict.failed}
    assert alone >= {
        "request",
        "proof",
        "identity",
        "revocation",
        "freshness",
        "entitlement",
        "elevation",
        "mandate",
        "transaction",
    }
