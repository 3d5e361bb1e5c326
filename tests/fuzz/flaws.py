"""What can be wrong with a token: a change to its header or claims before it is signed, or another signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt
from jwt.algorithms import get_default_algorithms
from tests.fuzz.cast import AUDIENCE, START
from tests.oracle.digest import part
from tests.oracle.values import dumps, loads

if TYPE_CHECKING:
    from tests.fuzz.wallet import Key, Wallet


def _set(where: str, **changes: Any) -> Any:
    def apply(_: Wallet, __: Key, header: dict[str, Any], claims: dict[str, Any]) -> None:
        target = header if where == "header" else claims
        for name, value in changes.items():
            if value is None:
                target.pop(name, None)
            else:
                target[name] = value

    return apply


def _by_stranger(wallet: Wallet, key: Key, header: dict[str, Any], claims: dict[str, Any]) -> str:
    return wallet.stranger[key.alg].sign(header, dumps(claims))


def _unsigned(_: Wallet, __: Key, header: dict[str, Any], claims: dict[str, Any]) -> str:
    return jwt.encode(claims, key="", algorithm="none", headers={**header, "alg": "none"})


def _symmetric(_: Wallet, key: Key, header: dict[str, Any], claims: dict[str, Any]) -> str:
    secret = key.listed()["jwks"].encode()
    signed = f"{part(dumps({**header, 'alg': 'HS256'}).encode())}.{part(dumps(claims).encode())}"
    algorithm: Any = get_default_algorithms()["HS256"]
    return f"{signed}.{part(algorithm.sign(signed.encode(), secret))}"


def _tampered(_wallet: Wallet, key: Key, header: dict[str, Any], claims: dict[str, Any]) -> str:
    head, _, signature = key.sign(header, dumps(claims)).split(".")
    return f"{head}.{part(dumps({**claims, 'sub': 'root'}).encode())}.{signature}"


FLAWS: dict[str, Any] = {
    "stranger": _by_stranger,
    "unsigned": _unsigned,
    "symmetric": _symmetric,
    "tampered": _tampered,
    "kid-other": _set("header", kid="txn-token-1"),
    "kid-path": _set("header", kid="../keys"),
    "kid-empty": _set("header", kid=""),
    "kid-number": _set("header", kid=7),
    "kid-none": _set("header", kid=None),
    "typ-none": _set("header", typ=None),
    "typ-other": _set("header", typ="dpop+jwt"),
    "typ-number": _set("header", typ=1),
    "typ-upper": lambda _w, _k, header, _c: header.update(typ=f"Application/{header['typ'].upper()}"),
    "crit": _set("header", crit=["exp"]),
    "jwk": lambda wallet, _k, header, _c: header.update(jwk=wallet.stranger["ES256"].jwk()),
    "exp-none": _set("claims", exp=None),
    "exp-text": _set("claims", exp=str(START + 240)),
    "exp-fraction": _set("claims", exp=loads(f"{START + 30}.5")),
    "exp-huge": _set("claims", exp=loads("1e30")),
    "exp-before-iat": _set("claims", exp=START - 61),
    "expired": _set("claims", exp=START - 30),
    "expired-leeway": _set("claims", exp=START - 4),
    "nbf-inside": _set("claims", nbf=START + 5),
    "nbf-outside": _set("claims", nbf=START + 40),
    "nbf-text": _set("claims", nbf="0"),
    "iat-ahead": _set("claims", iat=START + 6),
    "iat-none": _set("claims", iat=None),
    "iat-none-long": _set("claims", iat=None, exp=START + 3_600),
    "iat-text": _set("claims", iat="1"),
    "long": _set("claims", iat=START - 60, exp=START + 541),
    "longest": _set("claims", iat=START - 60, exp=START + 540),
    "aud-else": _set("claims", aud="https://stranger.example"),
    "aud-two": _set("claims", aud=[AUDIENCE, "https://stranger.example"]),
    "aud-odd": _set("claims", aud=[AUDIENCE, 7]),
    "aud-none": _set("claims", aud=None),
    "aud-empty": _set("claims", aud=[]),
    "jti-none": _set("claims", jti=None),
    "jti-number": _set("claims", jti=7),
    "sub-none": _set("claims", sub=None),
    "sub-odd": _set("claims", sub="spiffe://td.example/../wl-pay"),
    "sub-upper": _set("claims", sub="spiffe://TD.example/wl-pay"),
    "sub-foreign": _set("claims", sub="spiffe://other.example/wl-pay"),
    "sub-port": _set("claims", sub="spiffe://td.example:8443/wl-pay"),
    "iss-other": _set("claims", iss="https://as.example/"),
    "client-agent": _set("claims", client_id="agent-a"),
    "act-empty": _set("claims", act={}),
    "act-text": _set("claims", act="agent-a"),
    "act-unknown": _set("claims", act={"sub": "nobody"}),
    "cnf-empty": _set("claims", cnf={}),
    "cnf-text": _set("claims", cnf="jkt"),
    "cnf-odd": _set("claims", cnf={"kid": "1"}),
    "tctx-more": _set("claims", tctx={"amount": 10, "currency": "EUR", "x": 1}),
    "tctx-action": _set("claims", tctx={"amount": 10, "currency": "EUR", "action": "read", "resource": "payment:p1"}),
    "tctx-text": _set("claims", tctx="all"),
    "environment-colon": _set("claims", environment="prod:x"),
    "environment-number": _set("claims", environment=1),
    "repository-number": _set("claims", repository_id=1),
    "workload-none": _set("claims", req_wl=None),
    "kubernetes-odd": _set("claims", **{"kubernetes.io": {"namespace": "other"}}),
}
"""Flaw → what it does to header and claims before they are signed, or the token it makes itself."""
