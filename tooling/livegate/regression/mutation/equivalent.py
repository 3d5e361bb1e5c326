"""The list of mutants that nothing could tell from the policy, each with the reason a person gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livegate import schema, yamlfiles
from livegate.errors import SuiteError
from livegate.files import read_bytes
from livegate.regression.places import places
from livegate.regression.reading import near

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from livegate.regression.mutation.mutants import Mutant

_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One listed mutant. ``where``: file and line of the list. ``rule``: None where file and line are enough."""

    file: str
    line: str
    mutation: str
    reason: str
    where: str
    rule: str | None = None

    def matches(self, mutant: Mutant) -> bool:
        """Whether it is this one."""
        return (
            self.file == f"rego/{mutant.file}"
            and self.line == mutant.text
            and self.mutation == mutant.name
            and self.rule in {None, mutant.edit.rule}
        )


def load(path: Path) -> tuple[Entry, ...]:
    """The entries of the file; none where there is no file.

    Raises:
        SuiteError: unreadable, or not of the form of ``schemas/equivalent.json``; names file, line and column.
    """
    if not path.exists():
        return ()
    text = read_bytes(path, limit=_LIMIT).decode("utf-8", errors="replace")
    at = places(text, file=str(path))
    value: Any = yamlfiles.loads(text, where=str(path))
    problem = next(iter(schema.validator("livegate.regression", "equivalent").iter_errors(value)), None)
    if problem is not None:
        name = schema.key_path(problem.absolute_path)
        raise SuiteError(f"{name}: {problem.message[:160]}", where=at.of(problem.absolute_path))
    return tuple(
        Entry(
            file=item["file"],
            line=item["line"],
            rule=item.get("rule"),
            mutation=mutation,
            reason=group["reason"],
            where=at.of(("equivalents", number, "mutants", position)),
        )
        for number, group in enumerate(value["equivalents"])
        for position, item in enumerate(group["mutants"])
        for mutation in ([item["mutation"]] if isinstance(item["mutation"], str) else item["mutation"])
    )


def matched(entries: Iterable[Entry], mutants: Sequence[Mutant]) -> dict[int, Entry]:
    """Number of a mutant → the entry that lists it.

    Args:
        mutants: all that there are, whether they are tried or not.

    Raises:
        SuiteError: an entry is of no mutant any more, or of one that another entry is of.
    """
    found: dict[int, Entry] = {}
    for entry in entries:
        those = [mutant for mutant in mutants if entry.matches(mutant)]
        if not those:
            raise SuiteError(
                f"no mutant is {entry.mutation!r} of {entry.line!r} in {entry.file}",
                where=entry.where,
                todo=_hint(entry, mutants),
            )
        for mutant in those:
            if mutant.number in found:
                raise SuiteError(f"is listed at {found[mutant.number].where} already", where=entry.where)
            found[mutant.number] = entry
    return found


def _hint(entry: Entry, mutants: Sequence[Mutant]) -> str:
    same = [mutant for mutant in mutants if f"rego/{mutant.file}" == entry.file and mutant.text == entry.line]
    if same:
        return near(entry.mutation, sorted({mutant.name for mutant in same}))
    lines = sorted({mutant.text for mutant in mutants if f"rego/{mutant.file}" == entry.file})
    if not lines:
        return near(entry.file, sorted({f"rego/{mutant.file}" for mutant in mutants}))
    return f"the policy has changed: judge it anew, or take the entry out ({near(entry.line, lines)[:200]})"
