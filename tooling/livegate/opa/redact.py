"""Text of other programs made fit for an error message: short, and without what opens doors."""

from __future__ import annotations

import re

_HIDDEN = "[hidden]"
_PATTERNS = (
    # A PEM private key, also with its line ends escaped as JSON does, also when cut off.
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"(?i)(?<=bearer )[^\s\"',\]}]+"),
    re.compile(r"\beyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)?"),
    # user:password@ in a URL, as in a proxy's.
    re.compile(r"(?<=://)[^/\s@\"']+(?=@)"),
)


def redact(text: str, *, secrets: tuple[str, ...] = ()) -> str:
    """``text`` with tokens, private keys, passwords in URLs and the given secrets hidden."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, _HIDDEN)
    for pattern in _PATTERNS:
        text = pattern.sub(_HIDDEN, text)
    return text


def tail(text: str, *, lines: int = 12, width: int = 400, secrets: tuple[str, ...] = ()) -> str:
    """The last ``lines`` lines that are not empty, each cut to ``width`` characters, redacted before the cut."""
    kept = [line.rstrip() for line in redact(text, secrets=secrets).splitlines() if line.strip()]
    return "\n".join(line if len(line) <= width else f"{line[:width]}…" for line in kept[-lines:])
