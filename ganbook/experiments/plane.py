"""Games in the plane: how one is set up, and what is measured while it is played."""

import time
from collections.abc import Callable, Mapping
from functools import cache
from statistics import fmean
from typing import Any

import torch
from torch import Tensor, nn

from ganbook import losses, regularizers
from ganbook.data.rings import Modes, grid, ring
from ganbook.experiments.unrolled import UnrolledTrainer
from ganbook.instruments import coverage
from ganbook.networks import (
    DenseDiscriminator,
    MinibatchDiscrimination,
    MinibatchStd,
    PlaneGenerator,
)
from ganbook.training import Trainer

#: Seed of the latents of all measured samples, apart from those of any training.
LATENTS = 1_000_003
SAMPLES, WIDTH, LOOKS = 2_000, 64, 20


@cache
def modes_of(name: str) -> Modes:
    """Return the data set of that name, ``"ring"`` or ``"grid"``."""
    return {"ring": ring, "grid": grid}[name]()


def networks(
    seed: int,
    *,
    offset: float = 0.0,
    spectral_norm: bool = False,
    minibatch: str | None = None,
) -> tuple[PlaneGenerator, DenseDiscriminator]:
    """Return the players.

    Args:
        seed: Of their weights.
        offset: How far up and to the right the generator starts.
        spectral_norm: Of the discriminator.
        minibatch: The layer before its last, ``"deviation"``, ``"discrimination"``
            or none.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator = PlaneGenerator(2, (WIDTH, WIDTH))
        discriminator = DenseDiscriminator((2,), (WIDTH, WIDTH), dropout=0)
        if minibatch:
            layer, more = {
                "deviation": (MinibatchStd(128), 1),
                "discrimination": (
                    MinibatchDiscrimination(WIDTH, 4, 2),
                    4,
                ),
            }[minibatch]
            *before, _ = discriminator.layers
            last = nn.Linear(WIDTH + more, 1)
            discriminator.layers = nn.Sequential(*before, layer, last)
        if spectral_norm:
            regularizers.spectral_norm(discriminator)
    with torch.no_grad():
        generator.layers[-1].bias += offset
    return generator, discriminator


def new_trainer(
    seed: int,
    *,
    loss: str,
    points: int,
    modes: str,
    offset: float = 0.0,
    spectral_norm: bool = False,
    minibatch: str | None = None,
    r1: float | None = None,
    gradient_penalty: float | None = None,
    label_smoothing: float | None = None,
    noise: float | None = None,
    head_start: int = 0,
    **options: Any,
) -> Trainer:
    """Set up a game in the plane; after its head start, if it has one.

    The keys are those of ``FAILURES`` and ``REPAIRS`` in
    :mod:`ganbook.experiments.failures`.
    """
    generator, discriminator = networks(
        seed, offset=offset, spectral_norm=spectral_norm, minibatch=minibatch
    )
    smoothing = {"label_smoothing": label_smoothing} if label_smoothing else {}
    options["loss"] = getattr(losses, loss)(**smoothing)
    if r1 is not None:
        options["regularizer"] = regularizers.r1(r1)
    if gradient_penalty is not None:
        options["regularizer"] = regularizers.gradient_penalty(gradient_penalty)
    if noise is not None:
        options["augment"] = _noise(noise)
    kind = UnrolledTrainer if "unroll" in options else Trainer
    data = modes_of(modes).sample(points, seed=seed)

    def trainer(learning_rates: tuple[float, float]) -> Trainer:
        changed = options | {"learning_rates": learning_rates}
        return kind(generator, discriminator, data, seed=seed, **changed)

    rates = tuple(options["learning_rates"])
    if head_start:  # the generator stands still meanwhile
        for _ in trainer((0.0, rates[1])).steps(head_start):
            pass
    return trainer(rates)


def _noise(deviation: float) -> Callable[[Tensor, torch.Generator], Tensor]:
    def blur(points: Tensor, random: torch.Generator) -> Tensor:
        noise = torch.randn(points.shape, generator=random).to(points.device)
        return points + deviation * noise

    return blur


def measured(trainer: Trainer, modes: Modes, steps: int) -> Mapping[str, Any]:
    """Play ``steps`` steps, look at the samples 20 times on the way, and sum up.

    Raises:
        DivergenceError: If a loss is not finite.
    """
    looks: list[Mapping[str, Any]] = []
    seconds, slope = 0.0, 0.0
    for look in range(LOOKS):
        began = time.process_time()
        for step in trainer.steps(steps // LOOKS):
            if step.number == 1:
                slope = float(slopes(trainer.generator).norm())
        seconds += time.process_time() - began
        looks.append(_look(trainer, modes, steps // LOOKS * (look + 1)))
    late = looks[-(LOOKS // 4) :]
    shares = torch.stack([look["shares"] for look in late])
    return {
        # Half of the samples that change their mode between two looks.
        "unrest": float((shares[1:] - shares[:-1]).abs().sum(1).mean() / 2),
        **{
            name: fmean(look[name] for look in late)
            for name in ("modes", "good", "modes_ema", "good_ema")
        },
        "modes_after": [look["modes"] for look in looks],
        "good_after": [round(look["good"], 4) for look in looks],
        "distance_after": [round(look["distance"], 4) for look in looks],
        "first_slope": slope,
        "last_slope": float(slopes(trainer.generator).norm()),
        "gap": fmean(look["gap"] for look in late),
        "milliseconds": 1e3 * seconds / steps,
    }


def slopes(network: nn.Module) -> Tensor:
    """Return the gradient that the last step left in ``network``, flat."""
    return torch.cat([w.grad.flatten() for w in network.parameters()])


def _look(trainer: Trainer, modes: Modes, number: int) -> Mapping[str, Any]:
    raw, average = (
        trainer.sample(SAMPLES, seed=LATENTS, average=average)
        for average in (False, True)
    )
    now, ema = (
        coverage(points, modes.centers, 3 * modes.deviation)
        for points in (raw, average)
    )
    nearest = torch.cdist(raw, modes.centers).min(1)
    everyone = torch.bincount(nearest.indices, minlength=len(modes.centers)) / SAMPLES
    history = trainer.history
    return {
        "modes": now.modes,
        "good": now.good,
        "modes_ema": ema.modes,
        "good_ema": ema.good,
        "shares": everyone,
        "distance": float(nearest.values.mean()),
        # How often the discriminator is right, above tossing a coin.
        "gap": history["real_accuracy"][-1] + history["fake_accuracy"][-1] - 1,
    }
