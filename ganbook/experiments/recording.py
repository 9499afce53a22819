"""Recorded runs: where they lie, how they are read, how they are written."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite, nan
from pathlib import Path
from typing import Any

from ganbook.experiments.experiment import Setting, key, label

FILE = "results.json"
PLACE = Path("book", "recorded")
PACKAGE = Path(__file__).resolve().parents[1]


class DamagedError(ValueError):
    """A file of recorded runs cannot be read."""


@dataclass
class Recording:
    """What ``results.json`` holds.

    Attributes:
        name: The experiment.
        description: What it is about.
        configuration: What all runs share.
        references: Numbers that no run changes.
        runs: One dictionary a run: ``setting``, ``seed``, ``metrics``, ``seconds``,
            ``date``, and the names of its ``images``. A run on another machine or
            with other versions than the first says so in ``hardware`` or
            ``versions``.
        versions: Of Python, PyTorch and this package.
        hardware: Processor, cores, threads, GPU.
        folder: Where the file and the images lie.
    """

    name: str
    description: str
    configuration: dict[str, Any]
    references: dict[str, Any] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    hardware: dict[str, Any] = field(default_factory=dict)
    folder: Path = Path()

    def over_seeds(self, metric: str) -> list[tuple[Setting, list[float]]]:
        """Return each setting with one value of ``metric`` a seed, in their order.

        What was not finite, or not reached by a run that diverged, is NaN.

        Raises:
            KeyError: If no run has such a metric.
        """
        names = {name for run in self.runs for name in run["metrics"]}
        if metric not in names:
            raise KeyError(
                f"no metric {metric!r}; there are {', '.join(sorted(names))}"
            )
        found: dict[str, tuple[Setting, list[float]]] = {}
        for run in self.runs:
            value = run["metrics"].get(metric)
            _, values = found.setdefault(key(run["setting"]), (run["setting"], []))
            values.append(nan if value is None else value)
        return list(found.values())

    def image(self, name: str, setting: Setting | None = None, seed: int = 0) -> Path:
        """Return the file of a recorded image.

        Args:
            name: What the image shows.
            setting: Of which setting; by default the configuration as it is.
            seed: Of which seed.

        Raises:
            KeyError: If there is none.
        """
        setting = setting or {}
        for run in self.runs:
            same = (key(run["setting"]), run["seed"]) == (key(setting), seed)
            if same and name in run.get("images", {}):
                return self.folder / run["images"][name]
        raise KeyError(f"no image {name!r} of {label(setting)}, seed {seed}")


def load(name: str) -> Recording:
    """Read the recorded runs of an experiment.

    They are looked for in ``book/recorded`` under the working directory and its
    parents, then beside the package's source, then inside the installed package.

    Raises:
        FileNotFoundError: If they are in none of these places.
        DamagedError: If the file is damaged.
    """
    places = _places()
    for place in places:
        if (place / name / FILE).is_file():
            return read(place / name)
    recorded = sorted(
        {path.parent.name for p in places for path in p.glob("*/" + FILE)}
    )
    raise FileNotFoundError(
        f"no recorded runs of {name!r}; recorded are: {', '.join(recorded) or 'none'}. "
        f"The repository keeps them in {(PLACE / name / FILE).as_posix()}, and "
        f"`python -m ganbook.experiments {name}` makes them anew."
    )


def _places() -> list[Path]:
    here = Path.cwd()
    around = [folder / PLACE for folder in (here, *here.parents, PACKAGE.parent)]
    return [*around, PACKAGE / "recorded"]


def home() -> Path:
    """Return the folder that recorded runs are written to.

    Raises:
        FileNotFoundError: If there is no source tree around.
    """
    for place in _places()[:-1]:
        if place.is_dir():
            return place
    raise FileNotFoundError(
        f"no folder {PLACE.as_posix()} here or above: experiments are recorded in a "
        "copy of the repository"
    )


def read(folder: Path) -> Recording:
    """Read ``results.json`` in ``folder``.

    Raises:
        FileNotFoundError: If there is none.
        DamagedError: If it is damaged.
    """
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return Recording(**content, folder=folder)
    except (json.JSONDecodeError, UnicodeDecodeError, TypeError) as error:
        raise DamagedError(f"{folder / FILE} is damaged: {error}") from error


def write(recording: Recording) -> None:
    """Write ``results.json``, whole or not at all."""
    content = asdict(recording)
    del content["folder"]
    parts = (f"{json.dumps(name)}: {_lines(part)}" for name, part in content.items())
    replace(recording.folder / FILE, ("{\n" + ",\n".join(parts) + "\n}\n").encode())


def replace(path: Path, content: bytes) -> None:
    """Write a file aside and rename it, so that nobody ever reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.part")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def _lines(part: Any) -> str:
    """Write JSON with one entry, or one run, a line: a new run is one line of diff."""
    if isinstance(part, dict) and part:
        lines = (f"{_json(name)}: {_json(value)}" for name, value in part.items())
        return "{\n " + ",\n ".join(lines) + "\n}"
    if isinstance(part, list) and part:
        return "[\n " + ",\n ".join(map(_json, part)) + "\n]"
    return _json(part)


def _json(value: Any) -> str:
    return json.dumps(_finite(value), allow_nan=False, ensure_ascii=False)


def _finite(value: Any) -> Any:
    """Replace what JSON has no number for by ``None``."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
