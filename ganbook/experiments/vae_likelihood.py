"""Variational autoencoders: which likelihood, and what the prior costs."""

from functools import partial

import torch
from torch import Tensor

from ganbook import likelihoods, metrics, variational, viz
from ganbook.experiments.digits import LATENTS, few_digits
from ganbook.experiments.experiment import Experiment, Result, Setting
from ganbook.networks import VariationalAutoencoder
from ganbook.training import Minimizer, generate, latents

STEPS, SAMPLES = 2_000, 5_000


def edge_energy(images: Tensor) -> float:
    """Mean squared difference of neighboring pixels, summed over an image."""
    across, down = images.diff(dim=3).square(), images.diff(dim=2).square()
    return (across.flatten(1).sum(1) + down.flatten(1).sum(1)).mean().item()


def compare_likelihoods(setting: Setting, seed: int) -> Result:
    """Train as the GAN of ``vanilla-gan-knobs``; measure samples in the same way."""
    digits = few_digits()[0]
    likelihood = getattr(likelihoods, setting.get("likelihood", "normal"))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = VariationalAutoencoder()
    loss = partial(variational.loss, likelihood=likelihood)
    trainer = Minimizer(network, loss, digits, seed=seed)
    for _ in trainer.steps(STEPS):
        pass
    network = trainer.ema.network.cpu()
    random = torch.Generator().manual_seed(LATENTS)
    with torch.no_grad():
        mean, log_variance = network.encode(digits)
        noise = torch.randn(mean.shape, generator=random)
        encoded = variational.reparameterize(mean, log_variance, noise)
        drawn = {
            "prior": generate(network, latents(SAMPLES, mean.shape[1], seed=LATENTS)),
            "encoded": generate(network, encoded),
        }
    found = {"kl": variational.kl_to_prior(mean, log_variance).sum(1).mean().item()}
    for name, images in drawn.items():
        found[f"fd_pixels_{name}"] = metrics.fd_pixels(digits, images).value
        found[f"edge_energy_{name}"] = edge_energy(images)
    sheet = viz.montage(drawn["prior"][:32], columns=16)
    return Result(found, {"samples": sheet} if seed == 0 else {})


LIKELIHOOD = Experiment(
    name="vae-likelihood",
    description="Normal and Bernoulli pixels; latents from the prior or encoded",
    configuration={
        "network": "VariationalAutoencoder",
        "images": "5,000 training digits of MNIST",
        "steps": STEPS,
        "batch_size": 64,
        "learning_rate": 1e-3,
        "samples": SAMPLES,
        "samples_seed": LATENTS,
    },
    settings=[{}, {"likelihood": "bernoulli"}],
    run=compare_likelihoods,
    seconds=20,
    references=lambda: {"edge_energy_real": edge_energy(few_digits()[0])},
)
