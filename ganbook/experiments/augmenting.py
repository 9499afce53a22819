"""Data augmentation: as Deng (2024) applies it, and as it helps with few images."""

from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from ganbook import augmentation, metrics, viz
from ganbook.augmentation import Adaptive, Augmentation
from ganbook.experiments import conv_gan, vanilla_gan
from ganbook.experiments.digits import (
    LATENTS,
    all_digits,
    digits_of_test,
    measure,
    real_against_real,
)
from ganbook.experiments.experiment import Experiment, Result, Setting
from ganbook.training import (
    AugmentedBatches,
    DivergenceError,
    TensorBatches,
    Trainer,
    generate,
)

# --- the settings of the thesis


def transformation(rotation: float, shift: float, flip: bool) -> Augmentation:
    """Return what the thesis does to an image: turn, move, mirror half of them."""
    parts = [augmentation.warp(rotation, shift)]
    if flip:
        parts.append(augmentation.chain(augmentation.flip(), probability=0.5))
    return augmentation.chain(*parts)


def play(setting: Setting, seed: int) -> Result:
    """Train the convolutional GAN; transform real images alone, or all of them."""
    change = transformation(*(setting[k] for k in ("rotation", "shift", "flip")))
    options = dict(conv_gan.BASE)
    if setting["applied_to"] == "all":
        trainer = conv_gan.new_trainer(
            all_digits(), seed=seed, augment=change, **options
        )
    else:
        batches = TensorBatches(all_digits(), options["batch_size"], seed=seed)
        real = AugmentedBatches(batches, change, seed=seed)
        trainer = conv_gan.new_trainer(real, seed=seed, **options)
    result = conv_gan.finish(trainer, seed)
    if "diverged_at" in result.metrics:
        return result
    found = dict(result.metrics)
    for suffix, average in (("", False), ("_average", True)):
        samples = trainer.sample(conv_gan.SAMPLES, seed=LATENTS, average=average)
        leaks = traces(samples, change)
        found |= {name + suffix: value for name, value in leaks.items()}
    return Result(found, result.images)


def traces(samples: Tensor, change: Augmentation) -> dict[str, float]:
    """Look for a transformation in images (N, 1, 28, 28).

    Returns:
        The distance to the test digits when *they* are transformed; how far the
        images lie from where they should, across, in pixels (the standard deviation
        of the center of mass of their ink); and the share of images that a classifier
        of digits recognizes more surely in the mirror.
    """
    changed = change(digits_of_test(), torch.Generator().manual_seed(0))
    ink = samples.clamp(min=0).sum((1, 2))  # of each column; gray counts as paper
    ink = ink[ink.sum(1) > 0]  # a blank image has no center
    center = (ink * torch.arange(ink.shape[1])).sum(1) / ink.sum(1)
    sure, mirrored = (
        metrics.classify(images).probabilities.amax(1)
        for images in (samples, samples.flip(3))
    )
    return {
        "fd_pixels_transformed": metrics.fd_pixels(changed, samples).value,
        "spread_of_centers": center.std().item(),
        "mirrored": (mirrored > sure).float().mean().item(),
    }


def references() -> dict[str, float]:
    """Measure real digits against real digits, as they are and transformed."""
    found: dict[str, float] = dict(conv_gan.references())
    order = torch.randperm(60_000, generator=torch.Generator().manual_seed(0))
    real = all_digits()[order[: conv_gan.SAMPLES]]
    of_the_thesis = [s for s in THESIS.settings if s["applied_to"] == "real"]
    for setting in (_setting(0, 0, False, "none"), *of_the_thesis):
        change = transformation(*(setting[k] for k in ("rotation", "shift", "flip")))
        changed = change(real, torch.Generator().manual_seed(1))
        numbers = measure(changed) | traces(changed, change)
        name = "_of_real_{rotation}_{shift}_{flip}".format(**setting)
        found |= {metric + name: value for metric, value in numbers.items()}
    return found


def _setting(rotation: float, shift: float, flip: bool, applied_to: str) -> dict:
    return {
        "rotation": rotation,
        "shift": shift,
        "flip": flip,
        "applied_to": applied_to,
    }


THESIS = Experiment(
    name="augmentation",
    description="Rotated, shifted, mirrored digits: for the data alone, or for all",
    configuration=conv_gan.DEPTH.configuration
    | {"networks": "ConvGenerator(), ConvDiscriminator()"},
    settings=[
        _setting(10, 0.1, True, "real"),
        _setting(10, 0.1, True, "all"),
        _setting(0, 0.1, False, "real"),
        _setting(0, 0.1, False, "all"),
        _setting(10, 0.1, False, "real"),
        _setting(0, 0.05, False, "real"),
    ],
    run=play,
    seconds=600,
    references=references,
)


# --- few images

CHECKPOINTS = (500, 1_000, 2_000, 4_000)
FEW_SAMPLES, LAST = 5_000, 200
#: Of translation, as a share of the image: 4 pixels, and black comes in.
REACH, BLACK = 0.125, -1.0
#: Of adaptive augmentation. The same discriminator that has 5,000 digits recognizes
#: 0.65 of them (recorded in vanilla-gan-knobs); from never to always in 1,000 steps.
TARGET, SPEED = 0.65, 64_000


def play_few(setting: Setting, seed: int) -> Result:
    """Train the dense GAN on few digits; measure it against the test digits."""
    draws = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(all_digits()), generator=draws)
    digits = all_digits()[order[: setting["images"]]]
    move = augmentation.translation(REACH, fill=BLACK)
    adaptive = Adaptive(move, target=TARGET, images=SPEED)
    augment = {"none": None, "always": move, "adaptive": adaptive}[setting["augment"]]
    trainer = vanilla_gan.new_trainer(
        digits, seed=seed, augment=augment, **vanilla_gan.BASE
    )
    found: dict[str, Any] = {}
    for steps in CHECKPOINTS:
        try:
            _train(trainer, steps - trainer.steps_played)
        except DivergenceError:
            return Result(found | {"diverged_at": trainer.steps_played + 1})
        samples = trainer.sample(FEW_SAMPLES, seed=LATENTS)
        numbers = measure(samples) | _memory(trainer, digits)
        numbers["copying"] = _copying(digits, samples)
        numbers["real_accuracy"] = fmean(trainer.history["real_accuracy"][-LAST:])
        if augment is adaptive:
            numbers["probability"] = adaptive.probability
        found |= {f"{name}_{steps}": value for name, value in numbers.items()}
    sheet = viz.montage(samples[:32], columns=16)
    return Result(found, {"samples": sheet} if seed == 0 else {})


def _train(trainer: Trainer, count: int) -> None:
    for step in trainer.steps(count):
        if isinstance(trainer.augment, Adaptive):
            trainer.augment.adapt(step.real_accuracy, vanilla_gan.BASE["batch_size"])


def _memory(trainer: Trainer, digits: Tensor) -> dict[str, float]:
    """Measure what the discriminator holds for real: its images, others, its rival's.

    The share between: 1 where new real digits are to it what its own are, 0 where
    they are what generated ones are (Karras et al., 2020, equation 1).
    """
    samples = trainer.sample(len(digits), seed=LATENTS + 1, average=False)
    seen, new, made = (
        fmean(generate(trainer.discriminator, images).flatten().tolist())
        for images in (digits, digits_of_test()[:5000], samples)
    )
    return {
        "logit_seen": seen,
        "logit_new": new,
        "logit_made": made,
        "share_new": (new - made) / (seen - made),
    }


def _copying(digits: Tensor, samples: Tensor) -> float:
    """Ask whether samples are closer to the training digits than new digits are."""
    train, held_out, fake = map(
        metrics.pixels, (digits, digits_of_test()[:2000], samples[:2000])
    )
    return metrics.copying(train, held_out, fake)


FEW = Experiment(
    name="few-images",
    description="500, 1,000, 5,000 digits: without, with and with adaptive translation",
    configuration={
        "networks": "DenseGenerator, DenseDiscriminator",
        "images": "training digits of MNIST, drawn by the seed",
        "measured_against": "10,000 test digits of MNIST",
        "measured_after": list(CHECKPOINTS),
        "samples": FEW_SAMPLES,
        "samples_seed": LATENTS,
        "averaged_over_last_steps": LAST,
        "translation": REACH,
        "adaptive_target": TARGET,
        "adaptive_images": SPEED,
        **vanilla_gan.BASE,
    },
    settings=[
        {"images": count, "augment": augment}
        for count in (500, 1_000, 5_000)
        for augment in ("none", "always", "adaptive")
    ],
    run=play_few,
    seconds=90,
    references=lambda: real_against_real(FEW_SAMPLES),
)
