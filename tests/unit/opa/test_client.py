"""The client against a server that misbehaves; a real OPA is asked in the integration tests."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from livegate.errors import EngineError
from livegate.opa.client import OpaClient
from livegate.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.opa.conftest import WebServer

DECIDE = "/v1/data/authz/evaluation"


@pytest.fixture
def client(web: WebServer) -> Iterator[OpaClient]:
    """A client of the web server, with a token."""
    made = OpaClient(url=web.url, token=Secret("S3CRET", "env:TOKEN"), read=5.0)
    yield made
    made.session.close()


def test_the_token_goes_along_and_does_not_show(client: OpaClient, web: WebServer) -> None:
    web.put(DECIDE, b'{"result": {"decision": true}}')
    assert client.decide({"subject": "x"}) == {"decision": True}
    assert web.asked[0][2]["Authorization"] == "Bearer S3CRET"
    assert "S3CRET" not in repr(client)


@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "token"), (403, "system.authz"), (404, "path"), (413, "max_length"), (500, "log"), (400, "malformed")],
)
def test_refusals_say_what_to_do(client: OpaClient, web: WebServer, status: int, says: str) -> None:
    body = {"code": "c", "message": "no, S3CRET", "errors": [{"message": "rego_type_error: bad"}]}
    web.put(DECIDE, json.dumps(body).encode(), status=status)
    with pytest.raises(EngineError, match=f"answered {status}: no") as caught:
        client.decide({})
    assert caught.value.todo is not None
    assert says in caught.value.todo
    assert "rego_type_error: bad" in caught.value.what
    assert "S3CRET" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"null",
        b"<html>",
        b"",
        b'{"result": null}',
        b'{"result": true}',
        b'{"result": {}}',
        b'{"result": {"decision": "true"}}',
        b'{"result": {"decision": 1}}',
        b'\xff{"result"',
    ],
)
@pytest.mark.parametrize("v0", [False, True])
def test_no_answer_stands_for_an_allow(client: OpaClient, web: WebServer, body: bytes, v0: bool) -> None:
    web.put("/v0/data/authz/evaluation" if v0 else DECIDE, body)
    with pytest.raises(EngineError):
        client.decide({}, v0=v0)


def test_a_redirect_is_not_followed(client: OpaClient, web: WebServer) -> None:
    web.put(DECIDE, status=307, Location=f"{web.url}/other")
    with pytest.raises(EngineError, match="answered 307"):
        client.decide({})
    assert web.paths == [DECIDE]


def test_larger_than_the_limit(client: OpaClient, web: WebServer) -> None:
    web.put(DECIDE, b" " * 300_000)
    with pytest.raises(EngineError, match="more than 100000 bytes"):
        replace(client, limit=100_000).decide({})


def test_a_body_cut_off(client: OpaClient, web: WebServer) -> None:
    web.put(DECIDE, b'{"result": {"decision": true}}', declared=1000)
    with pytest.raises(EngineError, match="cannot be asked"):
        client.decide({})


def test_no_answer_in_time() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        client = OpaClient(url=f"http://127.0.0.1:{silent.getsockname()[1]}", read=0.05)
        with pytest.raises(EngineError, match="no answer within"):
            client.decide({})
        client.session.close()


def test_nothing_listens() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        client = OpaClient(url=f"http://127.0.0.1:{holder.getsockname()[1]}")
        with pytest.raises(EngineError, match="cannot be asked") as caught:
            client.healthy()
        assert "livegate opa run" in str(caught.value)


def test_what_cannot_be_written_as_json(client: OpaClient, web: WebServer) -> None:
    for given in ({"x": float("nan")}, {"x": object()}):
        with pytest.raises(EngineError, match="cannot be written as JSON"):
            client.decide(given)
    assert web.paths == []


def test_health(client: OpaClient, web: WebServer) -> None:
    web.put("/health", b"{}")
    assert client.healthy()
    assert web.paths == ["/health?bundles=true"]
    web.put("/health", b'{"error": "not ready"}', status=500)
    assert not client.healthy()
    assert client.ailment() == "not ready"
    web.put("/health", b"", status=404)
    with pytest.raises(EngineError, match="answered 404"):
        client.healthy()


def test_neither_proxy_nor_netrc_of_the_environment(
    web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    web.put("/health", b"{}")
    client = OpaClient(url=web.url)
    assert client.healthy()
    assert "Authorization" not in web.asked[0][2]
    client.session.close()
