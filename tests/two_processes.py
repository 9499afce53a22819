"""What each of two processes plays for tests/test_training_processes.py.

``python tests/two_processes.py SCENARIO FOLDER``, with the variables that a launcher
sets. It is the same program for one process, two, and more.
"""

import os
import resource
import signal
import sys
from pathlib import Path

import torch
from torch import nn

from ganbook import data, losses, networks, regularizers, restoration, training

SHAPE = (3, 8, 8)
IMAGES = torch.rand(60, *SHAPE, generator=torch.Generator().manual_seed(0)) * 2 - 1
STEPS = 20


class Generator(nn.Module):
    """Convolutional, with or without batch normalization."""

    latent_dim = 6

    def __init__(self, normalize=False):
        super().__init__()
        norm = nn.BatchNorm2d(8) if normalize else nn.Identity()
        self.layers = nn.Sequential(
            nn.Linear(6, 8 * 4 * 4),
            nn.Unflatten(1, (8, 4, 4)),
            norm,
            nn.LeakyReLU(0.2),
            nn.ConvTranspose2d(8, 3, 4, 2, 1),
            nn.Tanh(),
        )

    def forward(self, z):
        return self.layers(z)


def discriminator(*, last=1, deviation=False, normalize=False):
    # A bias before a normalization has slope 0; Adam would magnify its rounding.
    layers = [nn.Conv2d(3, 8, 3, 2, 1, bias=not normalize)]
    layers += [nn.BatchNorm2d(8)] if normalize else []
    layers += [nn.LeakyReLU(0.2), nn.Flatten()]
    layers += [networks.MinibatchStd(2)] if deviation else []
    return nn.Sequential(*layers, nn.Linear(8 * 4 * 4 + deviation, last))


def trainer(
    *, images=IMAGES, normalize=False, deviation=False, seed=0, weights=0, **options
):
    torch.manual_seed(weights)
    players = (
        Generator(normalize),
        discriminator(deviation=deviation, normalize=normalize),
    )
    options = {"batch_size": 12, "precision": "fp32", "seed": seed} | options
    images = images() if callable(images) else images
    return training.Trainer(*players, images, **options)


class Coder(nn.Module):
    """Its loss calls methods, not the network itself."""

    def __init__(self):
        super().__init__()
        self.into, self.out = nn.Linear(192, 5), nn.Linear(5, 192)

    def encode(self, images):
        return self.into(images.flatten(1)).tanh()

    def decode(self, code):
        return self.out(code).view(-1, *SHAPE)


def reconstruction(network, batch, random):
    return (network.decode(network.encode(batch)) - batch).square().mean()


def minimizer(loss=reconstruction, **options):
    torch.manual_seed(0)
    options = {"batch_size": 12, "precision": "fp32"} | options
    return training.Minimizer(Coder(), loss, IMAGES, **options)


def resolver():
    """Enlarges: two players, a schedule, a window that moves."""
    torch.manual_seed(0)
    photos = list(IMAGES[:3].repeat_interleave(5, 2).repeat_interleave(5, 3))
    return restoration.SuperResolver(
        networks.SRResNet(4, 1, batch_norm=False, direct=True, bicubic_skip=True),
        data.Patches(photos, 4, 40, 4, seed=0),
        length=2 * STEPS,
        objective=restoration.Objective(pixel=1, adversarial=0.1),
        discriminator=networks.SRDiscriminator(32, 4),
        jitter=8,
        precision="fp32",
    )


def sharded():
    """A source that reads no more than a process's share, and is timed."""
    return training.Stopwatch(data.PixelBatches(data.to_pixels(IMAGES), 12, seed=0))


#: What must not depend on the number of processes, nor of pieces.
SAME = {
    "plain": {},
    "wasserstein, three moves": {
        "loss": losses.wasserstein(),
        "discriminator_steps": 3,
    },
    "r1 and r2": {
        "regularizer": lambda d, real, fake: (
            regularizers.r1(5.0)(d, real, fake) + regularizers.r2(5.0)(d, real, fake)
        ),
        "regularize_every": 2,
    },
    "more generated": {"generated": 24},
    "deviation of a minibatch": {"deviation": True},
    "each reads its own": {"images": sharded},
}
NORMALIZED = {"normalize": True, "regularizer": regularizers.r1(1.0)}


def play(player, steps=STEPS):
    for _ in player.steps(steps):
        pass
    return player.state_dict()


def many(folder):
    """All games of one launch: starting the processes takes longest."""
    rank = training.Processes(timeout=100).rank
    found = {name: play(trainer(**options)) for name, options in SAME.items()}
    found["normalized"] = play(trainer(**NORMALIZED), 5)
    found["pieces"] = play(trainer(accumulate=3, **SAME["r1 and r2"]))
    found["SyncBatchNorm"] = refusal()
    found["coder"] = play(minimizer())
    found["enlarged"] = play(resolver())
    found["bf16"] = play(trainer(precision="bf16", **NORMALIZED), 3)
    # Weights that differ at first: those of process 0 count.
    found["strangers"] = play(trainer(weights=rank))
    noisy = trainer(augment=lambda images, random: noise(images, random, found))
    found["noisy"] = play(noisy, 3)
    found["diverged"] = diverge(rank)
    training.save_checkpoint(noisy, folder / "noisy.safetensors")
    seven = trainer()
    play(seven, 7)
    training.save_checkpoint(seven, folder / "two-began.safetensors")
    resumed = trainer(seed=3)
    training.load_checkpoint(resumed, folder / "one-began.safetensors")
    found["one began"] = play(resumed, 13)
    found["unwritable"] = unwritable(noisy, folder, rank)
    found["progress"] = list(training.progress(range(3), label=f"process {rank}"))
    torch.save(found, folder / f"found-{rank}.pt")


def refusal():
    """What PyTorch's own layer says between processes on the CPU."""
    try:
        nn.SyncBatchNorm(3)(torch.zeros(2, 3, 4, 4))
    except ValueError as error:
        return str(error)
    return "nothing happened"


def noise(images, random, found):
    drawn = torch.randn(images.shape, generator=random)
    found.setdefault("drawn", []).append(drawn.flatten()[0].item())
    return images + 0.1 * drawn


def diverge(rank):
    """One process's loss is no number; both must stop, unharmed."""
    loss = losses.non_saturating()
    bad = float("nan") if rank == 1 else 1.0
    player = trainer(
        loss=losses.Loss(loss.discriminator, lambda fake: loss.generator(fake) * bad)
    )
    before = [w.clone() for w in player.generator.parameters()]
    try:
        player.step()
    except training.DivergenceError as error:
        same = zip(before, player.generator.parameters(), strict=True)
        return str(error) if all(torch.equal(a, b) for a, b in same) else "moved"
    return "nothing happened"


def killed(folder):
    """Process 1 dies without a word in its tenth step; process 0 must not hang."""
    rank = training.Processes(timeout=100).rank
    player = trainer()
    for step in player.steps(STEPS):
        if step.number % 4 == 0:
            training.save_checkpoint(player, folder / "last.safetensors")
        if rank == 1 and step.number == 9:
            os.kill(os.getpid(), signal.SIGKILL)


def unwritable(player, folder, rank):
    """The disk of process 0 is full; then its state is nothing to write: both know."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    if rank == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    found = [saving(player, folder / "full.safetensors")]
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    if rank == 0:
        player.batches.state_dict = lambda: {"no JSON": {1, 2}}
    return [*found, saving(player, folder / "odd.safetensors")]


def saving(player, path):
    try:
        training.save_checkpoint(player, path)
    except Exception as error:
        return type(error).__name__


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(sys.argv[2]))
