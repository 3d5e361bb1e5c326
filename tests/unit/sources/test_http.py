"""The rules of the HTTP frame that need no server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from livegate.errors import ConfigError, SourceError
from livegate.model.instants import parse
from livegate.secrets import Secret
from livegate.sources.http import Http, Limits, retry_after
from livegate.sources.http_address import checked_base
from livegate.sources.http_body import clean, complaint, decode
from livegate.sources.protocol import Effects

if TYPE_CHECKING:
    from pathlib import Path

NOW = parse("2026-11-23T18:00:00Z")
SECRET = "s.secret-value"  # made up, looked for in messages


def make(base: Path, *, token: str = SECRET, url: str = "http://127.0.0.1:1", **more: Any) -> Http:
    waits: list[float] = []
    effects = Effects(now=lambda: NOW, sleep=waits.append, base=base)
    return Http(url, token=Secret(token, "env:T"), header="X-Vault-Token", where="a.yaml: a", effects=effects, **more)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://idp.example/scim/v2", ("https", "idp.example", 443)),
        ("https://IDP.example:8443", ("https", "idp.example", 8443)),
        ("http://127.0.0.1:8080/v2", ("http", "127.0.0.1", 8080)),
        ("http://127.8.9.1", ("http", "127.8.9.1", 80)),
        ("http://[::1]:8200", ("http", "::1", 8200)),
        ("http://localhost:8200", ("http", "localhost", 8200)),
    ],
)
def test_addresses_that_a_token_may_be_sent_to(url: str, origin: tuple[str, str, int]) -> None:
    assert checked_base(url, where="a.yaml: a") == origin


@pytest.mark.parametrize(
    ("url", "words"),
    [
        pytest.param("http://idp.example/scim", "would show the token, or let the answer be changed", id="unencrypted"),
        pytest.param("http://10.0.0.1", "would show the token, or let the answer be changed", id="private-network"),
        pytest.param(
            "http://localhost.evil.example", "would show the token, or let the answer be changed", id="looks-local"
        ),
        pytest.param(
            "http://127.0.0.1.evil.example", "would show the token, or let the answer be changed", id="looks-loopback"
        ),
        pytest.param("https://user:hunter2@idp.example", "holds credentials", id="credentials"),
        pytest.param("https://:hunter2@idp.example", "holds credentials", id="password"),
        pytest.param("https://idp.example/?key=hunter2", "query", id="query"),
        pytest.param("https://idp.example/#hunter2", "fragment", id="fragment"),
        pytest.param("ftp://idp.example", "no http", id="scheme"),
        pytest.param("https://", "no http", id="no-host"),
        pytest.param("https://idp.example:hunter2", "no address", id="port"),
        pytest.param("https://[::1", "no address", id="broken"),
    ],
)
def test_addresses_that_no_token_is_sent_to(url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        checked_base(url, where="a.yaml: a")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 5 ", 5.0),
        ("9" * 400, 999_999_999.0),
        ("Mon, 23 Nov 2026 18:01:30 GMT", 90.0),
        ("Mon, 23 Nov 2026 17:59:00 GMT", 0.0),
        ("Mon, 23 Nov 2026 18:01:30", None),
        ("Mon, 99 Nov 2026 18:01:30 GMT", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    assert retry_after(text, now=NOW) == seconds


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "tab\there", "ünicode", "nul\0"])
def test_a_token_that_is_no_header_value_is_not_repeated(token: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"token holds a character") as caught:
        make(tmp_path, token=token)
    assert token not in str(caught.value)
    assert token not in repr(caught.value.__cause__)


def test_the_token_does_not_show(tmp_path: Path) -> None:
    http = make(tmp_path)

    assert "secret-value" not in f"{http!r} {http}"
    assert http.redacted("you sent s.secret-value twice: s.secret-value") == "you sent [token] twice: [token]"


@pytest.mark.parametrize("path", ["/a/../b", "/./a", "/.."])
def test_a_path_does_not_climb(path: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not asked for"):
        make(tmp_path).ask("GET", path)


def test_a_listing_has_a_deadline(tmp_path: Path) -> None:
    clock = iter([0.0, 100.0, 100.0, 1901.0])
    http = make(tmp_path, limits=Limits(timeout=0.2, attempts=1), monotonic=lambda: next(clock))
    http.begin()

    with pytest.raises(SourceError, match="cannot connect"):
        http.ask("GET", "/")
    with pytest.raises(SourceError, match="longer than 1800 s"):
        http.ask("GET", "/")


def test_waits_grow_when_nobody_answers(tmp_path: Path) -> None:
    waits: list[float] = []
    effects = Effects(now=time.time_ns, sleep=waits.append, base=tmp_path)
    http = Http("http://127.0.0.1:1", token=Secret("t", "env:T"), header="X-T", where="a", effects=effects)

    with pytest.raises(SourceError, match=r"cannot connect, or was cut off \(4 tries\)"):
        http.ask("GET", "/")
    assert waits == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"detail": "no\\u001b[31m such\\nuser", "scimType": "noTarget"}', ("no [31m such user", "noTarget")),
        (b'{"errors": ["one", "two"]}', ("one; two", "")),
        (b'{"errors": []}', ("", "")),
        (b'{"errors": "text"}', ("", "")),
        (b"<html>", ("", "")),
        (b"[" * 100_000, ("", "")),
        (b"", ("", "")),
    ],
)
def test_complaints(body: bytes, found: tuple[str, str]) -> None:
    assert complaint(body) == found


def test_foreign_text_is_made_fit_for_a_line() -> None:
    assert clean("a\x00b\n\tc\u202ed\u2028e") == "a b c d e"
    assert len(clean("x" * 10_000)) == 200


def test_a_number_beyond_its_type_and_a_lone_surrogate() -> None:
    with pytest.raises(SourceError, match="shape"):
        decode(b"1e400", int, where="x")
    with pytest.raises(SourceError, match="not JSON"):
        decode(b'"\\ud800"', str, where="x")
