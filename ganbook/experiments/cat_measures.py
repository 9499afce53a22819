"""What the long runs on cats have reached: each kept copy of a generator, measured.

The settings are every third milestone of :mod:`ganbook.experiments.cats`; ``--first N``
asks for those that a run has reached. The last one that it has reached ships.
"""

from functools import cache
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from ganbook import metrics, viz, weights
from ganbook.experiments import cat_card, cats
from ganbook.experiments.experiment import Experiment, Result, Setting
from ganbook.experiments.long_run import copy_of, kept
from ganbook.metrics.neighbors import check_features, squared_distances
from ganbook.networks.residual import ResidualGenerator
from ganbook.training import generate, latents

#: Samples, photographs in their place, and those that both are compared with.
SAMPLES, REFERENCE, LATENTS = 1_000, 2_000, 1_000
SHOWN = 12


def copy(images: int) -> tuple[ResidualGenerator, dict[str, Any]]:
    """Return a kept generator, and what the journal says of that moment.

    Raises:
        FileNotFoundError: If the run has not come so far.
    """
    generator = ResidualGenerator(cats.SIZE)
    return generator, kept(generator, cats.FOLDER, _steps(images), by=cats.__name__)


def _steps(images: int) -> int:
    return images // cats.RECIPE["batch_size"]


def enlarged(images: Tensor) -> Tensor:
    """Use features of EfficientNet-Lite0 for images enlarged to 128 pixels.

    It was trained at 224. At 64, what it reports of generated images is hardly more
    than the fine grid that unfolded pixels leave.
    """
    return metrics.imagenet(cats.enlarged(images))


def small(images: Tensor) -> Tensor:
    """Use colors of 16x16 cells as features: no network, no shapes of fur."""
    cells = avg_pool2d(images, images.shape[-1] // 16)
    return metrics.pixels(cells)


@cache
def photographs() -> dict[str, Tensor]:
    """Return features of photographs: a reference, and others in samples' place."""
    train, held_out = cats.faces(64)
    others, reference = train[: SAMPLES + REFERENCE].split([SAMPLES, REFERENCE])
    return {
        "others enlarged": enlarged(others),
        "others small": small(others),
        "reference enlarged": enlarged(reference),
        "reference small": small(reference),
        "train small": small(train),
        "new small": small(held_out),
        "smooth small": small(smooth(held_out)),
    }


def smooth(images: Tensor) -> Tensor:
    """Keep of images what 8x8 colors hold, with soft transitions."""
    cells = avg_pool2d(images, images.shape[-1] // 8)
    return interpolate(cells, size=images.shape[-1], mode="bilinear")


def compare(seen: dict[str, Tensor], sheet: dict[str, Tensor]) -> dict[str, float]:
    """Measure features of samples, or of photographs, against the reference.

    Args:
        seen: Features by the name of their space.
        sheet: What :func:`photographs` returns.
    """
    found = {
        f"fd_{space}": metrics.frechet_distance(
            metrics.Statistics().update(sheet[f"reference {space}"]),
            metrics.Statistics().update(features),
        )
        for space, features in seen.items()
    }
    reference = sheet["reference enlarged"][: len(seen["enlarged"])]
    balls = metrics.precision_recall(reference, seen["enlarged"])
    for part in ("precision", "recall", "density", "coverage"):
        found[part] = getattr(balls, part)
    return found


@cache
def floor() -> dict[str, float]:
    """Measure photographs in the place of samples."""
    sheet = photographs()
    spaces = ("enlarged", "small")
    found = compare({space: sheet[f"others {space}"] for space in spaces}, sheet)
    # Does a photograph come nearer to others by losing detail alone?
    found["copying_smooth"] = metrics.copying(
        sheet["train small"], sheet["new small"], sheet["smooth small"]
    )
    return found


def nearest(points: Tensor, others: Tensor) -> Tensor:
    """Return the distance of each point to the nearest of others."""
    pairs = squared_distances(*check_features(points, others))
    return torch.cat([d.amin(1) for _, d in pairs]).clamp(min=0).sqrt()


def play(setting: Setting, seed: int) -> Result:
    """Measure the generator of photographs at one milestone."""
    generator, row = copy(setting["images"])
    fake = generate(generator, latents(SAMPLES, generator.latent_dim, seed=LATENTS))
    sheet = photographs()
    seen = {"enlarged": enlarged(fake), "small": small(fake)}
    found: dict[str, Any] = compare(seen, sheet)
    train, new = sheet["train small"], sheet["new small"]
    found["copying"] = metrics.copying(train, new, seen["small"])
    # The distances by which `copying` compares, for the page to draw.
    shares = torch.linspace(0, 1, 21, dtype=torch.float64)
    for name, points in (("nearest", seen["small"]), ("nearest_new", new)):
        quantiles = nearest(points, train).quantile(shares).tolist()
        found[name] = [round(value, 4) for value in quantiles]
    # The best and the worst, by their places among the latent vectors.
    distance = nearest(seen["enlarged"], sheet["reference enlarged"])
    found["farthest"] = distance.topk(SHOWN).indices.tolist()
    found["closest"] = distance.topk(SHOWN, largest=False).indices.tolist()
    found |= {name: row[name] for name in ("cpu", "wall", "real_accuracy")}
    found["augmented"] = row["augmentation"]["probability"]
    if seed == 0 and is_last(setting["images"]):
        weights.save(generator, "cats")
        cat_card.write(setting["images"], found, floor())
    return Result(found, {"samples": viz.montage(fake[:6], columns=6)})


def is_last(images: int) -> bool:
    """Tell whether the run has left no copy for a later setting."""
    later = (s["images"] for s in _SETTINGS if s["images"] > images)
    return not any(copy_of(cats.FOLDER, _steps(n)).exists() for n in later)


# 12,512 images and, each time, twice as many as before
_SETTINGS = [{"images": images} for images in islice(cats.milestones(), 1, 37, 3)]

CATS = Experiment(
    name="cats",
    description="A residual GAN on 7,800 photographs of cats, through its training",
    configuration={
        "images": "7,800 of 8,303 faces of the CAT data set",
        "samples_seed": LATENTS,
        "size": cats.SIZE,
        "generator_width": 1536,
        "discriminator_width": 1024,
        **cats.configuration(),
    },
    settings=_SETTINGS,
    run=play,
    seeds=1,
    seconds=30,
    references=floor,
)
