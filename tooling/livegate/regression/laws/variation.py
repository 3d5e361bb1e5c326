"""What a careless or hostile caller makes of a request: members gone, odd values, other names, another moment.

Pure: with the same generator the same probes become the same others.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from livegate.model.instants import LEAST, MOST
from livegate.regression.windows import ends

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from random import Random

    from livegate.regression.laws.trials import Probe

# fmt: off
_ODD: tuple[Any, ...] = (
    None, True, False, 0, 7, -1, 1.0, 0.1, 1e2, 1e-7, 10**30, 999_999_999_999, "", " ", "*", "__proto__", "7", "1e2",
    [], {}, [None], ["x"], {"*": True}, "x" * 1_025, "\u0000", "a|b|c", "a@b", "#pay@*", "ALICE", "alice ", "pep",
)
# fmt: on
_NAMES = ("extra", "*", "", "type", "id", "pep", "parents", "properties", "chain", "uses", "approvals", "elevation")


@dataclass(frozen=True, slots=True)
class Words:
    """What a population speaks of: subjects with their types, actions by type, resources, enforcement points, ends."""

    subjects: tuple[tuple[str, str], ...]
    actions: tuple[tuple[str, str], ...]
    resources: tuple[str, ...]
    peps: tuple[str, ...]
    instants: tuple[int, ...]

    @classmethod
    def of(cls, documents: Mapping[str, Any]) -> Words:
        """The words of these documents, root by root."""
        identities = documents["iga"].get("identities", {})
        actions = documents["catalog"].get("actions", {})
        return cls(
            subjects=tuple((name, leaf.split("|")[1]) for name, leaf in sorted(identities.items()) if "|" in str(leaf)),
            actions=tuple((kind, action) for kind in sorted(actions) for action in sorted(actions[kind])),
            resources=tuple(sorted(documents["catalog"].get("resources", {}))),
            peps=tuple(sorted(documents["trust"].get("peps", {}))),
            instants=tuple(sorted({instant for _, _, instant in ends(documents) if LEAST < instant < MOST})),
        )


def vary(random: Random, probe: Probe, words: Words) -> Probe:
    """Another probe, by one to three changes; its credential is minted as before, if it is not what changed."""
    probe = replace(probe, request=copy.deepcopy(probe.request))
    for _ in range(random.choice((1, 1, 2, 3))):
        probe = random.choice(_CHANGES)(random, probe, words)
    return probe


def _members(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, name) in a JSON value."""
    found: list[tuple[Any, Any]] = []
    names: Sequence[Any] = (
        list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for name in names:
        found.append((value, name))
        found += _members(value[name])
    return found


def _remove(random: Random, probe: Probe, _: Words) -> Probe:
    if found := _members(probe.request):
        where, name = random.choice(found)
        del where[name]
    return probe


def _odd(random: Random, probe: Probe, _: Words) -> Probe:
    if found := _members(probe.request):
        where, name = random.choice(found)
        where[name] = copy.deepcopy(random.choice(_ODD))
    return probe


def _number(random: Random, probe: Probe, _: Words) -> Probe:
    found = [(where, name) for where, name in _members(probe.request) if type(where[name]) in (int, float)]
    if found:
        where, name = random.choice(found)
        value = where[name]
        where[name] = random.choice((value + 1, value - 1, -value, str(value), [value], value * 1_000))
    return probe


def _add(random: Random, probe: Probe, _: Words) -> Probe:
    inner = [where[name] for where, name in _members(probe.request)]
    if objects := [one for one in (probe.request, *inner) if isinstance(one, dict)]:
        random.choice(objects)[random.choice(_NAMES)] = copy.deepcopy(random.choice(_ODD))
    return probe


def _other(part: str) -> Callable[[Random, Probe, Words], Probe]:
    """Changes what one part of the request names."""

    def change(random: Random, probe: Probe, words: Words) -> Probe:
        request = probe.request
        if not isinstance(request, dict):
            return probe
        if part == "subject" and words.subjects:
            id_, kind = random.choice(words.subjects)
            request["subject"] = {"type": random.choice((kind, kind, "human", "agent")), "id": id_}
        elif part == "action" and words.actions:
            kind, action = random.choice(words.actions)
            request["action"] = {**_object(request.get("action")), "name": action}
            if random.random() < 0.7:
                request["resource"] = {**_object(request.get("resource")), "type": kind}
        elif part == "resource" and words.resources:
            kind, _, id_ = random.choice(words.resources).partition(":")
            request["resource"] = {"type": kind, "id": id_}
        elif part == "pep" and words.peps:
            request["context"] = {**_object(request.get("context")), "pep": random.choice(words.peps)}
        return probe

    return change


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _moment(random: Random, probe: Probe, words: Words) -> Probe:
    """To the edge of something, or a little away."""
    at = random.choice(words.instants) if words.instants else probe.instant
    near = random.choice((at - 1, at, at + 1, probe.instant + random.randrange(-(10**12), 10**12)))
    return replace(probe, instant=min(max(near, LEAST), MOST - 1))


def _credential(random: Random, probe: Probe, _: Words) -> Probe:
    """Another's, a forged one, one whose claims say something odd, or none."""
    if probe.credential is None:
        return replace(probe, signed=None if probe.signed else probe.signed)
    claims = dict(probe.credential.get("claims", {}))
    match random.randrange(4):
        case 0:
            return replace(probe, credential=None)
        case 1:
            return replace(probe, credential={**probe.credential, "forged": True})
        case 2:
            return replace(
                probe, credential={**probe.credential, "claims": {**claims, "sub": random.choice(_ODD[12:18])}}
            )
    return replace(
        probe,
        credential={**probe.credential, "claims": {**claims, "exp": probe.instant + random.choice((-1, 0, 10**15))}},
    )


_CHANGES: tuple[Callable[[Random, Probe, Words], Probe], ...] = (
    _remove, _remove, _odd, _number, _add, _moment, _moment, _credential,
    _other("subject"), _other("subject"), _other("action"), _other("resource"), _other("pep"),
)  # fmt: skip
