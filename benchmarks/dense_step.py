"""A training step of the dense GAN at batch 64.

The same networks (1,493,520 and 533,505 parameters) and learning rates, on the CPU:

- ganbook: `Trainer` as it comes (bfloat16 where the processor multiplies in it), with
  its history and its moving average of the generator; and the same in float32.
- textbook: torchvision's `MNIST` with `ToTensor` and `Normalize`, a `DataLoader`
  without and with 2 workers (the faster one counts), float32, `BCELoss` on sigmoids,
  separate passes for real and generated images, fresh noise for the generator, Adam
  not fused.
- keras: listing A.1 of Deng (2024) on TensorFlow, without its progress bars and its
  distances. It shows 32 real and 32 generated images to its discriminator where the
  others show 64 and 64.

All have 60,000 images. Where only the bundled 5,000 are to be had, they are repeated:
what they show does not matter, the length of an epoch does.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from torch import Tensor

from benchmarks.keras_process import KerasProcess, KerasUnavailable, environment
from benchmarks.race import Play, Race, take_turns
from benchmarks.textbook import Textbook, write_idx
from ganbook import data
from ganbook.networks import DenseDiscriminator, DenseGenerator
from ganbook.training import Trainer

BATCH = 64


def run(*, rounds: int, quick: bool = False) -> Race:
    """Time all contenders.

    Args:
        rounds: How often each is timed.
        quick: Play a few steps at a time, to see that it runs.
    """
    warm_up, count = (5, 10) if quick else (30, 100)
    os.environ["ACCELERATE_USE_CPU"] = "true"  # the rivals have no more than that
    pixels, labels = _digits()
    images = data.from_pixels(pixels).unsqueeze(1)
    contenders: dict[str, Play] = {
        "ganbook": _trainer(images, "auto"),
        "ganbook fp32": _trainer(images, "fp32"),
    }
    baselines, notes = list(contenders), {"steps_at_a_time": count}
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        write_idx(root, pixels, labels)
        for workers in (0, 2):
            textbook = Textbook(root, batch_size=BATCH, workers=workers)
            contenders[f"textbook, {workers} workers"] = textbook.play
        notes |= stack.enter_context(_keras(root, contenders))
        for play in contenders.values():
            play(warm_up)
        times = take_turns(contenders, rounds=rounds, count=count)
    return Race("dense-step", __doc__, "step", times, baselines, notes)


def _digits() -> tuple[Tensor, Tensor]:
    """Return 60,000 digits as pixels (N, 28, 28), and their labels."""
    digits = data.mnist(verbose=False)
    times = -(-60_000 // len(digits.images))
    pixels = data.to_pixels(digits.images).squeeze(1)
    return pixels.repeat(times, 1, 1)[:60_000], digits.labels.repeat(times)[:60_000]


def _trainer(images: Tensor, precision: str) -> Play:
    trainer = Trainer(
        DenseGenerator(),
        DenseDiscriminator(),
        images,
        batch_size=BATCH,
        precision=precision,
    )

    def play(count: int) -> float:
        began = time.perf_counter()
        for _ in trainer.steps(count):
            pass
        return time.perf_counter() - began

    return play


@contextmanager
def _keras(root: Path, contenders: dict[str, Play]) -> Iterator[dict[str, str]]:
    """Add the Keras rival where it can be had; yield what to note about it."""
    try:
        process = KerasProcess(environment(), root)
    except KerasUnavailable as error:
        print(f"without the Keras rival: {error}")
        yield {"keras": str(error)}
        return
    with process:
        contenders["keras"] = process.play
        yield process.versions
