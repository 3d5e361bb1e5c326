"""Stamps: ever rising, kept while nothing changed and there is time, and bound to the bytes."""

from __future__ import annotations

import msgspec
import pytest

from livegate import canonical
from livegate.documents import stamp
from livegate.documents.stamp import Stamp
from livegate.errors import DocumentError

NOW = 1_795_000_000_000_000_000
HOUR = 3_600_000_000_000


def issue(digest: str = "a" * 12, previous: Stamp | None = None, now: int = NOW) -> Stamp:
    """An issue that lives for an hour."""
    return stamp.issue(digest, previous, now=now, lifetime=HOUR)


def test_the_first_issue() -> None:
    assert issue() == Stamp(
        revision=f"{NOW // 10**6}-{'a' * 12}", sequence=NOW // 10**6, issued_at=NOW, expires_at=NOW + HOUR
    )


@pytest.mark.parametrize(
    ("digest", "later", "same"),
    [
        pytest.param("a" * 12, HOUR // 2 - 1, True, id="same content, first half of its life"),
        pytest.param("a" * 12, HOUR // 2, False, id="same content, second half"),
        pytest.param("b" * 12, 1, False, id="other content"),
        pytest.param("a" * 12, -1, False, id="issued in the future"),
    ],
)
def test_an_issue_stands_or_is_renewed(digest: str, later: int, same: bool) -> None:
    first = issue()
    second = issue(digest, first, NOW + later)
    assert (second == first) is same
    assert second.sequence == first.sequence if same else second.sequence > first.sequence


def test_another_lifetime_is_another_issue() -> None:
    first = issue()
    assert stamp.issue("a" * 12, first, now=NOW + 1, lifetime=2 * HOUR) != first


def test_the_sequence_rises_when_the_clock_falls_back() -> None:
    first = issue()
    assert issue("b" * 12, first, NOW - 10 * HOUR).sequence == first.sequence + 1


@pytest.mark.parametrize("document", [{"a": 1, "z": [1]}, {"a": 1}, {"z": 1}, {"break_glass": {}, "elevations": {}}])
def test_a_stamp_vouches_for_its_own_bytes_alone(document: dict[str, object]) -> None:
    mark = issue(stamp.digest(canonical.dumps(document)))
    data = canonical.dumps({**document, "bundle": msgspec.to_builtins(mark)})
    assert stamp.of(data, where="x") == mark
    assert stamp.vouches(data)
    assert not stamp.vouches(data.replace(b"1", b"2") if b":1" in data else data.replace(b"{}", b"[]", 1))
    assert not stamp.vouches(data.replace(b"{", b"{ ", 1))


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"bundle":1}', b'{"bundle":{"sequence":1}}'])
def test_without_a_stamp_nothing_is_vouched_for(data: bytes) -> None:
    assert not stamp.vouches(data)


def test_a_malformed_stamp_is_an_error_that_names_the_document() -> None:
    with pytest.raises(DocumentError, match="iga: bundle"):
        stamp.of(b'{"bundle":{"sequence":0}}', where="iga")


@pytest.mark.parametrize("documents", [{}, {"a": b"{}"}])
def test_a_bundle_without_a_stamp_says_what_to_run(documents: dict[str, bytes]) -> None:
    with pytest.raises(DocumentError, match="livegate sync"):
        stamp.of_documents(documents)
