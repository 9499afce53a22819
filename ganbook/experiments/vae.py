"""Variational autoencoders: strangers they notice, and latents they do not use."""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from ganbook import likelihoods, variational
from ganbook.experiments.digits import few_digits
from ganbook.experiments.experiment import Experiment, Result, Setting
from ganbook.networks import VariationalAutoencoder
from ganbook.training import Minimizer

BASE: dict[str, Any] = {"latent_dim": 16, "widths": [256, 128], "batch_size": 64}
PER_CLASS, KEPT = 500, 400


@cache
def split() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return 4,000 digits to train on, their classes, 1,000 others, and theirs.

    Of each class's first 500 training digits, the first 400 are learned from.
    """
    images = few_digits()[0]
    number = torch.arange(len(images))
    classes, kept = number // PER_CLASS, number % PER_CLASS < KEPT
    return images[kept], classes[kept], images[~kept], classes[~kept]


def new_network(seed: int, kind: type = VariationalAutoencoder) -> nn.Module:
    """Set up a network whose initial weights the seed decides."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return kind(BASE["latent_dim"], BASE["widths"])


# --- which digits are strangers

STRANGER_STEPS = 1_200


def area_under_curve(usual: Tensor, strange: Tensor) -> float:
    r"""Probability that a stranger scores higher than a usual point: the AUC.

    .. math:: P(s' > s) + \tfrac12 P(s' = s)

    Args:
        usual: Scores of points that should score low, (N,).
        strange: Scores of points that should score high, (M,).

    Raises:
        ValueError: If either is empty, not one-dimensional, or holds NaN.
    """
    for scores in (usual, strange):
        if scores.ndim != 1 or not len(scores) or scores.isnan().any():
            raise ValueError(
                f"scores have shape {tuple(scores.shape)}; expected (N,) with "
                "N >= 1, and no NaN"
            )
    difference = strange[:, None] - usual
    return ((difference > 0).double() + 0.5 * (difference == 0)).mean().item()


@torch.no_grad()
def strangeness(
    network: nn.Module, images: Tensor, known: Tensor, *, draws: int = 16
) -> dict[str, Tensor]:
    """Score images, higher is stranger: (N,) each.

    Args:
        network: Variational autoencoder.
        images: To be scored, (N, C, H, W).
        known: Training images, for the rival that learns nothing.
        draws: Of the noise, over which the bound is averaged.
    """
    random = torch.Generator().manual_seed(0)
    parts = [variational.elbo(network, images, random) for _ in range(draws)]
    mean, _ = network.encode(images)
    error = (network.decode(mean) - images).square().flatten(1).mean(1).sqrt()
    return {
        "bound": -torch.stack([part.value for part in parts]).mean(0),
        "error": error,
        "kl": parts[0].kl.sum(1),
        "nearest": torch.cdist(images.flatten(1), known.flatten(1)).amin(1),
    }


def find_strangers(setting: Setting, seed: int) -> Result:
    """Train without one class; how well do scores tell its digits from others?"""
    images, classes, others, truth = split()
    known = images[classes != setting["left_out"]]
    network = new_network(seed)
    trainer = Minimizer(network, variational.loss, known, seed=seed)
    for _ in trainer.steps(STRANGER_STEPS):
        pass
    scores = strangeness(trainer.ema.network.cpu(), others, known)
    strange = truth == setting["left_out"]
    found: dict[str, Any] = {
        f"auc_{name}": area_under_curve(values[~strange], values[strange])
        for name, values in scores.items()
    }
    levels = torch.linspace(0, 1, 51, dtype=torch.float64)
    limits = scores["error"][~strange].double().quantile(1 - levels)
    hits = scores["error"][strange][:, None] > limits
    return Result(found | {"roc_error": hits.double().mean(0).tolist()})


ANOMALY = Experiment(
    name="vae-anomaly",
    description="Digits of a class never seen: does a VAE notice them?",
    configuration={
        **BASE,
        "images": "first 400 training digits of each of nine classes",
        "scored": "the next 100 of each of ten classes",
        "steps": STRANGER_STEPS,
        "learning_rate": 1e-3,
        "likelihood": "normal, learned scale",
        "false_alarms": "roc_error at 0, 0.02, ..., 1",
    },
    settings=[{"left_out": digit} for digit in range(10)],
    run=find_strangers,
    seconds=10,
)


# --- latents that are not used

COLLAPSE_STEPS, WARM_UP = 1_000, 500


class SelfPredictingVae(VariationalAutoencoder):
    """A VAE whose decoder also sees the pixels above and to the left.

    Each pixel's logit is the sum of what the latent vector says and what a masked
    convolution makes of the pixels before it in reading order (the mask A of van den
    Oord, Kalchbrenner and Kavukcuoglu, 2016).
    """

    def __init__(self, *sizes: Any, channels: int = 12, kernel: int = 11) -> None:
        super().__init__(*sizes)
        self.window = nn.Conv2d(1, channels, kernel, padding=kernel // 2)
        self.mix = nn.Sequential(nn.SiLU(), nn.Conv2d(channels, 1, 1))
        seen = torch.arange(kernel**2) < kernel**2 // 2  # all before the center
        self.register_buffer("seen", seen.view(kernel, kernel).float())

    def context_logits(self, images: Tensor) -> Tensor:
        """Return what earlier pixels say of each pixel, (N, 1, H, W)."""
        weight = self.window.weight * self.seen
        before = nn.functional.conv2d(
            images, weight, self.window.bias, padding=self.window.padding
        )
        return self.mix(before)


def bound(
    network: VariationalAutoencoder, images: Tensor, random: torch.Generator
) -> variational.Elbo:
    """Estimate the bound of black and white images, with context where it is used."""
    mean, log_variance = network.encode(images)
    noise = torch.randn(mean.shape, generator=random).to(mean)
    z = variational.reparameterize(mean, log_variance, noise)
    logits = network.decode_logits(z)
    if isinstance(network, SelfPredictingVae):
        logits = logits + network.context_logits(images)
    fit = likelihoods.bernoulli(images, logits)
    return variational.Elbo(fit, variational.kl_to_prior(mean, log_variance))


def _loss(beta: float, free_bits: float) -> Callable:
    def loss(network: nn.Module, images: Tensor, random: torch.Generator) -> Tensor:
        fit, kl = bound(network, images, random)
        return -fit.mean() + beta * kl.mean(0).clamp(min=free_bits).sum()

    return loss


def use_latents(setting: Setting, seed: int) -> Result:
    """Train on black and white digits; how much does the latent vector still say?"""
    learned, classes, others, truth = split()
    learned, others = (torch.where(x > 0, 1.0, -1.0) for x in (learned, others))
    strong = setting.get("decoder") == "self-predicting"
    network = new_network(seed, SelfPredictingVae if strong else VariationalAutoencoder)
    beta, free_bits = setting.get("beta", 1.0), setting.get("free_bits", 0.0)
    trainer = Minimizer(network, _loss(beta, free_bits), learned, seed=seed)
    for number in range(COLLAPSE_STEPS):
        if setting.get("annealed"):
            trainer.loss = _loss(beta * min(1.0, number / WARM_UP), free_bits)
        trainer.step()
    network = trainer.ema.network.cpu()
    with torch.no_grad():
        parts = bound(network, others, torch.Generator().manual_seed(0))
        mean, known = network.encode(others)[0], network.encode(learned)[0]
    guess = classes[torch.cdist(mean, known).argmin(1)]
    return Result(
        {
            "bound": parts.value.mean().item(),
            "kl": parts.kl.sum(1).mean().item(),
            "active_units": int(variational.active_units(mean).sum()),
            "nearest_neighbor_accuracy": (guess == truth).float().mean().item(),
            "kl_by_unit": sorted(parts.kl.mean(0).tolist(), reverse=True),
        }
    )


COLLAPSE = Experiment(
    name="vae-collapse",
    description="When a VAE ignores its latent vector, and two remedies",
    configuration={
        **BASE,
        "images": "first 400 training digits of each class, black and white",
        "measured_on": "the next 100 of each class",
        "steps": COLLAPSE_STEPS,
        "learning_rate": 1e-3,
        "likelihood": "bernoulli",
        "context": "12 channels of an 11 x 11 window",
        "warm_up": WARM_UP,
    },
    settings=[
        {},
        {"beta": 4.0},
        {"beta": 16.0},
        {"decoder": "self-predicting"},
        {"decoder": "self-predicting", "annealed": True},
        {"decoder": "self-predicting", "free_bits": 0.5},
    ],
    run=use_latents,
    seconds=15,
)
