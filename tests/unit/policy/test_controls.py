"""Controls read as OPA reads them, refused with file and line; and the lists that ship hold what the standards have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livegate.errors import ConfigError
from livegate.policy.controls import Answerable, Relation, load

if TYPE_CHECKING:
    from livegate.project import Project

    from .conftest import Opa

DATA = Path(__file__).parents[3] / "data"


def test_everything_is_read_with_its_place(small: Project) -> None:
    controls = load(small.data)
    assert list(controls.frameworks) == ["alpha", "beta"]
    alpha = controls.frameworks["alpha"]
    assert (alpha.title, alpha.version, alpha.source) == ("Alpha | the first", "1", "somewhere")
    third, fourth = alpha.controls[2:]
    assert (third.id, third.title, third.answerable, third.by) == ("A:3", "Be wise", Answerable.NO, "Nobody can tell.")
    assert (fourth.answerable, fourth.by, fourth.elsewhere) == (None, "", "The log.")
    assert fourth.where == "data/controls/frameworks/alpha.yaml:9"
    assert alpha.find("A:2") is alpha.controls[1]
    assert alpha.find("A:9") is None
    (link,) = controls.own["OWN-1"].maps
    assert (link.framework, link.version, link.id, link.title) == ("alpha", "1", "A:1", "Be there")
    assert (link.relation, link.confidence, link.where) == (Relation.IMPLEMENTS, "high", "data/controls/own.yaml:6")
    (late,) = controls.reasons["demo.later"]
    assert (late.relation, late.version, late.title) == (Relation.EVIDENCE_FOR, None, None)
    assert controls.placed["demo.later"] == "data/controls/reasons/demo.yaml:5"
    assert late.where == "data/controls/reasons/demo.yaml:6"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("own.yaml", "confidence: high", "confidence: sure", r"own\.yaml:6: .*confidence: must be one of high, medium"),
        ("own.yaml", "relation: implements", "relation: is", r"own\.yaml:6: .*relation: must be one of implements"),
        ("own.yaml", "title: Be there, ", "", r"own\.yaml:6: own\.OWN-1\.maps\[0\]: 'title' is a required"),
        ("own.yaml", "meaning", "meening", r"own\.yaml:2: own\.OWN-1: unknown key 'meening'"),
        ("frameworks/alpha.yaml", 'answerable: "yes"', "answerable: yes", r"alpha\.yaml:6: .*write it in quotes"),
        ("frameworks/alpha.yaml", ", by: A look.", "", r"alpha\.yaml:6: .*'by' is a dependency of 'answerable'"),
        ("frameworks/alpha.yaml", 'version: "1"', "version: 1", r"alpha\.yaml:3: .*version: must be of type string"),
        ("frameworks/beta.yaml", "beta:", "alpha:", "is in another file of this root too"),
        ("reasons/demo.yaml", "demo.later", "demo.no", r"demo\.yaml:5:\d+: key 'demo\.no' is there twice"),
        ("reasons/demo.yaml", "demo.later:", "[", r"demo\.yaml:\d+:\d+: "),
    ],
)
def test_what_is_malformed_is_refused(small: Project, file: str, old: str, new: str, message: str) -> None:
    path = small.data / "controls" / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ConfigError, match=message):
        load(small.data)


def test_controls_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^data/controls: .*required property"):
        load(tmp_path / "data")


def test_opa_loads_the_same_tree(opa: Opa) -> None:
    done = opa.run("eval", "--format", "json", "--data", DATA, "object.keys(data.controls.reasons)")
    keys = json.loads(done.stdout)["result"][0]["expressions"][0]["value"]
    assert set(keys) == set(load(DATA).reasons)


# The ids of each list, written down from the standards and not from the files.
LISTS = {
    "owasp-nhi": ("2025", [f"NHI{number}:2025" for number in range(1, 11)]),
    "owasp-agentic-threats": ("1.1", [f"T{number}" for number in range(1, 18)]),
    "owasp-agentic-top10": ("2026", [f"ASI{number:02}" for number in range(1, 11)]),
    "csa-maestro": ("2025", [f"L{number}" for number in range(1, 8)]),
    "nist-csf": (
        "2.0",
        [
            *(f"PR.AA-0{number}" for number in range(1, 7)),
            *("PR.PS-04", "DE.CM-01", "DE.CM-03", "DE.CM-06", "DE.CM-09", "DE.AE-02", "DE.AE-03", "DE.AE-06"),
            *("RS.MI", "GV.SC"),
        ],
    ),
    "nist-800-53": (
        "r5",
        [
            *("AC-2", "AC-2(1)", "AC-2(2)", "AC-2(3)", "AC-2(11)", "AC-2(12)", "AC-2(13)", "AC-3", "AC-4", "AC-5"),
            *("AC-6", "AC-6(1)", "AC-6(5)", "AC-6(7)", "AC-6(9)", "AC-6(10)", "AC-12", "AC-24"),
            *("AU-2", "AU-3", "AU-3(1)", "AU-6", "AU-8", "AU-9(3)", "AU-10", "AU-12"),
            *("IA-4", "IA-5", "IA-9", "IA-11", "SC-23", "CA-7", "SI-4"),
        ],
    ),
    "nist-800-207": ("2020", [f"tenet-{number}" for number in range(1, 8)]),
}


def test_lists_are_complete() -> None:
    controls = load(DATA)
    found = {
        key: (framework.version, [control.id for control in framework.controls])
        for key, framework in controls.frameworks.items()
    }
    assert found == LISTS


def test_out_of_reach_is_said() -> None:
    frameworks = load(DATA).frameworks
    said = {
        control.id: control.answerable
        for framework in frameworks.values()
        for control in framework.controls
        if control.answerable in {Answerable.NO, Answerable.NOT_APPLICABLE}
    }
    assert said == {
        "ASI04": Answerable.NO,
        "ASI05": Answerable.NO,
        "ASI06": Answerable.NO,
        "PR.AA-06": Answerable.NOT_APPLICABLE,
    }


def test_own_controls_stand_for_what_they_were_made_for() -> None:
    own = load(DATA).own
    assert {id_: {link.id for link in control.maps} for id_, control in own.items()} == {
        "NHI-03": {"NHI5:2025", "NHI7:2025", "NHI4:2025"},
        "A-04": {"ASI02", "ASI03", "ASI10", "T2", "T3", "T13"},
        "C3": {"L6", "L4", "L5", "PR.AA-05", "tenet-3", "tenet-4", "tenet-6"},
    }


# What was asked for of single reasons.
WANTED = {
    "proof.not_bound": {"NHI2:2025", "NHI4:2025", "IA-5", "SC-23"},
    "elevation.self_approved": {"AC-5"},
    "mandate.out_of_authority": {"ASI02", "ASI03", "T2", "T3"},
    "transaction.combination_denied": {"AC-4"},
}


@pytest.mark.parametrize("id_", WANTED)
def test_reason_serves_what_it_was_written_for(id_: str) -> None:
    assert {link.id for link in load(DATA).reasons[id_]} >= WANTED[id_]
