"""The convolutional GAN of Deng (2024): its depth against its balance."""

from itertools import product
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from ganbook import losses, metrics, viz
from ganbook.experiments.digits import (
    LATENTS,
    all_digits,
    measure,
    real_against_real,
)
from ganbook.experiments.experiment import Experiment, Result, Setting
from ganbook.networks import ConvDiscriminator, ConvGenerator
from ganbook.training import DivergenceError, Trainer

STEPS, SAMPLES, LAST = 3_000, 10_000, 500

#: Maps of the discriminator's convolutions by the "layers" of the thesis. Its count
#: includes the dense layer for 3 and 4 (listings A.2, A.9), and not for 5 and 6
#: (A.10, A.11).
WIDTHS = {
    3: (64, 128),
    4: (64, 128, 256),
    5: (64, 128, 256, 512, 1024),
    6: (64, 128, 256, 512, 1024, 2048),
}

BASE: dict[str, Any] = {
    "batch_size": 32,
    "generated": 64,
    "learning_rates": [2e-4, 2e-4],  # generator, discriminator
    "betas": [0.5, 0.999],
    "ema_decay": 0.999,
    "precision": "bf16",
}


def new_trainer(
    images: Tensor, *, seed: int, layers_g: int = 3, layers_d: int = 3, **options: Any
) -> Trainer:
    """Set up the game; the seed decides the initial weights too.

    Args:
        images: Real images (N, 1, 28, 28) in [-1, 1].
        seed: Of all that is random.
        layers_g: The generator's layers as the thesis counts them, 3 to 6.
        layers_d: The discriminator's, likewise.
        **options: The trainer's.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator = ConvGenerator(extra_layers=layers_g - 3)
        discriminator = ConvDiscriminator(WIDTHS[layers_d])
    options = {"loss": losses.non_saturating()} | options
    return Trainer(generator, discriminator, images, seed=seed, **options)


def play(setting: Setting, seed: int) -> Result:
    """Train with one setting."""
    trainer = new_trainer(all_digits(), seed=seed, **BASE | dict(setting))
    return finish(trainer, seed)


def finish(trainer: Trainer, seed: int) -> Result:
    """Play all steps; measure the generator and its moving average."""
    try:
        for _ in trainer.steps(STEPS):
            pass
    except DivergenceError:
        return Result({"diverged_at": trainer.steps_played + 1})
    found: dict[str, Any] = {}
    for suffix, average in (("", False), ("_average", True)):
        samples = trainer.sample(SAMPLES, seed=LATENTS, average=average)
        found |= {name + suffix: value for name, value in measure(samples).items()}
        found["fd_pixels_1000" + suffix] = thesis_fd(samples)
    ending = {name: fmean(values[-LAST:]) for name, values in trainer.history.items()}
    sheet = viz.montage(trainer.sample(32, seed=LATENTS, average=False), columns=8)
    return Result(found | ending, {"samples": sheet} if seed == 0 else {})


def thesis_fd(samples: Tensor) -> float:
    """Measure as the thesis does: 1,000 samples, the first 1,000 training digits."""
    return metrics.fd_pixels(all_digits()[:1000], samples[:1000]).value


def references() -> dict[str, float]:
    """Measure real digits against real digits."""
    thousands = all_digits()[1000:11_000].split(1000)
    return {
        **real_against_real(SAMPLES),
        "fd_pixels_1000": fmean(thesis_fd(thousand) for thousand in thousands),
    }


def _grid() -> list[dict[str, int]]:
    """Return all pairs of depths: the balanced ones, the extremes, the rest."""
    depths = list(WIDTHS)
    pairs = [(n, n) for n in depths] + [(3, 6), (6, 3)]
    pairs += [pair for pair in product(depths, depths) if pair not in pairs]
    return [{"layers_g": g, "layers_d": d} for g, d in pairs]


DEPTH = Experiment(
    name="depth",
    description="Layers in generator and discriminator, 3 to 6: is it balance?",
    configuration={
        "networks": "ConvGenerator, ConvDiscriminator",
        "images": "60,000 training digits of MNIST",
        "measured_against": "10,000 test digits of MNIST",
        "steps": STEPS,
        "samples": SAMPLES,
        "samples_seed": LATENTS,
        "averaged_over_last_steps": LAST,
        **BASE,
    },
    settings=_grid(),
    run=play,
    seconds=800,
    references=references,
)
