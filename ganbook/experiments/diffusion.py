"""The small diffusion model on MNIST: what it is asked, and its steps."""

from typing import Any

import torch
from torch import Tensor

from ganbook import diffusion, metrics, viz
from ganbook.diffusion import Schedule
from ganbook.experiments.digits import (
    LATENTS,
    all_digits,
    digits_of_test,
    lenet_of_test,
    pixels_of_test,
)
from ganbook.experiments.experiment import Experiment, Result, Setting
from ganbook.networks import UNet, VelocityDenoiser
from ganbook.training import Minimizer

STEPS, SAMPLES = 600, 500
#: Calls of the network in a walk, by the share eta of fresh noise.
CALLS = {0.0: (2, 5, 10, 20, 50), 1.0: (5, 10, 20, 50, 100)}
SCHEDULES = {"linear": diffusion.linear, "cosine": diffusion.cosine}
ODD_TIMES = (100, 300, 500)

BASE: dict[str, Any] = {"answer": "velocity", "schedule": "cosine"}


def new_minimizer(
    images: Tensor, *, answer: str, schedule: Schedule, seed: int, **options: Any
) -> Minimizer:
    """Set up training; the seed decides the initial weights too.

    Args:
        images: Digits (N, 1, 28, 28) in [-1, 1].
        answer: ``"noise"``: the network is asked for the noise. ``"velocity"``: for v,
            and the loss weighs errors as v does.
        schedule: How much noise at which time.
        seed: Of all that is random.
        **options: The minimizer's.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = UNet()
    weights = None
    if answer == "velocity":
        network = VelocityDenoiser(network, schedule.alpha_bar)
        weights = 1 / schedule.alpha_bar.clamp(min=1e-4)
    loss = diffusion.noise_prediction(schedule, weights=weights)
    return Minimizer(network, loss, images, seed=seed, **options)


def train(setting: Setting, seed: int) -> Result:
    """Train with one setting; measure samples, for the base at several numbers."""
    choice = BASE | dict(setting)
    schedule = SCHEDULES[choice["schedule"]]()
    minimizer = new_minimizer(
        all_digits(),
        answer=choice["answer"],
        schedule=schedule,
        seed=seed,
        learning_rate=2e-3,
        ema_decay=0.995,
        precision="bf16",
    )
    for _ in minimizer.steps(STEPS):
        pass
    network = minimizer.ema.network
    shape = (SAMPLES, 1, 28, 28)
    plain = diffusion.sample(network, schedule, shape, steps=50, eta=0, seed=LATENTS)
    found: dict[str, Any] = _distances(plain, "ddim_50") | {
        "last_loss": sum(minimizer.history["loss"][-100:]) / 100,
    }
    images = {"samples": viz.montage(plain[:32], columns=16)} if seed == 0 else {}
    if setting:
        return Result(found, images)
    for eta, counts in CALLS.items():
        name = "ancestral" if eta else "ddim"
        for calls in counts:
            if (name, calls) != ("ddim", 50):
                samples = diffusion.sample(
                    network, schedule, shape, steps=calls, eta=eta, seed=LATENTS
                )
                found |= _distances(samples, f"{name}_{calls}")
    found["auc_rotated"] = oddness(network, schedule)
    return Result(found, images)


def _distances(samples: Tensor, name: str) -> dict[str, float]:
    real = metrics.Statistics().update(lenet_of_test())
    return {
        f"fd_pixels_{name}": metrics.fd_pixels(pixels_of_test(), samples).value,
        f"fd_lenet_{name}": metrics.fd_lenet(real, samples).value,
    }


@torch.inference_mode()
def oddness(network: torch.nn.Module, schedule: Schedule, count: int = 500) -> float:
    """Tell digits that lie on their side by how badly their noise is predicted.

    Args:
        network: A trained one.
        schedule: Its schedule.
        count: Test digits; as many others are turned by a quarter.

    Returns:
        The area under the ROC curve, 0.5 for a coin.
    """
    digits = digits_of_test()[: 2 * count]
    upright, turned = digits[:count], digits[count:].rot90(1, (2, 3))
    random, errors = torch.Generator().manual_seed(LATENTS), torch.zeros(2, count)
    for t in ODD_TIMES:
        noise = torch.randn(upright.shape, generator=random)
        for row, images in enumerate((upright, turned)):
            noisy = diffusion.add_noise(schedule, images, t, noise)
            predicted = network(noisy, torch.full((count,), t))
            errors[row] += (predicted - noise).square().mean((1, 2, 3))
    return (errors[1][:, None] > errors[0]).float().mean().item()


def references() -> dict[str, float]:
    """Measure as many training digits as samples: the floor of every distance."""
    order = torch.randperm(60_000, generator=torch.Generator().manual_seed(0))
    return _distances(all_digits()[order[:SAMPLES]], "real")


DIFFUSION = Experiment(
    name="diffusion-digits",
    description="The small diffusion model on MNIST: what it is asked, its steps",
    configuration={
        "network": "UNet(16, 32, 64)",
        "images": "60,000 training digits of MNIST",
        "measured_against": "10,000 test digits of MNIST",
        "steps": STEPS,
        "batch_size": 64,
        "learning_rate": 2e-3,
        "ema_decay": 0.995,
        "precision": "bf16",
        "samples": SAMPLES,
        "samples_seed": LATENTS,
        "times_of_oddness": list(ODD_TIMES),
        **BASE,
    },
    settings=[{}, {"answer": "noise"}],
    run=train,
    seconds=80,
    references=references,
)
