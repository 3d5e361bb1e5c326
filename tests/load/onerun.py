"""One pass from source listing to signed bundle, in a process of its own: ``python -m tests.load.onerun FOLDER``."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from livegate.bundle.signing import KeySigner
from livegate.cli.options import effects_of, store_of
from livegate.pipeline.build import build
from livegate.pipeline.sync import sync
from livegate.project import Project
from livegate.sources.config import load_all


def main(folder: Path) -> None:
    """Sync every source, build every bundle, print the seconds of each part as JSON."""
    project = Project.at(folder)
    signer = KeySigner.load("bench", f"file:{folder / 'keys' / 'bench.pem'}")
    configs = load_all(project.sources)
    start = time.perf_counter()
    result = sync(project, configs, configs, store_of(project), effects_of(project))
    synced = time.perf_counter()
    for error in result.failures.values():
        raise error
    build(project, ["iga"], signer, now=time.time_ns())
    built = time.perf_counter()
    build(project, ["policy", "pam", "trust", "revocations"], signer, now=time.time_ns())
    # not ru_maxrss, which a child inherits from its parent's peak
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    figures = {"sync": synced - start, "build": built - synced, "total": built - start}
    print(json.dumps({**figures, "peak_mb": int(peak.split()[1]) / 1000}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
