"""Race of training steps: ours, the loop of the tutorials, the thesis's listing."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from torch import Tensor, nn

from benchmarks.keras_process import KerasProcess, KerasUnavailable, environment
from benchmarks.race import Play, Race, take_turns
from benchmarks.textbook import Textbook, write_idx
from ganbook import data
from ganbook.training import Trainer


class Game(NamedTuple):
    """What is played.

    Attributes:
        listing: ``"dense"`` or ``"conv"``: which listing Keras plays.
        generator: Makes a new one.
        discriminator: Makes a new one.
        real: Real images in a step.
        generated: Generated ones; by default as many.
        plain: Turns a network into what a textbook would write.
    """

    listing: str
    generator: Callable[[], nn.Module]
    discriminator: Callable[[], nn.Module]
    real: int
    generated: int | None = None
    plain: Callable[[nn.Module], nn.Module] = lambda network: network


def race(
    name: str, compares: str, game: Game, *, rounds: int, warm_up: int, count: int
) -> Race:
    """Time all contenders at ``count`` steps in each round, after a warm-up."""
    os.environ["ACCELERATE_USE_CPU"] = "true"  # the rivals have no more than that
    pixels, labels = _digits()
    images = data.from_pixels(pixels).unsqueeze(1)
    contenders: dict[str, Play] = {
        "ganbook": _trainer(game, images, "auto"),
        "ganbook fp32": _trainer(game, images, "fp32"),
    }
    baselines, notes = list(contenders), {"steps_at_a_time": count}
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        write_idx(root, pixels, labels)
        for workers in (0, 2):
            textbook = Textbook(
                root,
                game.plain(game.generator()),
                game.plain(game.discriminator()),
                batch_size=game.real,
                generated=game.generated,
                workers=workers,
            )
            contenders[f"textbook, {workers} workers"] = textbook.play
        notes |= stack.enter_context(_keras(game.listing, root, contenders))
        for play in contenders.values():
            play(warm_up)
        times = take_turns(contenders, rounds=rounds, count=count)
    return Race(name, compares, "step", times, baselines, notes)


def _digits() -> tuple[Tensor, Tensor]:
    """Return 60,000 digits as pixels (N, 28, 28), and their labels."""
    digits = data.mnist(verbose=False)
    times = -(-60_000 // len(digits.images))
    pixels = data.to_pixels(digits.images).squeeze(1)
    return pixels.repeat(times, 1, 1)[:60_000], digits.labels.repeat(times)[:60_000]


def _trainer(game: Game, images: Tensor, precision: str) -> Play:
    trainer = Trainer(
        game.generator(),
        game.discriminator(),
        images,
        batch_size=game.real,
        generated=game.generated,
        precision=precision,
    )

    def play(count: int) -> float:
        began = time.perf_counter()
        for _ in trainer.steps(count):
            pass
        return time.perf_counter() - began

    return play


@contextmanager
def _keras(
    listing: str, root: Path, contenders: dict[str, Play]
) -> Iterator[dict[str, str]]:
    """Add the Keras rival where it can be had; yield what to note about it."""
    try:
        process = KerasProcess(environment(), root, listing)
    except KerasUnavailable as error:
        print(f"without the Keras rival: {error}")
        yield {"keras": str(error)}
        return
    with process:
        contenders["keras"] = process.play
        yield process.versions
