"""An ephemeral X.509 authority of one trust domain: root, intermediate, and SVIDs as a workload shows them.

Keys are made at run time and kept in memory alone. A leaf may be given flaws by name, so that what must be
refused (SPIFFE X.509-SVID specification, sections 4 and 5) can be tried as well.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from livegate.errors import ConfigError
from livegate.model.instants import from_ns
from livegate.regression.mint import Key, b64url

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_LONG_AHEAD = datetime(2049, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Authority:
    """Root and intermediate of one trust domain; the intermediate signs what workloads hold."""

    trust_domain: str
    root: x509.Certificate = field(repr=False)
    intermediate: x509.Certificate = field(repr=False)
    _signer: ec.EllipticCurvePrivateKey = field(repr=False, compare=False)

    @classmethod
    def new(cls, trust_domain: str, *, until: int | datetime = _LONG_AHEAD) -> Self:
        """A fresh root with an intermediate below it, valid for the whole of every test, or ``until`` then."""
        top, middle = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root_name, name = _named(f"{trust_domain} root"), _named(f"{trust_domain} intermediate")
        root = _authority(root_name, root_name, top.public_key(), top, trust_domain, 1, _LONG_AHEAD)
        intermediate = _authority(name, root_name, middle.public_key(), top, trust_domain, 0, _when(until))
        return cls(trust_domain, root, intermediate, middle)

    def roots(self) -> str:
        """The root in PEM, as ``trust.roots[domain]`` holds it."""
        return _pem(self.root)

    def leaf(
        self,
        spiffe_id: str | None,
        not_before: int | datetime,
        not_after: int | datetime,
        *,
        also: tuple[x509.GeneralName, ...] = (),
        ca: bool = False,
        usages: frozenset[str] = frozenset({"digital_signature"}),
        extended: tuple[ObjectIdentifier, ...] = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH),
        chain: bool = True,
    ) -> tuple[Key, str]:
        """A workload's key and its chain in PEM, leaf first.

        Args:
            spiffe_id: the URI SAN; any text, none at all for None.
            not_before: aware datetime or nanoseconds; a certificate counts whole seconds.
            not_after: the same.
            also: further names of the SAN.
            ca: the leaf says that it is an authority.
            usages: names of the key usages that are set, as ``cryptography`` calls them.
            extended: extended key usages; none for no such extension.
            chain: whether the intermediate follows the leaf.

        Raises:
            ConfigError: the names are such that no certificate can hold them.
        """
        key = Key.new("ES256", "")
        try:
            built = _leaf(self, key, spiffe_id, _when(not_before), _when(not_after), also, ca, usages, extended)
        except (ValueError, TypeError) as error:
            raise ConfigError(f"no certificate can be made: {error}", where=self.trust_domain) from error
        return key, _pem(built) + (_pem(self.intermediate) if chain else "")


def x5t(pem: str) -> str:
    """The SHA-256 thumbprint (RFC 8705, section 3.1) of the first certificate in a PEM text."""
    body = pem.split("-----BEGIN CERTIFICATE-----", 1)[1].split("-----END CERTIFICATE-----", 1)[0]
    return b64url(hashlib.sha256(base64.b64decode(body)).digest())


def trust_domain(*, max_ttl: int = 86_400, leeway: int = 30) -> dict[str, int]:
    """An entry of ``trust.domains``; seconds."""
    return {"max_ttl": max_ttl * 1_000_000_000, "leeway": leeway * 1_000_000_000}


def _leaf(
    authority: Authority,
    key: Key,
    spiffe_id: str | None,
    begins: datetime,
    ends: datetime,
    also: tuple[x509.GeneralName, ...],
    ca: bool,
    usages: frozenset[str],
    extended: tuple[ObjectIdentifier, ...],
) -> x509.Certificate:
    named = ([] if spiffe_id is None else [x509.UniformResourceIdentifier(spiffe_id)]) + list(also)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named("workload"))
        .issuer_name(authority.intermediate.subject)
        .public_key(key.private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage(usages), critical=True)
    )
    if named:
        builder = builder.add_extension(x509.SubjectAlternativeName(named), critical=False)
    if extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    return builder.sign(authority._signer, hashes.SHA256())


def _authority(
    name: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePrivateKey,
    domain: str,
    depth: int,
    ends: datetime,
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_LONG_AGO)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=True, path_length=depth), critical=True)
        .add_extension(usage(frozenset({"key_cert_sign", "crl_sign"})), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"spiffe://{domain}")]), critical=False
        )
        .sign(signer, hashes.SHA256())
    )


def usage(names: frozenset[str]) -> x509.KeyUsage:
    """The key usage extension with these usages set, as ``cryptography`` calls them."""
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in names for name in every})


def _named(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _when(moment: int | datetime) -> datetime:
    return moment if isinstance(moment, datetime) else from_ns(moment)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
