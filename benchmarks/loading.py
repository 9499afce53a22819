"""Batches of images from files: JPEGs of 256x256 pixels, wanted at 64x64.

Unit: one batch, as many images as a training step of the cats chapter takes, float32
in [-1, 1], shuffled.

- memory: `PixelBatches` of bytes in memory.
- cache: reading all images from what was decoded before; the share of one batch.
- stream 0, 1, 2: `data.stream`, decoding files as they are needed, with so many
  workers.
- torchvision 0, 2: `ImageFolder` (`Resize`, `CenterCrop`, `ToTensor`, `Normalize`) and
  a `DataLoader` with so many workers.
- training step: what all this is for: a step of the residual networks of the cats
  chapter at 64x64, with its augmentation and its regularizer. A loader that takes less
  time than this can keep it busy.

The photographs are drawn cats, so that the benchmark needs no data set. Files come
from the operating system's memory, not from a disk. What workers have read ahead while
others were timed is thrown away first.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import torch
from PIL import Image
from torch.utils.data import DataLoader

from benchmarks.race import Play, Race, take_turns
from ganbook import data
from ganbook.data.decoded import read_or_decode
from ganbook.data.image_folder import list_files
from ganbook.experiments import cats

SIZE, SIDE = 64, 256
BATCH = cats.RECIPE["batch_size"]
AHEAD = 4  # batches that each worker of ours reads ahead; torchvision's are told so too


def run(*, rounds: int, quick: bool = False) -> Race:
    """Time all contenders.

    Args:
        rounds: How often each is timed; a third of the usual, as steps take long.
        quick: Few and small files, to see that it runs.
    """
    count = 2 if quick else 6
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        files = _write(root / "files" / "cat", 2 * BATCH if quick else 8 * BATCH)
        images, _, _ = read_or_decode(files, SIZE, cache=root / "cache")
        contenders = {"training step": _step(images, small=quick)}
        contenders["memory"] = _timed(data.PixelBatches(images, BATCH, seed=0), 0)
        contenders["cache"] = _cache(files, root / "cache")
        for workers in (0, 1, 2):
            lazy = data.ImageFiles(files, SIZE)
            stream = data.stream(lazy, BATCH, seed=0, workers=workers)
            contenders[f"stream {workers}"] = _timed(stream, workers * AHEAD)
        for workers in (0, 2):
            rival = _torchvision(root / "files", workers)
            contenders[f"torchvision {workers}"] = _timed(rival, workers * AHEAD)
        for play in contenders.values():
            play(1)
        times = take_turns(contenders, rounds=max(1, rounds // 3), count=count)
    notes = {
        "batch_size": BATCH,
        "files": len(files),
        "batches_at_a_time": count,
        "threads": torch.get_num_threads(),
    }
    baselines = ["training step", "stream 0"]
    return Race("loading", __doc__, "batch", times, baselines, notes)


def _write(folder: Path, count: int) -> list[Path]:
    folder.mkdir(parents=True)
    pixels = data.to_pixels(data.drawn_cats(count, size=SIDE).images)
    for i, image in enumerate(pixels.permute(0, 2, 3, 1).numpy()):
        Image.fromarray(image).save(folder / f"{i:04}.jpg", quality=90)
    return list_files(folder)


def _timed(batches: Iterator, ahead: int) -> Play:
    def play(count: int) -> float:
        for _ in range(ahead):
            next(batches)
        began = time.perf_counter()
        for _ in range(count):
            next(batches)
        return time.perf_counter() - began

    return play


def _cache(files: list[Path], cache: Path) -> Callable[[int], float]:
    def play(count: int) -> float:
        began = time.perf_counter()
        images, _, known = read_or_decode(files, SIZE, cache=cache)
        if not known:
            raise RuntimeError("the cache was not used")
        data.from_pixels(images)
        return (time.perf_counter() - began) * count * BATCH / len(files)

    return play


def _step(images: torch.Tensor, *, small: bool) -> Play:
    widths = {"generator_width": 64, "discriminator_width": 64} if small else {}
    trainer = cats.new_trainer(data.from_pixels(images), **widths)

    def play(count: int) -> float:
        began = time.perf_counter()
        for _ in trainer.steps(count):
            pass
        return time.perf_counter() - began

    return play


def _torchvision(root: Path, workers: int) -> Iterator[torch.Tensor]:
    from torchvision import datasets, transforms

    steps = [
        transforms.Resize(SIZE),
        transforms.CenterCrop(SIZE),
        transforms.ToTensor(),
        transforms.Normalize([0.5] * 3, [0.5] * 3),
    ]
    loader = DataLoader(
        datasets.ImageFolder(str(root), transforms.Compose(steps)),
        batch_size=BATCH,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        prefetch_factor=AHEAD if workers else None,
        persistent_workers=workers > 0,
    )
    while True:
        for images, _ in loader:
            yield images
