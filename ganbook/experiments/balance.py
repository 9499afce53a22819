"""Balance in the plane: sizes of both players, and what else makes one of them strong.

The data are a ring of eight Gaussians. Capacity (the width of a player's two hidden
layers), the discriminator's learning rate and its number of updates in a step are
varied, each with and without the penalty R1; all pairs of widths once more with a
discriminator of three times the rate; and two widths with a rate that makes up for
them. What is measured is how much of the samples lies where it should.
"""

import time
from functools import cache
from itertools import product
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from ganbook import instruments, regularizers
from ganbook.data.rings import Modes, ring
from ganbook.experiments.experiment import Experiment, Result, Setting
from ganbook.networks import DenseDiscriminator, PlaneGenerator, count_parameters
from ganbook.training import DivergenceError, Trainer

#: Seed of the latents of all measured samples, apart from those of any training.
LATENTS = 1_000_003
SAMPLES, STEPS, LOOKS = 2_000, 1_500, 20

#: Units in each of a player's two hidden layers, and weights of R1.
WIDTHS, PENALTIES = (4, 16, 64, 256), (0.0, 0.1)

BASE: dict[str, Any] = {
    "batch_size": 128,
    "betas": [0.5, 0.999],
    "ema_decay": 0.995,
    "precision": "fp32",
}
POINTS, RATE, FAST = 20_000, 1e-3, 3e-3

#: Discriminators whose first step gains as much as that of width 64 at rate 0.001 (by
#: its loss and its slopes at the start of seed 0): their speed without their size.
PACED = ({"width_d": 256, "rate_d": 1.9e-4}, {"width_d": 16, "rate_d": 4.6e-3})


@cache
def modes() -> Modes:
    """Return the data."""
    return ring()


def new_trainer(
    seed: int,
    *,
    width_g: int = 64,
    width_d: int = 64,
    r1: float = 0.0,
    rate_d: float = RATE,
    discriminator_steps: int = 1,
) -> Trainer:
    """Set up a game; the seed decides weights, data and all that is drawn.

    Args:
        seed: See above.
        width_g: Units in each of the generator's two hidden layers.
        width_d: Units in each of the discriminator's.
        r1: Weight of the penalty; none if 0.
        rate_d: The discriminator's learning rate; the generator's is 0.001.
        discriminator_steps: Its updates in a step.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator = PlaneGenerator(2, (width_g, width_g))
        discriminator = DenseDiscriminator((2,), (width_d, width_d), dropout=0)
    return Trainer(
        generator,
        discriminator,
        modes().sample(POINTS, seed=seed),
        regularizer=regularizers.r1(r1) if r1 else None,
        learning_rates=(RATE, rate_d),
        discriminator_steps=discriminator_steps,
        seed=seed,
        **BASE,
    )


def play(setting: Setting, seed: int) -> Result:
    """Play one game; average over its last quarter."""
    trainer = new_trainer(seed, **setting)
    looks: list[dict[str, float]] = []
    seconds = 0.0
    try:
        for _ in range(LOOKS):
            began = time.process_time()
            for _ in trainer.steps(STEPS // LOOKS):
                pass
            seconds += time.process_time() - began
            looks.append(_look(trainer))
    except DivergenceError:
        return Result({"diverged_at": trainer.steps_played + 1})
    late = looks[-(LOOKS // 4) :]
    return Result(
        {
            **{name: fmean(look[name] for look in late) for name in late[0]},
            "misplaced_after": [round(look["misplaced"], 4) for look in looks],
            "parameters_g": count_parameters(trainer.generator),
            "parameters_d": count_parameters(trainer.discriminator),
            "milliseconds": 1e3 * seconds / STEPS,
        }
    )


def misplaced(points: Tensor) -> float:
    r"""Return the share of points that would have to move for a fair sample.

    With :math:`s_k` the share of points within three deviations of center k of K,
    that is :math:`\sum_k \max(0, 1/K - s_k)`: the distance in total variation of
    "which mode, or none" from equal shares.
    """
    centers = modes().centers
    found = instruments.coverage(points, centers, 3 * modes().deviation)
    return (1 / len(centers) - found.shares).clamp(min=0).sum().item()


def _look(trainer: Trainer) -> dict[str, float]:
    looked: dict[str, float] = {}
    for suffix, average in (("", False), ("_average", True)):
        points = trainer.sample(SAMPLES, seed=LATENTS, average=average)
        found = instruments.coverage(points, modes().centers, 3 * modes().deviation)
        looked |= {
            "modes" + suffix: found.modes,
            "good" + suffix: found.good,
            "misplaced" + suffix: misplaced(points),
        }
    for name in ("real_accuracy", "fake_accuracy"):
        looked[name] = fmean(trainer.history[name][-STEPS // LOOKS :])
    return looked


def references() -> dict[str, float]:
    """Measure real points: what a perfect generator would score."""
    draws = [modes().sample(SAMPLES, seed=LATENTS + n) for n in range(20)]
    return {"misplaced": fmean(map(misplaced, draws))}


def _settings() -> list[dict[str, float]]:
    """Return all pairs of widths; what else makes a player strong; pairs again."""
    pairs = [{"width_g": g, "width_d": d} for g, d in product(WIDTHS, WIDTHS)]
    equal = [{"rate_d": rate} for rate in (1e-4, 3e-4, FAST, 1e-2)]
    equal += [{"discriminator_steps": updates} for updates in (2, 5)]
    weak = [{"rate_d": FAST}, {"discriminator_steps": 5}]
    changes = [(64, change) for change in equal] + [(16, change) for change in weak]
    found = [pair | {"r1": r1} for r1, pair in product(PENALTIES, pairs)]
    found += [
        {"width_g": 64, "width_d": width, "r1": r1} | change
        for r1, (width, change) in product(PENALTIES, changes)
    ]
    fast = [pair | {"r1": r1, "rate_d": FAST} for r1, pair in product(PENALTIES, pairs)]
    found += [setting for setting in fast if setting not in found]
    return found + [{"width_g": 64, "r1": 0.0} | setting for setting in PACED]


BALANCE = Experiment(
    name="balance",
    description="A discriminator's size, rate and updates in the plane, with R1 or not",
    configuration={
        "networks": "PlaneGenerator, DenseDiscriminator, two hidden layers each",
        "data": "a ring of 8 Gaussians",
        "points": POINTS,
        "steps": STEPS,
        "learning_rate_g": RATE,
        "samples": SAMPLES,
        "samples_seed": LATENTS,
        "looks": LOOKS,
        "averaged_over_last_looks": LOOKS // 4,
        **BASE,
    },
    settings=_settings(),
    run=play,
    seconds=6,
    references=references,
)
