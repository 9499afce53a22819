"""Training the networks of the super-resolution chapter, stage by stage.

Each stage leaves a checkpoint every two minutes and goes on from it: stop it at any
moment and call it again.
"""

import json
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganbook import data, metrics
from ganbook.experiments.configuration import pin
from ganbook.experiments.experiment import Setting, label, slug
from ganbook.experiments.recording import home, replace
from ganbook.networks import ImageNetFeatures, SRDiscriminator, SRResNet
from ganbook.networks.enlargers import ENLARGER
from ganbook.networks.esrgan import RRDB
from ganbook.restoration import (
    Objective,
    SuperResolver,
    blend,
    content_loss,
    relativistic,
)
from ganbook.training import generate, load_checkpoint, save_checkpoint

SCALE = 4
NETWORK = ENLARGER
PIXEL = {"steps": 10_000, "patch": 96, "batch_size": 8, "learning_rate": 1e-3}
TUNED = {
    "steps": 900,
    "patch": 72,
    "jitter": 8,
    "batch_size": 8,
    "learning_rate": 2e-4,
}
DISCRIMINATOR = {"size": 64, "width": 32}
#: Of later stages. At their start 25 times the pixel loss pulls half as hard as the
#: content loss does (measured as the gradient's norm at the enlarged images). Flat
#: areas then show a faint grid of 4 x 4 pixels, which the content loss asks for; with
#: a fifth of the pixel loss it is plain to see.
PIXEL_WEIGHT, CONTENT_WEIGHT = 25.0, 1.0
#: Photographs to train with; never the 100 of BSDS500/val, which are a test set.
FOLDERS = (
    ("sr/train/T91", "train"),
    ("sr/train/BSDS500", "train"),
    ("sr/train/BSDS500", "test"),
)
EVERY_SECONDS = 120.0
#: Models that are trained from nothing; the others go on from ``"pixel"``.
FIRST = ("pixel", "rrdb")


@cache
def training_photos() -> list[Tensor]:
    """Load the 91 + 400 photographs, as uint8, that are as large as a patch."""
    found = [
        photo
        for folder, split in FOLDERS
        for photo in data.photos(folder, split=split, verbose=False, as_pixels=True)
    ]
    return [photo for photo in found if min(photo.shape[1:]) >= PIXEL["patch"]]


def new_network(model: str) -> SRResNet:
    """Return what a stage trains, at its beginning.

    Of ``"rrdb"`` the body is made of ESRGAN's blocks: two of growth 12 take as many
    multiplications (636,480 a pixel) as eight residual ones (626,688).
    """
    network = SRResNet(**NETWORK)
    if model == "rrdb":
        blocks = [RRDB(NETWORK["channels"], growth=12) for _ in range(2)]
        network.body = nn.Sequential(*blocks, network.body[-1])
    return network


def prepare(setting: Setting, seed: int, photos: list[Tensor]) -> SuperResolver:
    """Return the trainer of a stage at its beginning.

    Later stages begin with the network of the first, which is trained if need be.
    """
    first = setting["model"] in FIRST
    plan = PIXEL if first else TUNED
    pairs = data.Patches(photos, SCALE, plan["patch"], plan["batch_size"], seed=seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = new_network(setting["model"])
        judge = SRDiscriminator(**DISCRIMINATOR)
    weight = setting.get("weight", 0.0)
    goal = Objective(1.0) if first else Objective(PIXEL_WEIGHT, CONTENT_WEIGHT, weight)
    if not first:
        start, _ = trained({"model": "pixel"}, seed, photos)
        network.load_state_dict(start.state_dict())
    return SuperResolver(
        network,
        pairs,
        length=plan["steps"],
        objective=goal,
        content=None if first else content_loss(ImageNetFeatures()),
        discriminator=judge if weight else None,
        loss=relativistic() if setting["model"] == "relativistic" else None,
        jitter=plan.get("jitter", 0),
        learning_rates=(plan["learning_rate"], plan["learning_rate"]),
    )


def trained(
    setting: Setting, seed: int, photos: list[Tensor] | None = None
) -> tuple[nn.Module, dict[str, Any]]:
    """Return the averaged network of a stage and the report of its training."""
    photos = photos or training_photos()
    if setting["model"] == "interpolated":
        ends = [
            trained(end, seed, photos)[0]
            for end in (
                {"model": "pixel"},
                {"model": "adversarial", "weight": setting["weight"]},
            )
        ]
        return blend(*ends, setting["share"]), {}
    trainer = prepare(setting, seed, photos)
    every, watch = (500, set5) if setting["model"] in FIRST else (100, None)
    name = slug(f"{label(setting)}-{seed}")
    report = train(
        trainer, name, watch=watch, every=every, configuration=_configuration(setting)
    )
    return trainer.ema.network.cpu(), report


def _configuration(setting: Setting) -> dict[str, Any]:
    """Return what a stage and the one before it were trained with."""
    if setting["model"] in FIRST:
        return PIXEL
    return TUNED | {"weights": [PIXEL_WEIGHT, CONTENT_WEIGHT], "pixel": PIXEL}


def train(
    trainer: SuperResolver,
    name: str,
    *,
    watch: Callable[[nn.Module], Mapping[str, float]] | None = None,
    every: int = 500,
    folder: Path | None = None,
    configuration: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Train to the end of the schedule, from the last checkpoint if there is one.

    Args:
        trainer: As it is at its beginning.
        name: Of the checkpoint.
        watch: Measures the averaged generator now and then.
        every: How many steps apart it does.
        folder: Of the checkpoint; by default below ``_build/runs``.
        configuration: What the trainer was set up with; a checkpoint is never
            continued with another.

    Returns:
        The report: ``train_seconds``, ``cpu_seconds``, and ``watched``, a
        list of steps with what was measured there.

    Raises:
        ConfigurationError: If the checkpoint is of another configuration.
    """
    folder = folder or home().parents[1] / "_build" / "runs" / "super-resolution"
    checkpoint, paper = folder / f"{name}.safetensors", folder / f"{name}.json"
    report: dict[str, Any] = {"train_seconds": 0.0, "cpu_seconds": 0.0, "watched": []}
    saved, first = 0.0, trainer.processes.is_first
    if configuration and first:
        pin(configuration, checkpoint)
    if checkpoint.is_file():
        load_checkpoint(trainer, checkpoint)
        report = json.loads(paper.read_text())
        # Killed between the two files, the report may know more than we do.
        done = trainer.steps_taken
        report["watched"] = [row for row in report["watched"] if row["step"] <= done]
    before = dict(report)
    began, cpu_began = time.monotonic(), time.process_time()

    def save() -> None:
        report["train_seconds"] = before["train_seconds"] + time.monotonic() - began
        report["cpu_seconds"] = before["cpu_seconds"] + time.process_time() - cpu_began
        if first:
            replace(paper, json.dumps(report).encode())
        save_checkpoint(trainer, checkpoint)

    for step in trainer.steps(trainer.length - trainer.steps_taken):
        last = step.number == trainer.length
        if step.number % every == 0 or last:
            row = {"step": step.number, **_recent(trainer, every)}
            row |= watch(trainer.ema.network) if watch else {}
            report["watched"].append(row)
            if first:
                print(name, json.dumps(row), flush=True)
        now = trainer.processes.agree(time.monotonic() - began)
        if now - saved > EVERY_SECONDS or last:
            save()
            saved = now
    return report


def _recent(trainer: SuperResolver, count: int) -> dict[str, float]:
    return {
        name: round(sum(values[-count:]) / len(values[-count:]), 5)
        for name, values in trainer.history.items()
        if any(values[-count:])
    }


def set5(network: nn.Module) -> dict[str, float]:
    """Watch a network by PSNR on the luma of Set5."""
    values = []
    for photo in data.photos("sr/Set5", split="test", verbose=False, as_pixels=True):
        low, high = data.shrink(photo, SCALE)
        found = generate(network, data.from_pixels(low)[None])
        goal = data.from_pixels(high)[None]
        values.append(metrics.psnr(found, goal, border=SCALE, luma=True).item())
    return {"set5_psnr_y": round(sum(values) / len(values), 3)}
