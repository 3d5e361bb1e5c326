"""The digest of an action's parameters: what was approved, recognisable in the request that it is used for.

``sha-256:`` and the unpadded base64url SHA-256 of the parameters as compact JSON, as OPA writes it: what
``json.marshal`` gives and ``crypto.sha256`` hashes. That is Go's form: keys sorted bytewise, ``<``, ``>``, ``&``,
U+2028 and U+2029 escaped, and each number as it was written (``1.0`` is not ``1``).
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

from livegate import canonical
from livegate.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX = "sha-256:"
_ESCAPES = ((b"<", b"\\u003c"), (b">", b"\\u003e"), (b"&", b"\\u0026"))
"""What Go escapes and :mod:`livegate.canonical` does not; in compact JSON they occur inside text alone."""


def parameter_digest(properties: Mapping[str, Any]) -> str:
    """The digest of ``action.properties``, its numbers as Python's ``json`` writes them; ``{}`` where there are none.

    Raises:
        DocumentError: what JSON lacks (NaN, a key that is no text, a lone surrogate), or nesting beyond 200.
    """
    canonical.dumps(properties)  # refuses what `json` would write in a form of its own
    return text_digest(json.dumps(properties, allow_nan=False).encode())


def text_digest(text: bytes, *, where: str = "parameters") -> str:
    """The digest of ``action.properties`` given as the JSON text of the request, numbers as they are there.

    Raises:
        DocumentError: not JSON, no object, a key twice, or nesting beyond 200; names ``where``.
    """
    data = canonical.normalise(text, where=where)
    if not data.startswith(b"{"):
        raise DocumentError("parameters are an object", where=where)
    for plain, escaped in _ESCAPES:
        data = data.replace(plain, escaped)
    return _PREFIX + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
