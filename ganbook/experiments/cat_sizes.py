"""The same game at 32, 64 and 128 pixels: what a doubling costs, and what it takes.

The cats are drawn, each time the same ones: a photograph of 64 pixels is none of 128,
and of drawn cats the kinds can be counted. Every size sees as many images.
"""

import time
from functools import cache
from typing import Any

from torch import Tensor
from torch.nn.functional import avg_pool2d

from ganbook import data, metrics, viz
from ganbook.experiments import cats
from ganbook.experiments.cat_measures import enlarged
from ganbook.experiments.experiment import Experiment, Result, Setting

SIZES = (32, 64, 128)
#: Drawn cats to learn from; images after which a run is measured; samples.
DRAWN, LOOKS, SAMPLES, LATENTS = 10_000, (8_000, 16_000, 32_000), 2_000, 1_000


def kinds(images: Tensor) -> dict[str, Any]:
    """Count kinds of drawn cats beside their known shares.

    The classifier was made for 64 pixels. Larger images are shrunk to that.
    """
    if images.shape[-1] > 64:
        images = avg_pool2d(images, images.shape[-1] // 64)
    found = metrics.cat_attributes(images)
    shares, known = found.shares(), data.cat_shares()
    return {
        "apart": (shares - known).abs().sum().item() / 2,  # total variation
        "impossible": shares[known == 0].sum().item(),
        "kinds": int(((shares > 0) & (known > 0)).sum()),
        "confidence": found.confidence.mean().item(),
    }


@cache
def _drawn(size: int) -> metrics.Statistics:
    real = data.drawn_cats(SAMPLES, size=size, seed=1).images
    return metrics.Statistics().update(enlarged(real))


def measure(images: Tensor) -> dict[str, Any]:
    """Measure images (N, 3, size, size) against drawn cats of their size."""
    mine = metrics.Statistics().update(enlarged(images))
    distance = metrics.frechet_distance(_drawn(images.shape[-1]), mine)
    return {"fd_imagenet": distance} | kinds(images)


def play(setting: Setting, seed: int) -> Result:
    """Train at one size; measure on the way."""
    batch = cats.RECIPE["batch_size"]
    real = data.drawn_cats(DRAWN, size=setting["size"], seed=0).images
    trainer = cats.new_trainer(real, seed=seed)
    found: dict[str, Any] = {}
    seconds = 0.0
    for images in LOOKS:
        began = time.process_time()
        while trainer.steps_played * batch < images:
            played = trainer.step()
            trainer.augment.adapt(played.real_accuracy, batch)
        seconds += time.process_time() - began
        seen = measure(trainer.sample(SAMPLES, seed=LATENTS))
        found |= {f"{name}_at_{images}": value for name, value in seen.items()}
    found["ms_an_image"] = 1e3 * seconds / LOOKS[-1]
    sheet = viz.montage(trainer.sample(8, seed=LATENTS), columns=8)
    return Result(found, {"samples": sheet} if seed == 0 else {})


def references() -> dict[str, Any]:
    """Measure fresh drawn cats in the place of samples: the floor of every size."""
    found = {}
    for size in SIZES:
        fresh = measure(data.drawn_cats(SAMPLES, size=size, seed=2).images)
        found |= {f"{name}_of_{size}": value for name, value in fresh.items()}
    return found


CATS_SIZES = Experiment(
    name="cats-sizes",
    description="A residual GAN on drawn cats of 32, 64 and 128 pixels",
    configuration={
        "images": f"{DRAWN:,} drawn cats",
        "measured_after": list(LOOKS),
        "samples": SAMPLES,
        "samples_seed": LATENTS,
        **cats.configuration(),
    },
    settings=[{"size": size} for size in SIZES],
    run=play,
    seeds=1,
    seconds=500,
    references=references,
)
