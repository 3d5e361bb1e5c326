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
    assert sorted(CONNECTORS) == ["file", "openbao", "scim"]
    with pytest.raises(ConfigError, match="no connector 'ldap'"):
        connect(config(frame={"kind": "ldap"}), effects)
