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

from benchmarks.race import Race
from benchmarks.training_step import Game, race
from ganbook.networks import DenseDiscriminator, DenseGenerator


def run(*, rounds: int, quick: bool = False) -> Race:
    """Time all contenders.

    Args:
        rounds: How often each is timed.
        quick: Play a few steps at a time, to see that it runs.
    """
    game = Game("dense", DenseGenerator, DenseDiscriminator, real=64)
    warm_up, count = (5, 10) if quick else (30, 100)
    return race(
        "dense-step", __doc__, game, rounds=rounds, warm_up=warm_up, count=count
    )
