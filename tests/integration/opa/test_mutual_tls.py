"""Callers by certificate: OPA's own TLS server, the policy as it ships, certificates made here."""

from __future__ import annotations

import datetime
import ipaddress
import json
from typing import TYPE_CHECKING

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from livegate.opa.client import direct_session
from livegate.opa.config import Settings, text
from livegate.opa.process import Configured, OpaProcess, Tls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.integration.opa.conftest import Build, Bundles, KeyPair

    from livegate.opa.engine import Engine

ASK = "/v1/data/authz/evaluation"
TRUST = {
    "peps": {"db-proxy": {"resource_types": {"database": True}, "asserts": {}}},
    "callers": {},
    "workloads": {
        "spiffe://prod.example/db-proxy": {"pep": "db-proxy"},
        "spiffe://prod.example/operator": {"operator": True},
    },
}


class Authority:
    """A root of one trust domain, and what it signs, in PEM files."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, folder.name)])
        self.root = self._write("root", self._sign("root", self._key, (), authority=True), self._key)[0]

    def issue(self, name: str, *names: str) -> tuple[Path, Path]:
        """Certificate and key; ``names`` are URIs or addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._write(name, self._sign(name, key, names, authority=False), key)

    def _sign(
        self, subject: str, key: ec.EllipticCurvePrivateKey, names: tuple[str, ...], *, authority: bool
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        own = self._name if authority else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
             "decipher_only"), False,
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder(self._name, own, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, **usage),
                critical=True,
            )
        )
        if names:
            general: list[x509.GeneralName] = [
                x509.UniformResourceIdentifier(name) if "://" in name else x509.IPAddress(ipaddress.ip_address(name))
                for name in names
            ]
            builder = builder.add_extension(x509.SubjectAlternativeName(general), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def _write(self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> tuple[Path, Path]:
        pem, private = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        pem.write_bytes(certificate.public_bytes(Encoding.PEM))
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return pem, private


@pytest.fixture
def prod(tmp_path: Path) -> Authority:
    """The trust domain that OPA's callers belong to."""
    return Authority(tmp_path / "prod")


@pytest.fixture
def call(
    *,
    opa_engine: Engine,
    build: Build,
    bundles: Bundles,
    key: KeyPair,
    prod: Authority,
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> Iterator[Callable[..., requests.Response]]:
    """Asks a running OPA with the shipped policy: ``call(method, path, certificate and key, body, headers)``."""
    rego = pytestconfig.rootpath / "rego"
    files = {
        str(path.relative_to(rego)): path.read_text("utf-8")
        for path in rego.rglob("*.rego")
        if not path.name.endswith("_test.rego")
    }
    bundles.files["policy"] = build("policy", ["authz", "system"], files)
    bundles.files["trust"] = build("trust", ["trust"], {"trust/data.json": json.dumps(TRUST)})
    (tmp_path / "token").write_text("server-token")
    settings = Settings(
        service=bundles.url,
        token=tmp_path / "token",
        keys={key.kid: key.public.read_text()},
        version=opa_engine.version,
        persistence=tmp_path / "persisted",
        bundles=("policy", "trust"),
    )
    (tmp_path / "opa.json").write_text(text(settings))
    certificate, private = prod.issue("server", "127.0.0.1")
    mode = Configured(config=tmp_path / "opa.json", tls=Tls(certificate=certificate, key=private, callers=prod.root))
    with OpaProcess(opa_engine.path, mode, folder=tmp_path / "run") as server:
        assert server.url.startswith("https://")

        def ask(
            method: str, path: str, shown: tuple[Path, Path] | None, body: object = None, **headers: str
        ) -> requests.Response:
            with direct_session() as session:  # one connection a call: it is the handshake that counts
                return session.request(
                    method,
                    server.url + path,
                    json=body,
                    headers=headers,
                    verify=str(prod.root),
                    cert=None if shown is None else (str(shown[0]), str(shown[1])),
                    timeout=30,
                    allow_redirects=False,
                )

        yield ask


def asked(pep: str) -> dict[str, object]:
    """A request in the name of an enforcement point."""
    return {
        "input": {
            "subject": {"type": "human", "id": "alice"},
            "action": {"name": "query"},
            "resource": {"type": "database", "id": "orders-prod"},
            "context": {"pep": pep},
        }
    }


def test_callers_by_certificate(call: Callable[..., requests.Response], prod: Authority, tmp_path: Path) -> None:
    proxy = prod.issue("proxy", "spiffe://prod.example/db-proxy")
    operator = prod.issue("operator", "spiffe://prod.example/operator")

    # An enforcement point, by its SPIFFE ID: decisions in its own name, and nothing else.
    done = call("POST", ASK, proxy, asked("db-proxy"))
    assert done.status_code == 200, done.text
    assert done.json()["result"]["decision"] is False, "there is no catalogue, so it is denied, but it is decided"
    assert call("POST", ASK, proxy, asked("ledger-api")).status_code == 401
    assert call("POST", ASK, proxy, {"input": {}}).status_code == 401
    assert call("POST", "/v1/data/trust", proxy, {}).status_code == 401
    assert call("GET", "/metrics", proxy).status_code == 401

    # An operator.
    assert call("GET", "/metrics", operator).status_code == 200
    assert call("POST", ASK, operator, asked("db-proxy")).status_code == 401

    # Other certificates of the same trust domain.
    for name, uris in {
        "another": ("spiffe://prod.example/other",),
        "below": ("spiffe://prod.example/db-proxy/x",),
        "upper": ("SPIFFE://prod.example/db-proxy",),
        "fragment": ("spiffe://prod.example/db-proxy#",),
        "escaped": ("spiffe://prod.example/db%2Dproxy",),
        "user": ("spiffe://x@prod.example/db-proxy",),
        "port": ("spiffe://prod.example:443/db-proxy",),
        "two": ("spiffe://prod.example/db-proxy", "spiffe://prod.example/operator"),
        "address": ("127.0.0.1",),
        "none": (),
    }.items():
        shown = prod.issue(name, *uris)
        assert call("POST", ASK, shown, asked("db-proxy")).status_code == 401, name

    # A token beside the certificate is of nobody that trust knows.
    assert call("POST", ASK, proxy, asked("db-proxy"), Authorization="Bearer x").status_code == 401

    # The handshake asks for a certificate of this trust domain.
    stranger = Authority(tmp_path / "stranger").issue("proxy", "spiffe://prod.example/db-proxy")
    for unknown in (None, stranger):
        with pytest.raises(requests.exceptions.ConnectionError):
            call("POST", ASK, unknown, asked("db-proxy"))
    assert call("POST", ASK, proxy, asked("db-proxy")).status_code == 200
    said = (tmp_path / "run" / "opa.log").read_text()
    assert "didn't provide a certificate" in said
    assert "signed by unknown authority" in said
