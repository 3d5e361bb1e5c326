"""Which cases a mutant is shown first: those that will likely tell it from the policy, so that few need all of them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from livegate.regression.mutation.cases import Trial

_RECENT = 24
_NEAR = 48


class Order:
    """The cases for the mutants of one gate: what killed those before, one of each kind, what names its reasons, all.

    Only speed hangs on it: a mutant survives if every case has been asked.
    """

    def __init__(self, trials: Sequence[Trial], gate: str) -> None:
        self._trials = tuple(trials)
        self._recent: deque[Trial] = deque(maxlen=_RECENT)
        self._near = self._varied(gate)

    def killed(self, trial: Trial) -> None:
        """``trial`` has killed a mutant of this gate."""
        if trial in self._recent:
            self._recent.remove(trial)
        self._recent.appendleft(trial)

    def batches(self) -> Iterator[Sequence[Trial]]:
        """All cases, each once, in the batches in which they are asked."""
        seen: set[int] = set()
        own = [trial for trial in self._trials if not trial.documents]
        others = [trial for trial in self._trials if trial.documents]
        for batch in (tuple(self._recent), self._near[:_NEAR], self._near[_NEAR:], own, others):
            fresh = [trial for trial in batch if id(trial) not in seen]
            seen.update(map(id, fresh))
            if fresh:
                yield fresh

    def _varied(self, gate: str) -> list[Trial]:
        # one of each set of reasons of the gate, then all that name it; an allow of each action
        kinds: dict[tuple[object, ...], Trial] = {}
        named: list[Trial] = []
        for trial in self._trials:
            if trial.documents:
                continue
            reasons = trial.case.expect.reasons
            own = frozenset(reason for reason in reasons if reason.startswith(f"{gate}."))
            if own:
                named.append(trial)
            kinds.setdefault((own or reasons, trial.case.expect.allow, bool(own), *_asked(trial, own)), trial)
        first = sorted(kinds.values(), key=lambda trial: trial not in named)
        return list(dict.fromkeys((*first, *named)))


def _asked(trial: Trial, own: frozenset[str]) -> tuple[object, ...]:
    if own or not trial.case.expect.allow or not isinstance(trial.request, dict):
        return ()
    action = trial.request.get("action")
    credential = (trial.request.get("context") or {}).get("credential") or {}
    name = action.get("name") if isinstance(action, dict) else None
    return (str(name), str(credential.get("kind") if isinstance(credential, dict) else None))
