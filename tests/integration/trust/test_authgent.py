"""An OAuth server as an issuer: client credentials, exchange with an actor, DPoP, transaction tokens, rotation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.integration.trust.servers import claims, dpop
from tests.integration.trust.world import issuer, reasons

from livegate.regression import mint

if TYPE_CHECKING:
    from tests.integration.trust.servers import Authgent
    from tests.integration.trust.world import World

AUDIENCE = "https://orders.example"
DOMAIN = "mesh.example"
CLAIMS = {"iss", "sub", "aud", "exp", "iat", "jti", "scope", "client_id"}
GRANT = {"grant_type": "client_credentials", "resource": AUDIENCE}


def trusting(world: World, server: Authgent) -> None:
    """Trust the server's access tokens, and its transaction tokens for the trust domain."""
    keys = f"{server.url}/.well-known/jwks.json"
    world.source("authgent", "trust", "jwks", url=keys, issuer=server.url)
    world.source("authgent-txn", "trust", "jwks", url=keys, issuer=DOMAIN)
    world.trust(
        issuers={
            "access-token": {server.url: issuer(AUDIENCE, algs=("ES256",))},
            "txn-token": {DOMAIN: issuer(DOMAIN, algs=("ES256",), typs=("txntoken+jwt",), minutes=2)},
        }
    )
    told = world.sync()
    assert {name: facts["state"] for name, facts in told["sources"].items() if name.startswith("authgent")} == {
        "authgent": "complete",
        "authgent-txn": "complete",
    }
    assert not [note for note in told["notes"] if DOMAIN in note]
    world.publish()


def name(server: Authgent, client: dict[str, str]) -> str:
    """The name of a client's own tokens."""
    return f"{server.url}#client:{client['client_id']}"


def shown(token: str, **more: Any) -> dict[str, Any]:
    """As a PEP passes an access token on."""
    return {"kind": "access-token", "token": token, **more}


def test_client_credentials(world: World, authgent: Authgent) -> None:
    client = authgent.client("worker")
    token = authgent.token(client, **GRANT)
    header, said = claims(token)
    assert (header["typ"], header["alg"]) == ("JWT", "ES256")
    assert set(said) == CLAIMS
    assert (said["sub"], said["client_id"]) == (f"client:{client['client_id']}", client["client_id"])
    world.workload("worker", name(authgent, client))
    trusting(world, authgent)

    answer = world.ask("worker", shown(token))
    assert reasons(answer) == set()
    assert answer["context"]["evidence"]["proof"]["key"] == header["kid"]
    elsewhere = authgent.token(client, grant_type="client_credentials", resource="https://ledger.example")
    assert "proof.audience" in reasons(world.ask("worker", shown(elsewhere)))
    assert "proof.subject_mismatch" in reasons(world.ask("alice", shown(token), kind="human"))


def test_an_exchanged_token_names_who_acts(world: World, authgent: Authgent) -> None:
    first, second = authgent.client("first"), authgent.client("second")
    world.workload("first", name(authgent, first))
    world.workload("second", name(authgent, second))
    trusting(world, authgent)
    token = authgent.token(first, **GRANT)
    exchanged = authgent.exchanged(second, token, audience=AUDIENCE)
    header, said = claims(exchanged)
    assert header["typ"] == "JWT"
    assert set(said) == CLAIMS | {"act"}
    assert said["sub"] == f"client:{first['client_id']}"
    assert said["act"] == {"sub": f"client:{second['client_id']}"}

    assert reasons(world.ask("second", shown(exchanged))) == set()
    assert "proof.subject_mismatch" in reasons(world.ask("first", shown(exchanged)))


def test_a_bound_token_wants_its_key(world: World, authgent: Authgent) -> None:
    client = authgent.client("bound")
    key, thief = mint.Key.new("ES256", "holder"), mint.Key.new("ES256", "thief")
    world.workload("worker", name(authgent, client))
    trusting(world, authgent)
    token = authgent.token(client, dpop(key, "POST", f"{authgent.url}/token"), **GRANT)
    assert set(claims(token)[1]) == CLAIMS | {"cnf"}

    url = "https://orders.example/query"
    connection = {"method": "POST", "url": url}
    assert "proof.binding_missing" in reasons(world.ask("worker", shown(token, **connection)))
    proof = dpop(key, "POST", url, token)
    answer = world.ask("worker", shown(token, dpop=proof, **connection))
    assert reasons(answer) == set()
    assert answer["context"]["evidence"]["proof"]["bound"] == "dpop"
    assert answer["context"]["cache"]["store"] is False
    assert [reasons(one) for one in world.by_hand("worker", shown(token, dpop=proof, **connection))] == [set(), set()]
    stolen = dpop(thief, "POST", url, token)
    assert "proof.binding_invalid" in reasons(world.ask("worker", shown(token, dpop=stolen, **connection)))
    elsewhere = shown(token, dpop=proof, method="POST", url="https://orders.example/drop")
    assert "proof.binding_invalid" in reasons(world.ask("worker", elsewhere))


def test_a_transaction_token(world: World, authgent: Authgent) -> None:
    first, gateway = authgent.client("first"), authgent.client("gateway")
    world.workload("first", f"{DOMAIN}#client:{first['client_id']}")
    trusting(world, authgent)
    token = authgent.token(first, **GRANT)

    def transaction(**details: str) -> str:
        return authgent.exchanged(gateway, token, "txn_token", audience=DOMAIN, request_details=json.dumps(details))

    mine = transaction(action="query", resource="database:orders-prod")
    header, said = claims(mine)
    assert header["typ"] == "txntoken+jwt"
    assert set(said) == {"iss", "iat", "aud", "exp", "txn", "sub", "scope", "req_wl", "tctx", "rctx"}
    assert (said["aud"], said["req_wl"]) == (DOMAIN, f"client:{gateway['client_id']}")
    assert said["exp"] - said["iat"] == 120

    assert reasons(world.ask("first", {"kind": "txn-token", "token": mine})) == set()
    for other in ({"action": "dump"}, {"resource": "database:orders-staging"}, {"action": "query", "rows": "7"}):
        found = reasons(world.ask("first", {"kind": "txn-token", "token": transaction(**other)}))
        assert found == {"proof.transaction_mismatch"}
    assert "proof.issuer_unknown" in reasons(world.ask("first", {"kind": "txn-token", "token": token}))
    assert not world.ask("first", shown(mine))["decision"], "a transaction token is no access token"


def test_rotation(world: World, authgent: Authgent) -> None:
    client = authgent.client("worker")
    world.workload("worker", name(authgent, client))
    old = authgent.token(client, **GRANT)
    authgent.rotate()
    new = authgent.token(client, **GRANT)
    kids = {claims(token)[0]["kid"] for token in (old, new)}
    assert len(kids) == 2
    trusting(world, authgent)
    assert set(world.document()["keys"][authgent.url]["sig"]) == kids
    assert [reasons(world.ask("worker", shown(token))) for token in (old, new)] == [set(), set()]
