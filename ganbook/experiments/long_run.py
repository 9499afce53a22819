"""Training for hours: stop it at any time, start it again to go on.

A run has a folder: a checkpoint every few minutes, copies of the averaged generator
at its milestones, and a journal of steps, images and seconds. Nothing is measured on
the way; an experiment looks at the copies later.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import nn

from ganbook.augmentation import Adaptive
from ganbook.experiments.configuration import pin
from ganbook.experiments.recording import replace
from ganbook.training import Trainer, load_checkpoint, save_checkpoint

CHECKPOINT, JOURNAL = "checkpoint.safetensors", "journal.json"
SECONDS_BETWEEN_CHECKPOINTS = 150.0


def copy_of(folder: Path, steps: int) -> Path:
    """Return where the average after so many steps is kept."""
    return folder / f"generator-{steps:07d}.safetensors"


class LongRun:
    """A trainer with a folder: goes on where the folder says it was.

    Of several processes the first writes; all stop and save at the same step.

    Args:
        trainer: Set up as at the very beginning.
        folder: Where the checkpoint, the journal and the copies lie.
        batch_size: Real images in a step.
        milestones: After how many images a copy is kept, ascending.
        configuration: What the trainer was set up with; what a folder was begun with
            is never continued with another.

    Raises:
        ConfigurationError: If the folder was begun with another configuration.
    """

    def __init__(
        self,
        trainer: Trainer,
        folder: Path,
        *,
        batch_size: int,
        milestones: Iterable[int],
        configuration: Mapping[str, Any] | None = None,
    ) -> None:
        self.trainer, self.folder, self.batch_size = trainer, folder, batch_size
        self._ahead, self._copy_at = iter(milestones), 0.0
        self.journal: list[dict[str, Any]] = []
        if configuration and trainer.processes.is_first:
            pin(configuration, folder / CHECKPOINT)
        if (folder / CHECKPOINT).exists():
            load_checkpoint(trainer, folder / CHECKPOINT)
            rows = json.loads((folder / JOURNAL).read_text(encoding="utf-8"))
            # Killed between the two files, the journal may know more than we do.
            self.journal = [r for r in rows if r["steps"] <= trainer.steps_played]
            if adaptive := self._adaptive():  # early checkpoints know nothing of it
                adaptive.load_state_dict(self.journal[-1]["augmentation"])
        last = self.journal[-1] if self.journal else {"cpu": 0.0, "wall": 0.0}
        self._spent = last["cpu"], last["wall"]
        self._began = time.process_time(), time.monotonic()

    def train(
        self,
        minutes: float,
        *,
        steps: int | None = None,
        seconds_between: float = SECONDS_BETWEEN_CHECKPOINTS,
    ) -> None:
        """Go on until the time is over, or until so many steps have been played."""
        began, saved = time.monotonic(), 0.0
        self._pass_milestones()
        while steps is None or self.trainer.steps_played < steps:
            played = self.trainer.step()
            if adaptive := self._adaptive():
                adaptive.adapt(played.real_accuracy, self.batch_size)
            now = self.trainer.processes.agree(time.monotonic() - began)
            if self._images() >= self._copy_at:
                self.save(copy=True)
                self._pass_milestones()
                saved = now
            elif now - saved > seconds_between:
                self.save()
                saved = now
            if now > 60 * minutes:
                break
        if not (
            self.journal and self.journal[-1]["steps"] == self.trainer.steps_played
        ):
            self.save()

    def save(self, *, copy: bool = False) -> None:
        """Write the journal and the checkpoint, and a copy of the average if asked."""
        trainer, history = self.trainer, self.trainer.history
        steps = trainer.steps_played
        row: dict[str, Any] = {
            "steps": steps,
            "images": self._images(),
            "cpu": self._spent[0] + time.process_time() - self._began[0],
            "wall": self._spent[1] + time.monotonic() - self._began[1],
            "copy": copy,
        }
        if adaptive := self._adaptive():
            row["augmentation"] = adaptive.state_dict()
        row |= {
            name: sum(values[-200:]) / len(values[-200:])
            for name, values in history.items()
        }
        self.journal = [r for r in self.journal if r["steps"] < steps] + [row]
        if copy and trainer.processes.is_first:
            weights = {
                name: (
                    value.half() if value.is_floating_point() else value
                ).contiguous()
                for name, value in trainer.ema.network.state_dict().items()
            }
            replace(copy_of(self.folder, steps), to_bytes(weights))
        if trainer.processes.is_first:
            replace(self.folder / JOURNAL, json.dumps(self.journal).encode())
            print(json.dumps(row), flush=True)
        save_checkpoint(trainer, self.folder / CHECKPOINT)

    def _pass_milestones(self) -> None:
        """Look for the next one; they may come from where they come only once."""
        while self._copy_at <= self._images():
            self._copy_at = next(self._ahead, inf)

    def _images(self) -> int:
        return self.trainer.steps_played * self.batch_size

    def _adaptive(self) -> Adaptive | None:
        augment = self.trainer.augment
        return augment if isinstance(augment, Adaptive) else None


def kept(network: nn.Module, folder: Path, steps: int, *, by: str) -> dict[str, Any]:
    """Load the copy made after so many steps; return what the journal says of it.

    Args:
        network: Of the right shape; its weights are replaced.
        folder: Of the run.
        steps: Played when the copy was made.
        by: The module that makes the run, for the message.

    Raises:
        FileNotFoundError: If the run has not come so far.
    """
    path, journal = copy_of(folder, steps), folder / JOURNAL
    rows = json.loads(journal.read_text(encoding="utf-8")) if journal.exists() else []
    row = next((row for row in rows if row["steps"] == steps), None)
    if row is None or not path.exists():  # killed in between, it has the copy alone
        raise FileNotFoundError(
            f"no {path}: `python -m {by}` has not come to {steps:,} steps yet; "
            "see --first"
        )
    network.load_state_dict(load_file(path))
    return row


def command(
    module: str,
    description: str,
    folder: Path,
    new_run: Callable[[Path], LongRun],
    arguments: Sequence[str] | None = None,
    steps: int | None = None,
) -> None:
    """Read the command line of a run, and train for a number of minutes.

    Args:
        module: As in ``python -m MODULE``.
        description: One line.
        folder: Where the run lies unless the reader says otherwise.
        new_run: Sets it up in a folder.
        arguments: Of the command line; by default, those of the process.
        steps: Where the run ends; without it, never.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m {module}", description=description
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="on the clock")
    parser.add_argument(
        "--folder", type=Path, default=folder, help=f"default: {folder}"
    )
    options = parser.parse_args(arguments)
    new_run(options.folder).train(options.minutes, steps=steps)
