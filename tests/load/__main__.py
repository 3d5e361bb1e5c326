"""``make bench``: the figures of the design, as ratios inside one run on the machine at hand.

Absolute times are printed for orientation only; they say more about the machine than about livegate.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import requests
from tests.load import organisation, proofs
from tests.load.client import drive

from livegate.cli.demo import bites
from livegate.cli.options import engine_of
from livegate.cli.output import emit_table, say
from livegate.model.records import Revocation, RevocationKind
from livegate.opa.client import OpaClient
from livegate.opa.process import Limits
from livegate.pipeline import revoke
from livegate.pipeline.build import build
from livegate.project import Project

if TYPE_CHECKING:
    from livegate.bundle.signing import KeySigner
    from livegate.opa.engine import Engine

Row = tuple[str, str, str]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--grants", type=int, default=1_000_000, help="size of the largest organisation")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each load")
    parser.add_argument("--rounds", type=int, default=3, help="pairs of loads; the median ratio is printed")
    parser.add_argument("--publications", type=int, default=100, help="revocations published for the latency")
    arguments = parser.parse_args()
    checkout = Project.find(Path.cwd())
    engine = engine_of(checkout)
    sizes = sorted({1_000, min(100_000, arguments.grants), arguments.grants})
    rows: list[Row] = []
    costs: dict[int, float] = {}
    for size in sizes:
        say(f"an organisation of {size:,} grants")
        with tempfile.TemporaryDirectory(prefix="livegate-bench-") as name:
            project, signer, issuers = organisation.make(checkout, Path(name), size)
            spent = one_run(Path(name))
            organisation.add_trivial(project, signer)
            costs[size] = throughput(project, engine, arguments, rows, size=size, whole=size == sizes[0])
            if size == sizes[0]:
                rows += proofs.measure(project, engine, issuers, signer, arguments)
            if size == sizes[-1]:
                rows += sources_to_bundle(Path(name), engine, spent)
                rows += memory(project, engine, size)
                rows += latency(project, engine, signer, arguments.publications)
    rows.append(
        (
            f"cost of a decision, {sizes[-1]:,} grants / {sizes[0]:,}",
            f"{costs[sizes[-1]] / costs[sizes[0]]:.2f}",
            "≤ 1.10",
        )
    )
    emit_table(f"livegate on OPA {engine.version}, {os.cpu_count()} processors", ("what", "measured", "goal"), rows)


def one_run(folder: Path) -> dict[str, float]:
    """Source listing → signed bundle in a process of its own: seconds of each part, and peak memory in MB."""
    done = subprocess.run([sys.executable, "-m", "tests.load.onerun", folder], stdout=subprocess.PIPE, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def throughput(
    project: Project, engine: Engine, arguments: argparse.Namespace, rows: list[Row], *, size: int, whole: bool
) -> float:
    """Ratios to the trivial rule; gives the server's CPU a privileged decision, relative to the trivial one's."""
    plain = 0.0
    cost = 0.0
    for logs in (False, True) if whole else (False,):
        with organisation.serving(project, engine, logs=logs) as (opa, _):
            url, pid = opa.url, opa.pid
            assert pid is not None
            answer = OpaClient(url=url).decide(organisation.PRIVILEGED)
            if not answer["decision"]:
                raise SystemExit(f"the benchmark's request is denied: {json.dumps(answer)}")
            ratios: dict[str, list[float]] = {"standard": [], "privileged": []}
            relative: list[float] = []
            rates = []
            drive(f"{url}/v1/data/authz/evaluation", {"input": organisation.PRIVILEGED}, pid=pid, seconds=2)
            for _ in range(arguments.rounds):
                trivial = drive(
                    f"{url}/v1/data/trivial/allow",
                    {"input": organisation.PRIVILEGED},
                    pid=pid,
                    seconds=arguments.seconds,
                )
                for kind, request in (("standard", organisation.STANDARD), ("privileged", organisation.PRIVILEGED)):
                    load = drive(
                        f"{url}/v1/data/authz/evaluation", {"input": request}, pid=pid, seconds=arguments.seconds
                    )
                    ratios[kind].append(load.rate / trivial.rate)
                relative.append(load.cost / trivial.cost)
                rates.append(load.rate)
        with_logs = "decision log and mask on" if logs else "no decision log"
        for kind, values in ratios.items():
            goal = "≥ 0.45" if kind == "privileged" else ""
            rows.append(
                (
                    f"throughput, {kind} action, {size:,} grants, {with_logs} / trivial rule",
                    f"{statistics.median(values):.2f}",
                    goal,
                )
            )
        if logs:
            rows.append(
                (
                    "throughput, privileged, with decision log and mask / without",
                    f"{statistics.median(rates) / plain:.2f}",
                    "≥ 0.55",
                )
            )
        else:
            plain, cost = statistics.median(rates), statistics.median(relative)
    return cost


def sources_to_bundle(folder: Path, engine: Engine, spent: dict[str, float]) -> list[Row]:
    """The pipeline's times against ``opa build`` with signing on the same document."""
    with tempfile.TemporaryDirectory(prefix="livegate-bench-") as name:
        root = Path(name) / "bundle"
        (root / "iga").mkdir(parents=True)
        (root / "iga" / "data.json").symlink_to(folder / "data" / "iga" / "data.json")
        (root / ".manifest").write_text('{"roots": ["iga"], "revision": "1"}')
        command = [str(engine.path), "build", "--bundle", str(root), "--follow-symlinks", "--signing-alg", "ES256"]
        command += ["--signing-key", str(folder / "keys" / "bench.pem"), "--output", str(Path(name) / "out.tar.gz")]
        start = time.perf_counter()
        subprocess.run(command, check=True)
        peer = time.perf_counter() - start
    return [
        ("documents → signed bundle / `opa build` with signing", f"{spent['build'] / peer:.2f}", "≤ 0.15"),
        ("source listing → signed bundle / `opa build` with signing", f"{spent['total'] / peer:.2f}", "≤ 1.50"),
        ("source listing → signed bundle, peak memory", f"{spent['peak_mb']:.0f} MB", "≤ 800 MB"),
        (
            "  for orientation: listing → documents, documents → bundle, `opa build`",
            f"{spent['sync']:.1f} s, {spent['build']:.1f} s, {peer:.1f} s",
            "",
        ),
    ]


def memory(project: Project, engine: Engine, size: int) -> list[Row]:
    """Resident bytes of the whole server a grant, once its garbage collector has settled."""
    rows: list[Row] = []
    for gogc, what, goal in ((None, "resident", "≤ 250 B"), (10, "live heap (GOGC=10)", "≤ 150 B")):
        limits = Limits(start=180, gogc=gogc) if gogc else None
        # no decision log here: what waits for upload is memory too, but not of the documents
        with organisation.serving(project, engine, logs=False, limits=limits) as (opa, _):
            assert opa.pid is not None
            url, body = f"{opa.url}/v1/data/authz/evaluation", {"input": organisation.PRIVILEGED}
            drive(url, body, pid=opa.pid, seconds=10)
            if gogc:
                # just after a collection the heap is what lives: the least of many looks under load
                looks = []
                for _ in range(40):
                    drive(url, body, pid=opa.pid, seconds=0.1)
                    looks.append(_heap(opa.url))
                value = min(looks)
            else:
                time.sleep(5)
                value = _resident(opa.pid)
            rows.append((f"memory a grant, identities included, {what}", f"{value / size:.0f} B", goal))
    return rows


def latency(project: Project, engine: Engine, signer: KeySigner, publications: int) -> list[Row]:
    """Publication → changed decision, the largest organisation loaded."""
    seen = []
    subject = organisation.PRIVILEGED["subject"]["id"]
    with organisation.serving(project, engine, logs=True) as (opa, _):
        client = OpaClient(url=opa.url)
        path = project.data / "revocations" / "revoked.json"
        for _ in range(publications):
            path.unlink(missing_ok=True)
            build(project, ["revocations"], signer, now=time.time_ns())
            while not client.decide(organisation.PRIVILEGED)["decision"]:
                time.sleep(0.01)
            time.sleep(0.05)
            now = time.time_ns()
            revoke.add(
                project, Revocation(id=str(uuid.uuid4()), kind=RevocationKind.SUBJECT, target=subject, effective_at=now)
            )
            build(project, ["revocations"], signer, now=now)
            seen.append(bites(client, organisation.PRIVILEGED, since=time.perf_counter()) * 1000)
    seen.sort()
    return [
        (f"publication → changed decision, p50 of {len(seen)}", f"{statistics.median(seen):.0f} ms", ""),
        (
            f"publication → changed decision, p99 of {len(seen)}",
            f"{seen[max(0, round(len(seen) * 0.99) - 1)]:.0f} ms",
            "≤ 100 ms",
        ),
    ]


def _resident(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("no VmRSS")


def _heap(url: str) -> float:
    for line in requests.get(f"{url}/metrics", timeout=10).text.splitlines():
        if line.startswith("go_memstats_heap_alloc_bytes "):
            return float(line.split()[1])
    raise SystemExit("no go_memstats_heap_alloc_bytes")


if __name__ == "__main__":
    main()
