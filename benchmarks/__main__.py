"""Run the benchmarks: ``python -m benchmarks [NAME ...] [--quick]``."""

import argparse
import importlib
import json
import os
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.race import Race

RESULTS = Path(__file__).with_name("results")
#: The module of each benchmark.
BENCHMARKS = {
    "dense-step": "dense_step",
    "conv-step": "conv_step",
    "frechet": "frechet",
    "import": "importing",
    "loading": "loading",
}
USUAL, QUICK = {"rounds": 15}, {"rounds": 2, "quick": True}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument(
        "--quick", action="store_true", help="a few rounds: does it run? Writes nothing"
    )
    options = parser.parse_args()
    if unknown := set(options.names) - BENCHMARKS.keys():
        parser.error(
            f"no benchmark {min(unknown)!r}; there are {', '.join(BENCHMARKS)}"
        )
    for name in options.names or BENCHMARKS:
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        if load and load > 0.5:
            print(f"The machine is busy (load {load:.1f}): ratios will be rough.")
        module = importlib.import_module(f"benchmarks.{BENCHMARKS[name]}")
        began = time.perf_counter()
        race = module.run(**QUICK if options.quick else USUAL)
        seconds = time.perf_counter() - began
        quick = ", quick: provisional" if options.quick else ""
        print(f"\n{name} ({seconds:.0f} s{quick})\n{race.table()}\n")
        if not options.quick:
            write(race, load)


def write(race: Race, load: float | None) -> None:
    """Write times, ratios, and what they were measured on, to ``results/NAME.json``."""
    from ganbook.experiments.machine import hardware, versions

    content = asdict(race) | {
        "ratios": {
            other: {base: race.ratio(other, base)._asdict() for base in race.baselines}
            for other in race.others()
        },
        "versions": versions("torchvision", "accelerate"),
        "hardware": hardware(),
        "load_before": load,
        "date": datetime.now(UTC).date().isoformat(),
    }
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (RESULTS / f"{race.name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
