"""A rival: the training loop that tutorials show, with torchvision's data set."""

import struct
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision.datasets import MNIST
from torchvision.transforms import Compose, Normalize, ToTensor

LATENT_DIM = 100


def write_idx(folder: Path, pixels: Tensor, labels: Tensor) -> None:
    """Write digits where :class:`torchvision.datasets.MNIST` looks for them.

    Args:
        folder: The data set's root.
        pixels: uint8 (N, 28, 28).
        labels: Of any integer type, (N,).
    """
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for split in ("train", "t10k"):  # torchvision wants all four files to be there
        for name, values in (("images-idx3", pixels), ("labels-idx1", labels)):
            header = struct.pack(
                f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape
            )
            content = values.to(torch.uint8).contiguous().numpy().tobytes()
            (raw / f"{split}-{name}-ubyte").write_bytes(header + content)


class Textbook:
    """Float32, BCELoss on sigmoids, real and fake passes apart, Adam as it comes.

    Args:
        root: Folder of the data set.
        generator: Maps latent vectors of length 100 to images.
        discriminator: Maps images to logits.
        batch_size: Real images in a step.
        generated: Generated images for the generator's move; by default as many.
        workers: Processes that load images.
    """

    def __init__(
        self,
        root: Path,
        generator: nn.Module,
        discriminator: nn.Module,
        *,
        batch_size: int,
        generated: int | None = None,
        workers: int,
    ) -> None:
        transform = Compose([ToTensor(), Normalize((0.5,), (0.5,))])
        self.loader = DataLoader(
            MNIST(root, train=True, transform=transform),
            batch_size=batch_size,
            shuffle=True,
            drop_last=True,
            num_workers=workers,
        )
        self.generator = generator
        self.discriminator = nn.Sequential(discriminator, nn.Sigmoid())
        self.generated = generated or batch_size
        self.adam_g, self.adam_d = (
            torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999))
            for network in (self.generator, self.discriminator)
        )
        self.criterion = nn.BCELoss()
        self.losses: list[tuple[float, float]] = []
        self._batches = self._epochs()

    def play(self, count: int) -> float:
        """Train for ``count`` steps; return the seconds."""
        began = time.perf_counter()
        for _ in range(count):
            self.step(next(self._batches))
        return time.perf_counter() - began

    def step(self, real: Tensor) -> None:
        """Update the discriminator, then the generator with fresh noise."""
        ones, zeros = torch.ones(len(real), 1), torch.zeros(len(real), 1)

        self.adam_d.zero_grad()
        loss_real = self.criterion(self.discriminator(real), ones)
        loss_real.backward()
        fake = self.generator(torch.randn(len(real), LATENT_DIM))
        loss_fake = self.criterion(self.discriminator(fake.detach()), zeros)
        loss_fake.backward()
        self.adam_d.step()

        self.adam_g.zero_grad()
        fake = self.generator(torch.randn(self.generated, LATENT_DIM))
        loss_g = self.criterion(self.discriminator(fake), torch.ones(len(fake), 1))
        loss_g.backward()
        self.adam_g.step()
        self.losses.append((loss_real.item() + loss_fake.item(), loss_g.item()))

    def _epochs(self) -> Iterator[Tensor]:
        while True:
            for images, _ in self.loader:
                yield images
