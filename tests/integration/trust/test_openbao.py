"""OpenBao as an issuer: identity tokens by its JWKS, rotation and withdrawal; X.509-SVIDs by its PKI engine."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from jwt.algorithms import ECAlgorithm
from tests.integration.trust.servers import claims
from tests.integration.trust.world import MINUTE, issuer, reasons

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.trust.servers import Bao
    from tests.integration.trust.world import World

AUDIENCE = "https://orders.example"
DOMAIN = "mesh.example"


def shown(token: str) -> dict[str, Any]:
    """As a PEP passes an access token on."""
    return {"kind": "access-token", "token": token}


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_identity_tokens(world: World, bao: Bao, algorithm: str) -> None:
    name = f"role-{algorithm}"
    bao.role(name, f"key-{algorithm}", algorithm, AUDIENCE)
    entity, login = bao.user(f"user-{algorithm.lower()}")
    token = bao.identity_token(name, login)
    header, said = claims(token)
    assert set(header) == {"alg", "kid"}, "OpenBao sets no typ"
    assert {"iss", "sub", "aud", "exp", "iat", "namespace", "client_id", "jti"} == set(said)
    assert (said["iss"], said["sub"], said["aud"]) == (bao.issuer, entity, AUDIENCE)

    world.workload("worker", f"{bao.issuer}#{entity}")
    world.source("bao", "trust", "jwks", url=f"{bao.url}/v1/identity/oidc/.well-known/keys", issuer=bao.issuer)
    world.trust(issuers={"access-token": {bao.issuer: issuer(AUDIENCE, algs=(algorithm,))}})
    told = world.sync()
    assert told["sources"]["bao"]["state"] == "complete"
    assert world.document()["keys"][bao.issuer]["sig"][header["kid"]]["alg"] == algorithm
    world.publish()

    answer = world.ask("worker", shown(token))
    assert reasons(answer) == set()
    assert answer["context"]["evidence"]["proof"]["subject"] == f"{bao.issuer}#{entity}"
    other = bao.identity_token(name, bao.user(f"stranger-{algorithm.lower()}")[1])
    assert "proof.identity_unknown" in reasons(world.ask("worker", shown(other)))
    changed = token[:-8] + ("A" * 8 if token[-8:] != "A" * 8 else "B" * 8)
    assert "proof.invalid" in reasons(world.ask("worker", shown(changed)))


def test_rotation_and_withdrawal(world: World, bao: Bao) -> None:
    bao.role("turning", "first", "ES256", AUDIENCE)
    entity, login = bao.user("turner")
    world.workload("worker", f"{bao.issuer}#{entity}")
    world.source("bao", "trust", "jwks", url=f"{bao.url}/v1/identity/oidc/.well-known/keys", issuer=bao.issuer)
    world.trust(issuers={"access-token": {bao.issuer: issuer(AUDIENCE, algs=("ES256",))}})
    old = bao.identity_token("turning", login)
    bao.call("POST", "identity/oidc/key/first/rotate")
    new = bao.identity_token("turning", login)
    kids = [claims(token)[0]["kid"] for token in (old, new)]
    assert kids[0] != kids[1]

    world.sync()
    world.publish()
    assert [reasons(world.ask("worker", shown(token))) for token in (old, new)] == [set(), set()], "both keys live"

    # OpenBao lists the keys of roles: the role gets another one, and the first is gone from the listing
    bao.role("turning", "second", "ES256", AUDIENCE)
    latest = bao.identity_token("turning", login)
    world.sync()
    listed = set(world.document()["keys"][bao.issuer]["sig"])
    assert claims(latest)[0]["kid"] in listed
    assert not set(kids) & listed
    world.publish()
    assert reasons(world.ask("worker", shown(latest))) == set()
    for token in (old, new):
        assert reasons(world.ask("worker", shown(token))) == {"proof.key_unknown"}


def test_nobody_there_lets_the_keys_stay_and_age(world: World, bao: Bao) -> None:
    bao.role("resting", "rest", "ES256", AUDIENCE)
    url = f"{bao.url}/v1/identity/oidc/.well-known/keys"
    world.source("bao", "trust", "jwks", url=url, issuer=bao.issuer)
    world.sync()
    before = world.document()
    world.source("bao", "trust", "jwks", url=f"{bao.url}/v1/identity/oidc/.well-known/nothing", issuer=bao.issuer)
    told = world.sync(code=1)
    assert told["sources"]["bao"]["state"] == "failed"
    assert world.document() == before


def authority(bao: Bao, mount: str, key_type: str, bits: int) -> x509.Certificate:
    """A new root of a PKI engine under ``mount`` that signs workloads of the trust domain."""
    bao.call("POST", f"sys/mounts/{mount}", type="pki", config={"max_lease_ttl": "24h"})
    root = bao.call(
        "POST",
        f"{mount}/root/generate/internal",
        common_name=DOMAIN,
        uri_sans=f"spiffe://{DOMAIN}",
        key_type=key_type,
        key_bits=bits,
        ttl="24h",
    )["data"]["certificate"]
    bao.call(
        "POST",
        f"{mount}/roles/workload",
        allow_any_name=True,
        enforce_hostnames=False,
        require_cn=False,
        allowed_uri_sans=f"spiffe://{DOMAIN}/*",
        key_type=key_type,
        key_bits=bits,
        key_usage=["DigitalSignature"],
        ext_key_usage=["ClientAuth"],
        basic_constraints_valid_for_non_ca=True,
        ttl="30m",
    )
    return x509.load_pem_x509_certificate(root.encode())


def bundle(*roots: x509.Certificate, sequence: int) -> str:
    """A SPIFFE bundle of these authorities, as a federation endpoint publishes it."""
    keys = []
    for root in roots:
        public = root.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        jwk = ECAlgorithm.to_jwk(public, as_dict=True)
        der = base64.b64encode(root.public_bytes(Encoding.DER)).decode()
        keys.append(jwk | {"use": "x509-svid", "x5c": [der]})
    return json.dumps({"keys": keys, "spiffe_sequence": sequence, "spiffe_refresh_hint": 300})


def test_certificates(world: World, bao: Bao, tmp_path: Path) -> None:
    first, second = (authority(bao, mount, "ec", 256) for mount in ("pki-one", "pki-two"))
    name = f"spiffe://{DOMAIN}/ns/orders/sa/worker"
    leaf = bao.call("POST", "pki-one/issue/workload", uri_sans=name)["data"]["certificate"]
    stray = bao.call("POST", "pki-two/issue/workload", uri_sans=name)["data"]["certificate"]
    published = tmp_path / "bundle.json"
    world.workload("worker", name)
    world.source("spiffe", "trust", "spiffe", path=str(published), trust_domain=DOMAIN)
    world.trust(domains={DOMAIN: {"max_ttl": 60 * MINUTE, "leeway": 0}})

    published.write_text(bundle(first, sequence=1))
    told = world.sync()
    assert told["sources"]["spiffe"]["counts"] == {"key": 1}
    assert not [note for note in told["notes"] if DOMAIN in note]
    pem = world.document()["roots"][DOMAIN]
    assert x509.load_pem_x509_certificate(pem.encode()) == first
    world.publish()
    asked = {"kind": "x509-svid", "certificate": leaf}
    assert reasons(world.ask("worker", asked)) == set()
    denied = reasons(world.ask("worker", {"kind": "x509-svid", "certificate": stray}))
    assert "proof.invalid" in denied

    published.write_text(bundle(first, second, sequence=2))
    world.sync()
    world.publish()
    for chain in (leaf, stray):
        assert reasons(world.ask("worker", {"kind": "x509-svid", "certificate": chain})) == set(), "both roots live"

    published.write_text(bundle(first, sequence=1))
    assert "below the 2" in world.sync("spiffe", code=4)["sources"]["spiffe"]["error"]
    time.sleep(0.01)  # so that the file is a later one for clocks that tick slowly
    published.write_text(bundle(second, sequence=3))
    world.sync()
    world.publish()
    assert reasons(world.ask("worker", {"kind": "x509-svid", "certificate": stray})) == set()
    assert "proof.invalid" in reasons(world.ask("worker", asked))
