"""A server on loopback that answers as a test says, and the networked connectors pointed at it."""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from livegate.model.instants import HOUR, parse
from livegate.model.snapshot import Domain
from livegate.sources.config import SourceConfig
from livegate.sources.jwks import JwksSource
from livegate.sources.openbao import OpenBaoSource
from livegate.sources.protocol import Effects
from livegate.sources.scim import ScimSource
from livegate.sources.spiffe import SpiffeSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from livegate.sources.protocol import Source

NOW = parse("2026-11-23T18:00:00Z")
TOKEN = "s.very-secret-0123456789"  # made up, looked for in messages
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
USERS = [{"id": f"u{n}", "userName": f"user{n}", "active": True, "roles": [{"value": "dba"}]} for n in range(5)]
LEASES = [f"{n}bcdefghijklmnopqrstuvwx" for n in range(3)]


@dataclass(frozen=True)
class Asked:
    """What was asked; an :class:`Exchange` is reused for all requests of a connection."""

    route: str
    query: dict[str, str]
    headers: dict[str, str]


class Exchange(BaseHTTPRequestHandler):
    """One request, and the means to answer it well or badly."""

    protocol_version = "HTTP/1.1"
    server: HostileServer

    def handle_one_request(self) -> None:
        """The client may be gone at any time: that is what is tested."""
        with contextlib.suppress(OSError, ValueError):
            super().handle_one_request()
            return
        self.close_connection = True

    def _serve(self) -> None:
        self.content = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or "null")
        self.server.seen.append(Asked(self.route, self.query, dict(self.headers)))
        self.number = len(self.server.seen)
        self.server.respond(self)

    do_GET = do_LIST = do_POST = _serve  # noqa: N815  # names that http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # name of the base class
        """Stay silent."""

    @property
    def route(self) -> str:
        """The path without query."""
        return urlsplit(self.path).path

    @property
    def query(self) -> dict[str, str]:
        """The query, each name once."""
        return {name: values[-1] for name, values in parse_qs(self.path.partition("?")[2], True).items()}

    def send(self, status: int, body: bytes, **headers: str) -> None:
        """A whole answer; ``content_type="…"`` and so on set headers."""
        self.send_response(status)
        given = {name.replace("_", "-").title(): value for name, value in headers.items()}
        for name, value in ({"Content-Type": "application/json", "Content-Length": str(len(body))} | given).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def json(self, value: Any, status: int = 200, **headers: str) -> None:
        """A whole answer in JSON."""
        self.send(status, json.dumps(value).encode(), **headers)


class HostileServer(ThreadingHTTPServer):
    """Answers by :attr:`respond`; remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port of loopback."""
        super().__init__(("127.0.0.1", 0), Exchange)
        self.seen: list[Asked] = []
        self.sent = 0
        self.by_cursor = False
        self.respond: Callable[[Exchange], None] = lambda exchange: exchange.send(404, b"{}")

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


def healthy_scim(exchange: Exchange) -> None:
    """Five users, no groups, by index or by cursor."""
    query = exchange.query
    match exchange.route:
        case "/ServiceProviderConfig":
            exchange.json({"pagination": {"cursor": exchange.server.by_cursor, "maxPageSize": 100}})
        case "/Users":
            position = int(query["cursor"] or 0) if "cursor" in query else int(query["startIndex"]) - 1
            rows = USERS[position : position + int(query["count"])]
            answer = {"schemas": [LIST], "totalResults": len(USERS), "Resources": rows}
            if "cursor" in query and position + len(rows) < len(USERS):
                answer["nextCursor"] = str(position + len(rows))
            exchange.json(answer, content_type="application/scim+json;charset=utf-8")
        case _:
            exchange.json({"schemas": [LIST], "totalResults": 0})


def healthy_openbao(exchange: Exchange) -> None:
    """Three leases, held by the name in their path."""
    match exchange.command, exchange.route:
        case "GET", "/v1/sys/health":
            exchange.json({"initialized": True, "sealed": False, "standby": False})
        case "LIST", "/v1/sys/leases/lookup/ssh/creds/":
            exchange.json({"data": {"keys": [f"alice{n}/" for n in range(3)]}})
        case "LIST", route:
            exchange.json({"data": {"keys": [LEASES[int(route[-2])]]}})
        case _:
            lease = exchange.content["lease_id"]
            data = {"id": lease, "path": lease.rpartition("/")[0], "ttl": 3600}
            window = {"issue_time": "2026-11-23T17:30:00.123456789Z", "expire_time": "2026-11-23T19:00:00Z"}
            exchange.json({"data": data | window})


def public_jwk(kid: str, **more: str) -> dict[str, str]:
    """A fresh public key under this name."""
    made: dict[str, str] = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True)
    return made | {"kid": kid} | more


KEYS = [public_jwk("k1", use="sig", alg="ES256"), public_jwk("k2")]
BUNDLE = {"keys": [public_jwk("s1", use="jwt-svid")], "spiffe_sequence": 4, "spiffe_refresh_hint": 300}


def healthy_keys(exchange: Exchange) -> None:
    """Two keys."""
    exchange.json({"keys": KEYS}, content_type="application/jwk-set+json")


def healthy_bundle(exchange: Exchange) -> None:
    """One key."""
    exchange.json(BUNDLE)


@dataclass
class World:
    """The effects given to a connector, recorded."""

    base: Path
    waits: list[float] = field(default_factory=list)

    def effects(self) -> Effects:
        """Time stands still and waiting costs none."""
        return Effects(now=lambda: NOW, sleep=self.waits.append, base=self.base)


@dataclass
class Connector:
    """One connector and a server that it can list without complaint."""

    kind: str
    healthy: Callable[[Exchange], None]
    make: Callable[[SourceConfig, Effects], Source]
    domain: Domain
    settings: dict[str, Any]
    rows: int
    requests: int = 3
    """Least number of requests that a listing takes."""
    token: bool = True
    says: dict[str, str] = field(default_factory=dict)
    """Fault → its words, where they are not those of every connector."""

    def __str__(self) -> str:
        return self.kind

    def source(self, server: HostileServer, world: World, **settings: Any) -> Source:
        """Pointed at ``server``."""
        config = SourceConfig(
            system="sut",
            domain=self.domain,
            kind=self.kind,
            max_age=HOUR,
            max_fall=0.2,
            keep=3,
            correlate="id",
            settings={"url": server.url, "timeout": 5, "max_bytes": 1_000_000}
            | ({"token": "file:token"} if self.token else {})
            | self.settings
            | settings,
            path=world.base / "sut.yaml",
        )
        return self.make(config, world.effects())


SCIM = Connector("scim", healthy_scim, ScimSource, Domain.IGA, {"page_size": 2}, rows=10)
OPENBAO = Connector(
    "openbao",
    healthy_openbao,
    OpenBaoSource,
    Domain.PAM,
    {"prefixes": {"ssh/creds/": {"entitlement": "ssh:dba", "subject": "ssh/creds/{subject}"}}},
    rows=3,
)


_UNSAID = {"401": "wants to know who asks", "403": "wants to know who asks", "5000-digits": "too many digits"}
_UNSAID["refused-1-GB"] = "wants to know who asks"
JWKS = Connector(
    "jwks",
    healthy_keys,
    JwksSource,
    Domain.TRUST,
    {"issuer": "https://idp.example"},
    rows=2,
    requests=1,
    token=False,
    says=_UNSAID,
)
SPIFFE = Connector(
    "spiffe",
    healthy_bundle,
    SpiffeSource,
    Domain.TRUST,
    {"trust_domain": "prod.example"},
    rows=1,
    requests=1,
    token=False,
    says=_UNSAID,
)


@pytest.fixture(params=[SCIM, OPENBAO, JWKS, SPIFFE], ids=str)
def connector(request: pytest.FixtureRequest) -> Connector:
    """Each networked connector in turn."""
    found: Connector = request.param
    return found


@pytest.fixture
def scim() -> Connector:
    """The SCIM connector."""
    return SCIM


@pytest.fixture
def openbao() -> Connector:
    """The OpenBao connector."""
    return OPENBAO


@pytest.fixture
def server() -> Iterator[HostileServer]:
    """A server; stopped afterwards."""
    found = HostileServer()
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield found
    found.shutdown()
    found.server_close()
    thread.join()


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Effects, and a folder with the token in it."""
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    return World(tmp_path)
