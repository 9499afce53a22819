"""Play what is not recorded yet, run by run, and record each as it ends."""

import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from ganbook.experiments import recording as records
from ganbook.experiments.configuration import ConfigurationError, differences
from ganbook.experiments.experiment import Experiment, Result, key, label, slug
from ganbook.experiments.machine import hardware, versions
from ganbook.experiments.recording import Recording
from ganbook.experiments.workers import Played, Run, results

try:
    import fcntl
except ImportError:  # Windows, which has no such locks
    fcntl = None


class BusyError(RuntimeError):
    """Another process is recording the same experiment."""


def open_recording(experiment: Experiment, folder: Path) -> Recording:
    """Read what ``folder`` holds of an experiment, or begin with nothing.

    Raises:
        ConfigurationError: If it holds runs of another configuration.
    """
    if not (folder / records.FILE).exists():
        return Recording(
            name=experiment.name,
            description=experiment.description,
            configuration=dict(experiment.configuration),
            versions=versions(),
            hardware=hardware(),
            folder=folder,
        )
    recording = records.read(folder)
    if found := list(_differences(recording, experiment)):
        raise ConfigurationError(
            "\n  ".join(
                [f"{folder / records.FILE} is of another configuration:", *found]
            )
            + "\nDelete or rename the folder to record the experiment anew."
        )
    recording.description = experiment.description
    return recording


def _differences(recording: Recording, experiment: Experiment) -> Iterable[str]:
    if recording.name != experiment.name:
        yield f"name: recorded {recording.name!r}, now {experiment.name!r}"
    yield from differences(recording.configuration, experiment.configuration)
    known = {key(setting) for setting in experiment.settings}
    gone = {key(r["setting"]): r["setting"] for r in recording.runs}
    for text in gone.keys() - known:
        yield f"a recorded setting is no longer part of it: {label(gone[text])}"


def remaining(
    experiment: Experiment, recording: Recording, seeds: int, first: int | None = None
) -> list[Run]:
    """Return the runs still to be played: every setting once, then the next seed.

    With ``first``, only of as many settings from the beginning.
    """
    done = {(key(run["setting"]), run["seed"]) for run in recording.runs}
    return [
        Run(setting, seed)
        for seed in range(seeds)
        for setting in experiment.settings[:first]
        if (key(setting), seed) not in done
    ]


def estimate(experiment: Experiment, recording: Recording, runs: list[Run]) -> float:
    """Return the seconds that ``runs`` may take, from recorded ones where there are."""
    taken: dict[str, list[float]] = {}
    for run in recording.runs:
        taken.setdefault(key(run["setting"]), []).append(run["seconds"])
    every = [seconds for values in taken.values() for seconds in values]
    usual = median(every or [experiment.seconds])
    return sum(median(taken.get(key(run.setting), [usual])) for run in runs)


def play(
    experiment: Experiment,
    folder: Path,
    *,
    seeds: int | None = None,
    first: int | None = None,
    jobs: int = 1,
    show: Callable[[str], Any] = print,
) -> Recording:
    """Play the runs that are not recorded in ``folder`` and record each as it ends.

    Killed at any moment, it has lost the run it was playing and nothing else.

    Args:
        experiment: What to play.
        folder: Where ``results.json`` and the images go.
        seeds: How many seeds, from 0; by default the experiment's own number.
        first: How many settings, from the first; by default all of them.
        jobs: How many runs side by side (see :func:`~ganbook.experiments.workers.
            results`).
        show: Called with a line of text about each run.

    Raises:
        BusyError: If another process is recording in the folder.
        ConfigurationError: If the folder holds runs of another configuration.
        ValueError: If ``jobs`` is less than 1.
    """
    if jobs < 1:
        raise ValueError(f"jobs is {jobs}; expected at least 1")
    with _only_writer(folder):
        recording = open_recording(experiment, folder)
        seeds = seeds or experiment.seeds
        runs = remaining(experiment, recording, seeds, first)
        if experiment.references and not recording.references:
            recording.references = dict(experiment.references())
            records.write(recording)
        for number, played in enumerate(results(experiment, runs, jobs), start=1):
            _append(recording, experiment, played)
            ahead = remaining(experiment, recording, seeds, first)
            left = estimate(experiment, recording, ahead) / jobs
            show(
                f"[{number}/{len(runs)}] {label(played.run.setting)}, seed "
                f"{played.run.seed}: {_brief(played.result)} "
                f"({duration(played.seconds)}; {duration(left)} left)"
            )
        return recording


@contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    """Lock the folder; the lock ends with the process, however that ends."""
    if fcntl is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(f"another process is recording in {folder}") from None
        yield
    finally:
        os.close(handle)  # and so unlock


def _append(recording: Recording, experiment: Experiment, played: Played) -> None:
    run, result, seconds, machine = played
    entry = {
        "setting": dict(run.setting),
        "seed": run.seed,
        "metrics": dict(result.metrics),
        "seconds": round(seconds, 1),
        "date": datetime.now(UTC).date().isoformat(),
    }
    if result.images:  # first, so that what is recorded is there
        entry["images"] = _save_images(recording.folder, run, result)
    # One file may be continued elsewhere: the first run's machine is the file's own.
    for name, now in (("versions", versions()), ("hardware", machine)):
        if not recording.runs:
            setattr(recording, name, now)
        elif now != getattr(recording, name):
            entry[name] = now
    recording.runs.append(entry)
    # Side by side, runs end in any order.
    places = [key(setting) for setting in experiment.settings]
    recording.runs.sort(key=lambda r: (r["seed"], places.index(key(r["setting"]))))
    records.write(recording)


def _save_images(folder: Path, run: Run, result: Result) -> dict[str, str]:
    names = {}
    for name, pixels in result.images.items():
        file = f"{slug(label(run.setting))}-{slug(name)}-{run.seed}.png"
        records.replace(folder / file, _png(pixels))
        names[name] = file
    return names


def _png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG", optimize=True)
    return file.getvalue()


def _brief(result: Result) -> str:
    """Show the plain numbers of a result, as many as fit a line."""
    numbers = [
        f"{name} {value:.4g}"
        for name, value in result.metrics.items()
        if isinstance(value, int | float)
    ]
    return ", ".join(numbers[:4]) or "done"


def duration(seconds: float) -> str:
    """Write a time the way one says it: 42 s, 3 min, 2.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
