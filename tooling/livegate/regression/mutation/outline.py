"""What one gate says of a case: a fraction of a decision's cost, and enough to tell where a mutant of it can matter.

The router takes two things from a gate: its verdict, and, of one that does not pass, its reasons. If nothing else of
its package is read from outside (:func:`closed`), a case of which a mutant says both as before is decided as before.
So whole decisions are asked for those cases alone of which it does not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from livegate.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from livegate.opa.client import OpaClient
    from livegate.regression.mutation.tree import Module

STORED = "questions"
"""Where they are in the store, beside the documents."""
_READ = re.compile(r"authz\.gates\b(?P<rest>\S*)")
_ROUTED = re.compile(r"\[\w+\]\.(verdict|reasons)\b")
_INDIRECT = re.compile(r"\b(data|authz)\s*\[|\bimport\s+data(\.authz)?(\s|$)|[=(,\s]data\s*($|[,)\]}])")
"""Data that is read by a name which is not written there, or as a whole."""
_NAMED = re.compile(r"\.(?P<gate>\w+)")


def closed(modules: Iterable[Module]) -> frozenset[str]:
    """The gates of which nothing is read from outside but verdict and reasons, by the text of the modules.

    A mention that is not understood leaves none.
    """
    listed = tuple(modules)
    gates = {gate for module in listed if (gate := gate_of(module))}
    for module in listed:
        for line in module.text.splitlines():
            if line.lstrip().startswith(("#", "package ")):
                continue
            if _INDIRECT.search(line):
                return frozenset()
            for match in _READ.finditer(line):
                named = _NAMED.match(match["rest"])
                if named is not None and named["gate"] != gate_of(module):
                    gates.discard(named["gate"])
                elif named is None and not _ROUTED.match(match["rest"]):
                    return frozenset()
    return frozenset(gates)


class Posed(Protocol):
    """A question: request, clock (ns), and root → document in the place of the one that is loaded."""

    @property
    def request(self) -> Any:
        """The request."""
        ...

    @property
    def instant(self) -> int:
        """The clock, ns."""
        ...

    @property
    def documents(self) -> Mapping[str, Any]:
        """Root → document; one mapping for all questions that have the same."""
        ...


class Stored:
    """Questions in an OPA's store: they are sent and parsed once, and asked by number."""

    def __init__(self, asked: Sequence[Posed]) -> None:
        self.asked = tuple(asked)
        self._numbers = {id(one): number for number, one in enumerate(self.asked)}
        self._roots = sorted({root for one in self.asked for root in one.documents})

    def document(self) -> dict[str, Any]:
        """What has to be in the store as :data:`STORED`."""
        worlds: dict[int, int] = {}
        listed: list[Mapping[str, Any]] = []
        for one in self.asked:
            if one.documents and id(one.documents) not in worlds:
                worlds[id(one.documents)] = len(listed)
                listed.append(one.documents)
        cases = [[one.request, one.instant, worlds.get(id(one.documents))] for one in self.asked]
        return {"worlds": listed, "cases": cases}

    def outlines(self, client: OpaClient, gate: str, asked: Sequence[Posed]) -> list[Any]:
        """The verdict of ``gate``, and its reasons where it does not pass, for each of these.

        Raises:
            EngineError: OPA cannot be asked, or what it gave cannot be matched to the questions.
        """
        found: dict[int, Any] = {}
        for roots in ([], self._roots):
            numbers = [self._numbers[id(one)] for one in asked if bool(one.documents) is bool(roots)]
            if not numbers:
                continue
            solutions = client.query(_query(gate, roots), numbers)
            pairs = solutions[0].get("outlines") if len(solutions) == 1 else None
            if not isinstance(pairs, list) or sorted(pair[0] for pair in pairs) != sorted(numbers):
                raise EngineError("did not answer what it was asked", where=client.url)
            found.update(pairs)
        return [found[self._numbers[id(one)]] for one in asked]


def gate_of(module: Module) -> str:
    """The gate in whose package a module is; empty for others."""
    parts = module.package.split(".")
    return parts[parts.index("gates") + 1] if "gates" in parts[:-1] else ""


def _query(gate: str, roots: Sequence[str]) -> str:
    where = f"data.authz.gates.{gate}"
    world = f"    world := data.{STORED}.worlds[case[2]]\n" if roots else ""
    bound = "".join(f'    put_{root} := object.get(world, "{root}", data.{root})\n' for root in roots)
    replaced = "".join(f" with data.{root} as put_{root}" for root in roots)
    return f"""outlines := [[id, said] |
    some id in input
    case := data.{STORED}.cases[id]
    request := case[0]
    instant := case[1]
{world}{bound}    said := [
        [verdict | verdict := {where}.verdict],
        [reason | not {where}.verdict.pass == true; some reason in {where}.reasons],
    ] with input as request with time.now_ns as instant{replaced}
]"""
