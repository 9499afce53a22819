"""Play an experiment: ``python -m ganbook.experiments NAME``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ganbook.experiments import recording as records
from ganbook.experiments.catalog import EXPERIMENTS
from ganbook.experiments.configuration import ConfigurationError
from ganbook.experiments.experiment import Experiment, label
from ganbook.experiments.runner import (
    BusyError,
    duration,
    estimate,
    open_recording,
    play,
    remaining,
)
from ganbook.experiments.workers import usual_jobs


def main(arguments: Sequence[str] | None = None) -> int | str:
    """Run the command line; return its exit status, or what went wrong."""
    options = _parse(arguments)
    if options.list or options.name is None:
        print(_listing())
        return 0
    if options.name not in EXPERIMENTS:
        return f"no experiment {options.name!r}; there are:\n{_listing()}"
    experiment = EXPERIMENTS[options.name]
    try:
        folder = records.home() / experiment.name
        if options.dry_run:
            seeds = options.seeds or experiment.seeds
            _show_plan(experiment, folder, seeds, options.first)
        else:
            play(
                experiment,
                folder,
                seeds=options.seeds,
                first=options.first,
                jobs=options.jobs or usual_jobs(),
                show=_show,
            )
    except (
        BusyError,
        ConfigurationError,
        FileNotFoundError,
        records.DamagedError,
    ) as error:
        return str(error)
    except KeyboardInterrupt:
        return "\nInterrupted; the same command goes on with the run it was playing."
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m ganbook.experiments", description="Play a long experiment."
    )
    parser.add_argument("name", nargs="?", help="which one; without it, list all")
    parser.add_argument(
        "--seeds", type=_positive, metavar="N", help="play seeds 0..N-1"
    )
    parser.add_argument(
        "--first", type=_positive, metavar="N", help="play only the first N settings"
    )
    parser.add_argument(
        "--jobs",
        type=_positive,
        metavar="N",
        help="play N runs side by side (default: one for each GPU)",
    )
    parser.add_argument("--list", action="store_true", help="list all experiments")
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be played, and how long"
    )
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number >= 1, got {text!r}")
    return int(text)


def _listing() -> str:
    width = max(map(len, EXPERIMENTS))
    return "\n".join(
        f"  {name:<{width}}  {experiment.description}"
        for name, experiment in EXPERIMENTS.items()
    )


def _show_plan(
    experiment: Experiment, folder: Path, seeds: int, first: int | None
) -> None:
    recording = open_recording(experiment, folder)
    runs = remaining(experiment, recording, seeds, first)
    for run in runs:
        print(f"  {label(run.setting)}, seed {run.seed}")
    basis = "recorded times" if recording.runs else "a guess"
    print(
        f"{experiment.name}: {len(recording.runs)} runs recorded, {len(runs)} to play, "
        f"about {duration(estimate(experiment, recording, runs))} by {basis}"
    )


def _show(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
