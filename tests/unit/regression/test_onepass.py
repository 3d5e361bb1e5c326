"""What is read in one pass is what the long way reads, or is left to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from livegate import yamlfiles
from livegate.regression import onepass

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "tests" / "policy").rglob("*.yaml")) + sorted((ROOT / "data").rglob("*.yaml"))

TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["no", "1e3", "0x1f", "012", "1_0", "~", "2026-11-23", "<<", "=", "1:30", ".5", "null", "- a"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_of_ours_is_read_in_one_pass(path: Path) -> None:
    text = path.read_text("utf-8")
    tree = onepass.read(text)
    assert tree is not None
    assert tree.value == yamlfiles.loads(text, where=str(path))


@given(TREES, st.booleans())
def test_the_value_is_that_of_the_long_way(value: Any, flow: bool) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True)
    tree = onepass.read(text)
    if tree is not None:
        assert repr(tree.value) == repr(yamlfiles.loads(text, where="t"))


@given(st.text(alphabet="ab:-{}[]&*!'\"\n ,#|>~1.?<=", max_size=40))
def test_what_the_long_way_refuses_is_never_read(text: str) -> None:
    tree = onepass.read(text)
    if tree is not None:
        assert repr(tree.value) == repr(yamlfiles.loads(text, where="t"))


def test_lines_are_those_on_which_collections_begin() -> None:
    tree = onepass.read("a:\n  - {b: 1}\n  -\n    c: []\n")
    assert tree is not None
    first, second = tree.value["a"]
    assert [tree.lines[id(one)] for one in (tree.value, tree.value["a"], first, second, second["c"])] == [1, 2, 2, 4, 4]


def test_what_is_shared_is_one_value() -> None:
    tree = onepass.read("a: &x {k: [1]}\nb: *x\n")
    assert tree is not None
    assert tree.value["a"] is tree.value["b"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing",
        "a: 1\na: 2",
        "1: a",
        "no: a",
        "? [a]\n: b",
        "a: !!str 1",
        "a: !!binary YQ==",
        "a: .nan",
        "a: -.inf",
        "a: &x {b: 1}\nc:\n  <<: *x",
        "a: *nobody",
        "a: &x [*x]",
        "a: 1\n---\nb: 2",
        "a: [",
        "[" * 61 + "]" * 61,
        "[" * 100_000,
        "a: &x " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 30 + "*x" + "]" * 30,
        "l0: &l0 [" + ",".join("a" * 400) + "]\nl1: [" + ",".join(["*l0"] * 260) + "]",
    ],
    ids=range(19),
)
def test_what_is_unusual_is_left_to_the_long_way(text: str) -> None:
    assert onepass.read(text) is None


def test_sixty_levels_are_read() -> None:
    assert onepass.read("[" * 60 + "]" * 60) is not None
