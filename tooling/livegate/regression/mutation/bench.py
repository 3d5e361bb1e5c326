"""An OPA that takes mutants: plain, with policy and documents from files, one module changed at a time (``blend``).

It is unsigned on purpose, because mutants never ship. It is given one processor and much room before it collects
garbage, and there are as many beside each other as there are processors.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, TypeVar

import requests

from livegate import canonical
from livegate.errors import EngineError
from livegate.files import write_bytes
from livegate.opa.process import ENDING, Limits, OpaProcess
from livegate.regression import ask
from livegate.regression.mutation.blend import NONE, ROOT, blend
from livegate.regression.mutation.outline import STORED, Stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from livegate.opa.client import OpaClient
    from livegate.regression.mutation.blend import Blend
    from livegate.regression.mutation.mutants import Mutant
    from livegate.regression.mutation.outline import Posed
    from livegate.regression.mutation.tree import Module

    P = TypeVar("P", bound=Posed)

_POLICY = "policy"
_LIMITS = Limits(processors=1, gogc=400)


class TimeOutError(EngineError):
    """OPA gave no answer in time: whatever it has been given loops or explodes."""


class QueryError(EngineError):
    """OPA is well, but what it has been given does not evaluate: two values of one rule, for one."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A server that loads files as they are, below its folder, without verification: see :class:`OpaProcess`."""

    paths: tuple[str, ...]

    @property
    def scheme(self) -> str:
        """Plain."""
        return "http"

    def arguments(self) -> list[str]:
        """The store keeps values as the evaluation wants them: it is read by thousands of queries, written by none."""
        return ["--optimize-store-for-read-speed", *self.paths]


class Bench:
    """One OPA with the whole policy, in which one module at a time is another; a context manager.

    Args:
        engine: OPA's binary. modules: the policy. documents: root → document. folder: its own.
        seconds: for which an answer is waited for.
    """

    def __init__(
        self,
        engine: Path,
        modules: Sequence[Module],
        documents: Mapping[str, Any],
        *,
        folder: Path,
        seconds: float = 20.0,
    ) -> None:
        self._stored = Stored(())
        self._plain: dict[str, Mapping[int, Any]] = {}
        self._modules = {module.name: module.text for module in modules}
        self._documents, self._folder, self._seconds = documents, folder, seconds
        self._opa = OpaProcess(engine, Plain((_POLICY, "data.json")), folder=folder, limits=_LIMITS)
        self._client: OpaClient | None = None
        self._changed: str | None = None
        self._blended: Blend | None = None
        self._alone: int | None = None

    @property
    def pid(self) -> int | None:
        """Of the OPA, while there is one."""
        return self._opa.pid

    def __enter__(self) -> Self:
        for name, text in self._modules.items():
            write_bytes(self._folder / _POLICY / name, text.encode())
        write_bytes(self._folder / "data.json", canonical.dumps({**self._documents, ROOT: NONE}))
        self._opa.start()
        self._client = replace(self._opa.client(), read=self._seconds)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.session.close()
        self._opa.stop()

    def take(self, module: Module, mutants: Sequence[Mutant]) -> Mapping[int, str]:
        """Have all of these mutants of one module at hand; which do not compile: number → why.

        Raises:
            EngineError: OPA ended, with the end of its log. TimeOutError: it did not answer.
        """
        stillborn: dict[int, str] = {}
        self._restore(module.name)
        while True:
            blended = blend(module, [mutant for mutant in mutants if mutant.number not in stillborn])
            complaints = self._put(module.name, blended.text) if blended.rule_of else ()
            if not complaints:
                break
            found = {number: words for line, words in complaints if (number := blended.at(line)) is not None}
            if not found:  # it does not say whose fault it is: each by itself, then
                blended = replace(blended, alone=tuple(mutants), rule_of={})
                break
            stillborn |= found
        self._blended, self._alone = blended, None
        return stillborn

    def choose(self, mutant: Mutant) -> str | None:
        """From now on ``mutant``, one of those taken, is the policy; why it does not compile, if so.

        Raises:
            EngineError: as :meth:`take`.
        """
        blended = self._blended
        if blended is not None and mutant.number in blended.rule_of:
            if self._alone is not None:
                self._put(mutant.file, blended.text)
                self._alone = None
            self._say(blended.chosen(mutant))
            return None
        self._say(NONE)
        self._alone = mutant.number
        return next((words for _, words in self._put(mutant.file, mutant.source())), None)

    def unchosen(self) -> None:
        """None of those taken counts; what was put in alone goes out.

        Raises:
            EngineError: as :meth:`take`.
        """
        if self._alone is not None and self._changed is not None:
            self._put(self._changed, self._modules[self._changed])
            self._alone = self._blended = None
        self._say(NONE)

    def restore(self) -> None:
        """The policy as it was.

        Raises:
            EngineError: as :meth:`take`.
        """
        self._restore(None)

    def _restore(self, but: str | None) -> None:
        """Every module as it was, except one that is changed next."""
        self._say(NONE)
        name = self._changed
        if name is None or name == but:
            return
        complaints = self._put(name, self._modules[name])
        self._changed = self._blended = self._alone = None
        if complaints:
            raise EngineError(f"does not take its own module back: {complaints[0][1]}", where=name)

    def _put(self, name: str, text: str) -> tuple[tuple[int, str], ...]:
        self._changed = name
        with self._watched() as client:
            return client.put_module(f"{_POLICY}/{name}", text)

    def _say(self, chosen: Mapping[str, int]) -> None:
        with self._watched() as client:
            client.put_data(ROOT, chosen)

    def answers(self, asked: Sequence[ask.Asked]) -> list[Any]:
        """What it answers, in order; see :func:`livegate.regression.ask.answers`.

        Raises:
            EngineError: OPA ended. QueryError: the query failed. TimeOutError: it did not answer.
        """
        with self._watched() as client:
            return ask.answers(client, asked)

    def keep(self, asked: Sequence[Posed]) -> None:
        """Have these questions at hand, in the place of those before, for :meth:`learn` and :meth:`told_apart`.

        Raises:
            EngineError: OPA ended, or does not take them.
        """
        self._stored, self._plain = Stored(asked), {}
        with self._watched() as client:
            client.put_data(STORED, self._stored.document())

    def learn(self, gate: str) -> None:
        """Find out what ``gate`` says of each question that is kept, without any mutant.

        Raises:
            EngineError: as :meth:`answers`.
        """
        if gate not in self._plain:
            self.unchosen()
            kept = self._stored.asked
            self._plain[gate] = dict(zip(map(id, kept), self._outlines(gate, kept), strict=True))

    def told_apart(self, gate: str, asked: Sequence[P]) -> list[P]:
        """Those of which ``gate`` does not say what it says without the chosen mutant, of questions that are kept.

        For a mutant of a gate that is closed (:func:`livegate.regression.mutation.outline.closed`) all others are
        decided as without it. The gate must be learnt before.

        Raises:
            EngineError: as :meth:`answers`.
        """
        plain = self._plain[gate]
        return [one for one, said in zip(asked, self._outlines(gate, asked), strict=True) if said != plain[id(one)]]

    def _outlines(self, gate: str, asked: Sequence[Posed]) -> list[Any]:
        with self._watched() as client:
            return self._stored.outlines(client, gate, asked)

    @contextlib.contextmanager
    def _watched(self) -> Iterator[OpaClient]:
        if self._client is None:
            raise EngineError("is not started", where=str(self._folder))
        try:
            yield self._client
        except EngineError as error:
            self._opa.ensure_running(within=ENDING)  # how OPA ended says more than that it cannot be reached
            if isinstance(error.__cause__, requests.Timeout):
                raise TimeOutError(error.what, where=error.where, todo=error.todo) from error
            if error.__cause__ is None:
                raise QueryError(error.what, where=error.where, todo=error.todo) from error
            raise
