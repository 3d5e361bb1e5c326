"""The comment of a pull request: bounded, and nothing in a name is markup."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livegate.errors import EngineError
from livegate.regression.diff.changes import Gathered
from livegate.regression.diff.corpus import Reach
from livegate.regression.diff.group import grouped
from livegate.regression.diff.markdown import LIMIT, as_markdown, escaped
from livegate.regression.diff.report import as_json
from livegate.regression.diff.run import Diff, Told
from livegate.regression.diff.sides import Kind, Place
from livegate.schema import validator

from .conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livegate.regression.diff.changes import Change
    from livegate.regression.diff.world import World


@pytest.fixture
def made(world: World) -> Callable[[Sequence[Change]], Diff]:
    """Makes a diff of changes."""

    def make(changes: Sequence[Change]) -> Diff:
        told = Told(
            place=Place(kind=Kind.CHECKOUT, name="x", folder=Path("x")), revisions={"iga": "r-1"}, remarks=("moved",)
        )
        return Diff(
            base=told,
            head=told,
            instant=NOW,
            differs=("iga",),
            reach=Reach(held=1, held_asked=1, others=5, others_asked=2, decisions=3),
            generated=3,
            cases=0,
            requests=0,
            gathered=Gathered(start=NOW),
            changes=tuple(changes),
            groups=tuple(grouped(changes, world, world)),
            violations=(),
            people=(),
            stale=(),
            unanswered=(),
            evidence={},
            rules=({"entitlement.missing": "old.rego:7"}, {"entitlement.missing": "new.rego:9"}),
        )

    return make


def test_a_name_is_no_markup(made: Callable[[Sequence[Change]], Diff], change: Callable[..., Change]) -> None:
    name = "@all | <img src=x> [a](http://evil) `x` **b** \n# c www.evil.example"
    text = as_markdown(made([change(name)]))
    for bad in ("@all", "<img", "](http", "`x`", "**b**", "\n# c", "www.evil", "://evil"):
        assert bad not in text
    assert escaped("a|b") == "a\\|b"


def test_it_is_bounded(made: Callable[[Sequence[Change]], Diff], change: Callable[..., Change]) -> None:
    changes = [change(f"p-{number}" * 90, reasons=(f"r.{number}",)) for number in range(400)]
    text = as_markdown(made(changes))
    assert len(text) <= LIMIT
    assert "and 375 more" in text


def test_the_rule_of_the_side_that_has_it_is_named(
    made: Callable[[Sequence[Change]], Diff], change: Callable[..., Change]
) -> None:
    text = as_markdown(made([change()]))
    assert escaped("old.rego:7") in text
    assert escaped("new.rego:9") not in text
    assert "2 of 5 that hold nothing" in text
    assert "a sample" in text


def test_a_report_holds_to_its_schema(made: Callable[[Sequence[Change]], Diff], change: Callable[..., Change]) -> None:
    validator("livegate.regression", "diff").validate(as_json(made([change()])))


def test_exit_codes(made: Callable[[Sequence[Change]], Diff], change: Callable[..., Change]) -> None:
    meant = change()
    meant.declared = "meant"
    assert [made(changes).exit_code for changes in ([], [meant], [meant, change("x")])] == [0, 0, 3]
    for partial in ({"error": str(EngineError("ended"))}, {"unanswered": ("one",)}):
        found = replace(made([change()]), **partial)
        assert (found.exit_code, found.partial) == (1, True)
        assert "**Partial.**" in as_markdown(found)
