"""Populations by name: those that need no file, and ``populations/NAME.yaml`` beside a suite or in ``tests/policy``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from livegate import canonical
from livegate.documents import ROOTS
from livegate.errors import ConfigError, SuiteError
from livegate.files import read_bytes
from livegate.regression.cases import BASES, Given
from livegate.regression.checking import as_json, check
from livegate.regression.giving import added
from livegate.regression.reading import Source, contents, instant_of, near, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livegate.regression.places import At

FOLDER = "populations"
_PROJECT = ("rego", "data", "bundles")
_CASES = Path("tests", "policy", FOLDER)
_DOCUMENTS_LIMIT = 64 << 20


class Populations:
    """Finds populations for the suites of one run; each file is read once."""

    def __init__(self) -> None:
        self._sources: dict[Path, Source] = {}
        self._documents: dict[Path, str] = {}

    def given(self, name: str, start: int, *, file: str, at: At) -> Given:
        """What a suite is asked of that says nothing but its population.

        Args:
            name: the population. start: the suite's instant (ns). file: the suite's. at: places in it.

        Raises:
            SuiteError: there is none of that name, with the near miss; or its file is malformed.
        """
        if name in BASES:
            return Given(population=name, synced=start if name in {"empty", "synced"} else None)
        folders = list(_folders(Path(file)))
        for folder in folders:
            if (path := folder / f"{name}.yaml").is_file():
                return self._read(name, path, start)
        known = {path.stem for folder in folders if folder.is_dir() for path in folder.glob("*.yaml")}
        raise SuiteError(
            f"population: {name!r} is not known",
            where=at.of(("population",)),
            todo=near(name, sorted({*BASES, *known})),
        )

    def _read(self, name: str, path: Path, start: int) -> Given:
        source = self._sources.get(path)
        if source is None:
            source = self._sources[path] = read(contents(path), file=str(path))
            check(source.value, "population", source.at)
            as_json(source.value, source.at, ())
        value = source.value
        base = value["base"]
        synced = None if base == "example" else start
        if "instant" in value:
            synced = instant_of(value["instant"], None, source.at, ("instant",))
        given = Given(population=name, base=base, synced=synced)
        if base == "documents":
            given = Given(population=name, base=base, synced=synced, documents=self._loaded(source, path))
        return added(given, value, start if synced is None else synced, source.at, ())

    def _loaded(self, source: Source, path: Path) -> str:
        """The documents of a population's file, as canonical JSON without their stamps."""
        named = path.parent / source.value["documents"]
        where = source.at.of(("documents",))
        if named in self._documents:
            return self._documents[named]
        try:
            found = canonical.loads(read_bytes(named, limit=_DOCUMENTS_LIMIT), where=str(named))
        except ConfigError as error:
            raise SuiteError(f"documents: {error.what}", where=where, todo=error.todo) from error
        except Exception as error:
            raise SuiteError(f"documents: {error}", where=where, todo="mend the file") from error
        if not isinstance(found, dict) or not all(isinstance(document, dict) for document in found.values()):
            raise SuiteError("documents: no JSON object of documents", where=str(named), todo="root → document")
        for root in found:
            if root not in ROOTS:
                raise SuiteError(
                    f"documents: no root is called {root!r}", where=str(named), todo=near(root, list(ROOTS))
                )
        for root in ("iga", "pam"):
            if root not in found:
                raise SuiteError(f"documents: {root} is not there", where=str(named), todo="add it; it may be empty")
        bare = {root: {key: item for key, item in one.items() if key != "bundle"} for root, one in found.items()}
        self._documents[named] = canonical.dumps(bare).decode()
        return self._documents[named]


def _folders(file: Path) -> Iterator[Path]:
    """Where populations may be: beside the suite, in the folders above it, and at last in the project's cases."""
    for folder in file.absolute().parents:
        yield folder / FOLDER
        if all((folder / part).is_dir() for part in _PROJECT):
            yield folder / _CASES
            return
