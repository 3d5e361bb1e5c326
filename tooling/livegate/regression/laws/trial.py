"""One try of a law: a probe, and what is changed between one decision and the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from livegate.regression.laws import changes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livegate.regression.ask import Question
    from livegate.regression.laws.bench import Judged
    from livegate.regression.laws.changes import Edit
    from livegate.regression.laws.law import Law
    from livegate.regression.laws.trials import Probe


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A probe before and after a change, or only after it for a law that is a condition.

    Attributes:
        number: of the law in its book. edits: of the documents. seed: of a change of the request, None for none.
        moved: the instant (ns) of the second decision, where it is another.
    """

    number: int
    law: Law
    probe: Probe
    edits: tuple[Edit, ...] = ()
    seed: int | None = None
    moved: int | None = None

    def before(self, documents: Mapping[str, Any]) -> Question:
        """What is asked before the change, under these documents."""
        return self.probe.question(documents)

    def after(self, documents: Mapping[str, Any]) -> Question:
        """What is asked after it, under the changed documents; when it is moved, with the very same credential."""
        if self.seed is None:
            question = self.probe.question(documents)
        else:
            what = self.law.change.what if self.law.change else "unknown_member"
            question = self.probe.question(documents, change=partial(_altered, what, self.seed))
        return question if self.moved is None else replace(question, instant=self.moved)

    def breach(self, before: Judged | None, after: Judged) -> bool:
        """Whether the law is broken by what came of it. What could not be decided breaks none: it is told apart."""
        if self.law.change is None:
            return self.number in after.broken
        if before is None or before.problem or after.problem:
            return False
        if self.number not in before.tried or self.number in before.excepted:
            return False
        if self.moved is not None and not (before.until is not None and self.moved < before.until):
            return False
        return outcome(before, after, self.law.never) is not None


def outcome(before: Judged, after: Judged, never: Sequence[str]) -> str | None:
    """What a change did that it never does; None for nothing."""
    if "opens" in never and after.allow and not before.allow:
        return "opens"
    if "closes" in never and before.allow and not after.allow:
        return "closes"
    return "changes" if "changes" in never and before.said != after.said else None


def _altered(what: str, seed: int, request: Any) -> Any:
    return changes.requests(what, request, seed)
