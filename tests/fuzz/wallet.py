"""Keys, tokens and certificates of the fuzz run: minted once a run, good ones and flawed ones of every kind.

Private keys live in memory for the length of the run. Everything is issued around :data:`START`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms
from tests.fuzz.authority import Authority
from tests.fuzz.cast import (
    ACTIONS,
    AGENTS,
    AUDIENCE,
    CLUSTER,
    DOMAIN,
    MACHINES,
    OAUTH,
    OTHER_AUDIENCE,
    OTHER_DOMAIN,
    PEOPLE,
    START,
    URL,
)
from tests.fuzz.claims import CERTIFICATES, UNBOUND, WPT, names
from tests.fuzz.claims import claims as claims_of
from tests.fuzz.flaws import FLAWS
from tests.oracle import jose
from tests.oracle.digest import encoded, part
from tests.oracle.values import dumps, loads

if TYPE_CHECKING:
    from random import Random

_ISSUERS = {
    ("jwt-svid", DOMAIN): ("jwt-svid", "ES256", "jwt"),
    ("jwt-svid", OTHER_DOMAIN): ("jwt-svid", "PS256", "jwt"),
    ("wit", DOMAIN): ("wit-svid", "ES256", "wit+jwt"),
    ("access-token", OAUTH): ("sig", "EdDSA", "at+jwt"),
    ("kubernetes", CLUSTER): ("sig", "RS256", "jwt"),
    ("github", ACTIONS): ("sig", "RS256", "jwt"),
    ("txn-token", DOMAIN): ("sig", "ES384", "txntoken+jwt"),
}


@dataclass(frozen=True, slots=True)
class Key:
    """A key pair: algorithm, key id, the private half (shown by no repr)."""

    alg: str
    kid: str
    private: Any = field(repr=False)

    def jwk(self) -> dict[str, Any]:
        """The public half."""
        algorithm: Any = get_default_algorithms()[self.alg]
        jwk = algorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**{name: jwk[name] for name in jwk if name != "key_ops"}, "kid": self.kid, "alg": self.alg}

    def listed(self) -> dict[str, Any]:
        """As the trust document lists it."""
        return {"alg": self.alg, "jwks": json.dumps({"keys": [self.jwk()]})}

    def sign(self, header: dict[str, Any], claims: str) -> str:
        """A JWS over ``claims``, JSON text; the header's ``alg`` is what stands there, the signature this key's."""
        algorithm: Any = get_default_algorithms()[self.alg]
        signed = f"{part(dumps(header).encode())}.{part(claims.encode())}"
        return f"{signed}.{part(algorithm.sign(signed.encode(), self.private))}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A credential as ``context.credential`` holds it, the subject it is meant for, and what is wrong with it."""

    subject: str
    credential: dict[str, Any]
    flaw: str
    principal: str = ""


class Wallet:
    """Everything that can be shown in a run. ``random``: decides which flaws whose credentials have."""

    def __init__(self, random: Random) -> None:
        self.random = random
        rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._rsa = rsa_key
        self.keys = {
            where: [self._key(alg, f"{where[0]}-{n}") for n in (1, 2)] for where, (_, alg, _) in _ISSUERS.items()
        }
        self.stranger = {alg: self._key(alg, "stranger") for alg in ("ES256", "ES384", "EdDSA", "PS256", "RS256")}
        self.holder = {alg: self._key(alg, "holder") for alg in ("ES256", "EdDSA", "RS256")}
        self.pep = {name: self._key(alg, f"{name}-1") for name, alg in (("gate", "EdDSA"), ("proxy", "ES256"))}
        self.authority = Authority(DOMAIN)
        self.foreign = Authority(OTHER_DOMAIN)
        self.client, self.other_client = (self.authority.leaf(f"spiffe://{DOMAIN}/tls/{n}")[0] for n in (1, 2))
        self.shown: dict[str, list[Shown]] = {}
        for subject in (*PEOPLE, *MACHINES, *AGENTS):
            self.shown[subject] = list(self._all_of(subject))

    def trust(self, ttl: int) -> dict[str, Any]:
        """The members ``issuers``, ``domains``, ``keys``, ``roots`` of the trust document. ``ttl``: most, ns."""
        issuers: dict[str, Any] = {}
        keys: dict[str, Any] = {}
        for (kind, issuer), (use, alg, typ) in _ISSUERS.items():
            audiences = {DOMAIN: True} if kind == "txn-token" else {AUDIENCE: True, OTHER_AUDIENCE: True}
            rules = {"algs": {alg: True}, "typs": {typ: True}, "audiences": audiences}
            issuers.setdefault(kind, {})[issuer] = {**rules, "max_ttl": ttl, "leeway": 5_000_000_000}
            listed = keys.setdefault(issuer, {}).setdefault(use, {})
            listed.update({key.kid: key.listed() for key in self.keys[kind, issuer]})
        domains = {domain: {"max_ttl": 6 * ttl, "leeway": 0} for domain in (DOMAIN, OTHER_DOMAIN)}
        roots = {DOMAIN: self.authority.root, OTHER_DOMAIN: self.foreign.root}
        return {"issuers": issuers, "domains": domains, "keys": keys, "roots": roots}

    def proofs(self) -> dict[str, str]:
        """Names → subjects, as the IGA would list them."""
        return {name: subject for subject in self.shown for name in names(subject)}

    def signature(self, pep: str, request: Any, iat: int, *, kid: str | None = None) -> str:
        """A PEP's signature over a request that has none yet."""
        key = self.pep.get(pep, self.stranger["EdDSA"])
        claims = f'{{"exp":{iat + 60},"iat":{iat},"iss":{json.dumps(pep)},"request":{dumps(request)}}}'
        return key.sign({"alg": key.alg, "kid": kid or key.kid, "typ": "pep+jwt"}, claims)

    def _key(self, alg: str, kid: str) -> Key:
        if alg.startswith("ES"):
            return Key(alg, kid, ec.generate_private_key(ec.SECP256R1() if alg == "ES256" else ec.SECP384R1()))
        if alg == "EdDSA":
            return Key(alg, kid, ed25519.Ed25519PrivateKey.generate())
        return Key(alg, kid, rsa.generate_private_key(public_exponent=65537, key_size=2048))

    def _all_of(self, subject: str) -> list[Shown]:
        made = []
        for kind, issuer in _ISSUERS:
            if (subject in PEOPLE and kind not in {"access-token", "txn-token"}) or issuer == OTHER_DOMAIN:
                continue
            made.append(self.mint(subject, kind, issuer, "none"))
            flaws = self.random.sample(sorted(FLAWS), 4)
            made += [self.mint(subject, kind, issuer, flaw) for flaw in flaws]
        if subject not in PEOPLE:
            made += [
                self._certificate(subject, flaw) for flaw in ("none", *self.random.sample(sorted(CERTIFICATES), 3))
            ]
            made += [self._other_wpt(subject, how) for how in self.random.sample(WPT, 3)]
        if subject in AGENTS:
            made += [self._delegated(subject, person) for person in PEOPLE]
        made += [self._bound(subject, how) for how in ("jkt", "x5t#S256", "both", *self.random.sample(UNBOUND, 5))]
        return made

    def mint(self, subject: str, kind: str, issuer: str, flaw: str = "none", cnf: Any = None) -> Shown:
        """A token of a kind for a subject, with a flaw of :data:`FLAWS` or `none`, and ``cnf`` if given."""
        claims = claims_of(subject, kind, issuer, self.random)
        key = self.keys[kind, issuer][self.random.randrange(2)]
        header: dict[str, Any] = {"alg": key.alg, "kid": key.kid, "typ": _ISSUERS[kind, issuer][2]}
        if kind == "wit":
            cnf = {"jwk": self.holder["ES256"].jwk()}
        if cnf is not None:
            claims["cnf"] = cnf
        token = FLAWS[flaw](self, key, header, claims) if flaw != "none" else None
        token = token if isinstance(token, str) else key.sign(header, dumps(claims))
        credential = {"kind": kind, "token": token, "method": "POST", "url": URL}
        if kind == "wit":
            credential["wpt"] = self._wpt(token, "")
        return Shown(subject, credential, flaw)

    def _delegated(self, subject: str, person: str) -> Shown:
        key = self.keys["access-token", OAUTH][0]
        claims = claims_of(person, "access-token", OAUTH, self.random)
        claims |= {"act": {"sub": subject, "act": {"sub": "somebody"}}, "client_id": subject}
        token = key.sign({"alg": key.alg, "kid": key.kid, "typ": "at+jwt"}, dumps(claims))
        return Shown(subject, {"kind": "access-token", "token": token}, "none", person)

    def _bound(self, subject: str, how: str) -> Shown:
        jwk = self.holder["ES256"]
        cnf: dict[str, Any] = {"jkt": jose.thumbprint(jwk.jwk())} if how != "x5t#S256" else {}
        if how in {"x5t#S256", "both"}:
            cnf["x5t#S256"] = self._x5t(self.client)
        if how == "member":
            cnf["kid"] = "k"
        shown = self.mint(subject, "access-token", OAUTH, "none", cnf)
        token = shown.credential["token"]
        extra = {"dpop": self._dpop(token, how), "certificate": self.client}
        if how == "other-certificate":
            extra["certificate"] = self.other_client
        if how == "no-proof":
            del extra["dpop"]
        flaw = "none" if how in {"jkt", "x5t#S256", "both"} else f"bound:{how}"
        return Shown(subject, {**shown.credential, **extra}, flaw)

    def _dpop(self, token: str, how: str) -> str:
        key = self.holder["EdDSA"] if how == "other-key" else self.holder["ES256"]
        jwk = {name: value for name, value in key.jwk().items() if name in {"kty", "crv", "x", "y", "n", "e"}}
        if how == "private":
            jwk["d"] = "AAAA"
        claims: dict[str, Any] = {"jti": "d1", "htm": "POST", "htu": URL, "iat": START, "ath": encoded(token.encode())}
        changes: dict[str, dict[str, Any]] = {
            "htm": {"htm": "GET"},
            "htu": {"htu": f"{URL}?x=1"},
            "ath": {"ath": encoded(b"another")},
            "old": {"iat": START - 61},
            "ahead": {"iat": START + 61},
            "iat-text": {"iat": str(START)},
            "fraction": {"iat": loads(f"{START}.5")},
            "jti": {"jti": ""},
        }
        claims |= changes.get(how, {})
        typ = "JWT" if how == "typ" else "dpop+jwt"
        signer = self.stranger["ES256"] if how == "stolen" else key
        return signer.sign({"alg": key.alg, "typ": typ, "jwk": jwk}, dumps(claims))

    def _other_wpt(self, subject: str, how: str) -> Shown:
        shown = self.mint(subject, "wit", DOMAIN)
        return Shown(subject, {**shown.credential, "wpt": self._wpt(shown.credential["token"], how)}, f"wpt:{how}")

    def _wpt(self, token: str, how: str) -> str:
        key = self.stranger["ES256"] if how == "stolen" else self.holder["ES256"]
        claims: dict[str, Any] = {"aud": URL, "exp": START + 120, "jti": "w1", "wth": encoded(token.encode())}
        changes: dict[str, dict[str, Any]] = {
            "aud": {"aud": AUDIENCE + "x/pay"},
            "late": {"exp": START + 420},
            "over": {"exp": START - 1},
            "wth": {"wth": encoded(b"another")},
            "jti": {"jti": 7},
        }
        return key.sign(
            {"alg": "ES256", "typ": "JWT" if how == "typ" else "wpt+jwt"}, dumps(claims | changes.get(how, {}))
        )

    def _certificate(self, subject: str, flaw: str) -> Shown:
        authority = self.foreign if flaw == "foreign" else self.authority
        name = f"spiffe://{DOMAIN}/{subject}"
        pem, _ = authority.leaf(name, **CERTIFICATES.get(flaw, {}))
        if flaw == "no-intermediate":
            pem = pem.split("-----END CERTIFICATE-----\n", 1)[0] + "-----END CERTIFICATE-----\n"
        if flaw == "long":
            pem += "\n" * 32_768
        return Shown(subject, {"kind": "x509-svid", "certificate": pem}, flaw)

    @staticmethod
    def _x5t(pem: str) -> str:
        return encoded(x509.load_pem_x509_certificate(pem.encode()).public_bytes(serialization.Encoding.DER))
