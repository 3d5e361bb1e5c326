"""The digest of parameters; against OPA itself: tests/integration/documents."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from livegate.documents.digest import parameter_digest, text_digest
from livegate.errors import DocumentError


def of(data: bytes) -> str:
    """The digest of these very bytes."""
    return "sha-256:" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("properties", "written"),
    [
        ({}, b"{}"),
        ({"b": 1, "a": [True, None, "x"]}, b'{"a":[true,null,"x"],"b":1}'),
        ({"t": "<a>&\u2028"}, b'{"t":"\\u003ca\\u003e\\u0026\\u2028"}'),
        ({"<": 1.0}, b'{"\\u003c":1.0}'),
        ({"n": 10**30}, b'{"n":1000000000000000000000000000000}'),
    ],
)
def test_what_is_hashed(properties: dict[str, Any], written: bytes) -> None:
    assert parameter_digest(properties) == of(written)


def test_numbers_of_a_text_are_as_they_came() -> None:
    assert text_digest(b' { "n" : 1.50 } ') == of(b'{"n":1.50}')
    assert text_digest(b'{"n":1.5}') != text_digest(b'{"n":1.50}')


@pytest.mark.parametrize("text", [b"[]", b'"{}"', b"{", b'{"a":1,"a":2}', b"NaN", b'{"a":' * 300 + b"1" + b"}" * 300])
def test_what_are_no_parameters(text: bytes) -> None:
    with pytest.raises(DocumentError):
        text_digest(text)


@pytest.mark.parametrize(
    "properties", [{"a": float("nan")}, {1: "a"}, {"a": {True: 1}}, {"a": "\ud800"}, {"a": {1, 2}}]
)
def test_what_json_cannot_say(properties: dict[str, Any]) -> None:
    with pytest.raises(DocumentError):
        parameter_digest(properties)
