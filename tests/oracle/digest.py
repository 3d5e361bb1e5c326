"""The digest of an action's parameters."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from tests.oracle.values import dumps


def digest(parameters: dict[str, Any]) -> str:
    """``sha-256:`` and the unpadded base64url SHA-256 of the parameters as Go writes compact JSON with sorted keys."""
    return f"sha-256:{encoded(dumps(parameters, escape=True).encode())}"


def encoded(content: bytes) -> str:
    """Unpadded base64url of the SHA-256 of ``content``."""
    return part(hashlib.sha256(content).digest())


def part(content: bytes) -> str:
    """Unpadded base64url, as a part of a token."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
