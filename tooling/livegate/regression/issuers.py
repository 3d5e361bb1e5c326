"""The issuers of a population: whoever its trust document names, with keys that live for one run.

A suite says what a credential claims; it is minted here when the case is asked, and OPA verifies it by the very
document that it verifies others by. So no key and no token is kept in a suite, and none that is ever outlives its run.
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from livegate import canonical
from livegate.errors import ConfigError
from livegate.files import write_bytes
from livegate.model.instants import DAY, LEAST, SECOND
from livegate.regression import mint
from livegate.regression.authority import Authority, x5t
from livegate.regression.mint import Key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

USES = {"jwt-svid": "jwt-svid", "wit": "wit-svid"}
"""Kind of proof to the use of its issuer's key; ``sig`` for all others."""

_PREFERRED: tuple[mint.Alg, ...] = (
    "ES256",
    "EdDSA",
    "ES384",
    "ES512",
    "PS256",
    "RS256",
    "PS384",
    "RS384",
    "PS512",
    "RS512",
)
_SYSTEM = "minted"
_SINCE, _UNTIL = 60 * SECOND, 240 * SECOND
_CONNECTION = {"method": "POST", "url": "https://pep.example/"}


@dataclass(frozen=True, slots=True)
class Issuers:
    """Keys by use and issuer, authorities by trust domain, keys of enforcement points by name."""

    trust: Mapping[str, Any]
    keys: Mapping[tuple[str, str], Key] = field(repr=False)
    authorities: Mapping[str, Authority] = field(repr=False)
    peps: Mapping[str, Key] = field(repr=False)

    @classmethod
    def of(cls, trust: Mapping[str, Any]) -> Self:
        """Issuers for everything that a ``trust`` document (without keys) names."""
        keys: dict[tuple[str, str], Key] = {}
        for kind, issuers in trust.get("issuers", {}).items():
            for issuer, terms in issuers.items():
                alg = next(alg for alg in _PREFERRED if alg in terms["algs"])
                use = USES.get(kind, "sig")
                keys.setdefault((use, issuer), Key.new(alg, f"{use}@{issuer}"))
        authorities = {domain: Authority.new(domain) for domain in trust.get("domains", {})}
        return cls(trust, keys, authorities, {pep: Key.new("ES256", f"pep@{pep}") for pep in trust["peps"]})

    def document(self, now: int) -> dict[str, Any]:
        """What the ``trust`` document gains, so that these issuers' credentials count.

        Their keys are listed as a sync lists them: by one system, seen whole at ``now`` (ns), for a day.
        """
        keys: dict[str, dict[str, Any]] = {}
        for (use, issuer), key in self.keys.items():
            keys.setdefault(issuer, {})[use] = mint.trust_keys(key)
        made = {
            "keys": keys,
            "roots": {domain: authority.roots() for domain, authority in self.authorities.items()},
            "peps": {pep: {"keys": mint.trust_keys(key)} for pep, key in self.peps.items()},
        }
        digest = hashlib.sha256(canonical.dumps(made)).hexdigest()
        listing = {
            "id": f"{_SYSTEM}-1",
            "sequence": 1,
            "observed_at": now,
            "expires_at": now + DAY,
            "count": len(self.keys) + len(self.authorities),
            "sha256": digest,
        }
        return made | {
            "sources": dict.fromkeys(sorted(keys.keys() | self.authorities.keys()), _SYSTEM),
            "snapshots": {_SYSTEM: listing},
            "listed": {_SYSTEM: listing["id"]},
        }

    def enter(self, data: Path, *, now: int) -> None:
        """Write what the document gains into the data tree ``data``, beside what is kept by hand there."""
        write_bytes(data / "trust" / "minted.json", canonical.dumps(self.document(now)))

    def equip(
        self, request: Any, credential: Mapping[str, Any] | None, signed: Mapping[str, Any] | None, *, now: int
    ) -> Any:
        """The request with its credential, and with the enforcement point's signature.

        Args:
            request: of the case; what is no object has nothing to put a credential into and stays as it is.
            credential: what to mint; see ``definitions/credential`` of the suite's schema.
            signed: who signs, and how; see ``definitions/signed``. Nobody without.
            now: instant of the case (ns).

        Raises:
            ConfigError: the population's trust has no such issuer, domain or enforcement point.
        """
        if not isinstance(request, dict) or (credential is None and signed is None):
            return request
        made = copy.deepcopy(request)
        context = made.setdefault("context", {})
        if credential is not None:
            context["credential"] = self._credential(credential, now)
        if signed is not None:
            context["signature"] = self._signature(signed, made, now)
        return made

    def _signature(self, asked: Mapping[str, Any], request: Mapping[str, Any], now: int) -> str:
        pep = asked["pep"]
        key = self._pep(asked.get("key_of", pep))
        if asked.get("forged"):
            key = Key.new(key.alg, key.kid)
        claims = {  # not what looks like a time inside the request, which is signed as it is
            name: value // SECOND if name in {"iat", "exp"} and type(value) is int and value >= LEAST else value
            for name, value in {"iss": pep, "iat": now, **asked.get("claims", {})}.items()
        }
        over, iat = claims.pop("request", request), claims.pop("iat")
        return mint.sign_request(key, pep, over, iat, header=asked.get("header"), **claims)

    def _pep(self, pep: str) -> Key:
        if pep not in self.peps:
            raise _nobody("enforcement point", pep, self.peps)
        return self.peps[pep]

    def _credential(self, asked: Mapping[str, Any], now: int) -> dict[str, Any]:
        kind = asked["kind"]
        made = {"kind": kind, **_CONNECTION, **asked.get("connection", {})}
        if kind == "x509-svid":
            _, made["certificate"] = self._leaf(asked, now)
        else:
            self._token(made, asked, now)
        made.update(asked.get("replace", {}))
        return {name: value for name, value in made.items() if value is not None}

    def _leaf(self, asked: Mapping[str, Any], now: int) -> tuple[Key, str]:
        domain = asked.get("issuer") or next(iter(self.authorities), "")
        if domain not in self.authorities:
            raise _nobody("trust domain", domain, self.authorities)
        authority = Authority.new(domain) if asked.get("forged") else self.authorities[domain]
        claims, leaf = asked.get("claims", {}), asked.get("leaf", {})
        return authority.leaf(
            claims.get("sub"),
            claims.get("iat", now - _SINCE),
            claims.get("exp", now + _UNTIL),
            also=tuple(x509.UniformResourceIdentifier(uri) for uri in leaf.get("uris", ())),
            ca=leaf.get("ca", False),
            usages=frozenset(leaf.get("usages", ("digital_signature",))),
            chain=leaf.get("chain", True),
        )

    def _token(self, made: dict[str, Any], asked: Mapping[str, Any], now: int) -> None:
        kind, issuer = asked["kind"], asked.get("issuer", "")
        key = self._key(asked.get("key_of", {"kind": kind, "issuer": issuer}))
        if asked.get("forged"):
            key = Key.new(key.alg, key.kid)
        terms = self.trust["issuers"].get(kind, {}).get(issuer, {"typs": {"jwt": True}, "audiences": {"": True}})
        claims = {**_usual(kind, issuer, min(terms["audiences"]), now), **asked.get("claims", {})}
        holder = _holder(asked.get("holder"))
        bound = "wpt" if kind == "wit" else asked.get("bound")
        if bound == "wpt":
            claims.setdefault("cnf", {"jwk": holder.public_jwk()})
            if "connection" not in asked:  # a workload proof token counts only below an audience of ours
                made["url"] = f"{min(terms['audiences'])}/"
        elif bound == "dpop":
            claims.setdefault("cnf", {"jkt": mint.thumbprint(holder.public_jwk())})
        elif bound == "mtls":
            _, made["certificate"] = self._leaf({"claims": {}}, now)
            claims.setdefault("cnf", {"x5t#S256": x5t(made["certificate"])})
        made["token"] = mint.token(key, {"typ": min(terms["typs"]), **asked.get("header", {})}, claims)
        if bound in {"wpt", "dpop"}:
            made[bound] = _possession(bound, holder, made, asked.get("proof", {}), now)

    def _key(self, of: Mapping[str, str]) -> Key:
        use = USES.get(of["kind"], "sig")
        if (use, of["issuer"]) not in self.keys:
            raise _nobody("issuer", of["issuer"], [name for known, name in self.keys if known == use])
        return self.keys[use, of["issuer"]]


def _holder(name: str | None) -> Key:
    """The key that a token is bound to: a fresh one, or for a name always the same, so that its thumbprint is known."""
    if name is None:
        return Key.new("ES256", "")
    secret = int.from_bytes(hashlib.sha256(name.encode()).digest()[:31])  # less than the order of the curve
    return Key("ES256", "", ec.derive_private_key(secret, ec.SECP256R1()))


def _possession(bound: str, holder: Key, made: Mapping[str, Any], asked: Mapping[str, Any], now: int) -> str:
    """The DPoP proof or workload proof token that goes with a token: by its holder, or by a thief's own key."""
    key = Key.new("ES256", "") if asked.get("forged") else holder
    header, claims = asked.get("header", {}), asked.get("claims", {})
    if bound == "wpt":
        proof = {"exp": now + _SINCE, "jti": "w-1", **claims}
        return mint.wpt(key, url=str(made["url"]), token=made["token"], header=header, **proof)
    proof = {"iat": now // SECOND * SECOND, "jti": "d-1", **claims}
    url = str(made["url"]).partition("#")[0].partition("?")[0]
    return mint.dpop(key, method=str(made["method"]), url=url, token=made["token"], header=header, **proof)


def _usual(kind: str, issuer: str, audience: str, now: int) -> dict[str, Any]:
    """The claims that every token of a kind has, where a suite says nothing of them."""
    claims: dict[str, Any] = {"iat": now - _SINCE, "exp": now + _UNTIL}
    match kind:
        case "access-token":
            return claims | {"iss": issuer, "aud": audience, "client_id": "client", "jti": "t-1"}
        case "txn-token":
            return claims | {"aud": issuer, "txn": "t-1", "req_wl": "gateway", "scope": "transaction"}
        case "jwt-svid":
            return claims | {"aud": audience}
        case "wit":
            return claims | {"jti": "t-1"}
    return claims | {"iss": issuer, "aud": audience, "jti": "t-1"}


def _nobody(what: str, name: str, known: Any) -> ConfigError:
    return ConfigError(
        f"the population's trust has no {what} {name!r}",
        where="credential",
        todo=f"there is {', '.join(sorted(known)) or 'none'}",
    )
