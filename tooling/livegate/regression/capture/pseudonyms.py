"""Names that tell nothing: the same for the same thing, in requests, documents and expectations alike.

A name is its kind and a number, given in the order in which things are met. Nothing of the thing goes into it, so there
is nothing to guess at and no key to keep: whoever is to know who ``human-1`` was needs the mapping.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_DIGITS = re.compile(r"[0-9]+")


class Pseudonyms:
    """Gives names out, those of one capture.

    Attributes:
        words: what keeps its name wherever it stands: words of the catalogue.
    """

    def __init__(self) -> None:
        self.words: frozenset[str] = frozenset()
        self._taken: set[str] = set()
        self._names: dict[tuple[str, str], str] = {}
        self._last: dict[str, int] = {}

    def know(self, words: Collection[str], taken: Collection[str]) -> None:
        """Take these words as the catalogue's, and give none of these texts as a name: they stand in the log."""
        self.words |= frozenset(words)
        self._taken |= set(taken)

    def given(self) -> frozenset[str]:
        """The names that were given."""
        return frozenset(self._names.values())

    def of(self, space: str, text: str, *, kind: str | None = None) -> str:
        """The name of ``text`` among those of its ``space``; made up from ``kind``, the space's own where left out."""
        if (found := self._names.get((space, text))) is None:
            found = self._names[space, text] = self._next(kind or space)
        return found

    def like(self, space: str, text: str) -> str:
        """As :meth:`of`, in the form of ``text``: other digits in the place of its digits, as many of them."""
        if (space, text) not in self._names:
            count = sum(map(len, _DIGITS.findall(text)))
            if not count:
                return self.of(space, text)
            number = self._last.get(f"{space}/like", 0)
            while True:
                number += 1
                digits = iter(str(number).zfill(count))
                made = _DIGITS.sub(lambda run: "".join(next(digits) for _ in run[0]), text)  # noqa: B023  # used at once
                if len(str(number)) > count:
                    return self.of(space, text)
                if made not in self._taken:
                    break
            self._last[f"{space}/like"] = number
            self._taken.add(made)
            self._names[space, text] = made
        return self._names[space, text]

    def word(self, space: str, text: str) -> str:
        """``text`` itself where it is a word of the catalogue, else its name."""
        return text if text in self.words else self.of(space, text)

    def mapping(self) -> Mapping[str, Mapping[str, str]]:
        """Space → what → its name. It undoes all of this: for the eyes of whoever may read the log."""
        made: dict[str, dict[str, str]] = {}
        for (space, text), name in self._names.items():
            made.setdefault(space, {})[text] = name
        return made

    def hidden(self) -> frozenset[str]:
        """Every text that got a name and is no word of the catalogue: none may be found in what is written."""
        return frozenset(text for _, text in self._names if text) - self.words

    def _next(self, kind: str) -> str:
        number = self._last.get(kind, 0)
        while True:
            number += 1
            if (made := f"{kind}-{number}") not in self._taken:
                self._last[kind] = number
                self._taken.add(made)
                return made
