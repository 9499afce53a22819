"""Autoencoder, games and diffusion side by side: equal data, equal seconds."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ganbook import diffusion, schedules, variational, viz
from ganbook.experiments import conv_gan, vanilla_gan
from ganbook.experiments.digits import (
    LATENTS,
    all_digits,
    measure,
    real_against_real,
)
from ganbook.experiments.experiment import Experiment, Result, Setting
from ganbook.networks import (
    UNet,
    VariationalAutoencoder,
    VelocityDenoiser,
    count_parameters,
)
from ganbook.training import Minimizer, Trainer, generate, latents

#: When to measure, in seconds of training on one core.
SECONDS = (60, 180)
SAMPLES, TIMED, CALLS = 5_000, 256, 25
THREADS = 1

DRAW = Callable[[int, int], Tensor]  # count, seed -> images


class Contender(NamedTuple):
    """A model in training.

    Attributes:
        trainer: Plays a step at a time.
        draw: Maps a count and a seed to images (N, 1, 28, 28) in [-1, 1].
        sampler: The network that sampling needs.
        trained: All networks that training needs.
        calls: How often sampling calls its network.
    """

    trainer: Trainer | Minimizer
    draw: DRAW
    sampler: nn.Module
    trained: tuple[nn.Module, ...]
    calls: int = 1


def autoencoder(seed: int) -> Contender:
    """Set up the variational autoencoder; its samples are the decoder's means."""
    network = _seeded(seed, VariationalAutoencoder)
    trainer = Minimizer(
        network, variational.loss, all_digits(), seed=seed, precision="bf16"
    )
    average = trainer.ema.network
    return Contender(
        trainer,
        lambda n, seed: generate(average, latents(n, average.latent_dim, seed=seed)),
        network.decoder,
        (network,),
    )


def game(new_trainer: Callable[..., Trainer], base: dict, seed: int) -> Contender:
    """Set up a generator and a discriminator."""
    trainer = new_trainer(all_digits(), seed=seed, **base)
    players = trainer.generator, trainer.discriminator
    return Contender(
        trainer, lambda n, seed: trainer.sample(n, seed=seed), players[0], players
    )


def denoiser(seed: int) -> Contender:
    """Set up the diffusion model as its chapter does: asked for v, cosine schedule."""
    schedule = schedules.cosine()
    network = VelocityDenoiser(_seeded(seed, UNet), schedule.alpha_bar)
    weights = 1 / schedule.alpha_bar.clamp(min=1e-4)
    trainer = Minimizer(
        network,
        diffusion.noise_prediction(schedule, weights=weights),
        all_digits(),
        learning_rate=2e-3,
        seed=seed,
        precision="bf16",
    )

    def draw(count: int, seed: int) -> Tensor:
        shape = (count, 1, 28, 28)
        return diffusion.sample(
            trainer.ema.network, schedule, shape, steps=CALLS, eta=0.0, seed=seed
        )

    return Contender(trainer, draw, network, (network,), CALLS)


CONTENDERS: dict[str, Callable[[int], Contender]] = {
    "vae": autoencoder,
    "dense-gan": partial(game, vanilla_gan.new_trainer, vanilla_gan.BASE),
    "conv-gan": partial(game, conv_gan.new_trainer, conv_gan.BASE),
    "ddpm": denoiser,
}


def play(setting: Setting, seed: int) -> Result:
    """Train one model for so many seconds of one core; measure it on the way."""
    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        return _play(CONTENDERS[setting["model"]](seed), seed)
    finally:
        torch.set_num_threads(threads)


def _play(contender: Contender, seed: int) -> Result:
    found: dict[str, Any] = {
        "parameters": sum(map(count_parameters, contender.trained)),
        "sampler_parameters": count_parameters(contender.sampler),
        "calls": contender.calls,
    }
    spent = steps = 0
    for limit in SECONDS:
        while spent < limit:
            began = time.process_time()
            contender.trainer.step()
            spent += time.process_time() - began
            steps += 1
        samples = contender.draw(SAMPLES, LATENTS)
        found |= {f"{name}_{limit}": v for name, v in measure(samples).items()}
        found[f"steps_{limit}"] = steps
    began = time.process_time()
    contender.draw(TIMED, 0)
    found["ms_per_sample"] = 1e3 * (time.process_time() - began) / TIMED
    sheet = viz.montage(samples[:32], columns=16)
    return Result(found, {"samples": sheet} if seed == 0 else {})


def _seeded(seed: int, new: Callable[[], nn.Module]) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return new()


EQUAL_SECONDS = Experiment(
    name="equal-seconds",
    description="Autoencoder, GANs and diffusion: equal data, equal training seconds",
    configuration={
        "images": "60,000 training digits of MNIST",
        "measured_against": "10,000 test digits of MNIST",
        "measured_after": list(SECONDS),
        "clock": "processor time of one thread, training steps alone",
        "samples": SAMPLES,
        "samples_seed": LATENTS,
        "batch_size": "64 (conv-gan: 32 real, 64 generated)",
        "precision": "bf16",
        "vae": "VariationalAutoencoder(latent_dim=16), Adam 1e-3",
        "dense-gan": "DenseGenerator, DenseDiscriminator, Adam 2e-4",
        "conv-gan": "ConvGenerator, ConvDiscriminator, Adam 2e-4",
        "ddpm": f"UNet(16, 32, 64) asked for v, Adam 2e-3, DDIM in {CALLS} steps",
    },
    settings=[{"model": name} for name in CONTENDERS],
    run=play,
    seconds=SECONDS[-1] + 100,
    references=lambda: real_against_real(SAMPLES),
)
