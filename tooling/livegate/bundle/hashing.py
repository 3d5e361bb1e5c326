"""OPA's hash of a file in a bundle, after OPA 1.22.2 ``v1/bundle/hash.go`` and ``IsStructuredDoc``. No I/O.

Structured documents (``data.json``, ``data.yaml``, ``data.yml``, ``.manifest``, by base name) are hashed in
canonical form, all others by their bytes. OPA 1.9.0 hashed ``data.yml`` by its bytes; no bundle of ours has one.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import yaml

from livegate import canonical
from livegate.errors import ConfigError, DocumentError
from livegate.yamlfiles import loads as load_yaml

_JSON = frozenset({"data.json", ".manifest"})
_YAML = frozenset({"data.yaml", "data.yml"})
_BOM = b"\xef\xbb\xbf"
_CORE = re.compile(r"null|~|true|false|-?(0|[1-9][0-9]{0,17})|")
_LETTERED = re.compile(r"(?!(y|n|yes|no|on|off|null|true|false)$)(?:[^\W\d]|[_/*$])[^\n]*", re.IGNORECASE)


def is_structured(name: str) -> bool:
    """Whether OPA hashes the file ``name`` in canonical form instead of by its bytes."""
    return name.rpartition("/")[2] in _JSON | _YAML


def sha256_canonical(data: bytes) -> str:
    """Hash (hex) of a document whose bytes are canonical already; the caller vouches for that.

    0.05 s for 1,000,000 grants: no parsing.
    """
    return hashlib.sha256(canonical.escape(data)).hexdigest()


def sha256_file(name: str, data: bytes) -> str:
    """Hash (hex) that OPA computes for the file ``name`` with the bytes ``data``.

    Raises:
        DocumentError: a structured document that is not JSON or YAML, or whose value is not the same to
            every reader (duplicate keys, YAML scalars on which YAML readers differ).
    """
    base = name.rpartition("/")[2]
    if base in _JSON:
        text = data.removeprefix(_BOM)
        if canonical.is_canonical(text):
            return hashlib.sha256(text).hexdigest()
        return hashlib.sha256(canonical.normalise(text, where=name)).hexdigest()
    if base in _YAML:
        return _sha256_yaml(name, data.removeprefix(_BOM))
    return hashlib.sha256(data).hexdigest()


def _sha256_yaml(name: str, data: bytes) -> str:
    try:
        return hashlib.sha256(canonical.normalise(data, where=name)).hexdigest()
    except DocumentError:  # OPA too tries JSON first
        return hashlib.sha256(canonical.dumps(unambiguous_yaml(data, where=name))).hexdigest()


def unambiguous_yaml(data: bytes, *, where: str) -> Any:
    """The value of YAML whose plain scalars mean the same to Python's and Go's reader.

    Python reads YAML 1.1, OPA its own mixture: ``yes``, ``010``, ``1_000``, ``12:30``, ``1e3``, ``.inf``,
    merge keys and dates may differ. Such a scalar is refused; in quotes it is text to both.

    Raises:
        DocumentError: not YAML, or such a scalar; names line and column.
    """
    try:
        for event in yaml.parse(data, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None) not in (None, "!"):
                raise _ambiguous(where, event.start_mark, "an alias or tag")
            if isinstance(event, yaml.ScalarEvent) and not event.style and not _plain(event.value):
                raise _ambiguous(where, event.start_mark, repr(event.value))
        return load_yaml(data, where=where)
    except (yaml.YAMLError, ConfigError) as error:
        raise DocumentError(f"not YAML: {error}", where=where) from error


def _plain(text: str) -> bool:
    return bool(_CORE.fullmatch(text) or _LETTERED.fullmatch(text))


def _ambiguous(where: str, mark: Any, what: str) -> DocumentError:
    return DocumentError(
        f"{what} does not mean the same to every YAML reader",
        where=f"{where}:{mark.line + 1}:{mark.column + 1}",
        todo="put it in quotes, or keep the document as JSON",
    )
