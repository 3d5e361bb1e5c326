"""Which library decodes and checks a million JSON Lines grants: rows a second and peak memory, as ratios.

    python tests/load/decode.py [ROWS]

Each variant runs in a process of its own over the same file, and makes the same thing: an immutable, typed
record a row, with its times as integer nanoseconds, its words checked against their vocabulary and its
window in order. Beside it the connector as shipped (which also reads twice, hashes and quarantines).
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tooling"))

from livegate.model import instants
from livegate.model.records import Effect, Hold
from livegate.model.snapshot import Domain
from livegate.sources.config import SourceConfig
from livegate.sources.file import FileSource
from livegate.sources.protocol import Effects

NOW = instants.parse("2026-11-23T18:00:00Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """A grant as a dataclass that checks itself."""

    id: str
    subject: str
    entitlement: str
    scope: str
    effect: Effect
    hold: Hold
    not_before: int
    expires_at: int

    def __post_init__(self) -> None:
        texts: tuple[object, ...] = (self.id, self.subject, self.entitlement, self.scope)
        for value in texts:
            if not isinstance(value, str) or not value:
                raise ValueError("a text is missing")
        if self.expires_at and self.expires_at <= self.not_before:
            raise ValueError("expires_at is not after not_before")


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A grant as msgspec checks it while it decodes."""

    id: str
    subject: str
    entitlement: str
    expires_at: datetime
    scope: str = "*"
    effect: Literal["allow", "deny"] = "allow"
    hold: Literal["standing", "eligible"] = "standing"


def as_dataclass(loads: Callable[[bytes], Any]) -> Callable[[Path], Iterator[object]]:
    """Decode with ``loads``, then a checking dataclass."""
    known = {"id", "subject", "entitlement", "scope", "effect", "hold", "not_before", "expires_at"}

    def rows(path: Path) -> Iterator[object]:
        with path.open("rb") as stream:
            for line in stream:
                row = loads(line)
                if not row.keys() <= known:
                    raise ValueError("unknown member")
                yield Plain(
                    id=row["id"],
                    subject=row["subject"],
                    entitlement=row["entitlement"],
                    scope=row.get("scope", "*"),
                    effect=Effect(row.get("effect", "allow")),
                    hold=Hold(row.get("hold", "standing")),
                    not_before=0,
                    expires_at=instants.to_ns(datetime.fromisoformat(row["expires_at"])),
                )

    return rows


def as_struct(path: Path) -> Iterator[object]:
    """msgspec's own validation, aware datetimes, then the same dataclass."""
    decoder = msgspec.json.Decoder(Row)
    with path.open("rb") as stream:
        for line in stream:
            row = decoder.decode(line)
            yield Plain(
                id=row.id,
                subject=row.subject,
                entitlement=row.entitlement,
                scope=row.scope,
                effect=Effect(row.effect),
                hold=Hold(row.hold),
                not_before=0,
                expires_at=instants.to_ns(row.expires_at),
            )


def shipped(path: Path) -> Iterator[object]:
    """The file connector itself."""
    config = SourceConfig(
        system="load",
        domain=Domain.IGA,
        kind="file",
        max_age=instants.DAY,
        max_fall=0.2,
        keep=1,
        correlate="id",
        settings={"exports": {"grant": {"path": path.name}}},
        path=path,
    )
    return FileSource(config, Effects(now=lambda: NOW, sleep=lambda _: None, base=path.parent)).listing().rows


VARIANTS: dict[str, Callable[[Path], Iterable[object]]] = {
    "json + dataclass": as_dataclass(json.loads),
    "orjson + dataclass": as_dataclass(orjson.loads),
    "msgspec + dataclass": as_struct,
    "connector (jsonl)": shipped,
    "connector (csv)": lambda path: shipped(path.with_suffix(".csv")),
}


def write(folder: Path, count: int) -> Path:
    """Exports of ``count`` grants, the same in both formats, nearly every end another; the JSON Lines one's path."""
    path = folder / "grants.jsonl"
    with path.open("w") as lines, path.with_suffix(".csv").open("w") as cells:
        cells.write("id,subject,entitlement,scope,effect,hold,expires_at\n")
        for n in range(count):
            end = instants.show(NOW + (1 + n * 37 % 31_000_000) * instants.SECOND)
            values = (
                f"g{n}",
                f"user{n % 100_000}",
                f"app{n % 20}:role{n % 997}",
                f"project:{n % 50}",
                "allow",
                "standing",
                end,
            )
            cells.write(",".join(values) + "\n")
            names = ("id", "subject", "entitlement", "scope", "effect", "hold", "expires_at")
            lines.write(json.dumps(dict(zip(names, values, strict=True)), separators=(",", ":")) + "\n")
    for export in (path, path.with_suffix(".csv")):
        stated = {
            "exported_at": instants.show(NOW),
            "row_count": count,
            "sha256": hashlib.sha256(export.read_bytes()).hexdigest(),
            "source": "load",
        }
        export.with_name(f"{export.name}.manifest").write_text(json.dumps(stated))
    return path


def measure(name: str, path: Path, count: int) -> None:
    """Run one variant; print seconds and peak resident bytes."""
    started = time.perf_counter()
    found = sum(1 for _ in VARIANTS[name](path))
    seconds = time.perf_counter() - started
    if found != count:
        raise SystemExit(f"{name}: {found} rows of {count}")
    print(seconds, _peak())


def _peak() -> int:
    """Most bytes resident so far. Not getrusage: on Linux that starts at the parent's peak."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("/proc/self/status names no peak")


def main() -> None:
    """Measure every variant three times, the best counts; the first variant is 1.00."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), count)
        print(f"{count} grants, {path.stat().st_size / 2**20:.0f} MiB of JSON Lines")
        base = 0.0
        for name in VARIANTS:
            runs = []
            for _ in range(3):
                command = [sys.executable, __file__, "--measure", name, str(path), str(count)]
                seconds, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
                runs.append((float(seconds), float(peak)))
            seconds_best, peak_best = min(runs)
            if name == next(iter(VARIANTS)):
                base = seconds_best
            print(
                f"{name:22} {base / seconds_best:5.2f} x  {count / seconds_best:10,.0f} rows/s"
                f"  {peak_best / 2**20:5.0f} MiB peak"
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
