"""Every networked connector, every way in which an answer can be bad: an error that says so."""

from __future__ import annotations

import gzip
import logging
import time
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from livegate.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

Fault = Any  # an Exchange → None; the class lives in a conftest, which cannot be imported
TOKEN = "s.very-secret-0123456789"  # made up, looked for in messages
JSON = b"Content-Type: application/json\r\n"
GIGABYTE = 1 << 30


def html(exchange: Any) -> None:
    exchange.send(200, b"<html><body>Sign in</body></html>", content_type="text/html; charset=utf-8")


def no_type(exchange: Any) -> None:
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


def other_type(exchange: Any) -> None:
    exchange.send(200, b"{}", content_type="image/png")


def status(code: int, **headers: str) -> Fault:
    # what was sent is echoed, as some servers do when they complain
    def answer(exchange: Any) -> None:
        echo = f"no: {exchange.headers.get('Authorization')} {exchange.headers.get('X-Vault-Token')}\x1b[31m"
        exchange.json({"detail": echo, "errors": [echo]}, code, **headers)

    return answer


def cut_off(exchange: Any) -> None:
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\n" + JSON + b'Content-Length: 5000\r\n\r\n{"schemas": [')
    exchange.close_connection = True


def cut_off_chunked(exchange: Any) -> None:
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\n" + JSON + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"sch\r\nff\r\nem')
    exchange.close_connection = True


def cut_off_gzip(exchange: Any) -> None:
    exchange.send(200, gzip.compress(b'{"data": {}}' * 100)[:-20], content_encoding="gzip")


def broken_gzip(exchange: Any) -> None:
    exchange.send(200, b"not packed at all", content_encoding="gzip")


def trailing_gzip(exchange: Any) -> None:
    exchange.send(200, gzip.compress(b"{}") + b"more", content_encoding="gzip")


def other_encoding(exchange: Any) -> None:
    exchange.send(200, zlib.compress(b"{}"), content_encoding="deflate")


def redirect(location: str) -> Fault:
    def answer(exchange: Any) -> None:
        exchange.send(302, b"", location=location.replace("SELF", exchange.server.url))

    return answer


def announced_gigabyte(exchange: Any) -> None:
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\n" + JSON + f"Content-Length: {GIGABYTE}\r\n\r\n".encode() + b" " * 1000)
    exchange.close_connection = True


def streamed_gigabyte(exchange: Any) -> None:
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n")
    _gigabyte(exchange)


def _gigabyte(exchange: Any) -> None:
    block = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    for _ in range(GIGABYTE // 0x10000):
        exchange.wfile.write(block)
        exchange.server.sent += 0x10000


def redirected_gigabyte(exchange: Any) -> None:
    exchange.wfile.write(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nTransfer-Encoding: chunked\r\n\r\n")
    _gigabyte(exchange)


def refused_gigabyte(exchange: Any) -> None:
    exchange.wfile.write(b"HTTP/1.1 403 Forbidden\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n")
    _gigabyte(exchange)


def gzip_bomb(exchange: Any) -> None:
    pack = zlib.compressobj(9, wbits=31)
    packed = b"".join(pack.compress(b" " * (1 << 20)) for _ in range(200)) + pack.flush()
    assert len(packed) < 1_000_000 < 200 << 20, "small on the wire, large when unpacked"
    exchange.send(200, packed, content_encoding="gzip")


def body(data: bytes) -> Fault:
    return lambda exchange: exchange.send(200, data)


def slow_body(exchange: Any) -> None:
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\n" + JSON + b"Content-Length: 100000\r\n\r\n")
    while True:
        exchange.wfile.write(b" ")
        time.sleep(0.01)


def slow_header(exchange: Any) -> None:
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        exchange.wfile.write(b"x")
        time.sleep(0.01)


def endless_continue(exchange: Any) -> None:
    while True:
        exchange.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.01)


def endless_headers(exchange: Any) -> None:
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X-More: yes\r\n" * 100_000)


def silent(exchange: Any) -> None:
    exchange.rfile.read(1)


def hung_up(exchange: Any) -> None:
    exchange.close_connection = True


def not_http(exchange: Any) -> None:
    exchange.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")
    exchange.close_connection = True


DIGITS = b"1" * 5000
FAULTS: dict[str, tuple[Fault, str, dict[str, Any]]] = {
    "html": (html, "HTML page instead of JSON", {}),
    "no-content-type": (no_type, "no content type instead of JSON", {}),
    "image": (other_type, "image/png instead of JSON", {}),
    "401": (status(401), "does not accept the token", {}),
    "403": (status(403), "forbids this to the token", {}),
    "405": (status(405), "405", {}),
    "418": (status(418), "418", {}),
    "429": (status(429), "429", {}),
    "429-wait-too-long": (status(429, retry_after="86400"), "asks to wait 86400 s", {}),
    "429-nonsense-wait": (status(429, retry_after="-5 soon"), "429", {}),
    "500": (status(500), "500", {}),
    "503": (status(503), "503", {}),
    "cut-off": (cut_off, "broke off", {}),
    "cut-off-chunked": (cut_off_chunked, "broke off", {}),
    "cut-off-gzip": (cut_off_gzip, "breaks off", {}),
    "broken-gzip": (broken_gzip, "gzip", {}),
    "trailing-gzip": (trailing_gzip, "follows the end", {}),
    "other-encoding": (other_encoding, "packed", {}),
    "redirect-other-host": (redirect("https://evil.example/Users?token=x"), "to https://evil.example/Users; not", {}),
    "redirect-other-port": (redirect("http://127.0.0.1:1/"), "to http://127.0.0.1:1/; not", {}),
    "redirect-credentials": (redirect("http://u:p@127.0.0.1:1/"), "to http://127.0.0.1:1/; not", {}),
    "redirect-nowhere": (redirect(""), "not followed", {}),
    "redirect-nonsense": (redirect("http://[::1"), "no address", {}),
    "redirect-file": (redirect("file:///etc/passwd"), "not followed", {}),
    "redirect-circle": (redirect("SELF/around"), "redirect", {}),
    "announced-1-GB": (announced_gigabyte, "larger than", {}),
    "streamed-1-GB": (streamed_gigabyte, "larger than", {}),
    "redirected-1-GB": (redirected_gigabyte, "not followed", {}),
    "refused-1-GB": (refused_gigabyte, "forbids", {}),
    "gzip-bomb": (gzip_bomb, "larger than", {}),
    "empty": (body(b""), "not JSON", {}),
    "truncated-json": (body(b'{"data": {"keys": ["a'), "not JSON", {}),
    "two-values": (body(b"{}{}"), "the answer", {}),
    "nan": (body(b'{"totalResults": NaN, "data": NaN, "schemas": NaN, "pagination": NaN}'), "the answer", {}),
    "invalid-utf-8": (body(b'{"schemas": ["\xff"], "data": "\xff"}'), "not UTF-8", {}),
    "utf-16": (body('{"schemas": []}'.encode("utf-16")), "not", {}),
    "5000-digits": (
        body(b'{"schemas":[%b],"data":%b,"pagination":%b,"initialized":%b}' % ((DIGITS,) * 4)),
        "another shape",
        {},
    ),
    "deep": (body(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "nested too deep", {}),
    "null": (body(b"null"), "another shape", {}),
    "list": (body(b"[]"), "another shape", {}),
    "slow-body": (slow_body, "", {"timeout": 0.05}),
    "slow-header": (slow_header, "", {"timeout": 0.05}),
    "endless-continue": (endless_continue, "", {"timeout": 0.05}),
    "endless-headers": (endless_headers, "", {}),
    "silent": (silent, "no byte within", {"timeout": 0.1}),
    "hung-up": (hung_up, "cut off", {}),
    "not-http": (not_http, "", {}),
}


@pytest.mark.parametrize("at", [pytest.param(1, id="first"), pytest.param(3, id="third")])
@pytest.mark.parametrize("name", FAULTS)
def test_is_an_error_that_says_so(
    *, name: str, at: int, connector: Any, server: Any, world: Any, caplog: pytest.LogCaptureFixture
) -> None:
    fault, words, settings = FAULTS[name]
    at = min(at, connector.requests)
    words = connector.says.get(name, words)
    server.respond = lambda exchange: (fault if exchange.number >= at else connector.healthy)(exchange)
    caplog.set_level(logging.DEBUG)

    with pytest.raises(SourceError) as caught:
        list(connector.source(server, world, **settings).listing().rows)

    assert words in caught.value.what
    assert len(server.seen) >= at or settings  # the healthy answers before the fault were taken
    assert len(server.seen) < at + 10, "few tries"
    shown = "".join(_texts(caught.value)) + caplog.text + repr(world.waits)
    assert TOKEN not in shown
    assert "\x1b" not in shown
    if name in {"streamed-1-GB", "redirected-1-GB", "refused-1-GB"}:
        assert server.sent < 64 << 20, "cut off early"


def _texts(error: BaseException | None) -> list[str]:
    found = []
    while error is not None:
        found += [str(error), repr(error), repr(error.args)]
        error = error.__cause__ or error.__context__
    return found


def test_without_a_fault_everything_is_listed(connector: Any, server: Any, world: Any) -> None:
    server.respond = connector.healthy

    rows = list(connector.source(server, world).listing().rows)

    assert len(rows) == connector.rows
    assert {type(row).__name__ for row in rows} <= {"Identity", "Grant", "Elevation", "Key"}
    sent = server.seen[0].headers
    shown = [value for name, value in sent.items() if name in {"Authorization", "X-Vault-Token"}]
    assert len(shown) == connector.token
    assert all(TOKEN in value for value in shown)


@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [
        pytest.param("7", 7.0, id="seconds"),
        pytest.param("Mon, 23 Nov 2026 18:00:09 GMT", 9.0, id="date"),
        pytest.param("Mon, 23 Nov 2026 17:00:00 GMT", 0.0, id="date-gone-by"),
        pytest.param("a while", 0.5, id="nonsense"),
    ],
)
@pytest.mark.parametrize("code", [429, 503])
def test_waits_as_asked_and_goes_on(
    *, code: int, retry_after: str, wait: float, connector: Any, server: Any, world: Any
) -> None:
    busy = status(code, retry_after=retry_after)
    at = connector.requests
    server.respond = lambda exchange: (busy if exchange.number == at else connector.healthy)(exchange)

    assert len(list(connector.source(server, world).listing().rows)) == connector.rows
    assert world.waits == [wait]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(status(500), id="500"),
        pytest.param(status(502), id="502"),
        pytest.param(cut_off, id="cut-off"),
        pytest.param(hung_up, id="hung-up"),
    ],
)
def test_a_passing_fault_in_the_middle_is_tried_again(
    fault: Callable[[Any], None], connector: Any, server: Any, world: Any
) -> None:
    at = connector.requests
    server.respond = lambda exchange: (fault if exchange.number in {at, at + 1} else connector.healthy)(exchange)

    assert len(list(connector.source(server, world).listing().rows)) == connector.rows
    assert world.waits == [0.5, 1.0]


def test_a_redirect_on_the_same_host_is_followed(connector: Any, server: Any, world: Any) -> None:
    def answer(exchange: Any) -> None:
        if exchange.number == 1:
            exchange.send(307, b"", location=exchange.path)
        else:
            connector.healthy(exchange)

    server.respond = answer

    assert len(list(connector.source(server, world).listing().rows)) == connector.rows


def test_the_environment_sends_it_nowhere_else(
    connector: Any, server: Any, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    netrc = world.base / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.respond = connector.healthy

    assert len(list(connector.source(server, world).listing().rows)) == connector.rows
    assert not any("Basic" in str(exchange.headers) for exchange in server.seen)


def test_nobody_there(connector: Any, server: Any, world: Any) -> None:
    source = connector.source(server, world)
    server.server_close()

    with pytest.raises(SourceError, match="cannot connect"):
        source.listing()
