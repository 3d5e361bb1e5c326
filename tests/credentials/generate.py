"""Writes the credentials that the policy's tests are tried with: ``rego/testing/credentials/credentials_test.rego``.

Run by hand (``python -m tests.credentials.generate``) where a case is wanted that is not there, and commit what it
writes. The keys are thrown away: no private key is ever written, and what is written can only be verified.
Every credential is minted for the clock of the tests, 2027-01-15T08:00:00Z.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from livegate.regression import mint
from livegate.regression.authority import Authority, trust_domain, x5t
from livegate.regression.mint import Key

NOW = 1_800_000_000
TARGET = Path(__file__).parents[2] / "rego" / "testing" / "credentials" / "credentials_test.rego"

SERVER = "https://as.example.com"
OTHER = "https://other.example.com"
CLUSTER = "https://cluster.example.com"
GITHUB = "https://token.actions.githubusercontent.com"
API = "https://orders.example.com"
URL = f"{API}/query"
WORKLOAD = "spiffe://prod.example/bot"
ASK = {
    "subject": {"type": "human", "id": "alice"},
    "action": {"name": "query"},
    "resource": {"type": "database", "id": "orders-prod"},
    "context": {"pep": "signing-proxy", "session": "s-1", "ticket": "CHG-1"},
}

Claims = dict[str, Any]

# What a certificate's window looks like in DER: as a name before the real one, it is found first.
_WINDOW = "0\x1e\x17\r270115080000Z\x17\r270115090000Z"


@dataclass
class Issuers:
    """The keys of one run."""

    server: Key = field(default_factory=lambda: Key.new("ES256", "as-1"))
    rsa: Key = field(default_factory=lambda: Key.new("RS256", "as-rs"))
    pss: Key = field(default_factory=lambda: Key.new("PS256", "as-ps"))
    edwards: Key = field(default_factory=lambda: Key.new("EdDSA", "as-ed"))
    p384: Key = field(default_factory=lambda: Key.new("ES384", "as-384"))
    p521: Key = field(default_factory=lambda: Key.new("ES512", "as-521"))
    workloads: Key = field(default_factory=lambda: Key.new("ES256", "as-wit"))
    other: Key = field(default_factory=lambda: Key.new("ES256", "other-1"))
    svid: Key = field(default_factory=lambda: Key.new("ES256", "svid-1"))
    wit: Key = field(default_factory=lambda: Key.new("ES256", "wit-1"))
    dev: Key = field(default_factory=lambda: Key.new("ES256", "dev-1"))
    cluster: Key = field(default_factory=lambda: Key.new("RS256", "k8s-1"))
    github: Key = field(default_factory=lambda: Key.new("RS256", "gh-1"))
    txn: Key = field(default_factory=lambda: Key.new("ES256", "txn-1"))
    pep: Key = field(default_factory=lambda: Key.new("ES256", "pep-1"))
    pep_other: Key = field(default_factory=lambda: Key.new("ES256", "pep-2"))
    holder: Key = field(default_factory=lambda: Key.new("ES256", ""))
    thief: Key = field(default_factory=lambda: Key.new("ES256", ""))
    prod_ca: Authority = field(default_factory=lambda: Authority.new("prod.example"))
    rs384: Key = field(default_factory=lambda: Key.new("RS384", "as-rs384"))
    rs512: Key = field(default_factory=lambda: Key.new("RS512", "as-rs512"))
    ps384: Key = field(default_factory=lambda: Key.new("PS384", "as-ps384"))
    ps512: Key = field(default_factory=lambda: Key.new("PS512", "as-ps512"))
    old_ca: Authority = field(default_factory=lambda: Authority.new("old.example", until=(NOW - 60) * 10**9))
    two_times: Authority = field(default_factory=lambda: Authority.new(_WINDOW))
    dev_ca: Authority = field(default_factory=lambda: Authority.new("dev.example"))

    def trust(self) -> Claims:
        """Members of the trust document for these keys."""
        named = [self.server, self.rsa, self.pss, self.edwards, self.p384, self.p521]
        named += [self.rs384, self.rs512, self.ps384, self.ps512]
        svids = mint.trust_issuer(self.svid, audiences=(API,), typs=("jwt", "jose"))
        return {
            "issuers": {
                "access-token": {
                    SERVER: mint.trust_issuer(*named, audiences=(API, "https://ledger.example.com"), typs=("at+jwt",)),
                    OTHER: mint.trust_issuer(self.other, audiences=(API,), typs=("at+jwt",)),
                },
                "jwt-svid": {"prod.example": svids, "dev.example": svids},
                "wit": {"prod.example": mint.trust_issuer(self.wit, audiences=(API,), typs=("wit+jwt",))},
                "kubernetes": {CLUSTER: mint.trust_issuer(self.cluster, audiences=(API,), typs=("jwt",))},
                "github": {GITHUB: mint.trust_issuer(self.github, audiences=(API,), typs=("jwt",), max_ttl=600)},
                "txn-token": {
                    "prod.example": mint.trust_issuer(
                        self.txn, audiences=("prod.example",), typs=("txntoken+jwt",), max_ttl=300
                    )
                },
            },
            "domains": {
                "prod.example": trust_domain(max_ttl=3600),
                "dev.example": trust_domain(max_ttl=3600),
                "old.example": trust_domain(max_ttl=3600),
            },
            "keys": {
                SERVER: {"sig": mint.trust_keys(*named), "wit-svid": mint.trust_keys(self.workloads)},
                OTHER: {"sig": mint.trust_keys(self.other)},
                "prod.example": {
                    "sig": mint.trust_keys(self.txn),
                    "jwt-svid": mint.trust_keys(self.svid),
                    "wit-svid": mint.trust_keys(self.wit),
                },
                "dev.example": {"jwt-svid": mint.trust_keys(self.dev)},
                CLUSTER: {"sig": mint.trust_keys(self.cluster)},
                GITHUB: {"sig": mint.trust_keys(self.github)},
            },
            "roots": {
                "prod.example": self.prod_ca.roots(),
                "dev.example": self.dev_ca.roots(),
                "old.example": self.old_ca.roots(),
            },
        }

    def peps(self) -> Claims:
        """Enforcement points with keys."""
        every = ("subject", "connection")
        return {
            "signing-proxy": {
                "resource_types": {"database": True},
                "asserts": dict.fromkeys(every, True),
                "keys": mint.trust_keys(self.pep),
            },
            "ledger-proxy": {
                "resource_types": {"database": True},
                "asserts": dict.fromkeys(every, True),
                "audiences": {"https://ledger.example.com": True},
                "keys": mint.trust_keys(self.pep_other),
            },
        }


def access(key: Key, header: Claims | None = None, **claims: Any) -> str:
    """An access token for alice, by RFC 9068, but for what is given."""
    body = {
        "iss": SERVER,
        "sub": "alice-1",
        "aud": API,
        "client_id": "web",
        "iat": NOW - 60,
        "exp": NOW + 240,
        "jti": "at-1",
        **claims,
    }
    return mint.token(key, {"typ": "at+jwt", **(header or {})}, body)


def access_tokens(of: Issuers) -> dict[str, str]:
    """Access tokens, one flaw each."""
    key = of.server
    good = access(key)
    head, body, signature = good.split(".")
    unsigned = _part({"alg": "none", "typ": "at+jwt", "kid": "as-1"})
    return {
        "plain": good,
        "rs256": access(of.rsa),
        "ps256": access(of.pss),
        "eddsa": access(of.edwards),
        "es384": access(of.p384),
        "es512": access(of.p521),
        "rs384": access(of.rs384),
        "rs512": access(of.rs512),
        "ps384": access(of.ps384),
        "ps512": access(of.ps512),
        "two audiences": access(key, aud=["https://elsewhere.example.com", API]),
        "ledger audience": access(key, aud="https://ledger.example.com"),
        "media type": access(key, {"typ": "application/AT+JWT"}),
        "unknown members": access(key, {"x": 1}, scope="orders", extra={"deep": [1]}),
        "embedded jwk ignored": access(key, {"jwk": of.thief.public_jwk()}),
        "begins later, inside the leeway": access(key, nbf=NOW + 30),
        "issued later, inside the leeway": access(key, iat=NOW + 30),
        "ended, inside the leeway": access(key, exp=NOW - 29),
        "lifetime at its limit": access(key, iat=NOW - 60, exp=NOW + 3540),
        "fraction of a second": access(key, exp=NOW + 240.5, iat=NOW - 60.25),
        # refused
        "alg none": f"{unsigned}.{body}.",
        "alg none, a signature": f"{unsigned}.{body}.{signature}",
        "hs256 with the public key": _hs256(key, {"alg": "HS256", "typ": "at+jwt", "kid": "as-1"}, body),
        "another alg in the header": access(key, {"alg": "ES384"}),
        "signed by another": access(replace(of.thief, kid="as-1")),
        "embedded jwk signs": access(replace(of.thief, kid="as-1"), {"jwk": of.thief.public_jwk()}),
        "kid of another issuer": access(of.other),
        "kid of another use": access(of.workloads),
        "kid unknown": access(replace(key, kid="as-9")),
        "kid missing": access(key, {"kid": None}),
        "kid a number": access(key, {"kid": 1}),
        "kid a list": access(key, {"kid": ["as-1"]}),
        "kid empty": access(key, {"kid": ""}),
        "kid path": access(key, {"kid": "../as-1"}),
        "kid long path": access(key, {"kid": "../" * 2000 + "as-1"}),
        "kid prototype": access(key, {"kid": "__proto__"}),
        "kid star": access(key, {"kid": "*"}),
        "kid upper case": access(key, {"kid": "AS-1"}),
        "alg missing": access(key, {"alg": None}),
        "typ of an id token": access(key, {"typ": "JWT"}),
        "typ missing": access(key, {"typ": None}),
        "typ a number": access(key, {"typ": 1}),
        "cty a number": access(key, {"cty": 1}),
        "crit": access(key, {"crit": ["exp"]}),
        "crit null": mint.sealed(
            key, {"alg": "ES256", "kid": "as-1", "typ": "at+jwt", "crit": None}, base64.urlsafe_b64decode(body + "==")
        ),
        "enc": access(key, {"enc": "A256GCM"}),
        "signature cut": good[:-4],
        "signature of another length": good + "AAA",
        "payload changed": f"{head}.{_part({'iss': SERVER, 'sub': 'alice-1'})}.{signature}",
        "four parts": good + ".AAAA",
        "two parts": f"{head}.{body}",
        "part of impossible length": f"{head}.{body}.A",
        "header of impossible length": f"eyJhb.{body}.{signature}",
        "padded": f"{head}==.{body}.{signature}",
        "line end": good + "\n",
        "header no object": f"{_part([1])}.{body}.{signature}",
        "header no json": f"AAAA.{body}.{signature}",
        "payload no object": mint.sealed(key, {"alg": "ES256", "kid": "as-1", "typ": "at+jwt"}, b"[1]"),
        "payload no json": mint.sealed(key, {"alg": "ES256", "kid": "as-1", "typ": "at+jwt"}, b"{"),
        "payload not utf-8": mint.sealed(key, {"alg": "ES256", "kid": "as-1", "typ": "at+jwt"}, b'{"iss":"\xff"}'),
        "payload with a number that has no end": mint.sealed(
            key, {"alg": "ES256", "kid": "as-1", "typ": "at+jwt"}, b'{"iss":"https://as.example.com","exp":1e999999999}'
        ),
        "text like a number that has no end": access(key, jti="12e4567"),
        "long": access(key, pad="x" * 13_000),
        "iss missing": access(key, iss=None),
        "iss a number": access(key, iss=1),
        "iss unknown": access(key, iss="https://evil.example.com"),
        "iss look-alike": access(key, iss="https://as.ex\u0430mple.com"),
        "iss slash": access(key, iss=SERVER + "/"),
        "exp missing": access(key, exp=None),
        "exp text": access(key, exp=str(NOW + 240)),
        "exp huge": access(key, exp=10**30),
        "exp beyond counting": access(key, exp=10**300),
        "exp before 1970": access(key, exp=-1),
        "exp far": access(key, exp=NOW + 86_400),
        "exp at now": access(key, exp=NOW - 30),
        "exp before iat": access(key, iat=NOW + 20, exp=NOW + 10),
        "lifetime over": access(key, iat=NOW - 60, exp=NOW + 3541),
        "iat missing": access(key, iat=None),
        "iat text": access(key, iat="1"),
        "iat ahead": access(key, iat=NOW + 31, exp=NOW + 240),
        "nbf text": access(key, nbf="1"),
        "nbf ahead": access(key, nbf=NOW + 31),
        "aud missing": access(key, aud=None),
        "aud of another": access(key, aud="https://elsewhere.example.com"),
        "aud a number": access(key, aud=1),
        "aud empty list": access(key, aud=[]),
        "aud star": access(key, aud="*"),
        "sub missing": access(key, sub=None),
        "sub empty": access(key, sub=""),
        "sub a number": access(key, sub=1),
        "sub star": access(key, sub="*"),
        "sub prototype": access(key, sub="__proto__"),
        "sub look-alike": access(key, sub="\u0430lice-1"),
        "sub upper case": access(key, sub="Alice-1"),
        "sub of another": access(key, sub="carol-1"),
        "client_id missing": access(key, client_id=None),
        "jti missing": access(key, jti=None),
        "client is an agent": access(key, client_id="robot"),
        "client is the agent itself": access(key, client_id="robot", sub="robot"),
        "agent acts for alice": access(key, act={"sub": "robot"}, client_id="robot"),
        "agent acts, nested": access(key, act={"sub": "robot", "act": {"sub": "alice-1"}}, client_id="robot"),
        "agent nested below a stranger": access(key, act={"sub": "stranger", "act": {"sub": "robot"}}),
        "agent acts for a stranger": access(key, sub="stranger", act={"sub": "robot"}),
        "act without sub": access(key, act={"client_id": "robot"}),
        "act a text": access(key, act="robot"),
        "act of another issuer": access(key, act={"sub": "robot", "iss": "https://evil.example"}, client_id="robot"),
        "act of its own issuer": access(key, act={"sub": "robot", "iss": SERVER}, client_id="robot"),
        "cnf unknown": access(key, cnf={"kid": "x"}),
        "cnf jkt and unknown": access(key, cnf={"jkt": mint.thumbprint(of.holder.public_jwk()), "kid": "x"}),
        "cnf empty": access(key, cnf={}),
        "cnf a text": access(key, cnf="x"),
        "cnf jwk": access(key, cnf={"jwk": of.holder.public_jwk()}),
        "cnf jkt a number": access(key, cnf={"jkt": 1}),
    }


def dpop_credentials(of: Issuers) -> dict[str, Claims]:
    """A token bound to a key, with proofs of possession that hold and that do not."""
    key = of.holder
    bound = access(of.server, cnf={"jkt": mint.thumbprint(key.public_jwk())})
    how: Claims = {"method": "POST", "url": URL, "token": bound, "iat": NOW - 5, "jti": "d-1"}
    public = {name: value for name, value in key.public_jwk().items() if name not in {"kid", "alg"}}

    def shown(proof: Any, **changes: Any) -> Claims:
        return {"token": bound, "dpop": proof, "method": "POST", "url": URL, **changes}

    def made(by: Key = key, header: Claims | None = None, **changes: Any) -> Claims:
        return shown(mint.dpop(by, header=header, **{**how, **changes}))

    cases = {
        "dpop": made(),
        "dpop, url with query": shown(mint.dpop(key, **how), url=URL + "?a=1#b"),
        "dpop ahead by 60 s": made(iat=NOW + 60),
        "dpop 59 s old": made(iat=NOW - 59),
        "dpop 60 s old": made(iat=NOW - 60),
        "dpop ahead by 61 s": made(iat=NOW + 61),
        "dpop iat text": made(iat="1"),
        "dpop other method": made(method="GET"),
        "dpop method in lower case": made(method="post"),
        "dpop other url": made(url=API + "/wipe"),
        "dpop htu with query": made(url=URL + "?a=1"),
        "dpop other token": made(token=access(of.server)),
        "dpop no ath": made(ath=None),
        "dpop no jti": made(jti=None),
        "dpop by the thief": made(by=of.thief),
        "dpop by the thief, jwk of the holder": made(by=of.thief, header={"jwk": public}),
        "dpop with a private member": made(header={"jwk": {**public, "d": "AAAA"}}),
        "dpop symmetric": made(header={"jwk": {"kty": "oct", "k": "AAAA"}, "alg": "HS256"}),
        "dpop jwk a text": made(header={"jwk": "x"}),
        "dpop jwk short": made(header={"jwk": {**public, "x": "AAAA"}}),
        "dpop no jwk": made(header={"jwk": None}),
        "dpop alg none": made(header={"alg": "none"}),
        "dpop alg es512": made(header={"alg": "ES512"}),
        "dpop typ jwt": made(header={"typ": "JWT"}),
        "dpop missing": {"token": bound, "method": "POST", "url": URL},
        "dpop a number": shown(1),
        "dpop no method": {"token": bound, "dpop": mint.dpop(key, **how), "url": URL},
        "dpop no url": {"token": bound, "dpop": mint.dpop(key, **how), "method": "POST"},
    }
    for alg in ("ES384", "PS256", "RS256", "EdDSA"):
        other = Key.new(alg, "")
        named = access(of.server, cnf={"jkt": mint.thumbprint(other.public_jwk())})
        cases[f"dpop {alg.lower()}"] = shown(mint.dpop(other, **{**how, "token": named}), token=named)
    fresh = Key.new("ES512", "")
    named = access(of.server, cnf={"jkt": mint.thumbprint(fresh.public_jwk())})
    cases["dpop es512, bound"] = shown(mint.dpop(fresh, **{**how, "token": named}), token=named)
    return cases


def _other_name(spiffe_id: str) -> x509.OtherName:
    """A name of a kind that OPA's parser passes over, whose bytes hold a URI's."""
    inner = bytes([0x86, len(spiffe_id)]) + spiffe_id.encode()
    return x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), bytes([0x04, len(inner)]) + inner)


def certificates(of: Issuers) -> dict[str, Claims]:
    """X.509-SVIDs and tokens bound to a certificate."""
    ca, begins, ends = of.prod_ca, (NOW - 600) * 10**9, (NOW + 600) * 10**9

    def leaf(spiffe_id: str | None = WORKLOAD, *, by: Authority = ca, **flaws: Any) -> Claims:
        window = (flaws.pop("begins", begins), flaws.pop("ends", ends))
        return {"certificate": by.leaf(spiffe_id, *window, **flaws)[1]}

    good, another = leaf(), leaf()
    chain = good["certificate"]
    first = chain.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----\n")
    uri = x509.UniformResourceIdentifier
    bound = access(of.server, cnf={"x5t#S256": x5t(chain)})
    both = access(of.server, cnf={"x5t#S256": x5t(chain), "jkt": mint.thumbprint(of.holder.public_jwk())})
    proof = mint.dpop(of.holder, method="POST", url=URL, token=both, iat=NOW, jti="d-2")
    return {
        "x509": good,
        "x509 crlf": {"certificate": chain.replace("\n", "\r\n")},
        "x509 with a dns name": leaf(also=(x509.DNSName("bot.example"),)),
        "x509 client only": leaf(extended=(ExtendedKeyUsageOID.CLIENT_AUTH,)),
        "x509 no extended usage": leaf(extended=()),
        "x509 name of 120": leaf("spiffe://prod.example/" + "a" * 98),
        "x509 name of 200": leaf("spiffe://prod.example/" + "a" * 178),
        "x509 name of 300": leaf("spiffe://prod.example/" + "a" * 278),
        "x509 ends in a second": leaf(ends=(NOW + 1) * 10**9),
        "x509 lifetime at its limit": leaf(begins=(NOW - 3000) * 10**9),
        # refused
        "x509 lifetime over": leaf(begins=(NOW - 3001) * 10**9),
        "x509 ends now": leaf(ends=NOW * 10**9),
        "x509 expired": leaf(begins=(NOW - 3000) * 10**9, ends=(NOW - 60) * 10**9),
        "x509 not begun": leaf(begins=(NOW + 1) * 10**9),
        "x509 without end": leaf(ends=2_500_000_000 * 10**9),
        "x509 end of February": leaf(begins=1_835_395_200 * 10**9, ends=1_835_398_800 * 10**9),
        "x509 ca": leaf(ca=True, usages=frozenset({"digital_signature"})),
        "x509 signs certificates": leaf(usages=frozenset({"digital_signature", "key_cert_sign"})),
        "x509 signs lists": leaf(usages=frozenset({"digital_signature", "crl_sign"})),
        "x509 does not sign": leaf(usages=frozenset({"key_encipherment"})),
        "x509 two names": leaf(also=(uri("spiffe://prod.example/other"),)),
        "x509 beside a mail address": leaf(also=(x509.RFC822Name("bot@prod.example"),)),
        "x509 spelt aright in another name": leaf("spiffe://prod.example/bo%74", also=(_other_name(WORKLOAD),)),
        "x509 no name": leaf(None),
        "x509 no intermediate": leaf(chain=False),
        "x509 by another domain": leaf(by=of.dev_ca),
        "x509 of another domain": leaf("spiffe://dev.example/bot"),
        "x509 under an intermediate that has ended": leaf("spiffe://old.example/bot", by=of.old_ca),
        "x509 that tells two times": leaf(by=of.two_times, ends=datetime(9999, 12, 31, tzinfo=UTC)),
        "x509 domain unknown": leaf("spiffe://evil.example/bot"),
        "x509 changed": {"certificate": _flipped(chain)},
        "x509 intermediate first": {"certificate": chain[first:] + chain[:first]},
        "x509 missing": {},
        "x509 a number": {"certificate": 1},
        "x509 no pem": {"certificate": "MIIB"},
        "x509 pem of nothing": {"certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
        "x509 pem no base64": {"certificate": "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n"},
        "x509 long": {"certificate": chain * 40},
        "x509 two in one block": {"certificate": _joined(another["certificate"], chain)},
        **{f"x509 {flaw}": leaf(name) for flaw, name in spiffe_tricks().items()},
        "mtls": {"token": bound, **good},
        "mtls, bare leaf": {"token": bound, "certificate": chain[:first]},
        "mtls by the thief": {"token": bound, **another},
        "mtls missing": {"token": bound},
        "mtls no pem": {"token": bound, "certificate": "x"},
        "mtls and dpop": {"token": both, "dpop": proof, "method": "POST", "url": URL, **good},
        "mtls without its dpop": {"token": both, **good},
        "dpop without its mtls": {"token": both, "dpop": proof, "method": "POST", "url": URL, **another},
    }


def spiffe_tricks() -> dict[str, str]:
    """Texts that look like the workload's SPIFFE ID and are not."""
    return {
        "with a user": "spiffe://user@prod.example/bot",
        "with a port": "spiffe://prod.example:443/bot",
        "with a slash at its end": "spiffe://prod.example/bot/",
        "percent-encoded": "spiffe://prod.example/%62ot",
        "percent-encoded slash": "spiffe://prod.example/a%2fbot",
        "domain in upper case": "spiffe://PROD.example/bot",
        "scheme in upper case": "SPIFFE://prod.example/bot",
        "with a query": "spiffe://prod.example/bot?x=1",
        "with an empty query": "spiffe://prod.example/bot?",
        "with a fragment": "spiffe://prod.example/bot#x",
        "with an empty fragment": "spiffe://prod.example/bot#",
        "with two dots": "spiffe://prod.example/a/../bot",
        "ending in two dots": "spiffe://prod.example/..",
        "with a dot": "spiffe://prod.example/./bot",
        "with an empty segment": "spiffe://prod.example//bot",
        "without a path": "spiffe://prod.example",
        "of another scheme": "https://prod.example/bot",
        "too long": "spiffe://prod.example/" + "a" * 2027,
    }


def svids(of: Issuers) -> dict[str, str]:
    """JWT-SVIDs."""

    def svid(key: Key = of.svid, header: Claims | None = None, **claims: Any) -> str:
        body = {"sub": WORKLOAD, "aud": [API], "exp": NOW + 240, "iat": NOW - 60, **claims}
        return mint.token(key, {"typ": "JWT", **(header or {})}, body)

    return {
        "svid": svid(),
        "svid audience a text": svid(aud=API),
        "svid without iat": svid(iat=None),
        "svid without iat, at the limit": svid(iat=None, exp=NOW + 3630),
        "svid typ jose": svid(header={"typ": "JOSE"}),
        "svid no typ": svid(header={"typ": None}),
        "svid with jti": svid(jti="j-1"),
        # refused
        "svid without iat, too long": svid(iat=None, exp=NOW + 3631),
        "svid two audiences": svid(aud=[API, "x"]),
        "svid by a key of another domain": svid(of.dev),
        "svid of another domain, our key": svid(sub="spiffe://dev.example/bot"),
        "svid of a sub-domain": svid(sub="spiffe://a.prod.example/bot"),
        "svid of a longer domain": svid(sub="spiffe://prod.example.evil.org/bot"),
        "svid by a wit key": svid(of.wit),
        "svid by a txn key": svid(of.txn),
        "svid no sub": svid(sub=None),
        **{f"svid {flaw}": svid(sub=name) for flaw, name in spiffe_tricks().items()},
    }


def wits(of: Issuers) -> dict[str, Claims]:
    """WIMSE workload identity tokens and their proofs."""
    holder = of.holder
    public = {name: value for name, value in holder.public_jwk().items() if name != "kid"}

    def wit(header: Claims | None = None, **claims: Any) -> str:
        body = {"sub": WORKLOAD, "exp": NOW + 240, "iat": NOW - 60, "jti": "w-1", "cnf": {"jwk": public}, **claims}
        return mint.token(of.wit, {"typ": "wit+jwt", **(header or {})}, body)

    good = wit()

    def shown(
        token: str = good, *, by: Key = holder, header: Claims | None = None, url: str = URL, **changes: Any
    ) -> Claims:
        how = {"url": url, "token": token, "exp": NOW + 60, "jti": "p-1", **changes}
        return {"token": token, "wpt": mint.wpt(by, header=header, **how), "url": url, "method": "POST"}

    bare = {name: value for name, value in public.items() if name != "alg"}
    return {
        "wit": shown(),
        "wit at the audience": shown(url=API),
        "wit proof at its limit": shown(exp=NOW + 300),
        # refused
        "wit proof too long": shown(exp=NOW + 301),
        "wit proof ended": shown(exp=NOW),
        "wit alone": {"token": good, "url": URL},
        "wit proof of another wit": {**shown(wit(jti="w-2")), "token": good},
        "wit proof for another url": {**shown(), "url": API + "/wipe"},
        "wit url of another": shown(url="https://elsewhere.example.com/query"),
        "wit url that begins alike": shown(url=API + ".evil.org/query"),
        "wit with aud": shown(wit(aud=API)),
        "wit proof by the thief": shown(by=of.thief),
        "wit proof typ jwt": shown(header={"typ": "JWT"}),
        "wit proof alg other": shown(header={"alg": "ES384"}),
        "wit proof without jti": shown(jti=None),
        "wit without cnf": shown(wit(cnf=None)),
        "wit without jwk": shown(wit(cnf={"jkt": mint.thumbprint(public)})),
        "wit jwk without alg": shown(wit(cnf={"jwk": bare})),
        "wit jwk private": shown(wit(cnf={"jwk": {**public, "d": "AAAA"}})),
        "wit jwk rsa short": shown(wit(cnf={"jwk": {"kty": "RSA", "e": "AQAB", "n": "AQAB", "alg": "RS256"}})),
        "wit typ jwt": shown(wit({"typ": "JWT"})),
    }


def platform_tokens(of: Issuers) -> dict[str, dict[str, str]]:
    """Tokens of Kubernetes service accounts, GitHub workflows and transactions, by kind."""
    account = {"namespace": "prod", "serviceaccount": {"name": "bot", "uid": "u-1"}, "pod": {"name": "p", "uid": "u-9"}}

    def kubernetes(**claims: Any) -> str:
        body = {
            "iss": CLUSTER,
            "sub": "system:serviceaccount:prod:bot",
            "aud": [API],
            "exp": NOW + 240,
            "iat": NOW - 60,
        }
        return mint.token(of.cluster, {}, {**body, "jti": "k-1", "kubernetes.io": account, **claims})

    def github(**claims: Any) -> str:
        body = {"iss": GITHUB, "sub": "repo:acme/app:environment:prod", "aud": API, "exp": NOW + 240, "iat": NOW - 60}
        ids = {"repository_owner_id": "11", "repository_id": "22", "repository": "acme/app", "environment": "prod"}
        flow = {"job_workflow_ref": "acme/app/.github/workflows/deploy.yml@refs/heads/main", "ref": "refs/heads/main"}
        return mint.token(of.github, {"typ": "JWT"}, {**body, **ids, **flow, "jti": "g-1", **claims})

    def txn(**claims: Any) -> str:
        body = {"aud": "prod.example", "sub": "alice-1", "txn": "t-1", "req_wl": "gateway", "scope": "orders"}
        when = {"iat": NOW - 60, "exp": NOW + 60}
        return mint.token(of.txn, {"typ": "txntoken+jwt"}, {**body, **when, **claims})

    tctx = {"rows": 10, "table": "orders"}
    return {
        "kubernetes": {
            "kubernetes": kubernetes(),
            "kubernetes sub of another": kubernetes(sub="system:serviceaccount:prod:other"),
            "kubernetes namespace of another": kubernetes(**{"kubernetes.io": {**account, "namespace": "dev"}}),
            "kubernetes uid of another": kubernetes(
                **{"kubernetes.io": {**account, "serviceaccount": {"name": "bot", "uid": "u-2"}}}
            ),
            "kubernetes uid a number": kubernetes(
                **{"kubernetes.io": {**account, "serviceaccount": {"name": "bot", "uid": 1}}}
            ),
            "kubernetes no claims": kubernetes(**{"kubernetes.io": None}),
        },
        "github": {
            "github": github(),
            "github ref instead of environment": github(environment=None, sub="repo:acme/app:ref:refs/heads/main"),
            "github same name, another id": github(repository_id="23"),
            "github another owner": github(repository_owner_id="12"),
            "github another workflow": github(job_workflow_ref="acme/app/.github/workflows/x.yml@refs/heads/main"),
            "github environment with a colon": github(environment="prod:x"),
            "github id with a colon": github(repository_id="22:prod"),
            "github id a number": github(repository_id=22),
            "github environment a number": github(environment=1),
            "github no workflow": github(job_workflow_ref=None),
            "github too long": github(exp=NOW + 541),
        },
        "txn-token": {
            "txn": txn(),
            "txn with its transaction": txn(tctx=tctx),
            "txn with action and resource": txn(tctx={**tctx, "action": "query", "resource": "database:orders-prod"}),
            "txn another value": txn(tctx={**tctx, "rows": 11}),
            "txn a number as text": txn(tctx={**tctx, "rows": "10"}),
            "txn one more": txn(tctx={**tctx, "limit": 1}),
            "txn one less": txn(tctx={"rows": 10}),
            "txn another action": txn(tctx={**tctx, "action": "dump"}),
            "txn another resource": txn(tctx={**tctx, "resource": "database:orders-dev"}),
            "txn transaction a text": txn(tctx="x"),
            "txn audience a list": txn(aud=["prod.example"]),
            "txn another domain": txn(aud="dev.example"),
            "txn no txn": txn(txn=None),
            "txn no requester": txn(req_wl=None),
            "txn no iat": txn(iat=None),
        },
    }


def signatures(of: Issuers) -> dict[str, str]:
    """Signatures of an enforcement point over ``ASK``."""

    def signed(
        key: Key = of.pep, pep: str = "signing-proxy", request: Claims = ASK, iat: Any = NOW - 5, **how: Any
    ) -> str:
        return mint.sign_request(key, pep, request, iat, **how)

    late = {**ASK, "context": {**ASK["context"], "session": "s-2"}}
    return {
        "signed": signed(),
        "ahead, inside the leeway": signed(iat=NOW + 30, lasts=30),
        "ends in a second": signed(iat=NOW - 59),
        # refused
        "ends now": signed(iat=NOW - 60),
        "ahead": signed(iat=NOW + 31, lasts=10),
        "lasts too long": signed(lasts=61),
        "over another request": signed(request={**ASK, "action": {"name": "dump"}}),
        "over another context": signed(request=late),
        "over another subject": signed(request={**ASK, "subject": {"type": "human", "id": "carol"}}),
        "by another": signed(of.thief, header={"kid": "pep-1"}),
        "by another enforcement point": signed(of.pep_other),
        "for another enforcement point": signed(pep="ledger-proxy"),
        "typ jwt": signed(header={"typ": "JWT"}),
        "alg none": signed(header={"alg": "none"}),
        "kid unknown": signed(header={"kid": "pep-9"}),
        "kid missing": mint.sealed(of.pep, {"alg": "ES256", "typ": "pep+jwt"}, b"{}"),
        "exp text": signed(exp="1"),
        "iat text": mint.token(
            of.pep,
            {"typ": "pep+jwt"},
            {"iss": "signing-proxy", "iat": "1", "exp": NOW + 30, "request": ASK},
        ),
        "no request": signed(request={}),
    }


def fixtures() -> dict[str, Any]:
    """All that is written, by the name of its rule."""
    of = Issuers()
    platform = platform_tokens(of)
    credentials: dict[str, Claims] = {}
    for kind, tokens in {"access-token": access_tokens(of), "jwt-svid": svids(of), **platform}.items():
        credentials |= {name: {"kind": kind, "token": token} for name, token in tokens.items()}
    credentials |= {name: {"kind": "access-token", **shown} for name, shown in dpop_credentials(of).items()}
    credentials |= {name: {"kind": "wit", **shown} for name, shown in wits(of).items()}
    for name, shown in certificates(of).items():
        credentials[name] = {"kind": "x509-svid" if name.startswith("x509") else "access-token", **shown}
    names = {
        f"{SERVER}#alice-1": "alice",
        f"{SERVER}#carol-1": "carol",
        f"{SERVER}#robot": "robot",
        f"{SERVER}#web": "bot",
        WORKLOAD: "bot",
        "spiffe://dev.example/bot": "bot",
        f"{CLUSTER}#u-1": "bot",
        f"{GITHUB}#11:22:prod:acme/app/.github/workflows/deploy.yml@refs/heads/main": "bot",
        "prod.example#alice-1": "alice",
        **{f"spiffe://prod.example/{'a' * count}": "bot" for count in (98, 178, 278)},
    }
    shown = {**ASK, "context": {**ASK["context"], "credential": credentials["plain"]}}
    return {
        "trust": of.trust(),
        "peps": of.peps(),
        "proofs": names,
        "thumbprints": {
            "holder": mint.thumbprint(of.holder.public_jwk()),
            "x509": x5t(credentials["x509"]["certificate"]),
        },
        "ask": ASK,
        "shown": credentials,
        "signatures": signatures(of),
        "signed": mint.signed_request(of.pep, "signing-proxy", shown, NOW - 5),
    }


def write(target: Path = TARGET) -> None:
    """Writes the module; ``opa fmt`` gives it its form."""
    head = [
        "# Credentials that the tests show, for 2027-01-15T08:00:00Z. Generated by `tests/credentials/generate.py`",
        "# with keys that are gone: do not edit. The name of each says what it is, and what is wrong with it.",
        "# regal ignore:file-length",
        "package testing.credentials",
        "",
        "import future.keywords.not",
        "",
    ]
    about = {
        "trust": "Members of the trust document that hold the keys of those who issued them.",
        "peps": "Enforcement points that sign, or have an audience of their own.",
        "proofs": "Names in them that the IGA knows.",
        "thumbprints": "Thumbprints of keys that tokens are bound to.",
        "ask": "The request that the signatures are over.",
        "shown": "By name, as `context.credential`.",
        "signatures": "By name, as `context.signature`.",
        "signed": "A whole request with a token and a signature.",
    }
    rules = []
    for name, value in fixtures().items():
        text = json.dumps(value, indent="\t", ensure_ascii=False)
        rules += ["# METADATA", f"# description: {about[name]}", f"{name} := {text}", ""]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(head + rules), encoding="utf-8")


def _part(value: Any) -> str:
    return mint.b64url(json.dumps(value).encode())


def _hs256(key: Key, header: Claims, body: str) -> str:
    signed = f"{_part(header)}.{body}"
    secret = key.trusted()["jwks"].encode()
    return f"{signed}.{mint.b64url(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def _flipped(chain: str) -> str:
    """The chain with one bit of the leaf's signature changed."""
    begin, end = "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----"
    body, rest = chain.removeprefix(begin).split(end, 1)
    der = bytearray(base64.b64decode(body))
    der[-1] ^= 1
    return f"{begin}{base64.encodebytes(bytes(der)).decode()}{end}{rest}"


def _joined(*chains: str) -> str:
    """One PEM block that holds the first certificate of each chain."""
    begin, end = "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----"
    der = b"".join(base64.b64decode(chain.removeprefix(begin).split(end, 1)[0]) for chain in chains)
    rest = chains[-1].split(end, 1)[1]
    return f"{begin}{base64.encodebytes(der).decode()}{end}{rest}"


if __name__ == "__main__":
    write()
