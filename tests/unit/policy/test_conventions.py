"""What every module of the policy keeps to, read from its syntax tree, and that planted mistakes are found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .conftest import Opa

CONTROLS = {"NHI-03", "A-04", "C3"}
IMPORT = ["future", "keywords", "not"]
GATES = ["data", "authz", "gates"]


def names(ref: list[dict[str, Any]]) -> list[Any]:
    """The parts of a reference as OPA's tree holds it."""
    return [part["value"] for part in ref]


def plain(term: dict[str, Any]) -> object:
    """A constant term as JSON; what is no constant is left out of an object."""
    if term["type"] == "object":
        return {key["value"]: plain(value) for key, value in term["value"]}
    return term["value"]


def annotation(rule: dict[str, Any]) -> dict[str, Any]:
    """All of a rule's METADATA; empty if it has none."""
    return {key: value for block in rule.get("annotations", []) for key, value in block.items()}


def faults(*trees: dict[str, Any]) -> list[str]:
    """What the modules of one package do against the conventions."""
    package = names(trees[0]["package"]["path"])
    found = [
        "future.keywords.not is not imported"
        for tree in trees
        if IMPORT not in [names(line["path"]["value"]) for line in tree.get("imports", [])]
    ]
    rules = [rule for tree in trees for rule in tree["rules"]]
    public: dict[str, bool] = {}
    for rule in rules:
        name = "/".join(map(str, names(rule["head"]["ref"])))
        if not name.startswith("_"):
            public[name] = public.get(name, False) or bool(annotation(rule).get("description"))
    found += [f"{name} has no description" for name, described in public.items() if not described]
    notes = [note for tree in trees for note in tree.get("annotations", [])]
    return found + (list(gate_faults(rules, notes, package[-1])) if package[:3] == GATES else [])


def gate_faults(rules: list[dict[str, Any]], notes: list[dict[str, Any]], gate: str) -> Iterator[str]:
    """What a gate does against the conventions besides."""
    about = [block for block in notes if block["scope"] in {"package", "subpackages"}]
    if not any(block.get("title") and block.get("description") for block in about):
        yield "the package has no title and description"
    defaults = [rule for rule in rules if rule.get("default") and rule["head"]["name"] == "verdict"]
    if [plain(rule["head"]["value"]) for rule in defaults] != [{"pass": False}]:
        yield 'there is no `default verdict := {"pass": false}`'
    seen = set()
    for rule in (rule for rule in rules if rule["head"].get("name") == "reasons"):
        text = annotation(rule)
        custom = text.get("custom", {})
        head = {key["value"]: value["value"] for key, value in rule["head"]["key"]["value"]}
        if not text and head["id"] in seen:
            continue  # the same reason by another way; its METADATA stands before the first
        if custom.get("id") != head["id"]:
            yield f"{head['id']}: METADATA says {custom.get('id')}"
        if not head["id"].startswith(f"{gate}."):
            yield f"{head['id']}: not named after its gate"
        if head["id"] in seen:
            yield f"{head['id']}: twice"
        seen.add(head["id"])
        if not set(custom.get("controls", ["none"])) <= CONTROLS:
            yield f"{head['id']}: unknown controls"
        if head.get("next_action") not in {"request", "retry", "none"}:
            yield f"{head['id']}: no next action"
        yield from (f"{head['id']}: no {key}" for key in ("title", "description") if not text.get(key))
        if not custom.get("remediation"):
            yield f"{head['id']}: no remediation"


def modules(opa: Opa) -> list[Path]:
    return sorted(path for path in opa.rego.rglob("*.rego") if not path.name.endswith("_test.rego"))


def test_every_module_keeps_them(opa: Opa) -> None:
    paths = modules(opa)
    assert len(paths) > 10
    packages: dict[str, list[dict[str, Any]]] = {}
    for path in paths:
        tree = opa.parse(path)
        packages.setdefault(".".join(map(str, names(tree["package"]["path"]))), []).append(tree)
    found = {package: faults(*trees) for package, trees in packages.items()}
    assert found == {package: [] for package in packages}


def test_every_module_has_tests(opa: Opa) -> None:
    folders = {path.parent for path in modules(opa)}
    untested = {folder for folder in folders if not list(folder.glob("*_test.rego"))}
    # the gates' tests cover these: a fact, or a part of a credential, is nothing until a gate asks for it
    covered = {opa.rego / "authz" / "facts", *(opa.rego / "authz" / "credentials").iterdir()}
    assert untested <= covered
    assert opa.rego / "authz" / "facts" in untested


def test_gates_are_configured(opa: Opa) -> None:
    """An extra gate without verdict would be passed over in silence if the configuration did not name it."""
    configured = yaml.safe_load((opa.rego.parent / "data/config/config.yaml").read_text("utf-8"))["gates"]
    folders = {path.parent.name for path in (opa.rego / "authz/gates").rglob("*.rego")}
    assert folders == set(configured)


GATE = """# METADATA
# title: A gate
# description: What it is for.
package authz.gates.demo

import future.keywords.not

# METADATA
# description: Passes.
default verdict := {"pass": false}

# METADATA
# title: No
# description: It is not.
# custom:
#   id: demo.no
#   remediation: Make it so.
#   controls: [C3]
reasons contains {"id": "demo.no", "next_action": "none"} if not input.x
"""


def test_sound_gate_is_passed(opa: Opa, tmp_path: Path) -> None:
    (tmp_path / "gate.rego").write_text(GATE, "utf-8")
    assert faults(opa.parse(tmp_path / "gate.rego")) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("import future.keywords.not", "import data.authz.facts", "future.keywords.not is not imported"),
        ('"id": "demo.no"', '"id": "demo.yes"', "demo.yes: METADATA says demo.no"),
        ("demo.no", "other.no", "other.no: not named after its gate"),
        ("controls: [C3]", "controls: [C4]", "demo.no: unknown controls"),
        ("#   controls: [C3]\n", "", "demo.no: unknown controls"),
        ("#   remediation: Make it so.\n", "", "demo.no: no remediation"),
        ("# title: No\n", "", "demo.no: no title"),
        ('"next_action": "none"', '"next_action": "guess"', "demo.no: no next action"),
        ('default verdict := {"pass": false}', 'verdict := {"pass": false}', "there is no `default verdict"),
        ('{"pass": false}', '{"pass": true}', "there is no `default verdict"),
        ("# METADATA\n# title: A gate\n# description: What it is for.\n", "", "the package has no title"),
        ("# METADATA\n# description: Passes.\n", "", "verdict has no description"),
    ],
)
def test_planted_mistake_is_found(opa: Opa, tmp_path: Path, old: str, new: str, fault: str) -> None:
    assert old in GATE
    (tmp_path / "gate.rego").write_text(GATE.replace(old, new), "utf-8")
    assert [line for line in faults(opa.parse(tmp_path / "gate.rego")) if line.startswith(fault)]


def test_reason_given_twice_is_found(opa: Opa, tmp_path: Path) -> None:
    block = GATE[GATE.index("# METADATA\n# title: No") :]
    (tmp_path / "gate.rego").write_text(GATE + "\n" + block, "utf-8")
    assert faults(opa.parse(tmp_path / "gate.rego")) == ["demo.no: twice"]
