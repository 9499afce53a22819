"""One recipe for small images, and what each of its ingredients is worth.

It has the budget of Deng (2024), 3,000 steps of 64 images. Each ablation takes one
ingredient back to what the thesis does and leaves the others.
"""

from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from ganbook import losses, metrics, regularizers, viz, weights
from ganbook.experiments import conv_gan
from ganbook.experiments.digits import (
    LATENTS,
    all_digits,
    measure,
)
from ganbook.experiments.experiment import Experiment, Result, Setting
from ganbook.networks import (
    ConvDiscriminator,
    ConvGenerator,
    DcganDiscriminator,
    DcganGenerator,
)
from ganbook.training import DivergenceError, Trainer

#: When a run is measured; it ends with the last.
LOOKS, SAMPLES = (1_000, 2_000, 3_000), 10_000
#: Name of the weights of the first run.
SHIPPED = "recipe-mnist"

BASE: dict[str, Any] = {
    "networks": "dcgan",
    "batch_size": 64,
    "learning_rates": [2e-3, 2e-3],  # generator, discriminator
    "betas": [0.0, 0.99],
    "r1": 1.0,
    "regularize_every": 8,
    "ema_decay": 0.999,
    "precision": "bf16",
}

#: What an ablation takes back.
CHANGES: dict[str, dict[str, Any]] = {
    "none": {},
    "networks of the thesis": {"networks": "thesis"},
    "rates of the thesis": {"learning_rates": [2e-4, 2e-4]},
    "momentum of the thesis": {"betas": [0.5, 0.999]},
    "no R1": {"r1": None},
    "32 real images": {"batch_size": 32, "generated": 64},
}


def new_trainer(
    images: Tensor,
    *,
    seed: int,
    networks: str = "dcgan",
    r1: float | None = 1.0,
    regularize_every: int = 8,
    **options: Any,
) -> Trainer:
    """Set up the game; the seed decides the initial weights too.

    Args:
        images: Real images (N, 1, 28, 28) in [-1, 1].
        seed: Of all that is random.
        networks: ``"dcgan"``, or those of the ``"thesis"``.
        r1: The weight of the penalty on the discriminator's slope, or none.
        regularize_every: In which steps the penalty counts.
        **options: The trainer's.
    """
    kinds = {
        "dcgan": (DcganGenerator, DcganDiscriminator),
        "thesis": (ConvGenerator, ConvDiscriminator),
    }[networks]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator, discriminator = (kind() for kind in kinds)
    if r1 is not None:
        options |= {
            "regularizer": regularizers.r1(r1),
            "regularize_every": regularize_every,
        }
    options = {"loss": losses.non_saturating()} | options
    return Trainer(generator, discriminator, images, seed=seed, **options)


def play(setting: Setting, seed: int) -> Result:
    """Train with one ingredient changed, or none; measure on the way."""
    options = BASE | CHANGES[setting["change"]]
    trainer = new_trainer(all_digits(), seed=seed, **options)
    found: dict[str, Any] = {}
    for steps in LOOKS:
        try:
            for _ in trainer.steps(steps - trainer.steps_played):
                pass
        except DivergenceError:
            return Result(found | {"diverged_at": trainer.steps_played + 1})
        found |= {
            f"{name}_at_{steps}": value for name, value in look(trainer, True).items()
        }
    found |= {f"{name}_raw": value for name, value in look(trainer, False).items()}
    found |= {
        name: fmean(values[-500:])
        for name, values in trainer.history.items()
        if name.endswith("accuracy")
    }
    if setting["change"] == "none" and seed == 0:
        weights.save(trainer.ema.network, SHIPPED)
    sheet = viz.montage(trainer.sample(64, seed=LATENTS), columns=16)
    return Result(found, {"samples": sheet} if seed == 0 else {})


def look(trainer: Trainer, average: bool) -> dict[str, float]:
    """Measure the generator, or its moving average."""
    return both_sizes(trainer.sample(SAMPLES, seed=LATENTS, average=average))


def both_sizes(images: Tensor) -> dict[str, float]:
    """Measure 10,000 images against the test digits, and 1,000 as the thesis does."""
    thousand = images[:1000]
    small = {
        "fd_pixels_1000": conv_gan.thesis_fd(thousand),
        "fd_lenet_1000": metrics.fd_lenet(all_digits()[:1000], thousand).value,
    }
    return measure(images) | small


def references() -> dict[str, float]:
    """Measure real digits against real digits: the floor of every number."""
    thousands = all_digits()[1000:11_000].split(1000)  # as for the pixels
    distances = [
        metrics.fd_lenet(all_digits()[:1000], thousand).value for thousand in thousands
    ]
    return conv_gan.references() | {"fd_lenet_1000": fmean(distances)}


RECIPE = Experiment(
    name="recipe",
    description="One recipe for small images, and each ingredient taken back",
    configuration={
        "images": "60,000 training digits of MNIST",
        "measured_against": "10,000 test digits of MNIST",
        "measured_after": list(LOOKS),
        "samples": SAMPLES,
        "samples_seed": LATENTS,
        "loss": "non_saturating",
        "changes": CHANGES,
        **BASE,
    },
    settings=[{"change": change} for change in CHANGES],
    run=play,
    seconds=400,
    references=references,
)
