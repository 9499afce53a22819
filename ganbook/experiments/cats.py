"""The long run on photographs of cats: stop it at any time, start it again to go on.

``python -m ganbook.experiments.cats --minutes 60`` trains on the folder of cats under
``GANBOOK_DATA`` and writes to ``_build/runs/cats``;
:mod:`ganbook.experiments.cat_measures` looks at its copies later.
"""

from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

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
from ganbook.experiments.long_run import LongRun, command
from ganbook.networks.residual import ResidualDiscriminator, ResidualGenerator
from ganbook.training import AugmentedBatches, TensorBatches, Trainer

FOLDER = Path("_build", "runs", "cats")

#: The recipe: what every run on cats shares, photographs and drawings alike.
RECIPE: dict[str, Any] = {
    "batch_size": 16,
    "learning_rates": (2e-3, 2e-3),  # generator, discriminator
    "betas": (0.0, 0.99),
    "ema_decay": 0.998,  # half of it is the last 350 steps, 5,500 images
    "regularize_every": 16,
}
GAMMA = 0.1
#: Photographs in all, those that no network is trained on, the seed that chooses them.
PHOTOGRAPHS, HELD_OUT, HELD_OUT_SEED = 8_303, 503, 0
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
        FileNotFoundError: If they are not the 8,303 of the CAT data set.
    """
    found = data.cats(size=size, verbose=False)
    if found.factors is not None or len(found.images) != PHOTOGRAPHS:
        raise FileNotFoundError(
            f"this experiment needs the {PHOTOGRAPHS:,} photographs of the CAT data "
            f"set, found {len(found.images):,} cats {found.origin}: put them where "
            "data.cats looks for them, or set GANBOOK_DATA"
        )
    random = torch.Generator().manual_seed(HELD_OUT_SEED)
    order = torch.randperm(len(found.images), generator=random)
    images = data.from_pixels(found.images[order])
    return images[HELD_OUT:], images[:HELD_OUT]


def enlarged(images: Tensor) -> Tensor:
    """Bring images to 128x128 pixels by cubic interpolation."""
    large = interpolate(images, size=128, mode="bicubic", align_corners=False)
    return large.clamp(-1, 1)


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


def new_run(folder: Path) -> LongRun:
    """Set up the run on photographs, or go on with what the folder holds."""
    return LongRun(
        new_trainer(faces(SIZE)[0]),
        folder,
        batch_size=RECIPE["batch_size"],
        milestones=milestones(),
        configuration=configuration(),
    )


if __name__ == "__main__":
    command("ganbook.experiments.cats", __doc__.splitlines()[0], FOLDER, new_run)
