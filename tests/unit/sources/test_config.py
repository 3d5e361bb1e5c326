"""Source configuration: durations, the key at the top, messages that name the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livegate.errors import ConfigError
from livegate.model import instants
from livegate.model.snapshot import Domain
from livegate.sources import CONNECTORS, connect
from livegate.sources.config import duration, load, load_all

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livegate.sources.config import SourceConfig
    from livegate.sources.protocol import Effects

GOOD = "hr:\n  kind: file\n  domain: iga\n  max_age: 24h\n  file:\n    exports:\n      grant: {path: grants.csv}\n"


@pytest.mark.parametrize("scope", ["*", "database:orders-prod", "project:a:b"])
def test_default_scope(tmp_path: Path, scope: str) -> None:
    (tmp_path / "hr.yaml").write_text(GOOD.replace("grants.csv", f'grants.csv, default_scope: "{scope}"'))
    assert load(tmp_path / "hr.yaml").settings["exports"]["grant"]["default_scope"] == scope


def test_load_with_defaults(tmp_path: Path) -> None:
    (tmp_path / "hr.yaml").write_text(GOOD)
    (config,) = load_all(tmp_path)
    assert (config.system, config.domain, config.kind) == ("hr", Domain.IGA, "file")
    assert (config.max_age, config.max_fall, config.keep, config.correlate) == (24 * instants.HOUR, 0.2, 10, "id")
    assert config.settings == {"exports": {"grant": {"path": "grants.csv"}}}
    assert config.where.endswith("hr.yaml: hr")
    assert (config.secondary, config.guards, config.ignore_unmatched_denies) == (False, False, False)


def test_what_an_iga_source_counts_for(tmp_path: Path) -> None:
    keys = "  identities: secondary\n  guards: true\n  unmatched_denies: ignore\n"
    (tmp_path / "hr.yaml").write_text(GOOD.replace("  file:", keys + "  file:"))
    (config,) = load_all(tmp_path)
    assert (config.secondary, config.guards, config.ignore_unmatched_denies) == (True, True, True)
    keys = "  names: [{issuer: 'https://i', attribute: id}, {issuer: prod.example, attribute: external_id}]\n"
    (tmp_path / "hr.yaml").write_text(GOOD.replace("  file:", keys + "  file:"))
    (config,) = load_all(tmp_path)
    assert config.names == (("https://i", "id"), ("prod.example", "external_id"))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("hr:", "payroll:", "the one key at the top must be the file's name"),
        ("max_age: 24h", "max_age: 24", "hr.max_age"),
        ("max_age: 24h", "max_age: 0h", "hr.max_age"),
        ("max_age: 24h", "max_age: 24h\n  max_fall: 1.5", "hr.max_fall"),
        ("max_age: 24h", "max_age: 24h\n  keep: 0", "hr.keep"),
        ("max_age: 24h", "max_age: 24h\n  max_ages: 1h", "max_ages"),
        ("max_age: 24h", "max_age: 24h\n  identities: tertiary", "hr.identities"),
        ("max_age: 24h", "max_age: 24h\n  unmatched_denies: allow", "hr.unmatched_denies"),
        ("max_age: 24h", "max_age: 24h\n  guards: 1", "hr.guards"),
        ("max_age: 24h", "max_age: 24h\n  names: []", "hr.names"),
        ("max_age: 24h", "max_age: 24h\n  names: [{issuer: 'https://i#j', attribute: id}]", "hr.names"),
        ("max_age: 24h", "max_age: 24h\n  names: [{issuer: 'https://i', attribute: user_name}]", "hr.names"),
        (
            "max_age: 24h",
            "max_age: 24h\n  identities: secondary\n  names: [{issuer: 'https://i', attribute: id}]",
            "a secondary source names nobody",
        ),
        ("domain: iga", "domain: pam\n  names: [{issuer: i, attribute: id}]", "says something of IGA sources only"),
        ("domain: iga", "domain: pam\n  guards: true", "hr.guards: says something of IGA sources only"),
        ("kind: file", "kind: ldap", "must be one of file, scim, openbao"),
        ("kind: file", "kind: scim", "scim"),
        ("domain: iga", "domain: hr", "must be one of iga, pam"),
        ("grant:", "grants:", "grants"),
        ("{path: grants.csv}", "{}", "path"),
        ("{path: grants.csv}", '{path: grants.csv, default_scope: ""}', "hr.file.exports.grant.default_scope"),
        ("{path: grants.csv}", "{path: grants.csv, default_scope: any}", "hr.file.exports.grant.default_scope"),
        ("{path: grants.csv}", "{path: grants.csv, default_scope: 'database:*x y'}", "default_scope"),
        ("{path: grants.csv}", "{path: grants.csv, path: x.csv}", "twice"),
        ("{path: grants.csv}", "{path: grants.csv", "hr.yaml"),
    ],
)
def test_refused_naming_the_key(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "hr.yaml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("30s", 30 * instants.SECOND), ("15m", 15 * instants.MINUTE), ("1h", instants.HOUR), ("7d", 7 * instants.DAY)],
)
def test_duration(text: str, expected: int) -> None:
    assert duration(text) == expected


@pytest.mark.parametrize("text", ["", "0s", "1", "h", "-1h", "1.5h", "1w", "1h ", "1H"])
def test_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        duration(text)


def test_unknown_connector(config: Callable[..., SourceConfig], effects: Effects) -> None:
    assert sorted(CONNECTORS) == ["file", "jwks", "openbao", "scim", "spiffe"]
    with pytest.raises(ConfigError, match="no connector 'ldap'"):
        connect(config(frame={"kind": "ldap"}), effects)


KEYS = "idp:\n  kind: jwks\n  domain: trust\n  max_age: 24h\n  jwks: {url: 'https://idp.example/keys', issuer: 'https://idp.example'}\n"
BUNDLE = (
    "prod:\n  kind: spiffe\n  domain: trust\n  max_age: 24h\n  spiffe: {path: prod.json, trust_domain: prod.example}\n"
)


@pytest.mark.parametrize(("name", "text"), [("idp", KEYS), ("prod", BUNDLE)])
def test_a_source_of_keys_may_lose_any_number_of_them(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / f"{name}.yaml").write_text(text)
    config = load(tmp_path / f"{name}.yaml")
    assert (config.domain, config.max_fall) == (Domain.TRUST, 1.0)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("domain: trust", "domain: iga", "idp.domain"),
        ("kind: jwks", "kind: spiffe", "spiffe"),
        ("max_age: 24h", "max_age: 24h\n  correlate: id", "idp.correlate: keys have no subjects"),
        ("max_age: 24h", "max_age: 24h\n  guards: true", "idp.guards: says something of IGA sources only"),
        ("url: 'https://idp.example/keys', ", "", "idp.jwks"),
        ("url: 'https://idp.example/keys'", "url: 'https://idp.example/keys', path: keys.json", "idp.jwks"),
        ("url: 'https://idp.example/keys'", "path: keys.json, ca: ca.pem", "idp.jwks"),
        ("https://idp.example/keys", "file:///etc/keys", "idp.jwks.url"),
        ("issuer: 'https://idp.example'", "issuer: ''", "idp.jwks.issuer"),
        ("issuer: 'https://idp.example'", "issuer: 'https://idp.example#a'", "idp.jwks.issuer"),
        ("issuer: 'https://idp.example'", "issuer: 'https://idp.example|a'", "idp.jwks.issuer"),
        ("issuer: 'https://idp.example'", "issuer: 'https://idp.example', rsa_alg: HS256", "idp.jwks.rsa_alg"),
        ("issuer: 'https://idp.example'", "issuer: 'https://idp.example', token: 'env:T'", "token"),
    ],
)
def test_what_a_source_of_keys_must_not_say(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = KEYS.replace(old, new)
    assert text != KEYS
    (tmp_path / "idp.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "idp.yaml")
    assert says in str(caught.value)


@pytest.mark.parametrize("domain", ["Prod.example", "prod example", "spiffe://prod.example", "", "prod.example/x"])
def test_what_is_no_trust_domain(tmp_path: Path, domain: str) -> None:
    (tmp_path / "prod.yaml").write_text(BUNDLE.replace("prod.example", f"'{domain}'"))
    with pytest.raises(ConfigError, match=r"prod\.spiffe\.trust_domain"):
        load(tmp_path / "prod.yaml")


def test_a_file_lists_no_keys(tmp_path: Path) -> None:
    (tmp_path / "hr.yaml").write_text(GOOD.replace("domain: iga", "domain: trust"))
    with pytest.raises(ConfigError, match=r"hr\.domain"):
        load(tmp_path / "hr.yaml")


@pytest.mark.parametrize(("name", "text"), [("idp", KEYS), ("prod", BUNDLE)])
def test_keys_are_not_read_over_an_open_line(tmp_path: Path, effects: Effects, name: str, text: str) -> None:
    address = "url: 'http://idp.example/keys'"
    (tmp_path / f"{name}.yaml").write_text(
        text.replace("url: 'https://idp.example/keys'", address).replace("path: prod.json", address)
    )
    with pytest.raises(ConfigError, match="let the answer be changed, on the way"):
        connect(load(tmp_path / f"{name}.yaml"), effects)
