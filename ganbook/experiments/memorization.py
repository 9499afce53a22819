"""Few digits: what the discriminator learns by heart, and what the generator copies."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor

from ganbook import augmentation, viz
from ganbook.experiments.experiment import Experiment, Result, Setting
from ganbook.experiments.vanilla_gan import BASE, LATENTS, few_digits, new_trainer
from ganbook.training import DivergenceError, Trainer, generate

STEPS, SAMPLES, HELD_OUT = 1_500, 1_000, 1_000

#: What each remedy adds to the trainer's options.
REMEDIES: dict[str, dict[str, Any]] = {
    "none": {},
    "augmentation": {
        "augment": augmentation.chain(augmentation.translation(), augmentation.cutout())
    },
    # What covers a digit has the color of its background.
    "black augmentation": {
        "augment": augmentation.chain(
            augmentation.translation(fill=-1.0), augmentation.cutout(fill=-1.0)
        )
    },
}


@cache
def split() -> tuple[Tensor, Tensor]:
    """Return 4,000 digits to train with and 1,000 others, both in random order."""
    digits, _ = few_digits()
    order = torch.randperm(5_000, generator=torch.Generator().manual_seed(0))
    return digits[order[HELD_OUT:]], digits[order[:HELD_OUT]]


def play(setting: Setting, seed: int) -> Result:
    """Train the dense GAN on the first few digits; compare with held-out ones."""
    images = split()[0][: setting["images"]]
    options = BASE | REMEDIES[setting["remedy"]]
    trainer = new_trainer(images, seed=seed, **options)
    try:
        for _ in trainer.steps(STEPS):
            pass
    except DivergenceError:
        return Result({"diverged_at": trainer.steps_played + 1})
    samples = trainer.sample(SAMPLES, seed=LATENTS)
    if seed:
        return Result(_measure(trainer, images, samples))
    nearest = images[distances(samples[:8], images).indices]
    pairs = viz.montage(torch.cat([samples[:8], nearest]), columns=8)
    return Result(_measure(trainer, images, samples), {"pairs": pairs})


def _measure(trainer: Trainer, images: Tensor, samples: Tensor) -> Mapping[str, float]:
    _, others = split()
    known, unknown, generated = (
        generate(trainer.discriminator, some).sigmoid().mean().item()
        for some in (images, others, samples)
    )
    near, usual = (distances(some, images).values for some in (samples, others))
    return {
        "belief_known": known,
        "belief_unknown": unknown,
        "belief_generated": generated,
        # Distances of new digits to their nearest training digit are the yardstick.
        "distance_ratio": float(near.median() / usual.median()),
        "copies": float((near < usual.quantile(0.05)).float().mean()),
        # How well the samples' neighborhood covers digits never seen.
        "distance_to_new": float(distances(others, samples).values.median()),
    }


def distances(images: Tensor, others: Tensor) -> torch.return_types.min:
    """Return distance (root of summed squares) and index of the nearest other."""
    return torch.cdist(images.flatten(1), others.flatten(1)).min(dim=1)


MEMORIZATION = Experiment(
    name="memorization",
    description="The dense GAN on few digits of MNIST: what is learned by heart",
    configuration={
        "networks": "DenseGenerator, DenseDiscriminator",
        "images": "the first of 4,000 training digits in random order",
        "held_out": HELD_OUT,
        "steps": STEPS,
        "samples": SAMPLES,
        "samples_seed": LATENTS,
        "augmentation": "translation by an eighth, cutout of a half; gray or black",
        **BASE,
    },
    settings=[
        {"images": 100, "remedy": "none"},
        {"images": 500, "remedy": "none"},
        {"images": 4_000, "remedy": "none"},
        {"images": 100, "remedy": "augmentation"},
        {"images": 100, "remedy": "black augmentation"},
    ],
    run=play,
    seconds=40,
)
