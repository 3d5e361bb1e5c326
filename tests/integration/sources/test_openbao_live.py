"""The OpenBao connector against a real ``bao``: SSH one-time passwords as leases, control groups with alice and bob."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any

import pytest

from livegate.errors import SourceError
from livegate.model.instants import parse
from livegate.model.records import Elevation
from livegate.model.snapshot import Domain, Quarantined
from livegate.sources import openbao_api
from livegate.sources.openbao import OpenBaoSource

POLICY = "\n".join(line for line in (openbao_api.__doc__ or "").splitlines() if line.strip().startswith("path "))
"""The policy that the connector's documentation says its token needs, taken from there."""


WORD = {"password": "of-people-who-live-for-one-test"}


@dataclass
class Place:
    """Paths of one test, with people who may ask for a one-time password there and approve each other."""

    bao: Any
    mount: str
    users: dict[str, tuple[str, str]]

    def ask(self, who: str, role: str = "dba") -> Any:
        """Ask for a one-time password; under a control group the answer is wrapped."""
        return self.bao.call("POST", f"/{self.mount}/creds/{role}", token=self.users[who][1], ip="127.0.0.1")

    def approve(self, who: str, accessor: str) -> None:
        """Approve a request."""
        self.bao.call("POST", "/sys/control-group/authorize", token=self.users[who][1], accessor=accessor)


@pytest.fixture
def place(bao: Any, request: pytest.FixtureRequest) -> Place:
    """A mount, people and policies under names of this test alone."""
    return make_place(bao, hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12])


def make_place(bao: Any, name: str, ttl: str = "1h") -> Place:
    mount, login = f"ssh-{name}", f"login-{name}"
    bao.call("POST", f"/sys/mounts/{mount}", type="ssh", config={"default_lease_ttl": "30m"})
    for role in ("dba", "open-alice", "open-bob"):
        bao.call("POST", f"/{mount}/roles/{role}", key_type="otp", default_user="x", cidr_list="127.0.0.0/8")
    bao.call(
        "POST",
        f"/sys/policies/acl/{name}",
        policy=f"""
        path "{mount}/creds/dba" {{ capabilities = ["update"]
          control_group = {{ ttl = "{ttl}"
            factor "second person" {{ controlled_capabilities = ["update"]
              identity {{ group_names = ["{name}"] approvals = 1 }} }} }} }}
        path "{mount}/creds/open-*" {{ capabilities = ["update"] }}
        path "sys/control-group/authorize" {{ capabilities = ["update"] }}""",
    )
    bao.call("POST", f"/sys/auth/{login}", type="userpass")
    accessor = bao.call("GET", "/sys/auth")[f"{login}/"]["accessor"]
    users = {}
    for person in ("alice", "bob"):
        bao.call("POST", f"/auth/{login}/users/{person}", token_policies=name, **WORD)
        entity = bao.call("POST", "/identity/entity", name=f"{person}-{name}")["data"]["id"]
        bao.call("POST", "/identity/entity-alias", name=person, canonical_id=entity, mount_accessor=accessor)
        token = bao.call("POST", f"/auth/{login}/login/{person}", **WORD)["auth"]["client_token"]
        users[person] = (entity, token)
    bao.call("POST", "/identity/group", name=name, member_entity_ids=[entity for entity, _ in users.values()])
    return Place(bao, mount, users | {"accessor": ("", accessor)})


def token_with(bao: Any, name: str, policy: str) -> str:
    bao.call("POST", f"/sys/policies/acl/{name}", policy=policy)
    found: str = bao.call("POST", "/auth/token/create", policies=[name], no_default_policy=True)["auth"]["client_token"]
    return found


def rows(place: Place, folder: Any, *lines: dict[str, str], token: str = "", **settings: Any) -> list[Any]:
    """List with no more rights than documented; ``lines`` are the approvals file."""
    prefixes = {
        f"{place.mount}/creds/dba/": {"entitlement": "db:admin", "scope": "db:orders", "recording": "on"},
        f"{place.mount}/creds/": {
            "resource": "host:h1",
            "actions": ["login"],
            "subject": f"{place.mount}/creds/open-{{subject}}",
        },
    }
    (folder.base / "approvals.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    given = {"url": place.bao.url.removesuffix("/v1"), "prefixes": prefixes, "approvals": "approvals.jsonl"} | settings
    token = token or token_with(place.bao, "livegate", POLICY)
    return list(OpenBaoSource(folder.config(Domain.PAM, "openbao", token, **given), folder.effects).listing().rows)


def test_leases_come_revoked_and_gone(place: Place, folder: Any) -> None:
    assert rows(place, folder) == []
    leases = {who: place.ask(who, f"open-{who}")["lease_id"] for who in ("alice", "bob")}

    found = {row.subject: row for row in rows(place, folder)}

    assert set(found) == {"alice", "bob"}
    data = place.bao.call("POST", "/sys/leases/lookup", lease_id=leases["alice"])["data"]
    assert len(data["issue_time"]) > len("2026-11-23T18:00:00.000Z"), "more digits than a datetime holds"
    assert found["alice"].id == leases["alice"]
    assert (found["alice"].not_before, found["alice"].expires_at) == (
        parse(data["issue_time"]),
        parse(data["expire_time"]),
    )
    assert (found["alice"].resource, found["alice"].actions) == ("host:h1", ("login",))
    assert found["alice"].approval.approvers == ()

    place.bao.call("PUT", "/sys/leases/revoke", lease_id=leases["alice"], sync=True)

    assert [row.subject for row in rows(place, folder)] == ["bob"]


def test_a_lease_that_ends_is_gone(place: Place, folder: Any) -> None:
    place.bao.call("POST", f"/sys/mounts/{place.mount}/tune", default_lease_ttl="2s")
    lease = place.ask("alice", "open-alice")["lease_id"]
    end = parse(place.bao.call("POST", "/sys/leases/lookup", lease_id=lease)["data"]["expire_time"])
    time.sleep(max(0.0, (end - time.time_ns()) / 1e9))

    assert rows(place, folder) == []


def test_a_lease_that_nobody_claims_elevates_nobody(place: Place, folder: Any) -> None:
    lease = place.bao.call("POST", f"/{place.mount}/creds/dba", ip="127.0.0.1")["lease_id"]

    assert rows(place, folder) == [
        Quarantined(where=lease, reason="nothing tells who holds it: no template and no line of the approvals file")
    ]
    (row,) = rows(place, folder, {"lease": lease, "subject": "carol", "justification": "by the broker"})
    assert (row.subject, row.justification, row.entitlement) == ("carol", "by the broker", "db:admin")


def test_who_asks_is_not_elevated_before_someone_else_approves(place: Place, folder: Any) -> None:
    wrapped = place.ask("alice")["wrap_info"]
    line = {"accessor": wrapped["accessor"], "justification": "restore", "ticket": "CHG-7"}
    keys = place.bao.call("LIST", f"/sys/leases/lookup/{place.mount}/creds/dba")["data"]["keys"]
    assert len(keys) == 1, "a pending request is a lease under the very path that it asks for"
    assert rows(place, folder, line) == []

    with pytest.raises(LookupError, match="cannot be approver"):
        place.approve("alice", wrapped["accessor"])
    assert rows(place, folder, line) == []

    place.approve("bob", wrapped["accessor"])
    (row,) = rows(place, folder, line)

    name = place.mount.removeprefix("ssh-")
    assert isinstance(row, Elevation)
    assert row.subject == row.approval.requester == f"alice-{name}"
    assert row.approval.approvers == (f"bob-{name}",)
    assert (row.entitlement, row.scope, row.recording) == ("db:admin", "db:orders", "on")
    assert (row.justification, row.approval.ticket) == ("restore", "CHG-7")
    assert row.not_before >= parse(wrapped["creation_time"])
    assert 3500 < (row.expires_at - row.not_before) / 1e9 < 3700
    assert wrapped["accessor"] not in repr(row)

    place.bao.call("POST", "/auth/token/revoke-accessor", accessor=wrapped["accessor"])
    assert rows(place, folder, line) == []


def test_what_was_unwrapped_takes_the_place_of_its_request(place: Place, folder: Any) -> None:
    wrapped = place.ask("alice")["wrap_info"]
    place.approve("bob", wrapped["accessor"])
    lease = place.bao.call("POST", "/sys/wrapping/unwrap", token=wrapped["token"])["lease_id"]
    line = {"accessor": wrapped["accessor"], "lease": lease}
    name = place.mount.removeprefix("ssh-")

    (row,) = rows(place, folder, line)
    assert (row.id, row.subject, row.approval.approvers) == (lease, f"alice-{name}", (f"bob-{name}",))

    place.bao.call("PUT", "/sys/leases/revoke", lease_id=lease, sync=True)
    assert place.bao.call("POST", "/sys/control-group/request", accessor=wrapped["accessor"])["data"]["approved"]
    assert rows(place, folder, line) == [], "the request is approved still, what it gave is revoked"


def test_a_lease_is_not_taken_for_anothers(place: Place, folder: Any) -> None:
    # bob's line claims a lease that came from elsewhere, under a path that he was not approved for
    wrapped = place.ask("bob")["wrap_info"]
    place.approve("alice", wrapped["accessor"])
    other = place.ask("alice", "open-alice")["lease_id"]
    before = place.bao.call("POST", f"/{place.mount}/creds/dba", ip="127.0.0.1")["lease_id"]

    found = rows(place, folder, {"accessor": wrapped["accessor"], "lease": other})

    assert sorted(type(row).__name__ for row in found) == ["Quarantined", "Quarantined"]
    assert {row.where for row in found} == {other, before}


def test_a_request_that_is_not_as_the_line_says(place: Place, folder: Any) -> None:
    wrapped = place.ask("alice")["wrap_info"]
    place.approve("bob", wrapped["accessor"])
    accessor = wrapped["accessor"]

    for line in ({"accessor": accessor, "path": "ssh/creds/other"}, {"accessor": accessor, "subject": "bob"}):
        (row,) = rows(place, folder, line)
        assert isinstance(row, Quarantined)
        assert "the line says" in row.reason
    twice = rows(place, folder, {"accessor": accessor}, {"accessor": accessor, "ticket": "CHG-8"})
    assert sorted(type(row).__name__ for row in twice) == ["Elevation", "Quarantined"]
    bad = rows(place, folder, {"accessor": accessor}, {"lease": "x"}, {"accessor": "a", "approved": "yes"})
    assert sorted(type(row).__name__ for row in bad) == ["Elevation", "Quarantined", "Quarantined"]


def test_a_request_ends_with_its_time(bao: Any, folder: Any) -> None:
    place = make_place(bao, "short", ttl="2s")
    wrapped = place.ask("alice")["wrap_info"]
    place.approve("bob", wrapped["accessor"])
    token = place.bao.call("POST", "/auth/token/lookup-accessor", accessor=wrapped["accessor"])["data"]
    time.sleep(max(0.0, (parse(token["expire_time"]) - time.time_ns()) / 1e9))

    assert rows(place, folder, {"accessor": wrapped["accessor"]}) == []
    for _ in range(100):  # until the server has put it away, and answers that there is none
        try:
            bao.call("POST", "/sys/control-group/request", accessor=wrapped["accessor"])
        except LookupError:
            break
        time.sleep(0.1)
    assert rows(place, folder, {"accessor": wrapped["accessor"]}) == []
    assert rows(place, folder, {"accessor": "never-was"}) == []


def test_names_by_account_and_by_id(place: Place, folder: Any) -> None:
    wrapped = place.ask("alice")["wrap_info"]
    place.approve("bob", wrapped["accessor"])
    line = {"accessor": wrapped["accessor"]}

    (row,) = rows(place, folder, line, names="alias", alias_mount=place.users["accessor"][1])
    assert (row.subject, row.approval.approvers) == ("alice", ("bob",))
    (row,) = rows(place, folder, line, names="id")
    assert (row.subject, row.approval.approvers) == (place.users["alice"][0], (place.users["bob"][0],))
    (row,) = rows(place, folder, line, names="alias", alias_mount="auth_userpass_elsewhere")
    assert isinstance(row, Quarantined)


def test_leases_of_a_namespace(bao: Any, folder: Any) -> None:
    bao.call("POST", "/sys/namespaces/team-a")
    for method, path, body in (
        ("POST", "/sys/mounts/ssh", {"type": "ssh"}),
        ("POST", "/ssh/roles/open-ada", {"key_type": "otp", "default_user": "x", "cidr_list": "127.0.0.0/8"}),
        ("POST", "/ssh/creds/open-ada", {"ip": "127.0.0.1"}),
    ):
        bao.call(method, path, namespace="team-a", **body)
    place = Place(bao, "ssh", {})

    (row,) = rows(place, folder, token=bao.token, namespace="team-a")
    assert row.subject == "ada"
    assert rows(place, folder, token=bao.token) == []
    with pytest.raises(SourceError, match="namespace not found"):
        rows(place, folder, token=bao.token, namespace="team-b")


@pytest.mark.parametrize(
    "missing",
    ["sys/leases/lookup/*", "sys/leases/lookup", "sys/control-group/request", "auth/token/lookup-accessor", "identity"],
)
def test_a_right_that_is_missing_is_an_error_not_an_empty_listing(missing: str, place: Place, folder: Any) -> None:
    wrapped = place.ask("alice")["wrap_info"]
    place.approve("bob", wrapped["accessor"])
    place.ask("alice", "open-alice")
    policy = "\n".join(
        line for line in POLICY.splitlines() if f'"{missing}"' not in line and f'"{missing}/entity' not in line
    )
    assert policy.count("path ") == POLICY.count("path ") - 1
    token = token_with(place.bao, f"without-{place.mount}", policy)

    with pytest.raises(SourceError, match="forbids this to the token") as caught:
        rows(place, folder, {"accessor": wrapped["accessor"]}, token=token)
    assert token not in str(caught.value)


def test_listing_leases_needs_sudo(place: Place, folder: Any) -> None:
    place.ask("alice", "open-alice")
    token = token_with(place.bao, f"no-sudo-{place.mount}", POLICY.replace(', "sudo"', ""))

    with pytest.raises(SourceError, match="forbids this to the token"):
        rows(place, folder, token=token)
    with pytest.raises(SourceError, match="forbids this to the token"):
        rows(place, folder, token=f"{token}x")


def test_a_sealed_server_is_named(own_bao: Any, folder: Any) -> None:
    place = make_place(own_bao, "sealed")
    place.ask("alice", "open-alice")
    token = token_with(own_bao, "livegate", POLICY)
    assert len(rows(place, folder, token=token)) == 1

    own_bao.call("PUT", "/sys/seal")

    with pytest.raises(SourceError, match="is sealed"):
        rows(place, folder, token=token)


def test_without_its_approvals_file_nothing_is_listed(place: Place, folder: Any) -> None:
    with pytest.raises(SourceError, match="cannot read"):
        rows(place, folder, approvals="elsewhere.jsonl")
