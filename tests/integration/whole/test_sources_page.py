"""The page on source configuration is true: its examples load, and its tables name each key that there is."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from livegate import sources
from livegate.errors import ConfigError
from livegate.sources import openbao_api
from livegate.sources.config import SourceConfig, load, load_all
from livegate.sources.fields import FIELDS
from livegate.sources.openbao_mapping import Line, targets
from livegate.sources.protocol import Effects

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def page(pytestconfig: pytest.Config) -> str:
    """The page."""
    return (pytestconfig.rootpath / "data" / "sources" / "README.md").read_text()


@pytest.fixture
def examples(page: str, tmp_path: Path) -> dict[str, SourceConfig]:
    """Each example, written where it would be and loaded."""
    for text in re.findall(r"^```yaml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE):
        (name,) = yaml.safe_load(text)
        (tmp_path / f"{name}.yaml").write_text(text)
    (tmp_path / "README.md").write_text(page)
    return {config.system: config for config in load_all(tmp_path)}


def _schema() -> dict[str, Any]:
    text = (resources.files("livegate.sources") / "schemas" / "source.json").read_text()
    found: dict[str, Any] = json.loads(text)
    return found


def test_there_is_an_example_of_each_kind_and_domain(examples: dict[str, SourceConfig]) -> None:
    assert {(config.kind, config.domain.value) for config in examples.values()} == {
        ("file", "iga"), ("file", "pam"), ("scim", "iga"), ("openbao", "pam"), ("jwks", "trust"), ("spiffe", "trust"),
    }  # fmt: skip
    kinds = set(_schema()["additionalProperties"]["properties"]["kind"]["enum"])
    assert kinds == {"file", "scim", "openbao", "jwks", "spiffe"}


def test_the_connectors_take_the_examples(
    examples: dict[str, SourceConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCIM_TOKEN", "of-this-test")
    for name in ("token", "ca.pem"):
        (tmp_path / name).write_text("of-this-test")
        (tmp_path / name).chmod(0o600)
    for config in examples.values():
        paths = {name: str(tmp_path / "ca.pem") for name in ("ca",) if name in config.settings}
        if str(config.settings.get("token", "")).startswith("file:"):
            paths["token"] = f"file:{tmp_path / 'token'}"
        config.settings.update(paths)
        sources.connect(config, Effects(now=lambda: 1, sleep=lambda _: None, base=tmp_path))
    found = {target.prefix: target for target in targets(examples["corp-bao"].settings["prefixes"], where="page")}
    assert found["database/creds/orders-dba/"].recording.value == "on"
    assert found["ssh/creds/"].holder is not None


def test_what_an_example_says_wrong_is_refused(page: str, tmp_path: Path) -> None:
    """So that loading them proves something."""
    text = next(text for text in re.findall(r"^```yaml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE) if "scim:" in text)
    path = tmp_path / "corp-scim.yaml"
    for old, new in (("env:SCIM_TOKEN", "eyJhbGciOi"), ("page_size", "pagesize"), ("max_age: 24h", "max_age: 1 day")):
        path.write_text(text.replace(old, new))
        with pytest.raises(ConfigError, match=r"corp-scim\.yaml"):
            load(path)


def test_every_key_and_field_is_in_its_table(page: str) -> None:
    schema = _schema()
    sections = dict(zip(*[iter(re.split(r"^## (.*)$", page, flags=re.MULTILINE)[1:])] * 2, strict=True))

    def cells(section: str) -> str:
        return " ".join(line.split("|")[1] for line in sections[section].splitlines() if line.startswith("| "))

    common = schema["additionalProperties"]["properties"]
    assert not [
        key for key in common if key not in schema["definitions"] and f"`{key}`" not in cells("Keys of every source")
    ]
    for kind in ("file", "scim", "openbao", "jwks", "spiffe"):
        section = "`jwks` and `spiffe`" if kind in {"jwks", "spiffe"} else f"`{kind}`"
        assert not [key for key in schema["definitions"][kind]["properties"] if f"`{key}`" not in cells(section)]
    for key in schema["definitions"]["export"]["properties"]:
        assert f"`exports.<kind>.{key}`" in cells("`file`")
    target = schema["definitions"]["openbao"]["properties"]["prefixes"]["additionalProperties"]["properties"]
    assert not [key for key in target if f".{key}`" not in cells("`openbao`")]
    for kind, fields in FIELDS.items():
        (row,) = [line for line in sections["`file`"].splitlines() if line.startswith(f"| {kind} |")]
        assert not [field.name for field in fields if field.name.replace("approval.", "") not in row]
        assert set(re.findall(r"\*\*(\w+)\*\*", row)) == {field.name for field in fields if field.required}
    assert not [name for name in Line.__struct_fields__ if f"`{name}`" not in page]


def test_the_policy_is_the_one_that_the_connector_is_tested_with(page: str) -> None:
    (policy,) = re.findall(r"^```hcl\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    tested = [line.strip() for line in (openbao_api.__doc__ or "").splitlines() if line.strip().startswith("path ")]
    assert policy.splitlines() == tested
