"""The dense GAN on MNIST: what its knobs do, and how far it gets."""

from functools import cache
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from ganbook import losses, metrics, viz
from ganbook.experiments.digits import (
    LATENTS,
    all_digits,
    few_digits,
    pixels_of_test,
)
from ganbook.experiments.experiment import Experiment, Result, Setting
from ganbook.networks import DenseDiscriminator, DenseGenerator
from ganbook.training import DivergenceError, Trainer

BASE: dict[str, Any] = {
    "latent_dim": 100,
    "batch_size": 64,
    "learning_rates": [2e-4, 2e-4],  # generator, discriminator
    "betas": [0.5, 0.999],
    "label_smoothing": 0.0,
    "ema_decay": 0.999,
    "precision": "bf16",
}


def new_trainer(
    images: Tensor,
    *,
    seed: int,
    latent_dim: int,
    label_smoothing: float,
    **options: Any,
) -> Trainer:
    """Set up the game; the seed decides the initial weights too.

    Args:
        images: Real images (N, 1, 28, 28) in [-1, 1].
        seed: Of all that is random.
        latent_dim: Length of a latent vector.
        label_smoothing: See :func:`ganbook.losses.non_saturating`.
        **options: The trainer's.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator, discriminator = DenseGenerator(latent_dim), DenseDiscriminator()
    loss = losses.non_saturating(label_smoothing=label_smoothing)
    return Trainer(generator, discriminator, images, loss=loss, seed=seed, **options)


# --- what each knob does

KNOBS_STEPS, KNOBS_SAMPLES, LAST = 2_000, 5_000, 500


def turn_knob(setting: Setting, seed: int) -> Result:
    """Train with one setting; measure the end of training and the samples."""
    digits, _ = few_digits()
    trainer = new_trainer(digits, seed=seed, **BASE | dict(setting))
    try:
        for _ in trainer.steps(KNOBS_STEPS):
            pass
    except DivergenceError:
        return Result({"diverged_at": trainer.steps_played + 1})
    measured = {
        name: metrics.fd_pixels(
            _statistics_of_few(),
            trainer.sample(KNOBS_SAMPLES, seed=LATENTS, average=average),
        ).value
        for name, average in (("fd_pixels", True), ("fd_pixels_raw", False))
    }
    ending = {name: fmean(values[-LAST:]) for name, values in trainer.history.items()}
    sheet = viz.montage(trainer.sample(32, seed=LATENTS), columns=8)
    return Result(measured | ending, {"samples": sheet} if seed == 0 else {})


@cache
def _statistics_of_few() -> metrics.Statistics:
    return metrics.Statistics().update(metrics.pixels(few_digits()[0]))


def knobs_references() -> dict[str, float]:
    """Measure real digits against real digits."""
    digits, others = few_digits()
    order = torch.randperm(5_000, generator=torch.Generator().manual_seed(0))
    halves = digits[order[:2_500]], digits[order[2_500:]]
    found = {"fd_pixels_real_2500_2500": metrics.fd_pixels(*halves).value}
    if others is not None:
        found["fd_pixels_real_5000_5000"] = metrics.fd_pixels(digits, others).value
    return found


KNOBS = Experiment(
    name="vanilla-gan-knobs",
    description="What each knob of the dense GAN on MNIST does, one at a time",
    configuration={
        "networks": "DenseGenerator, DenseDiscriminator",
        "images": "5,000 training digits of MNIST, the first 500 of each class",
        "steps": KNOBS_STEPS,
        "samples": KNOBS_SAMPLES,
        "samples_seed": LATENTS,
        "averaged_over_last_steps": LAST,
        **BASE,
    },
    settings=[
        {},
        {"learning_rates": [5e-5, 5e-5]},
        {"learning_rates": [1e-3, 1e-3]},
        {"learning_rates": [8e-4, 2e-4]},
        {"learning_rates": [2e-4, 8e-4]},
        {"betas": [0.0, 0.999]},
        {"betas": [0.9, 0.999]},
        {"label_smoothing": 0.1},
        {"label_smoothing": 0.3},
        {"latent_dim": 2},
        {"latent_dim": 10},
        {"batch_size": 16},
    ],
    run=turn_knob,
    seconds=40,
    references=knobs_references,
)


# --- how far it gets

CHECKPOINTS = (1_000, 2_000, 5_000, 10_000, 20_000)
FULL_SAMPLES = 10_000


def train_fully(setting: Setting, seed: int) -> Result:
    """Train on all digits; measure against the test digits on the way."""
    trainer = new_trainer(all_digits(), seed=seed, **BASE | dict(setting))
    distances: dict[str, float] = {}
    for steps in CHECKPOINTS:
        try:
            for _ in trainer.steps(steps - trainer.steps_played):
                pass
        except DivergenceError:
            lost = {"diverged_at": trainer.steps_played + 1}
            return Result(lost | {"fd_pixels_after": distances})
        samples = trainer.sample(FULL_SAMPLES, seed=LATENTS)
        distances[str(steps)] = metrics.fd_pixels(pixels_of_test(), samples).value
    found = {"fd_pixels": distances[str(CHECKPOINTS[-1])], "fd_pixels_after": distances}
    if seed:
        return Result(found)
    sheets = {"samples": samples[:64], "strip": samples[64:128]}
    return Result(
        found,
        {
            name: viz.montage(images, columns=8 if name == "samples" else 16)
            for name, images in sheets.items()
        },
    )


def full_references() -> dict[str, float]:
    """Measure training digits against test digits."""
    order = torch.randperm(60_000, generator=torch.Generator().manual_seed(0))
    as_many = all_digits()[order[:FULL_SAMPLES]]
    return {
        f"fd_pixels_real_{len(images)}_10000": metrics.fd_pixels(
            pixels_of_test(), images
        ).value
        for images in (as_many, all_digits())
    }


FULL = Experiment(
    name="vanilla-gan-full",
    description="The dense GAN on all 60,000 digits of MNIST, for 20,000 steps",
    configuration={
        "networks": "DenseGenerator, DenseDiscriminator",
        "images": "60,000 training digits of MNIST",
        "measured_against": "10,000 test digits of MNIST",
        "measured_after": list(CHECKPOINTS),
        "samples": FULL_SAMPLES,
        "samples_seed": LATENTS,
        **BASE,
    },
    settings=[{}],
    run=train_fully,
    seconds=400,
    references=full_references,
)
