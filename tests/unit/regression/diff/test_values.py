"""Values at the edges of constraints, and texts for regular expressions."""

from __future__ import annotations

import re

import pytest

from livegate.regression.diff.values import Edge, properties, text, value


@pytest.mark.parametrize(
    ("constraints", "least", "most", "beyond"),
    [
        ([{"min": 2, "max": 9}], 2, 9, 10),
        ([{"min": 2, "max": 9}, {"max": 5}], 2, 5, 6),
        ([{"max": 0}], 0, 0, 1),
        ([{"min": 3}], 3, 3, 2),
        ([{"required": False}], 1, 1, 1),
    ],
)
def test_a_number_lies_at_the_edge_that_is_asked_for(
    constraints: list[dict[str, object]], least: int, most: int, beyond: int
) -> None:
    assert [value(constraints, edge) for edge in (Edge.LEAST, Edge.MOST, Edge.BEYOND)] == [least, most, beyond]


def test_a_choice_meets_all_constraints_and_beyond_it_meets_none() -> None:
    constraints = [{"one_of": ["EUR", "USD"]}, {"one_of": ["USD", "CHF"]}]
    assert value(constraints, Edge.LEAST) == "USD"
    assert value(constraints, Edge.BEYOND) not in ("EUR", "USD", "CHF")


def test_true_is_not_one() -> None:
    assert value([{"one_of": [True, 1]}, {"equals": 1}], Edge.LEAST) is not True


def test_counters_get_a_share_of_their_own() -> None:
    assert properties([{"amount": {"max": 4}}], ["amount", "calls", "pages"], Edge.MOST) == {"amount": 4, "pages": 1}


@pytest.mark.parametrize(
    "pattern", ["FIN-[0-9]+", r"^CHG-\d{4,6}$", "(INC|CHG)-[0-9]{2}", "[A-Z]{3}_x?[0-9]*", r"a\.b", "(?:x|y)z"]
)
def test_a_text_matches_whole(pattern: str) -> None:
    found = text(pattern)
    assert found is not None
    assert re.fullmatch(pattern.removeprefix("^").removesuffix("$"), found)


@pytest.mark.parametrize("pattern", ["(", "(?=never)x", "a{2}b(?!b)c(?<=d)"])
def test_what_it_cannot_match_it_does_not_pretend_to(pattern: str) -> None:
    assert text(pattern) is None
