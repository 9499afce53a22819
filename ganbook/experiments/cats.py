"""The long run on photographs of cats: stop it at any time, start it again to go on.

``python -m ganbook.experiments.cats --minutes 60`` trains on the folder of cats under
``GANBOOK_DATA`` and writes to ``_build/runs/cats``: a checkpoint every few minutes, a
copy of the averaged generator at times that grow by a quarter, and a journal of steps,
images and seconds. Nothing is measured here; :mod:`ganbook.experiments.cat_measures`
looks at the copies later.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from ganbook import data, losses, regularizers
from ganbook.augmentation import (
    Adaptive,
    brightness,
    chain,
    contrast,
    cutout,
    flip,
    saturation,
    translation,
)
from ganbook.experiments.recording import replace
from ganbook.networks.residual import ResidualDiscriminator, ResidualGenerator
from ganbook.training import (
    AugmentedBatches,
    TensorBatches,
    Trainer,
    load_checkpoint,
    save_checkpoint,
)

FOLDER = Path("_build", "runs", "cats")
CHECKPOINT, JOURNAL = "checkpoint.safetensors", "journal.json"
SECONDS_BETWEEN_CHECKPOINTS = 150.0

#: The recipe: what every run on cats shares, photographs and drawings alike.
RECIPE: dict[str, Any] = {
    "batch_size": 16,
    "learning_rates": (2e-3, 2e-3),  # generator, discriminator
    "betas": (0.0, 0.99),
    "ema_decay": 0.998,  # half of it is the last 350 steps, 5,500 images
    "regularize_every": 16,
}
GAMMA = 0.1
#: Photographs that no network is trained on, and the seed that chooses them.
HELD_OUT, HELD_OUT_SEED = 503, 0
SIZE = 64


def augmentation() -> Adaptive:
    """Return what the discriminator sees images through: color, place, a hole.

    Nothing at first; more of it once the discriminator knows the photographs.
    """
    return Adaptive(
        chain(brightness(), saturation(), contrast(), translation(), cutout())
    )


def new_trainer(
    images: Tensor,
    *,
    seed: int = 0,
    generator_width: int = 1536,
    discriminator_width: int = 1024,
    precision: str = "auto",
) -> Trainer:
    """Set up the game at the images' own size; the seed decides the weights too.

    Half of the real images are mirrored, as a cat seen in a mirror is a cat.

    Args:
        images: Real images (N, 3, size, size) in [-1, 1].
        seed: Of all that is random.
        generator_width: See :class:`~ganbook.networks.residual.ResidualGenerator`.
        discriminator_width: Likewise.
        precision: The trainer's.
    """
    size = images.shape[-1]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator = ResidualGenerator(size, width=generator_width)
        discriminator = ResidualDiscriminator(size, width=discriminator_width)
    options = dict(RECIPE)
    batches = TensorBatches(images, options.pop("batch_size"), seed=seed)
    return Trainer(
        generator,
        discriminator,
        AugmentedBatches(batches, chain(flip(), probability=0.5), seed=seed),
        loss=losses.non_saturating(),
        regularizer=regularizers.r1(GAMMA),
        augment=augmentation(),
        precision=precision,
        seed=seed,
        **options,
    )


def faces(size: int = SIZE) -> tuple[Tensor, Tensor]:
    """Load photographs: for training, and held out.

    Raises:
        FileNotFoundError: If there are none.
    """
    found = data.cats(size=size, verbose=False)
    if found.factors is not None:
        raise FileNotFoundError(
            "there are no photographs of cats, only drawn ones: put some where "
            "data.cats looks for them, or set GANBOOK_DATA"
        )
    random = torch.Generator().manual_seed(HELD_OUT_SEED)
    order = torch.randperm(len(found.images), generator=random)
    images = data.from_pixels(found.images[order])
    return images[HELD_OUT:], images[:HELD_OUT]


def milestones(batch_size: int = RECIPE["batch_size"]) -> Iterator[int]:
    """Yield after how many images a copy is kept: 10,000, then a quarter more."""
    images = 10_000
    while True:
        images = ceil(images / batch_size) * batch_size  # a whole number of steps
        yield images
        images = round(1.25 * images)


def configuration() -> dict[str, Any]:
    """Return the recipe as a record keeps it."""
    lists = {n: list(v) if isinstance(v, tuple) else v for n, v in RECIPE.items()}
    return {"r1": GAMMA} | lists


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
    """

    def __init__(
        self, trainer: Trainer, folder: Path, batch_size: int = RECIPE["batch_size"]
    ) -> None:
        self.trainer, self.folder, self.batch_size = trainer, folder, batch_size
        self.journal: list[dict[str, Any]] = []
        if (folder / CHECKPOINT).exists():
            load_checkpoint(trainer, folder / CHECKPOINT)
            rows = json.loads((folder / JOURNAL).read_text(encoding="utf-8"))
            # Killed between the two files, the journal may know more than we do.
            self.journal = [r for r in rows if r["steps"] <= trainer.steps_played]
            trainer.augment.load_state_dict(self.journal[-1]["augmentation"])
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
        ahead = (m for m in milestones(self.batch_size) if m > self._images())
        copy_at = next(ahead)
        while steps is None or self.trainer.steps_played < steps:
            played = self.trainer.step()
            self.trainer.augment.adapt(played.real_accuracy, self.batch_size)
            now = self.trainer.processes.agree(time.monotonic() - began)
            if self._images() >= copy_at:
                self.save(copy=True)
                saved, copy_at = now, next(ahead)
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
            "augmentation": trainer.augment.state_dict(),
        }
        row |= {
            name: sum(values[-200:]) / len(values[-200:])
            for name, values in history.items()
        }
        self.journal = [r for r in self.journal if r["steps"] < steps] + [row]
        if copy and trainer.processes.is_first:
            weights = {
                name: value.half().contiguous()
                for name, value in trainer.ema.network.state_dict().items()
            }
            self.folder.mkdir(parents=True, exist_ok=True)
            save_file(weights, copy_of(self.folder, steps))
        if trainer.processes.is_first:
            replace(self.folder / JOURNAL, json.dumps(self.journal).encode())
            print(json.dumps(row), flush=True)
        save_checkpoint(trainer, self.folder / CHECKPOINT)

    def _images(self) -> int:
        return self.trainer.steps_played * self.batch_size


def main(arguments: Sequence[str] | None = None) -> None:
    """Train for a number of minutes."""
    parser = argparse.ArgumentParser(
        prog="python -m ganbook.experiments.cats", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="on the clock")
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help=f"default: {FOLDER}"
    )
    options = parser.parse_args(arguments)
    LongRun(new_trainer(faces(SIZE)[0]), options.folder).train(options.minutes)


if __name__ == "__main__":
    main()
