"""The ``spiffe`` connector: the keys of one trust domain, as its bundle lists them.

Source: SPIFFE Trust Domain and Bundle, 4 (JWKS with ``use`` on every entry, ``spiffe_sequence``,
``spiffe_refresh_hint``). Keys of JWT-SVIDs and WIT-SVIDs become JWKs, authorities of X.509-SVIDs certificates; an
entry without a use that is known is left out and shown. An older bundle, or another one of the same sequence, is
refused by the frame. An empty bundle withdraws everything.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from livegate.model.instants import from_ns
from livegate.model.records import Key, KeyUse
from livegate.model.snapshot import Quarantined
from livegate.sources import keys
from livegate.sources.keyset import Publication, span, whole
from livegate.sources.protocol import Listing, Version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import Any

    from livegate.sources.config import SourceConfig
    from livegate.sources.keyset import KeySet
    from livegate.sources.protocol import Effects, Row

_SCHEME = "spiffe://"
_CERTIFICATE = 32 * 1024
_UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    x509.InvalidVersion,
)


class SpiffeSource:
    """One trust domain; implements :class:`livegate.sources.protocol.Source`."""

    def __init__(self, config: SourceConfig, effects: Effects) -> None:
        """Read the ``spiffe`` section of the configuration; nothing is sent yet.

        Raises:
            ConfigError: an address that must not be used.
        """
        self._domain: str = config.settings["trust_domain"]
        self._where = f"{config.where}.spiffe"
        self._effects = effects
        self._publication = Publication(config.settings, where=self._where, effects=effects)

    def listing(self) -> Listing:
        """The bundle that is published now.

        Raises:
            SourceError: not reached, refused, or no bundle.
        """
        found = self._publication.read()
        sequence = whole(found.members, "spiffe_sequence", where=self._where)
        hint = whole(found.members, "spiffe_refresh_hint", where=self._where)
        return Listing(
            found.observed_at,
            self._rows(found, from_ns(self._effects.now())),
            version=Version(sequence, found.digest) if sequence is not None else None,
            refresh=span(hint),
        )

    def _rows(self, found: KeySet, now: datetime) -> Iterator[Row]:
        repeated = found.repeated()
        authorities: set[str] = set()
        for number, entry in enumerate(found.entries):
            where = f"{self._domain}: keys[{number}]"
            try:
                row = self._key(entry, repeated, now)
            except ValueError as error:
                yield Quarantined(where=where, reason=str(error))
                continue
            if row.use is KeyUse.X509_SVID and row.id in authorities:
                continue  # the same certificate once more says nothing new
            authorities.add(row.id)
            yield row

    def _key(self, entry: Any, repeated: frozenset[str], now: datetime) -> Key:
        if not isinstance(entry, dict):
            raise ValueError("no object")  # a row that cannot be mapped, whatever it is
        use = entry.get("use")
        if not isinstance(use, str) or use not in {KeyUse.JWT_SVID, KeyUse.WIT_SVID, KeyUse.X509_SVID}:
            raise ValueError("it has no use, or one that is not known here")
        found = keys.checked(entry)
        if use == KeyUse.X509_SVID:
            certificate = self._authority(entry, now)
            if certificate.public_key() != found.key:
                raise ValueError("the certificate in x5c is of another key")
            der = certificate.public_bytes(Encoding.DER)
            return Key(
                id=hashlib.sha256(der).hexdigest(),
                issuer=self._domain,
                use=KeyUse.X509_SVID,
                certificate=certificate.public_bytes(Encoding.PEM).decode(),
            )
        kid = keys.key_id(entry)
        if kid in repeated:
            raise ValueError("another key has this kid, and nobody can say which is meant")
        return Key(id=kid, issuer=self._domain, use=KeyUse(use), alg=found.alg, jwk=found.jwk(kid))

    def _authority(self, entry: dict[str, Any], now: datetime) -> x509.Certificate:
        """The one certificate in ``x5c`` (RFC 7517, 4.7: base64 with padding), if it is an authority of the domain."""
        chain = entry.get("x5c")
        if not isinstance(chain, list) or len(chain) != 1 or not isinstance(chain[0], str):
            raise ValueError("x5c is not one certificate")
        if len(chain[0]) > _CERTIFICATE:
            raise ValueError(f"x5c is longer than {_CERTIFICATE} characters")
        try:
            certificate = x509.load_der_x509_certificate(base64.b64decode(chain[0], validate=True))
            basic, usage, names = _read(certificate)
            key = certificate.public_key()
        except (binascii.Error, *_UNREADABLE):
            raise ValueError("x5c is no certificate that can be read") from None  # the library's words may repeat it
        if not basic or not usage:
            raise ValueError("the certificate is no authority that signs certificates")
        if not keys.strong(key):
            raise ValueError("the certificate's key is of a kind or size that is not relied upon")
        if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
            raise ValueError("the certificate is not valid now")
        if any(name != _SCHEME + self._domain for name in names if name.startswith(_SCHEME)):
            raise ValueError("the certificate is that of another trust domain")
        return certificate


def _read(certificate: x509.Certificate) -> tuple[bool, bool, list[str]]:
    """Whether it is a CA, whether it may sign certificates, and its URI names."""
    extensions = certificate.extensions
    basic, usage, names = False, True, []
    for extension in extensions:
        match extension.value:
            case x509.BasicConstraints(ca=ca):
                basic = ca
            case x509.KeyUsage(key_cert_sign=sign):
                usage = sign
            case x509.SubjectAlternativeName() as alternative:
                names = alternative.get_values_for_type(x509.UniformResourceIdentifier)
    return basic, usage, names
