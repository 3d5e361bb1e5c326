"""X.509 chains: read, verified under roots, and what a SPIFFE leaf must be."""

from __future__ import annotations

import base64
import re
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from tests.oracle.digest import encoded

from livegate.model.instants import to_ns

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST = 32_768
_PEM = re.compile(r"(-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----[\r\n]*)+")
_BODY = re.compile(r"-----BEGIN CERTIFICATE-----([^-]+)-----END")
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


@lru_cache(maxsize=2_000)
def chain(pem: str) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM text, in order; none where one cannot be read, or anything else is in the text."""
    if _BLOCK.sub("", pem).strip("\r\n"):
        return ()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            return tuple(x509.load_pem_x509_certificate(block.encode()) for block in _BLOCK.findall(pem))
    except ValueError:
        return ()


def thumbprint(certificate: x509.Certificate) -> str:
    """``x5t#S256`` of a certificate."""
    return encoded(certificate.public_bytes(Encoding.DER))


def shown(pem: Any) -> str | None:
    """``x5t#S256`` of the first certificate of a PEM text; what follows it need only be PEM."""
    if not isinstance(pem, str) or len(pem) > LARGEST or not _PEM.fullmatch(pem):
        return None
    try:
        bodies = [base64.b64decode(re.sub("[\\r\\n]", "", body), validate=True) for body in _BODY.findall(pem)]
    except ValueError:
        return None
    return encoded(bodies[0])


def leaf(pem: Any) -> x509.Certificate | None:
    """The first certificate of a PEM text."""
    found = chain(pem) if isinstance(pem, str) else ()
    return found[0] if found else None


def start(certificate: x509.Certificate) -> int:
    """NotBefore, ns."""
    return to_ns(certificate.not_valid_before_utc)


def end(certificate: x509.Certificate) -> int:
    """NotAfter, ns."""
    return to_ns(certificate.not_valid_after_utc)


def trusted_until(pem: str, roots: Any, now: int) -> int | None:
    """Until when (ns) a chain, leaf first, that is valid at ``now`` under ``roots`` (PEM) stays so; None if it is not.

    The first end on the way to a root; of several ways the one that lasts longest.
    """
    found = chain(pem)
    anchors = chain(roots) if isinstance(roots, str) else ()
    return _path(found[0], found[1:], anchors, now) if found and anchors else None


def one_uri(certificate: x509.Certificate) -> str | None:
    """The one URI among the subject's alternative names; None without, or where anything but DNS names is beside it."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return None
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    known = (x509.UniformResourceIdentifier, x509.DNSName)
    return uris[0] if len(uris) == 1 and all(isinstance(name, known) for name in names) else None


def is_leaf(certificate: x509.Certificate) -> bool:
    """No CA, digitalSignature, neither keyCertSign nor cRLSign."""
    usage = _extension(certificate, x509.KeyUsage)
    if _authority(certificate) or usage is None:
        return False
    return bool(usage.digital_signature and not usage.key_cert_sign and not usage.crl_sign)


def _path(
    one: x509.Certificate, between: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate], now: int
) -> int | None:
    if not start(one) <= now < end(one):
        return None
    ends: list[int | None] = [end(one) for anchor in anchors if one == anchor]
    ends += [end(anchor) for anchor in anchors if _issued(one, anchor) and start(anchor) <= now < end(anchor)]
    ends += [
        _path(issuer, [other for other in between if other is not issuer], anchors, now)
        for issuer in between
        if _issued(one, issuer)
    ]
    above = [until for until in ends if until is not None]
    return min(end(one), max(above)) if above else None


def _issued(one: x509.Certificate, issuer: x509.Certificate) -> bool:
    usage = _extension(issuer, x509.KeyUsage)
    if not _authority(issuer) or (usage is not None and not usage.key_cert_sign):
        return False
    try:
        one.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _authority(certificate: x509.Certificate) -> bool:
    basic = _extension(certificate, x509.BasicConstraints)
    return basic is not None and bool(basic.ca)


def _extension(certificate: x509.Certificate, kind: Any) -> Any:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, ValueError):
        return None
