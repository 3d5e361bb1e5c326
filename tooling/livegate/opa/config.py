"""OPA's configuration, generated: one pure function from settings to text, so that no hand-kept copy drifts.

What it always says, and why (each measured on 1.22.2):

- ``signing`` on every bundle. With it an unsigned bundle and every delta are refused, and the old data goes on.
- one live key: ``keyid`` names it. Several live keys (a rotation): ``signing: {}``, and the key id in the bundle
  chooses among ``keys``. Before 1.22.2 that is not known to refuse unsigned bundles, so there it is not generated.
- ``persist``: a restart without the bundle server starts from the last verified bundles (and older OPAs, too, then
  refuse deltas). Their age is judged by the policy, not by OPA.
- long polling with small delays: a revocation bites within tens of milliseconds, and after an error OPA asks again
  within seconds, not minutes.
- bounded bodies: OPA's defaults of 256 MiB and 512 MiB are an invitation. 1 MiB, since a request is some kilobytes with
  a chain of certificates in it; what is larger gets a 400 that names the limit, plain or unpacked.
- ``upload_size_limit_bytes`` above the largest request and its answer, since an event that does not fit is dropped, and
  whoever pads a request could so keep its decision out of the log. Worse: from then on OPA drops every event that is,
  not compressed, as large as that one. OPA's default is 32 KiB. Not much above: one upload unpacks to some twenty times
  of it, which the server has to take.
- no ``nd_builtin_cache``: the clock is the only non-deterministic built-in of a decision, and the answer holds it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from livegate.errors import ConfigError
from livegate.opa.versions import Version

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BUNDLES = ("policy", "iga", "pam", "trust", "revocations")
"""The five bundles of a deployment, each with a root of its own."""

SEVERAL_KEYS = Version(1, 22, 2)
"""The first version on which ``signing`` without ``keyid`` was measured to refuse unsigned bundles."""

_SERVICE = "livegate"
_MIB = 1 << 20
_ANSWER_BYTES = _MIB
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a deployment chooses.

    Args:
        service: URL of the bundle server; https, or http to loopback.
        token: file with the bearer token for it; OPA reads it at each request, so a new token needs no restart.
        keys: key id to public key (PEM, P-256); all of them are live. version: of the OPA that will read this.
        persistence: folder where OPA keeps verified bundles. ca: file with the certificates that the server's leads to.
        bundles: names. labels: added to status and decision log.
        poll_seconds: length of one long poll. retry_seconds: (least, most) delay after an error.
        bundle_bytes: largest file in a bundle, unpacked. request_bytes: largest request body, also unpacked.
        log_buffer_bytes: decisions kept for upload while the server is away; beyond it the oldest are lost (counted).
        log_seconds: (least, most) delay between uploads. log_upload_bytes: of one upload, compressed;
            holds the largest request and 1 MiB for its answer.
        tokens_cached: verified tokens kept, 0 for none.
    """

    service: str
    token: Path
    keys: Mapping[str, str]
    version: Version
    persistence: Path
    ca: Path | None = None
    bundles: tuple[str, ...] = BUNDLES
    labels: Mapping[str, str] = field(default_factory=dict)
    poll_seconds: int = 60
    retry_seconds: tuple[int, int] = (1, 5)
    bundle_bytes: int = 1 << 30
    request_bytes: int = _MIB
    log_buffer_bytes: int = 256 * _MIB
    log_seconds: tuple[int, int] = (1, 5)
    log_upload_bytes: int = 2 * _MIB
    tokens_cached: int = 10_000


def document(settings: Settings) -> dict[str, Any]:
    """The configuration as OPA's reference names it, https://www.openpolicyagent.org/docs/configuration.

    Raises:
        ConfigError: a setting that OPA would refuse, or that would weaken what it checks.
    """
    _check_service(settings.service)
    if settings.log_upload_bytes < settings.request_bytes + _ANSWER_BYTES:
        raise ConfigError(
            f"is not {_ANSWER_BYTES} above request_bytes, so the decision on a large request would be lost",
            where="log_upload_bytes",
            todo="leave room for the answer, which the log holds beside the request",
        )
    keys = {kid: _public_key(kid, pem) for kid, pem in sorted(settings.keys.items())}
    signing = _signing(tuple(keys), settings.version)
    built = {
        "services": {_SERVICE: _service(settings)},
        "keys": keys,
        "bundles": {name: _bundle(name, settings, signing) for name in settings.bundles},
        "persistence_directory": str(settings.persistence.absolute()),
        "decision_logs": _decision_logs(settings),
        "status": {"service": _SERVICE, "prometheus": True},
        "caching": _caching(settings),
        "server": {
            "decoding": {
                "max_length": settings.request_bytes,
                "gzip": {"max_length": settings.request_bytes},
            }
        },
        "labels": {"app": "livegate", **settings.labels},
    }
    _refuse_substitution(built, "configuration")
    return built


def text(settings: Settings) -> str:
    """:func:`document` as JSON, which OPA reads as well as YAML and which quotes keys in PEM without surprises."""
    return json.dumps(document(settings), indent=2, sort_keys=True) + "\n"


def _service(settings: Settings) -> dict[str, Any]:
    service: dict[str, Any] = {
        "url": settings.service,
        "credentials": {"bearer": {"token_path": str(settings.token.absolute())}},
    }
    if settings.ca is not None:
        service["tls"] = {"ca_cert": str(settings.ca.absolute())}
    return service


def _signing(kids: tuple[str, ...], version: Version) -> dict[str, str]:
    if not kids:
        raise ConfigError(
            "no public key, so no bundle could be verified", where="keys", todo="make one: `livegate keys new`"
        )
    if len(kids) == 1:
        return {"keyid": kids[0]}
    if version < SEVERAL_KEYS:
        raise ConfigError(
            f"OPA {version} cannot both hold several keys ({', '.join(kids)}) and refuse unsigned bundles",
            where="keys",
            todo=f"use OPA {SEVERAL_KEYS} or newer, or leave one key",
        )
    return {}


def _bundle(name: str, settings: Settings, signing: dict[str, str]) -> dict[str, Any]:
    least, most = settings.retry_seconds
    return {
        "service": _SERVICE,
        "resource": f"bundles/{name}",
        "persist": True,
        "signing": dict(signing),
        "size_limit_bytes": settings.bundle_bytes,
        "polling": {
            "min_delay_seconds": least,
            "max_delay_seconds": most,
            "long_polling_timeout_seconds": settings.poll_seconds,
        },
    }


def _decision_logs(settings: Settings) -> dict[str, Any]:
    least, most = settings.log_seconds
    return {
        "service": _SERVICE,
        "resource": "/logs",
        "reporting": {
            # Bounded by bytes, not by a rate: a burst is logged, and an absent server cannot take all memory.
            "buffer_type": "size",
            "buffer_size_limit_bytes": settings.log_buffer_bytes,
            "upload_size_limit_bytes": settings.log_upload_bytes,
            "min_delay_seconds": least,
            "max_delay_seconds": most,
        },
    }


def _caching(settings: Settings) -> dict[str, Any]:
    if settings.tokens_cached <= 0:
        return {}
    cache = {"max_num_entries": settings.tokens_cached}
    return {"inter_query_builtin_value_cache": {"named": {"io_jwt": cache}}}


def _public_key(kid: str, pem: str) -> dict[str, str]:
    where = f"keys.{kid}"
    if "PRIVATE KEY" in pem:
        raise ConfigError("is a private key", where=where, todo="give OPA the public half; the private one signs only")
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError("is not a public key in PEM", where=where) from error
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ConfigError("is not an EC key on P-256, which ES256 needs", where=where)
    return {"algorithm": "ES256", "key": pem}


def _check_service(url: str) -> None:
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise ConfigError("holds a user name or password", where="service", todo="put a token into the token file")
    if parts.hostname and parts.scheme == "https":
        return
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return
    raise ConfigError(
        f"{url!r} is neither https nor http to this machine",
        where="service",
        todo="use https: the bearer token and the decision log would travel in the clear",
    )


def _refuse_substitution(value: object, where: str) -> None:
    """OPA replaces ``${NAME}`` in its configuration by environment variables: nothing of ours may be taken for one."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_substitution(key, where)
            _refuse_substitution(inner, f"{where}.{key}")
    elif isinstance(value, str) and "${" in value:
        raise ConfigError("holds ${, which OPA would replace by an environment variable", where=where)
