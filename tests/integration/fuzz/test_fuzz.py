"""The policy on a real OPA and the oracle agree on 5,000 questions, and the laws hold; `make fuzz` asks 100,000."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.fuzz.run import run
from tests.fuzz.server import running

if TYPE_CHECKING:
    from livegate.opa.engine import Engine

ROOT = Path(__file__).parents[3]


@pytest.mark.long
@pytest.mark.timeout(600)
def test_opa_and_oracle_agree(opa_engine: Engine, tmp_path: Path) -> None:
    with running(opa_engine.path, ROOT / "rego", tmp_path) as server:
        outcome = run(server, 5_000, seed=20_261_124, shown=2)
    assert outcome.asked == 5_000
    assert outcome.allowed > outcome.asked / 6, "too few allows to learn anything from"
    assert outcome.one_by_one > 90
    assert outcome.laws > 2_000
    assert not outcome.found, "\n".join([str(dict(outcome.kinds)), *outcome.disagreements])


def test_rules_that_allow_more_are_found(opa_engine: Engine, tmp_path: Path) -> None:
    rules = tmp_path / "rego"
    rules.mkdir()
    (rules / "open.rego").write_text(
        "package authz\n\n"
        'evaluation := {"decision": true, "context": {"reasons": [], "evaluated_at": at, "valid_until": at}}\n\n'
        "at := time.format(time.now_ns())\n",
        "utf-8",
    )
    with running(opa_engine.path, rules, tmp_path) as server:
        outcome = run(server, 20, seed=3, shown=1, only="OPA allows")
    assert outcome.found >= 20
    assert "OPA allows, the oracle denies" in outcome.disagreements[0]
