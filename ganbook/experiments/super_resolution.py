"""Super-resolution, four times: every stage of SRGAN, on one plane.

Distortion is how far a picture is from the truth (PSNR); perception how far the
pictures of a method are, as a population, from photographs (FD of patches). Blau and
Michaeli (2018) prove that no method is best at both.
"""

import time
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from ganbook import data, metrics, weights
from ganbook.experiments import enlargers
from ganbook.experiments.enlargers import SCALE
from ganbook.experiments.experiment import Experiment, Result, Setting
from ganbook.networks import count_parameters
from ganbook.networks.enlargers import enlarge, pretrained

SETS = {"set5": "sr/Set5", "set14": "sr/Set14", "photos": None}
PATCH = 96
#: Corners of what is kept to look at, in the held-out photographs: cat, cup, temple.
CORNERS, SIDE = ((88, 140), (148, 240), (176, 252)), 128
WEIGHTS = (0.01, 0.03)
SHIPPED = {
    "pixel": {"model": "pixel"},
    "content": {"model": "content"},
    "adversarial": {"model": "adversarial", "weight": WEIGHTS[-1]},
    "relativistic": {"model": "relativistic", "weight": WEIGHTS[0]},
}
SETTINGS: tuple[Setting, ...] = (
    {"model": "bicubic"},
    SHIPPED["pixel"],
    SHIPPED["adversarial"],
    *(
        {"model": "interpolated", "weight": WEIGHTS[-1], "share": share}
        for share in (0.25, 0.5, 0.75)
    ),
    SHIPPED["content"],
    SHIPPED["relativistic"],
    {"model": "adversarial", "weight": WEIGHTS[0]},
    {"model": "rrdb"},
)


class Bicubic(nn.Module):
    """Bicubic interpolation where a network is expected."""

    def forward(self, low: Tensor) -> Tensor:
        """Enlarge (N, 3, H, W) four times."""
        return data.bicubic(low, SCALE)


@cache
def photographs(name: str) -> list[data.Pair]:
    """Return the pairs of a test set, float (3, H, W), or (1, H, W) if stored gray."""
    found = data.photos(
        SETS[name], split="test", verbose=False, as_pixels=True, keep_gray=True
    )
    pairs = (data.shrink(photo, SCALE) for photo in found)
    return [data.Pair(*map(data.from_pixels, pair)) for pair in pairs]


def score(network: nn.Module, pair: data.Pair, *, ensemble: bool = False) -> dict:
    """Measure a network on one photograph, four pixels of border cut.

    A photograph that is stored gray (``bridge`` in Set14) is its own luma, as in the
    published tables: turned into colors, its luma would have a narrower range and
    1.3 dB more.
    """
    found = enlarge(network, _color(pair.low), ensemble=ensemble)[None]
    goal = _color(pair.high)[None]
    gray = len(pair.high) == 1
    y = (found.mean(1, keepdim=True), goal[:, :1]) if gray else (found, goal)
    return {
        "psnr_y": metrics.psnr(*y, border=SCALE, luma=True).item(),
        "ssim_y": metrics.ssim(*y, border=SCALE, luma=True).item(),
        "psnr_rgb": metrics.psnr(found, goal, border=SCALE).item(),
        "perceptual": metrics.perceptual_distance(found, goal).item(),
        "detail": (_detail(found) / _detail(goal)).item(),
    }


def _detail(images: Tensor) -> Tensor:
    """Return the energy of what shrinking takes away and enlarging does not return.

    As a share of the photograph's own, it is near 0 for a blurred image, 1 for one
    with as much fine detail as the photograph has, right or invented.
    """
    rest = images - data.bicubic(data.bicubic(images, 1 / SCALE), SCALE)
    return rest[..., SCALE:-SCALE, SCALE:-SCALE].square().mean()


def _color(image: Tensor) -> Tensor:
    return image.expand(3, -1, -1)


def measure(network: nn.Module) -> dict[str, float]:
    """Measure a network on all test photographs.

    The population that ``fd_imagenet`` compares are the patches of 96x96 that tile
    all photographs of all three sets, against the same patches of the originals.
    """
    found: dict[str, float] = {}
    for name in SETS:
        rows = [score(network, pair) for pair in photographs(name)]
        for key in rows[0]:
            found[f"{name}_{key}"] = float(np.mean([row[key] for row in rows]))
    patches = [
        _tiles(enlarge(network, _color(pair.low)))
        for name in SETS
        for pair in photographs(name)
    ]
    distance = metrics.fd(_originals(), torch.cat(patches), features=metrics.imagenet)
    found["fd_imagenet"], found["fd_patches"] = distance.value, distance.n_fake
    return found


@cache
def _originals() -> metrics.Statistics:
    patches = [_tiles(_color(pair.high)) for name in SETS for pair in photographs(name)]
    return metrics.summarize(torch.cat(patches), features=metrics.imagenet)


def _tiles(image: Tensor) -> Tensor:
    """Cut an image (3, H, W) into all whole patches: (N, 3, 96, 96)."""
    tiles = image.unfold(1, PATCH, PATCH).unfold(2, PATCH, PATCH)
    return tiles.permute(1, 2, 0, 3, 4).reshape(-1, 3, PATCH, PATCH)


def strip(network: nn.Module | None) -> np.ndarray:
    """Show a detail of each held-out photograph, side by side, uint8 (128, 384, 3)."""
    details = []
    for pair, (row, column) in zip(photographs("photos"), CORNERS, strict=True):
        image = pair.high if network is None else enlarge(network, pair.low)
        details.append(image[:, row : row + SIDE, column : column + SIDE])
    return data.to_pixels(torch.cat(details, 2)).permute(1, 2, 0).numpy()


def play(setting: Setting, seed: int) -> Result:
    """Train what the setting names, unless it is trained; measure it; ship it."""
    network, report = Bicubic(), {}
    extra: dict = {}
    if setting["model"] != "bicubic":
        network, report = enlargers.trained(setting, seed)
        extra = {"parameters": count_parameters(network)} | report
    for stage, of in SHIPPED.items():
        if seed == 0 and of == setting:
            weights.save(network, f"srresnet-{stage}")
            network = pretrained(stage)  # what is measured is what ships
    if setting["model"] == "pixel":
        for name in ("set5", "set14"):
            rows = [score(network, p, ensemble=True) for p in photographs(name)]
            extra[f"{name}_ensemble_psnr_y"] = float(
                np.mean([row["psnr_y"] for row in rows])
            )
        extra["seconds_512_to_2048"] = _seconds(network)
    return Result(measure(network) | extra, {"details": strip(network)})


def _seconds(network: nn.Module) -> float:
    """Return the processor seconds that a photo of 512x512 takes."""
    image = torch.zeros(3, 512, 512)
    began = time.process_time()
    enlarge(network, image)
    return time.process_time() - began


def references() -> dict:
    """Measure what no run changes: the protocol's proof, bicubic as published."""
    found = {}
    for name in ("set5", "set14"):
        for scale in (2, 3, 4):
            found[f"bicubic_{name}_x{scale}"] = round(bicubic_psnr(name, scale), 3)
    return found


def bicubic_psnr(name: str, scale: int) -> float:
    """Return the mean PSNR of bicubic interpolation as published tables have it.

    Those tables (Timofte et al., 2014; Dong et al., 2014; Kim et al., 2016) shrink
    and enlarge the luma alone, rounded to whole numbers before and after but not in
    between.
    """
    values = []
    for photo in data.photos(SETS[name], verbose=False, keep_gray=True):
        rows, columns = (side // scale * scale for side in photo.shape[1:])
        image = photo[None, :, :rows, :columns].double()
        y = metrics.luma(image)
        y = data.from_pixels(data.to_pixels(y)).double()
        again = data.bicubic(data.bicubic(y, 1 / scale), scale)
        values.append(metrics.psnr(again, y, border=scale).item())
    return float(np.mean(values))


SUPER_RESOLUTION = Experiment(
    name="super-resolution",
    description="Enlarging four times: pixel, content and adversarial losses",
    configuration={
        "network": enlargers.NETWORK,
        "photographs": "T91 and BSDS500 (train and test), 490 of at least 96 pixels",
        "pixel": enlargers.PIXEL,
        "tuned": enlargers.TUNED,
        "discriminator": enlargers.DISCRIMINATOR,
        "weights": [enlargers.PIXEL_WEIGHT, enlargers.CONTENT_WEIGHT],
        "content": "EfficientNet-Lite0, four stages",
        "measured_on": "Set5, Set14, and three photographs bundled with packages",
    },
    settings=SETTINGS,
    run=play,
    seeds=1,
    seconds=300,
    references=references,
)
