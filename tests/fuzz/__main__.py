"""``make fuzz``: the policy against the oracle, on a real OPA.

Prints how many questions were asked, the seconds they took and the disagreements; ends with 3 if there are any.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fuzz.run import Outcome, run
from tests.fuzz.server import running

from livegate.cli.options import engine_of
from livegate.cli.output import say
from livegate.project import Project


def main() -> int:
    """Run, print, and say by the status whether anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="questions to ask")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other worlds and questions")
    parser.add_argument("--shown", type=int, default=3, help="disagreements to shrink and print")
    parser.add_argument("--only", default="", help="shrink only what has this in its kind, as counted at the end")
    parser.add_argument("--rules", type=Path, help="folder of the policies; the checkout's without it")
    arguments = parser.parse_args()
    project = Project.find(Path.cwd())
    with tempfile.TemporaryDirectory(prefix="livegate-fuzz-") as folder:
        engine = engine_of(project)
        with running(engine.path, arguments.rules or project.rego, Path(folder)) as server:
            outcome = run(server, arguments.count, arguments.seed, shown=arguments.shown, only=arguments.only, tell=say)
    report(outcome, arguments.seed)
    return 3 if outcome.found else 0


def report(outcome: Outcome, seed: int) -> None:
    """What was found, on stdout."""
    for text in outcome.disagreements:
        sys.stdout.write(f"{text}\n\n")
    for kind, number in outcome.kinds.most_common():
        sys.stdout.write(f"{number:6} {kind}\n")
    sys.stdout.write(
        f"{outcome.asked:,} questions (seed {seed}): {outcome.allowed:,} allowed, "
        f"{outcome.broken:,} on broken documents, "
        f"{outcome.one_by_one:,} one by one, {outcome.laws:,} comparisons for the laws; {outcome.seconds:.0f} s; "
        f"disagreements = {outcome.found}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
