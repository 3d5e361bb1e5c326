"""SPIRE as a trust domain: both kinds of SVID from the Workload API, its bundle, and a rotation of both authorities."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.integration.trust.servers import claims
from tests.integration.trust.spire import Spire, spire, until
from tests.integration.trust.world import MINUTE, issuer, reasons

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.trust.world import World

pytestmark = [pytest.mark.longrun, pytest.mark.timeout(5400)]

DOMAIN = "mesh.example"
AUDIENCE = "orders"
AGAIN = "orders-again"


@pytest.fixture
def domain() -> Iterator[Spire]:
    """A trust domain of the test's own; sockets want a short path."""
    with (
        tempfile.TemporaryDirectory(prefix="lg-", dir="/tmp") as folder,
        spire(Path(folder), domain=DOMAIN, path="ns/orders/sa/worker") as found,
    ):
        yield found


def trusting(world: World, domain: Spire) -> Path:
    """Trust the domain by its bundle, in the file that is given back."""
    published = world.project.data / "mesh-bundle.set"
    world.workload("worker", domain.name)
    world.source("mesh", "trust", "spiffe", path=str(published), trust_domain=DOMAIN)
    facts = issuer(AUDIENCE, algs=("ES256",), minutes=5)
    facts["audiences"][AGAIN] = True
    world.trust(issuers={"jwt-svid": {DOMAIN: facts}}, domains={DOMAIN: {"max_ttl": 61 * MINUTE, "leeway": 0}})
    return published


def test_a_trust_domain(world: World, domain: Spire) -> None:
    published = trusting(world, domain)

    def publish() -> None:
        published.write_text(domain.bundle())
        world.sync()
        world.publish()

    def token(text: str) -> set[str]:
        return reasons(world.ask("worker", {"kind": "jwt-svid", "token": text}))

    def certificate(text: str) -> set[str]:
        return reasons(world.ask("worker", {"kind": "x509-svid", "certificate": text}))

    publish()
    first, chain = domain.token(AUDIENCE), domain.certificate()
    header, said = claims(first)
    assert header == {"alg": "ES256", "kid": domain.authorities("jwt")["active"], "typ": "JWT"}
    assert set(said) == {"aud", "exp", "iat", "sub"}
    assert (said["aud"], said["sub"], said["exp"] - said["iat"]) == ([AUDIENCE], domain.name, 300)
    assert token(first) == set()
    assert certificate(chain) == set()
    assert "proof.audience" in token(domain.token("somebody-else"))
    for shown in ({"kind": "jwt-svid", "token": first}, {"kind": "x509-svid", "certificate": chain}):
        assert [reasons(answer) for answer in world.by_hand("worker", shown)] == [set(), set()]

    for kind in ("jwt", "x509"):
        domain.authority(kind, "prepare")
        domain.authority(kind, "activate", domain.authorities(kind)["prepared"])
    publish()
    assert len(world.document()["keys"][DOMAIN]["jwt-svid"]) == 2
    assert world.document()["roots"][DOMAIN].count("BEGIN CERTIFICATE") == 2
    second = domain.token(AGAIN)  # the agent keeps a token for an audience until half its life
    assert claims(second)[0]["kid"] == domain.authorities("jwt")["active"] != header["kid"]
    assert [token(first), token(second), certificate(chain)] == [set(), set(), set()], "both authorities live"

    before = published.read_text()
    for kind in ("jwt", "x509"):
        old = domain.authorities(kind)["old"]
        domain.authority(kind, "taint", old)
        if kind == "x509":
            renewed = until(lambda: (new := domain.certificate()) != chain and new, "an SVID by the new authority")
        domain.authority(kind, "revoke", old)
    publish()
    assert set(world.document()["keys"][DOMAIN]["jwt-svid"]) == {claims(second)[0]["kid"]}
    assert "proof.key_unknown" in token(first)
    assert "proof.invalid" in certificate(chain)
    assert token(second) == set()
    assert certificate(renewed) == set()

    published.write_text(before)
    told = world.sync("mesh", code=4)
    assert "below the" in told["sources"]["mesh"]["error"], "the bundle before is not taken back"
    assert "proof.key_unknown" in token(first)
