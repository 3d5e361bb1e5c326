"""TLS: whose certificate is accepted, and that nothing leads back out of it."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from livegate.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path


def certificate(folder: Path, *, address: str) -> tuple[Path, Path]:
    """A self-signed certificate for ``address`` and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "server.pem", folder / "server.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return pem, private


def secured(server: Any, folder: Path, *, address: str = "127.0.0.1") -> str:
    """Put TLS before the server; its address."""
    pem, private = certificate(folder, address=address)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return f"https://127.0.0.1:{server.server_port}"


def test_a_named_authority_is_accepted(connector: Any, server: Any, world: Any) -> None:
    url = secured(server, world.base)
    server.respond = connector.healthy

    assert len(list(connector.source(server, world, url=url, ca="server.pem").listing().rows)) == connector.rows


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        pytest.param({}, "127.0.0.1", id="unknown-authority"),
        pytest.param({"ca": "server.pem"}, "127.0.0.2", id="another-host"),
    ],
)
def test_any_other_certificate_is_refused(
    *,
    settings: dict[str, str],
    address: str,
    connector: Any,
    server: Any,
    world: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = secured(server, world.base, address=address)
    server.respond = connector.healthy
    # what the environment says of authorities does not count
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(world.base / "server.pem"))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(world.base / "server.pem"))

    with pytest.raises(SourceError, match="certificate could not be verified"):
        connector.source(server, world, url=url, **settings).listing()
    assert server.seen == []


def test_a_redirect_out_of_tls_is_not_followed(connector: Any, server: Any, world: Any) -> None:
    url = secured(server, world.base)
    plain = url.replace("https", "http")
    server.respond = lambda exchange: exchange.send(301, b"", location=plain + exchange.path)

    with pytest.raises(SourceError, match=f"redirects from {url}.* to {plain}.*not followed"):
        connector.source(server, world, url=url, ca="server.pem").listing()
    assert len(server.seen) == 1


def test_a_slow_answer_over_tls_is_cut(connector: Any, server: Any, world: Any) -> None:
    url = secured(server, world.base)

    def drip(exchange: Any) -> None:
        exchange.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:
            exchange.wfile.write(b"x")
            exchange.wfile.flush()

    server.respond = drip

    with pytest.raises(SourceError):
        connector.source(server, world, url=url, ca="server.pem", timeout=0.1).listing()
