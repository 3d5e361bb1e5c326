"""The schemas are what editors complete by: valid draft-07, complete, and named on top of each file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from livegate.model.records import RevocationKind, Status
from livegate.regression.choosing import files
from livegate.regression.overlay import KINDS
from livegate.sources.fields import FIELDS

ROOT = Path(__file__).parents[3]
SUITES = files(ROOT / "tests" / "policy")
POPULATIONS = sorted((ROOT / "tests" / "policy" / "populations").glob("*.yaml"))
FOLDER = ROOT / "tooling" / "livegate" / "regression" / "schemas"
DEFINITIONS = {
    "identities": "identity",
    "grants": "grant",
    "elevations": "elevation",
    "break_glass": "activation",
    "mandates": "mandate",
}


def schema(name: str) -> dict[str, Any]:
    """A schema of ours."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def plain(path: Path) -> Any:
    """What an editor's YAML reader makes of a file, times as text."""

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {  # noqa: RUF012  # as PyYAML declares it
            first: [(tag, pattern) for tag, pattern in found if not tag.endswith(":timestamp")]
            for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    return yaml.load(path.read_text("utf-8"), Loader=Loader)  # noqa: S506  # a subclass of the safe loader


@pytest.mark.parametrize("name", ["suite", "population"])
def test_a_schema_is_valid_draft_07(name: str) -> None:
    found = schema(name)
    assert found["$schema"] == "http://json-schema.org/draft-07/schema#"
    jsonschema.Draft7Validator.check_schema(found)


@pytest.mark.parametrize("path", SUITES + POPULATIONS, ids=lambda path: path.stem)
def test_every_file_names_the_schema_that_takes_it(path: Path) -> None:
    first = path.read_text("utf-8").splitlines()[0]
    named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert named, first
    target = (path.parent / named[1]).resolve()
    assert target == FOLDER / ("population.json" if path in POPULATIONS else "suite.json")
    jsonschema.Draft7Validator(schema(target.stem)).validate(plain(path))


def test_every_definition_is_used_and_there() -> None:
    for name in ("suite", "population"):
        text = json.dumps(schema(name))
        used = set(re.findall(r'"\$ref": "#/definitions/([^"]+)"', text))
        assert used == schema(name)["definitions"].keys() - {"properties"}


def test_both_schemas_say_the_same_of_records() -> None:
    suite, population = schema("suite")["definitions"], schema("population")["definitions"]
    for name, definition in population.items():
        if name not in {"time", "instant"}:
            assert suite[name] == definition, name


def test_records_have_the_fields_of_the_exports() -> None:
    definitions = schema("suite")["definitions"]
    assert definitions["with"]["properties"].keys() == definitions["without"]["properties"].keys() == KINDS.keys()
    for section, kind in KINDS.items():
        properties = definitions[DEFINITIONS[section]]["properties"]
        flat = properties.keys() - {"approval"}
        nested = {f"approval.{name}" for name in properties.get("approval", {}).get("properties", {})}
        assert flat | nested == {item.name for item in FIELDS[kind]}, section


def test_words_are_those_of_the_records() -> None:
    definitions = schema("suite")["definitions"]
    kinds = definitions["revocations"]["items"]["properties"]["kind"]["enum"]
    assert set(kinds) == {kind.value for kind in RevocationKind}
    assert set(definitions["identity"]["properties"]["status"]["enum"]) == {status.value for status in Status}
    for section, kind in KINDS.items():
        properties = definitions[DEFINITIONS[section]]["properties"]
        for item in FIELDS[kind]:
            if item.words is not None:
                assert set(properties[item.name]["enum"]) == {word.value for word in item.words}, item.name
