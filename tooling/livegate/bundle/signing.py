"""``.signatures.json``: one compact JWS over the hashes of all files (OPA docs, management-bundles, "Signing").

ES256 signatures are deterministic (RFC 6979) instead of random: same files, same key, same bytes, so a signed
bundle is reproducible too. What a key id does to rotation: header ``kid`` and payload ``keyid`` name the key, and
OPA 1.22.2 with ``signing: {}`` looks it up among its ``keys``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from jwt.utils import der_to_raw_signature

from livegate import canonical
from livegate.bundle import keys

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = ".signatures.json"
ALGORITHM = "ES256"
HASH = "SHA-256"


class Signer(Protocol):
    """Signs the payload of a bundle's signature; an adapter for a KMS or HSM has these three."""

    @property
    def kid(self) -> str:
        """The key id that the verifier looks up."""

    @property
    def algorithm(self) -> str:
        """The JWS algorithm, ``ES256``."""

    def sign(self, payload: bytes) -> str:
        """The compact JWS of ``payload`` with ``kid`` in its header."""


class _Deterministic(ECAlgorithm):
    """PyJWT's ES256 with the nonce of RFC 6979."""

    def __init__(self) -> None:
        super().__init__(hashes.SHA256, ec.SECP256R1)

    def sign(self, msg: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
        """The raw signature (r, s) of ``msg``."""
        der = key.sign(msg, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        return der_to_raw_signature(der, key.curve)


def _jws() -> jwt.PyJWS:
    codec = jwt.PyJWS(algorithms=[ALGORITHM])
    codec.unregister_algorithm(ALGORITHM)
    codec.register_algorithm(ALGORITHM, _Deterministic())
    return codec


@dataclass(frozen=True, slots=True)
class KeySigner:
    """A signer with the private key in memory; its repr shows the key id alone."""

    kid: str
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    algorithm: str = ALGORITHM

    @classmethod
    def load(cls, kid: str, reference: str, *, base: Path | None = None) -> KeySigner:
        """The signer of the key that ``reference`` names (``file:`` or ``env:``).

        Raises:
            ConfigError: see :func:`livegate.bundle.keys.load_private`.
        """
        return cls(kid, keys.load_private(reference, where=f"signing key {kid}", base=base))

    def sign(self, payload: bytes) -> str:
        """The compact JWS of ``payload``."""
        return _jws().encode(payload, self.key, algorithm=ALGORITHM, headers={"kid": self.kid})


def signatures(digests: Mapping[str, str], signer: Signer) -> bytes:
    """The bytes of ``.signatures.json`` over ``digests`` (file name without leading slash → SHA-256 in hex)."""
    files = [{"name": name, "hash": digests[name], "algorithm": HASH} for name in sorted(digests)]
    payload = canonical.dumps({"files": files, "keyid": signer.kid})
    return canonical.dumps({"signatures": [signer.sign(payload)]})
