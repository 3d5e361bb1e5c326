"""The corpus: complete where it is to be, privileged pairs first where it cannot be, and every end is asked around."""

from __future__ import annotations

import copy
import itertools
from typing import TYPE_CHECKING, Any

from livegate.regression.diff.corpus import NOBODY, OTHER, Wanted, corpus
from livegate.regression.diff.world import World

from .conftest import NOW

if TYPE_CHECKING:
    from livegate.regression.diff.corpus import Corpus


def _made(*worlds: World, everywhere: bool = True, **wanted: Any) -> Corpus:
    return corpus(worlds, NOW, Wanted(**wanted), known={}, everywhere=everywhere)


def _asked(made: Corpus) -> set[tuple[str, str, str]]:
    return {(made.subjects[row[0]]["id"], made.forms[row[2]][1][1], made.resources[row[1]].name) for row in made.rows}


def test_it_is_every_subject_action_and_resource_of_both_sides(documents: dict[str, Any]) -> None:
    other = copy.deepcopy(documents)
    other["iga"]["identities"]["cat"] = "active|human||hr|"
    other["iga"]["grants"]["ben"]["shop:clerk@order:two"] = "hr|g-3|9223372036|||"
    other["catalog"]["actions"]["order"]["cancel"] = {
        "application": "shop",
        "tier": "low",
        "privileged": False,
        "context": [],
    }
    made = _made(World.of(documents), World.of(other))
    subjects, actions = ("ann", "ben", "bot", "cat", NOBODY), ("enter", "pay", "cancel")
    resources = ("order:one", "order:two", f"order:{OTHER}")
    assert _asked(made) == set(itertools.product(subjects, actions, resources))
    assert made.reach.complete


def test_a_sample_keeps_whoever_holds_anything(documents: dict[str, Any]) -> None:
    documents["iga"]["identities"] |= {f"p-{number}": "active|human||hr|" for number in range(300)}
    world = World.of(documents)
    made = _made(world, world, limit=200)
    whole = _made(world, world, complete=True)
    assert made.reach.held_asked == made.reach.held == whole.reach.held
    assert 0 < made.reach.others_asked < made.reach.others == whole.reach.others_asked
    assert made.reach.decisions <= 200
    assert not made.reach.complete
    assert _made(world, world, limit=200).rows == made.rows
    assert _made(world, world, limit=200, seed=2).rows != made.rows


def test_privileged_pairs_stay_where_not_even_the_held_ones_fit(documents: dict[str, Any]) -> None:
    world = World.of(documents)
    made = _made(world, world, limit=1)
    assert {made.forms[row[2]][1] for row in made.rows} == {("order", "pay")}
    assert made.reach.held_asked < made.reach.held


def test_every_end_of_what_is_held_is_asked_around(world: World) -> None:
    made = _made(world, world)
    instants = {
        made.moments[row[3]].instant
        for row in made.rows
        if made.moments[row[3]].moved and made.subjects[row[0]]["id"] == "ann"
    }
    ends = (NOW - 7, NOW + 9, NOW + 8, 1_800_000_100 * 10**9, 1_799_999_999 * 10**9)
    assert instants == {end + near for end in ends for near in (-1, 0, 1)} - {NOW}


def test_the_ends_of_listings_are_asked_around_with_the_listings_as_old_as_they_are(world: World) -> None:
    made = _made(world, world)
    instants = {moment.instant for moment in made.moments if not moment.moved}
    assert {NOW + 10, NOW + 50, NOW + 49} <= instants


def test_where_only_data_differ_those_are_asked_around_whose_own_do(documents: dict[str, Any]) -> None:
    other = copy.deepcopy(documents)
    other["iga"]["grants"]["ben"]["shop:clerk@*"] = "hr|g-1|1800000055|||role:clerk"
    made = _made(World.of(documents), World.of(other), everywhere=False)
    assert {made.subjects[row[0]]["id"] for row in made.rows if row[3]} == {"ben"}


def test_parents_are_asked_where_they_may_be_asserted(documents: dict[str, Any]) -> None:
    documents["trust"]["peps"]["till"]["asserts"]["parents"] = True
    made = _made(World.of(documents), World.of(documents))
    assert any(resource.parents == ("account:prod",) for resource in made.resources)
    assert ("ann", "pay", f"order:{OTHER}") in _asked(made)
