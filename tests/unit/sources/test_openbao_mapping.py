"""Which path elevates to what, and who is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from livegate.errors import ConfigError
from livegate.model.instants import HOUR, MINUTE, parse
from livegate.model.records import Approval
from livegate.sources import config
from livegate.sources.openbao import OpenBaoSource
from livegate.sources.openbao_api import Alias, Entity, Lease
from livegate.sources.openbao_mapping import Approved, Line, Names, of_lease, target_of, targets
from livegate.sources.protocol import Effects

if TYPE_CHECKING:
    from pathlib import Path

START = parse("2026-11-23T18:00:00Z")
LEASE = Lease("ssh/creds/dba/x", "ssh/creds/dba", "2026-11-23T18:00:00.123456789Z", "2026-11-23T19:00:00Z")
REQUEST = Approved(Approval(requester="alice", approvers=("bob",)), "ssh/creds/dba", START, START + HOUR)


def known(**entries: Any) -> Any:
    return targets({name: {"entitlement": name} | entry for name, entry in entries.items()}, where="a.yaml: a")


def test_the_longest_prefix_counts_and_ends_with_a_segment() -> None:
    found = known(**{"ssh/": {}, "ssh/creds/dba": {}, "ssh/creds/": {}})

    def fits(path: str) -> str | None:
        target = target_of(path, found)
        return target.prefix if target else None

    assert fits("ssh/creds/dba") == "ssh/creds/dba/"
    assert fits("ssh/creds/dba-admin") == "ssh/creds/"
    assert fits("ssh/roles") == "ssh/"
    assert fits("sshx/creds") is None
    assert fits("database/creds/dba") is None


@pytest.mark.parametrize(
    ("prefix", "entry", "words"),
    [
        pytest.param("auth/userpass/", {"entitlement": "e"}, "no path of secrets", id="logins"),
        pytest.param("/ssh/", {"entitlement": "e"}, "no path", id="slash-first"),
        pytest.param("", {"entitlement": "e"}, "no path", id="everything"),
        pytest.param("ssh/../auth", {"entitlement": "e"}, "no path", id="up"),
        pytest.param("ssh//creds", {"entitlement": "e"}, "no path", id="empty-segment"),
        pytest.param("ssh", {}, "either", id="nothing"),
        pytest.param("ssh", {"entitlement": "e", "resource": "h:1", "actions": ["a"]}, "either", id="both"),
        pytest.param("ssh", {"resource": "h:1"}, "actions", id="no-actions"),
        pytest.param("ssh", {"resource": "h:1", "actions": ["*"]}, "one by one", id="all-actions"),
        pytest.param("ssh", {"entitlement": "e", "actions": ["a"]}, "actions", id="actions-of-nothing"),
    ],
)
def test_prefixes_that_are_wrong_are_named(prefix: str, entry: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        targets({prefix: entry}, where="a.yaml: a.openbao.prefixes")
    assert f"a.openbao.prefixes.{prefix}" in str(caught.value)


def test_a_prefix_twice() -> None:
    with pytest.raises(ConfigError, match="twice"):
        known(**{"ssh": {}, "ssh/": {}})


def test_who_is_named() -> None:
    entity = Entity(name="alice-smith", id="e1", aliases=[Alias("alice", "up_1"), Alias("mallory", "up_2")])

    assert Names().of(entity) == "alice-smith"
    assert Names("id").of(entity) == "e1"
    assert Names("alias", "up_1").of(entity) == "alice"
    for names in (Names("alias", "up_3"), Names("alias", "")):
        with pytest.raises(ValueError, match="0 names"):
            names.of(entity)
    with pytest.raises(ValueError, match="2 names"):
        Names("alias", "up_1").of(Entity(aliases=[Alias("a", "up_1"), Alias("b", "up_1")]))
    with pytest.raises(ValueError, match="0 names"):
        Names().of(Entity(id="e1"))


def test_every_digit_of_a_lease_counts() -> None:
    (target,) = known(**{"ssh/creds/dba": {}})

    row = of_lease(LEASE, target, Line(accessor="x", lease=LEASE.id, ticket="T"), REQUEST)

    assert (row.not_before, row.expires_at) == (START + 123_456_789, START + HOUR)
    assert (row.subject, row.approval.approvers, row.approval.ticket) == ("alice", ("bob",), "T")


@pytest.mark.parametrize(
    ("lease", "request_", "template", "line", "words"),
    [
        pytest.param({}, None, "", None, "nothing tells", id="nobody"),
        pytest.param({}, None, "", Line(accessor="x"), "has ended or is not approved", id="request-gone"),
        pytest.param({"path": "ssh/creds/x"}, REQUEST, "", Line(accessor="x"), "did not come from", id="other-path"),
        pytest.param(
            {"issue_time": "2026-11-23T17:59:59Z"}, REQUEST, "", Line(accessor="x"), "did not come from", id="older"
        ),
        pytest.param(
            {"issue_time": "2026-11-23T19:00:01Z", "expire_time": "2026-11-23T20:00:00Z"},
            REQUEST,
            "",
            Line(accessor="x"),
            "did not come from",
            id="younger",
        ),
        pytest.param({}, REQUEST, "ssh/creds/{subject}", Line(accessor="x"), "by its path", id="two-holders"),
        pytest.param({}, None, "ssh/creds/dba-{subject}", None, "does not fit", id="template"),
        pytest.param({}, None, "ssh/{subject}", None, "does not fit", id="one-segment-only"),
        pytest.param({"issue_time": None}, None, "ssh/creds/{subject}", None, "no end", id="no-start"),
        pytest.param({"expire_time": ""}, None, "ssh/creds/{subject}", None, "no end", id="no-end"),
    ],
)
def test_leases_that_elevate_nobody(
    lease: dict[str, Any], request_: Approved | None, template: str, line: Line | None, words: str
) -> None:
    (target,) = known(**{"ssh/": {"subject": template}})
    fields = {name: getattr(LEASE, name) for name in ("id", "path", "issue_time", "expire_time")}

    with pytest.raises(ValueError, match=words):
        of_lease(Lease(**(fields | lease)), target, line, request_)


def test_a_template_is_no_pattern() -> None:
    (target,) = known(**{"ssh/": {"subject": "ssh/creds/d.a-{subject}"}})

    with pytest.raises(ValueError, match="does not fit"):
        of_lease(Lease("x", "ssh/creds/dba-eve", LEASE.issue_time, LEASE.expire_time), target, None, None)
    found = of_lease(Lease("x", "ssh/creds/d.a-eve", LEASE.issue_time, LEASE.expire_time), target, None, None)
    assert found.subject == "eve"


CONFIG = """
vault:
  kind: openbao
  domain: pam
  max_age: 5m
  openbao:
    url: https://bao.example:8200
    token: file:token
    namespace: team-a/ops
    approvals: approvals.jsonl
    names: {names}
    {mount}
    deadline: 2m
    ca: ca.pem
    prefixes:
      database/creds/orders-dba/: {{entitlement: "db:admin", subject: "{template}"}}
"""


def _load(folder: Path, **values: str) -> OpenBaoSource:
    path = folder / "vault.yaml"
    given = {"names": "alias", "mount": "alias_mount: auth_userpass_1", "template": "database/creds/orders-{subject}"}
    path.write_text(CONFIG.format(**(given | values)))
    token = folder / "token"
    token.write_text("s.token")
    token.chmod(0o600)
    waits: list[float] = []
    effects = Effects(now=lambda: START + MINUTE, sleep=waits.append, base=folder)
    return OpenBaoSource(config.load(path), effects)


def test_a_configuration_with_all_there_is(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    assert isinstance(_load(tmp_path), OpenBaoSource)


def test_a_missing_ca_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"vault.openbao.ca: .* is no file"):
        _load(tmp_path)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        pytest.param({"names": "display"}, "names", id="unknown-name"),
        pytest.param({"names": "entity"}, "go together", id="mount-without-alias"),
        pytest.param({"mount": ""}, "go together", id="alias-without-mount"),
        pytest.param({"template": "database/creds/orders-dba"}, "subject", id="template-without-subject"),
        pytest.param({"template": "{subject}/{subject}"}, "subject", id="template-with-two"),
    ],
)
def test_a_configuration_that_is_wrong_is_named(values: dict[str, str], words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=words):
        _load(tmp_path, **values)
