"""Hashes that do not need OPA to be judged; the comparison with OPA is in tests/integration/bundle."""

from __future__ import annotations

import hashlib

import pytest

from livegate.bundle import hashing
from livegate.errors import DocumentError


def _sha(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


@pytest.mark.parametrize(
    ("name", "data", "hashed"),
    [
        ("data.json", b' { "b" : 1e3 , "a" : "\xe2\x80\xa8" } ', b'{"a":"\\u2028","b":1e3}'),
        ("x/.manifest", b'{"b":1,\n"a":2}', b'{"a":2,"b":1}'),
        ("x/other.json", b' {"b": 1} ', b' {"b": 1} '),
        ("data.json.rego", b" package a\n", b" package a\n"),
        ("x/data.yaml", b"b: 1\na: 'yes'\n", b'{"a":"yes","b":1}'),
        ("data.yml", b"b: 1\n", b'{"b":1}'),
        ("data.json", b'\xef\xbb\xbf{"a":1}', b'{"a":1}'),
        ("data.json", b'"\\ud800"', '"\ufffd"'.encode()),
    ],
)
def test_structured_documents_are_hashed_in_canonical_form(name: str, data: bytes, hashed: bytes) -> None:
    assert hashing.sha256_file(name, data) == _sha(hashed)


def test_canonical_bytes_are_hashed_as_they_are() -> None:
    assert hashing.sha256_canonical(b'{"a":1}') == _sha(b'{"a":1}')
    assert hashing.sha256_canonical(b'"\xe2\x80\xa9"') == _sha(b'"\\u2029"')


@pytest.mark.parametrize(
    "text",
    ["a: yes", "a: 010", "a: 1_000", "a: 12:30", "a: 1.0", "a: .inf", "a: 2026-01-01", "[&x 1, *x]", "<<: {a: 1}"],
)
def test_ambiguous_yaml_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(DocumentError, match=r"data\.yaml:1:"):
        hashing.sha256_file("data.yaml", text.encode())


def test_duplicate_keys_are_refused() -> None:
    with pytest.raises(DocumentError):
        hashing.sha256_file("data.json", b'{"a":1,"a":1}')
    with pytest.raises(DocumentError):
        hashing.sha256_file("data.yaml", b"a: 1\na: 1\n")
