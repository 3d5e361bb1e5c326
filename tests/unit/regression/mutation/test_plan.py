"""Which mutants are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livegate.errors import ConfigError
from livegate.regression.mutation import plan

if TYPE_CHECKING:
    from .conftest import Read


def test_by_place(read: Read) -> None:
    every = plan.mutants(read(authz__a="package a\np if input.a < 1", authz__b__c="package c\np if input.a < 1"))
    assert {one.file for one in plan.only(every, ("rego/authz",))} == {"authz/a.rego", "authz/b/c.rego"}
    assert {one.file for one in plan.only(every, ("rego/authz/b",))} == {"authz/b/c.rego"}
    assert {one.line for one in plan.only(every, ("rego/authz/a.rego:3",))} == {3}
    assert plan.only(every, ("rego/authz", "rego/authz/a.rego")) == every


@pytest.mark.parametrize("place", ["rego/authz/a.rego:4", "rego/auth", "", "rego/authz/a.reg"])
def test_a_place_without_mutants_is_refused(read: Read, place: str) -> None:
    every = plan.mutants(read(authz__a="package a\np if input.a < 1"))
    with pytest.raises(ConfigError, match="no mutant at"):
        plan.only(every, (place,))


def test_a_sample_is_the_same_for_the_same_seed_and_in_order(read: Read) -> None:
    every = plan.mutants(read(authz__a="package a\np if input.a in {1, 2, 3, 4, 5, 6, 7, 8, 9}"))
    first = plan.sample(every, 5, 1)
    assert first == plan.sample(every, 5, 1)
    assert len(first) == 5
    assert [one.number for one in first] == sorted(one.number for one in first)
    assert any(plan.sample(every, 5, seed) != first for seed in range(2, 10))
    assert plan.sample(every, None, 1) == plan.sample(every, 10_000, 1) == every


def test_a_folder_that_was_meant_is_named(read: Read) -> None:
    every = plan.mutants(read(authz__gates__one__one="package authz.gates.one\np if input.a < 1"))
    with pytest.raises(ConfigError, match="did you mean 'rego/authz/gates/one'"):
        plan.only(every, ("rego/authz/gates/onne",))
