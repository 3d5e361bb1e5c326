"""Canonical JSON: exact values in, one byte form out, all else refused."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livegate import canonical
from livegate.errors import DocumentError

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"b": 1, "a": [True, None]}, b'{"a":[true,null],"b":1}', id="sorted"),
        pytest.param({"\U0001f600": 1, "\uffff": 2}, '{"\uffff":2,"\U0001f600":1}'.encode(), id="code-point-order"),
        pytest.param("a\u2028b\u2029", b'"a\\u2028b\\u2029"', id="separators"),
        pytest.param("<&>é\x7f", '"<&>é\x7f"'.encode(), id="nothing-else-escaped"),
        pytest.param(10**40, b"1" + b"0" * 40, id="big-integer"),
        pytest.param({"a": 2**64, "b": "\u2028"}, b'{"a":18446744073709551616,"b":"\\u2028"}', id="beside-text"),
        pytest.param({}, b"{}", id="empty"),
    ],
)
def test_writes(value: object, expected: bytes) -> None:
    assert canonical.dumps(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(math.nan, id="nan"),
        pytest.param([{"a": math.inf}], id="infinity-inside"),
        pytest.param({1: 2}, id="integer-key"),
        pytest.param({1: 10**40}, id="integer-key-on-the-slow-path"),
        pytest.param("\ud800", id="surrogate"),
        pytest.param(datetime.now(UTC), id="time"),
        pytest.param({"a": {1, 2}}, id="set"),
    ],
)
def test_refuses(value: object) -> None:
    with pytest.raises(DocumentError):
        canonical.dumps(value)


def test_refuses_what_is_nested_too_deep() -> None:
    deep: list[object] = []
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(DocumentError):
        canonical.dumps(deep)
    with pytest.raises(DocumentError):
        canonical.normalise(b"[" * 500 + b"]" * 500, where="x")
    with pytest.raises(DocumentError):
        canonical.normalise(b"[" * 200_000, where="x")


@given(JSON)
def test_is_read_back_as_the_same_value(value: object) -> None:
    data = canonical.dumps(value)
    assert json.loads(data) == value
    assert canonical.normalise(data, where="x") == data
    assert canonical.loads(data, where="x") == value


@given(JSON)
def test_white_space_and_order_do_not_matter(value: object) -> None:
    loose = json.dumps(value, indent=2).encode()
    assert json.loads(canonical.normalise(loose, where="x")) == value
    assert canonical.normalise(canonical.normalise(loose, where="x"), where="x") == canonical.normalise(
        loose, where="x"
    )


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (b'{"a":1,"b":2}', True),
        (b'{"b":2,"a":1}', False),
        (b'{"a": 1}', False),
        (b'{"a":1,"a":1}', False),
        (b"1e3", False),
        (b"0.10", False),
        (b"1.0", True),
        (b'"\xe2\x80\xa8"', False),
        (b'"\\u2028"', True),
        (b'"\\u0041"', False),
        (b"NaN", False),
        (b"", False),
    ],
)
def test_knows_its_own_form(text: bytes, same: bool) -> None:
    assert canonical.is_canonical(text) is same


@pytest.mark.parametrize(
    "text",
    [b'{"a":1,"a":2}', b'{"x":[{"a":1,"a":2}]}', b"NaN", b"-Infinity", b"[1,]", b"\xff", b"", b"1 2", b"\xef\xbb\xbf1"],
)
def test_what_readers_may_take_differently_is_refused(text: bytes) -> None:
    with pytest.raises(DocumentError, match=r"file\.json"):
        canonical.loads(text, where="file.json")


@pytest.mark.parametrize("text", [b"1e400", b"0.1000000000000000055", b"123456789.12345678901"])
def test_a_number_that_would_change_is_refused(text: bytes) -> None:
    with pytest.raises(DocumentError):
        canonical.loads(text, where="file.json")
    assert canonical.normalise(text, where="file.json") == text
