"""Proof names: the grammar that a stranger cannot widen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livegate.documents.proofnames import ProofNames, is_name

if TYPE_CHECKING:
    from random import Random


@pytest.mark.parametrize(
    "name",
    [
        "spiffe://prod.example/ci",
        "spiffe://prod.example/ns/a-b/sa/C_d.e",
        "spiffe://a-b_c.9/x/...",
        "spiffe://a/" + "x" * (2048 - 11),
        "https://login.example#u-1",
        "https://login.example/tenant#client:agent recon",
        "https://login.example#a#b",
        "prod.example#ü",
    ],
)
def test_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "alice",
        "#alice",
        "https://login.example#",
        "https://lo|gin.example#a",
        "https://login.example#a\nb",
        "https://login.example#a\u202eb",
        "https://login.example#a\u200bb",
        "spiffe://prod.example",
        "spiffe://prod.example/",
        "spiffe://prod.example/a/",
        "spiffe://prod.example//a",
        "spiffe://prod.example/a/../b",
        "spiffe://prod.example/./b",
        "spiffe://Prod.example/a",
        "SPIFFE://prod.example/a",
        "spiffe://user@prod.example/a",
        "spiffe://prod.example:8443/a",
        "spiffe://prod.example/a%2fb",
        "spiffe://prod.example/a?x",
        "spiffe://prod.example/a#b",
        "Spiffe:#b",
        "spiffe://prod.example/ä",
        "spiffe://prod.example/a\n",
        "spiffe:///a",
        "spiffe://a/" + "x" * (2048 - 10),
    ],
)
def test_what_is_no_name(name: str) -> None:
    assert not is_name(name)
    names = ProofNames()
    assert not names.add(name, "alice")
    assert names.certain() == {}


PAIRS = st.lists(st.tuples(st.sampled_from(["i#1", "i#2", "i#3"]), st.sampled_from(["a", "b", "c"])), max_size=8)


@given(PAIRS, st.integers(0, 8), st.randoms(use_true_random=False))
def test_order_and_grouping_do_not_matter(pairs: list[tuple[str, str]], cut: int, random: Random) -> None:
    expected: dict[str, set[str]] = {}
    for name, identity in pairs:
        expected.setdefault(name, set()).add(identity)
    mixed = list(pairs)
    random.shuffle(mixed)
    one, other = ProofNames(), ProofNames()
    for target, part in ((one, mixed[:cut]), (other, mixed[cut:])):
        for name, identity in part:
            assert target.add(name, identity)
    one.merge(other)
    assert one.certain() == {name: next(iter(found)) for name, found in expected.items() if len(found) == 1}
    assert dict(one.ambiguous()) == {name: tuple(sorted(found)) for name, found in expected.items() if len(found) > 1}
