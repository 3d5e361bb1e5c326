"""X.509 authorities of a trust domain and the leaves that they issue, good ones and flawed ones."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.fuzz.cast import START

from livegate.regression.authority import usage


class Authority:
    """A root and an intermediate authority of a trust domain."""

    def __init__(self, domain: str) -> None:
        self._domain = domain
        self._root_key, self._key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = self._sign(self._root_key, self._root_key, "root", "root", ca=True, path=1)
        middle = self._sign(self._key, self._root_key, "middle", "root", ca=True, path=0)
        self.root, self._middle = (_pem(one) for one in (root, middle))

    def leaf(
        self,
        name: str,
        *,
        ttl: int = 3_600,
        start: int = -600,
        more: tuple[str, ...] = (),
        uri: bool = True,
        ca: bool = False,
        usage: str = "digital_signature",
    ) -> tuple[str, Any]:
        """A leaf's chain, PEM, leaf first, and its key. ``start``: seconds from START, ``ttl`` from there."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._sign(
            key,
            self._key,
            "leaf",
            "middle",
            ca=ca,
            names=((name,) if uri else ()) + more,
            usage=usage,
            start=start,
            ttl=ttl,
        )
        return _pem(made) + self._middle, key

    def _sign(
        self,
        key: ec.EllipticCurvePrivateKey,
        by: ec.EllipticCurvePrivateKey,
        name: str,
        issuer: str,
        *,
        ca: bool,
        path: int | None = None,
        names: tuple[str, ...] = (),
        usage: str = "key_cert_sign",
        start: int = -86_400,
        ttl: int = 864_000,
    ) -> x509.Certificate:
        first = dt.datetime.fromtimestamp(START + start, dt.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(_name(f"{self._domain} {name}"))
            .issuer_name(_name(f"{self._domain} {issuer}"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(first)
            .not_valid_after(first + dt.timedelta(seconds=ttl))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=path if ca else None), critical=True)
            .add_extension(_usage(usage), critical=True)
        )
        if names:
            made = made.add_extension(
                x509.SubjectAlternativeName([x509.UniformResourceIdentifier(one) for one in names]), critical=False
            )
        return made.sign(by, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(named: str) -> x509.KeyUsage:
    return usage(frozenset({named, "digital_signature"} if named == "crl_sign" else {named}))
