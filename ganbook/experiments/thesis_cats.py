"""The thesis's networks for cats and its rules, for its 4,000 steps of 128 images.

``python -m ganbook.experiments.thesis_cats --minutes 60`` trains on the photographs of
:mod:`ganbook.experiments.cats`, enlarged from 64x64 to 128x128 pixels; the thesis
shrank those of Animal Faces-HQ. As everywhere in this book, the discriminator sees real
and generated images in one update (the thesis: in two), and the generator learns from
the same ones (there, from new noise). The run stops after those minutes and goes on
when started again; the experiment ``cats-thesis`` measures its copies as those of the
chapter's own networks are measured.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganbook import losses, metrics, viz
from ganbook.experiments import cats
from ganbook.experiments.cat_measures import (
    LATENTS,
    SAMPLES,
    compare,
    floor,
    photographs,
    small,
)
from ganbook.experiments.experiment import Experiment, Result, Setting
from ganbook.experiments.long_run import LongRun, command, kept
from ganbook.networks import CatDiscriminator, CatGenerator
from ganbook.training import Trainer, generate, latents

FOLDER = Path("_build", "runs", "thesis-cats")
#: The steps after which a copy is kept and measured; the last are all of them.
LOOKS = (125, 250, 500, 1000, 2000, 4000)

#: Listing A.12, with 128 real and 128 generated images in a step. The average of the
#: generator is the generator itself: the thesis takes none.
RECIPE: dict[str, Any] = {
    "batch_size": 128,
    "learning_rates": [2e-4, 2e-4],  # generator, discriminator
    "betas": [0.5, 0.999],
    "ema_decay": 0.0,
}


def new_trainer(images: Tensor, *, seed: int = 0, precision: str = "auto") -> Trainer:
    """Set up the game; the seed decides the weights too.

    Args:
        images: Real images (N, 3, 128, 128) in [-1, 1].
        seed: Of all that is random.
        precision: The trainer's.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator, discriminator = CatGenerator(), CatDiscriminator()
    return Trainer(
        generator,
        discriminator,
        images,
        loss=losses.non_saturating(),
        precision=precision,
        seed=seed,
        **RECIPE,
    )


def new_run(folder: Path) -> LongRun:
    """Set up the run on photographs, or go on with what the folder holds."""
    return LongRun(
        new_trainer(cats.enlarged(cats.faces()[0])),
        folder,
        batch_size=RECIPE["batch_size"],
        milestones=[steps * RECIPE["batch_size"] for steps in LOOKS],
        configuration=RECIPE,
    )


def play(setting: Setting, seed: int) -> Result:
    """Measure the generator after some steps, as those of 64 pixels are measured."""
    generator = CatGenerator()
    row = kept(generator, FOLDER, setting["steps"], by=__name__)
    fake = generate(generator, latents(SAMPLES, generator.latent_dim, seed=LATENTS))
    seen = {"enlarged": metrics.imagenet(fake), "small": small(fake)}
    found: dict[str, Any] = compare(seen, photographs())
    found |= {name: row[name] for name in ("images", "cpu", "wall")}
    found |= {name: row[name] for name in ("real_accuracy", "fake_accuracy")}
    return Result(found, {"samples": viz.montage(fake[:6], columns=6)})


CATS_THESIS = Experiment(
    name="cats-thesis",
    description="The thesis's networks for cats, through its 4,000 steps",
    configuration={
        "images": "7,800 of 8,303 faces of the CAT data set, enlarged to 128 pixels",
        "samples": SAMPLES,
        "samples_seed": LATENTS,
        "networks": "CatGenerator, CatDiscriminator",
        **RECIPE,
    },
    settings=[{"steps": steps} for steps in LOOKS],
    run=play,
    seeds=1,
    seconds=30,
    references=floor,
)


if __name__ == "__main__":
    command(
        "ganbook.experiments.thesis_cats",
        __doc__.splitlines()[0],
        FOLDER,
        new_run,
        steps=LOOKS[-1],
    )
