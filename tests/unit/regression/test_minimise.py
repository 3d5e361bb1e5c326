"""What is left still shows it, and nothing that is smaller by one removal does: against brute force on small trees."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from livegate.regression.minimise import minimise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

TREES = st.recursive(
    st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from("abcdef"), inner, max_size=5),
    max_leaves=15,
)


def smaller(value: Any) -> Iterator[Any]:
    """Every value that is ``value`` without one member or element, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield {other: one for other, one in value.items() if other != name}
            for less in smaller(inner):
                yield {**value, name: less}
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield value[:number] + value[number + 1 :]
            for less in smaller(inner):
                yield [*value[:number], less, *value[number + 1 :]]


def each(predicate: Callable[[Any], bool]) -> Callable[[Sequence[Any]], list[bool]]:
    """Asks the predicate of each candidate."""
    return lambda candidates: [predicate(one) for one in candidates]


def leaves(value: Any) -> Iterator[Any]:
    """The numbers in a tree."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from leaves(inner)
    else:
        yield value


def odd(salt: int, original: Any) -> Callable[[Any], bool]:
    """A predicate without any order to it, which holds of the original and of about a third of all others."""

    def holds(value: Any) -> bool:
        digest = hashlib.sha256(f"{salt}{json.dumps(value, sort_keys=True)}".encode()).digest()
        return bool(value == original or digest[0] < 80)

    return holds


@settings(max_examples=150, deadline=None)
@given(TREES, st.integers(0, 3), st.integers(1, 7))
@example([{"a": []}, [0]], 0, 1)  # where an object was, a list is
def test_of_a_predicate_that_grows_the_smallest_is_found(tree: Any, number: int, batch: int) -> None:
    def wanted(value: Any) -> bool:
        return number in leaves(value)

    if not wanted(tree):
        return
    left = minimise(tree, each(wanted), batch=batch)
    assert list(leaves(left)) == [number]
    assert not any(map(wanted, smaller(left)))


@settings(max_examples=150, deadline=None)
@given(TREES, st.integers(0, 1_000), st.integers(1, 7))
def test_nothing_smaller_by_one_removal_holds_whatever_the_predicate(tree: Any, salt: int, batch: int) -> None:
    holds, before = odd(salt, tree), copy.deepcopy(tree)
    left = minimise(tree, each(holds), batch=batch)
    assert holds(left)
    assert not any(map(holds, smaller(left)))
    assert tree == before


def test_what_goes_only_in_pairs_goes_by_halves() -> None:
    value = dict.fromkeys("abcdefgh", 1)
    left = minimise(value, each(lambda one: len(one) % 4 == 0 and "h" in one))
    assert len(left) == 4


def test_the_minimum_has_two_far_apart() -> None:
    value = {"list": [{"x": n, "more": {"of": [n]}} for n in range(200)], "other": {"deep": {"y": 1, "z": 2}}}

    def wanted(one: Any) -> bool:
        return any(item.get("x") == 137 for item in one.get("list", [])) and "y" in one.get("other", {}).get("deep", {})

    calls: list[int] = []

    def holds(candidates: Sequence[Any]) -> list[bool]:
        calls.append(len(candidates))
        return [wanted(one) for one in candidates]

    assert minimise(value, holds) == {"list": [{"x": 137}], "other": {"deep": {"y": 1}}}
    assert max(calls) <= 100
    assert len(calls) < 80  # queries, where one removal at a time would be some eight hundred


def test_what_is_kept_stays_and_what_is_in_it_goes() -> None:
    value = {"iga": {"a": 1}, "pam": {"b": {"c": 2}}}
    left = minimise(value, each(lambda _: True), keep=lambda path: len(path) == 1)
    assert left == {"iga": {}, "pam": {}}


@pytest.mark.parametrize("steps", [0, 1, 5, 17])
def test_no_more_candidates_are_asked_than_allowed(steps: int) -> None:
    asked: list[Any] = []

    def holds(candidates: Sequence[Any]) -> list[bool]:
        asked.extend(candidates)
        return [7 in leaves(one) for one in candidates]

    left = minimise([[1, 2], [3, [4, 7]], 5, 6, 8], holds, steps=steps)
    assert len(asked) <= steps
    assert 7 in leaves(left)


@pytest.mark.parametrize("value", [1, None, "text", [], {}])
def test_what_has_no_members_stays(value: Any) -> None:
    assert minimise(value, each(lambda _: True)) == value
