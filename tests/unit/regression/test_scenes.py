"""Scenes: what is given adds up from step to step, and time goes forward."""

from __future__ import annotations

import pytest

from livegate.errors import SuiteError
from livegate.model.instants import MINUTE, parse
from livegate.regression.overlay import Overlay
from livegate.regression.suite import Suite, loads

START = parse("2026-11-23T12:00:00Z")
STEP = "request: {}, expect: {decision: deny, reasons: [request.malformed]}"


def pointed(text: str, message: str) -> str:
    """The message with what stands at its place in ``text``, instead of the place."""
    file, line, column, rest = message.split(":", 3)
    assert file == "s.yaml"
    return f"{text.splitlines()[int(line) - 1][int(column) - 1 :]} |{rest}"


def text_of(steps: tuple[str, ...], more: str = "") -> str:
    """A suite of one scene with these steps."""
    text = "suite: A suite\npopulation: example\ninstant: 2026-11-23T12:00:00Z\ntags: [s]\nscenes:\n"
    text += f"  - name: a scene\n    controls: [C3, A-04]\n    tags: [t]\n{more}    steps:\n"
    return text + "".join(f"      - {{{step}, {STEP}}}\n" for step in steps)


def suite(*steps: str, more: str = "") -> Suite:
    """The same, read."""
    return loads(text_of(steps, more).encode(), file="s.yaml")


def refused(*steps: str) -> str:
    """What stands where such a scene is refused, and why."""
    with pytest.raises(SuiteError) as caught:
        suite(*steps)
    return pointed(text_of(steps), str(caught.value))


def test_steps_are_cases_of_their_scene() -> None:
    one, two = suite("name: one", "name: two, instant: +1m").cases
    assert (one.name, one.scene, one.line, one.entry) == ("a scene: one", "a scene", 10, 6)
    assert (two.name, two.line, two.controls, two.tags) == ("a scene: two", 11, ("C3", "A-04"), ("s", "t"))
    assert (one.instant, two.instant) == (START, START + MINUTE)


def test_a_step_is_at_the_instant_of_the_one_before() -> None:
    cases = suite("name: a", "name: b, instant: +5m", "name: c", "name: d, instant: +5m").cases
    assert [case.instant - START for case in cases] == [0, 5 * MINUTE, 5 * MINUTE, 5 * MINUTE]


def test_what_is_given_adds_up() -> None:
    grant = "{id: g, subject: a, entitlement: e, scope: '*', expires_at: +1h}"
    cases = suite(
        "name: a",
        f"name: b, given: {{with: {{grants: [{grant}]}}}}",
        "name: c, given: {revocations: [{kind: subject, target: x, from: +0s}], outage: +5m}",
        "name: d, given: {without: {grants: [g, h]}, revocations: [{kind: session, target: y, from: +0s}]}",
        more="    given: {synced: +1m}\n",
    ).cases
    nothing, granted, revoked, gone = (case.given for case in cases)
    assert nothing.synced == gone.synced == START + MINUTE
    assert Overlay.of(granted.overlay).rows["grants"]["g"]["expires_at"] == "2026-11-23T13:00:00Z"
    assert revoked.overlay == granted.overlay
    assert (nothing.outage, gone.outage) == (0, 5 * MINUTE)
    assert [(one.id, one.target) for one in gone.revocations] == [("given-0", "x"), ("given-1", "y")]
    left = Overlay.of(gone.overlay)
    assert not left.rows.get("grants")
    assert left.gone["grants"] == {"g": False, "h": True}  # g was the scene's own, h has to be the population's


def test_steps_of_two_scenes_that_are_given_the_same_are_asked_of_the_same() -> None:
    grant = "{id: g, subject: a, entitlement: e, scope: '*'}"
    one = suite(f"name: a, given: {{with: {{grants: [{grant}]}}}}").cases[0].given
    two = suite("name: x", f"name: b, given: {{with: {{grants: [{grant}]}}}}").cases[1].given
    assert (one, hash(one)) == (two, hash(two))
    assert one != suite("name: x").cases[0].given


@pytest.mark.parametrize(
    ("steps", "stands", "message"),
    [
        (
            ("name: a, instant: +2m", "name: b, instant: +1m"),
            "+1m",
            "scenes[0].steps[1]: 2026-11-23T12:01:00Z is before the step",
        ),
        (("name: a", "name: a"), "a, request", "scenes[0].steps[1]: the scene has a step 'a' already"),
        (("name: a, controls: [C3]",), "controls", "scenes[0].steps[0]: unknown key 'controls'\n  → one of"),
        (
            ("name: a, given: {wiht: {}}",),
            "wiht",
            "scenes[0].steps[0].given: unknown key 'wiht'\n  → did you mean 'with'",
        ),
        ((), "", "scenes[0].steps: None is not of type 'array'"),
    ],
    ids=range(5),
)
def test_what_is_wrong_is_told_by_place(steps: tuple[str, ...], stands: str, message: str) -> None:
    found = refused(*steps)
    assert found.startswith(stands)
    assert f"| {message}" in found


def test_the_first_step_may_be_before_the_suites_instant() -> None:
    assert suite("name: a, instant: -5m").cases[0].instant == START - 5 * MINUTE
