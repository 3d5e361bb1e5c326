"""What is changed in a population: records put in and taken out, and merge patches of hand-kept documents.

An overlay is plain JSON, in the words of the exports (``data/sources/README.md``) and with times as RFC 3339 text. Two
that say the same are equal as text, so that whoever asks for the same organisation gets the same one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from livegate import canonical, schema
from livegate.errors import SuiteError
from livegate.model.instants import show
from livegate.regression.places import Spot
from livegate.regression.reading import instant_of
from livegate.sources.fields import FIELDS, Shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livegate.regression.places import At
    from livegate.regression.places import Path as Where

Place = tuple[str, str]
"""A section of an overlay, such as ``with.grants`` or ``documents``, and the id or root in it."""

KINDS: Final = {
    "identities": "identity",
    "grants": "grant",
    "elevations": "elevation",
    "break_glass": "breakglass",
    "mandates": "mandate",
}
"""Section of ``with`` and ``without`` → kind of the records, as the ``file`` source calls it."""

_TIME = re.compile(r"[+-]\d|\d{4}-\d\d-\d\dT")


@dataclass(frozen=True, slots=True)
class Overlay:
    """Changes of a population.

    Attributes:
        rows: section → id → record that is put in, in the place of one with that id.
        gone: section → id → whether the population must have had it; what an earlier step put in need not be there.
        patches: root → patch, in the order in which they are applied.
    """

    rows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    gone: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    patches: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def of(cls, text: str) -> Overlay:
        """The overlay that :meth:`text` made."""
        if not text:
            return cls()
        value = canonical.loads(text.encode(), where="overlay")
        return cls(value["rows"], value["gone"], tuple(value["patches"]))

    def text(self) -> str:
        """Canonical JSON; empty if it changes nothing."""
        rows = {section: dict(found) for section, found in self.rows.items() if found}
        gone = {section: dict(found) for section, found in self.gone.items() if found}
        if not (rows or gone or self.patches):
            return ""
        return canonical.dumps({"rows": rows, "gone": gone, "patches": list(self.patches)}).decode()

    def then(self, later: Overlay) -> Overlay:
        """Both, ``later`` on top of this one."""
        rows = {section: dict(found) for section, found in self.rows.items()}
        gone = {section: dict(found) for section, found in self.gone.items()}
        for section, ids in later.gone.items():
            for name, known in ids.items():
                put_in = rows.get(section, {}).pop(name, None) is not None
                before = gone.setdefault(section, {})
                before[name] = before.get(name, known and not put_in)
        for section, found in later.rows.items():
            for name, row in found.items():
                rows.setdefault(section, {})[name] = row
                gone.get(section, {}).pop(name, None)
        return Overlay(rows, gone, (*self.patches, *later.patches))


def read(entry: Mapping[str, Any], start: int, at: At, path: Where) -> tuple[Overlay, dict[Place, Spot]]:
    """The overlay that ``given`` or a population's file says, and where it says what.

    Args:
        entry: as the schema has it; other members are passed over. start: what offsets count from (ns).
        at, path: where it stands.

    Raises:
        SuiteError: one id twice, or put in and taken out at once, or a time that is none; names line and column.
    """
    places: dict[Place, Spot] = {("given", ""): Spot(at, path)}
    rows: dict[str, dict[str, Any]] = {}
    for section, listed in entry.get("with", {}).items():
        for number, record in enumerate(listed):
            here = (*path, "with", section, number)
            name = record["id"]
            if name in rows.setdefault(section, {}):
                raise SuiteError(
                    f"{schema.key_path(here)}: the id {name!r} is there twice",
                    where=at.of((*here, "id")),
                    todo="give each record of a kind an id of its own",
                )
            rows[section][name] = _dated(record, KINDS[section], start, at, here)
            places[f"with.{section}", name] = Spot(at, here)
    gone: dict[str, dict[str, bool]] = {}
    for section, names in entry.get("without", {}).items():
        for number, name in enumerate(names):
            here = (*path, "without", section, number)
            if name in rows.get(section, {}):
                raise SuiteError(
                    f"{schema.key_path(here)}: {name!r} is put in and taken out at once",
                    where=at.of(here),
                    todo="a record under `with` takes the place of the one with its id by itself",
                )
            gone.setdefault(section, {})[name] = True
            places[f"without.{section}", name] = Spot(at, here)
    patch = entry.get("documents")
    patches: tuple[Any, ...] = ()
    if isinstance(patch, dict):
        patches = (_freezes(patch, start, at, (*path, "documents")),)
        places |= {("documents", root): Spot(at, (*path, "documents", root)) for root in patch}
    return Overlay(rows, gone, patches), places


def patched(value: Any, patch: Any) -> Any:
    """``value`` with a merge patch applied (RFC 7386); neither is changed."""
    if not isinstance(patch, dict):
        return patch
    made = dict(value) if isinstance(value, dict) else {}
    for name, item in patch.items():
        if item is None:
            made.pop(name, None)
        else:
            made[name] = patched(made.get(name), item)
    return made


def _dated(record: dict[str, Any], kind: str, start: int, at: At, path: Where) -> dict[str, Any]:
    """The record with all of its times as RFC 3339 text."""
    made = dict(record)
    for item in FIELDS[kind]:
        if item.shape is Shape.TIME:
            _date(made, item.name.split("."), start, at, path)
    if kind == "mandate" and "approvals" in made:
        made["approvals"] = {task: dict(approval) for task, approval in made["approvals"].items()}
        for task, approval in made["approvals"].items():
            _date(approval, ["approved_until"], start, at, (*path, "approvals", task))
    return made


def _date(made: dict[str, Any], names: list[str], start: int, at: At, path: Where) -> None:
    name, *rest = names
    if name not in made:
        return
    if rest:
        made[name] = dict(made[name])
        _date(made[name], rest, start, at, (*path, name))
    else:
        made[name] = show(instant_of(made[name], start, at, (*path, name)))


def _freezes(patch: dict[str, Any], start: int, at: At, path: Where) -> dict[str, Any]:
    """The patch with the times of freezes as nanoseconds, as the catalogue has them."""
    freezes = patch.get("catalog", {}).get("freezes")
    if not isinstance(freezes, dict):
        return patch
    made = {
        name: {
            key: instant_of(value, start, at, (*path, "catalog", "freezes", name, key))
            if key in {"from", "to"} and isinstance(value, str) and _TIME.match(value)
            else value
            for key, value in freeze.items()
        }
        if isinstance(freeze, dict)
        else freeze
        for name, freeze in freezes.items()
    }
    return {**patch, "catalog": {**patch["catalog"], "freezes": made}}
