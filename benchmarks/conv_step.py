"""A training step of the convolutional GAN of Deng (2024), at batch 64.

The networks of listing A.2 (1,031,297 and 80,769 parameters with the running
statistics), the listing's half batches: the discriminator sees 32 real and 32 generated
images, the generator learns from 64.

- ganbook: `Trainer` as it comes: one pass of the generator for both moves, bfloat16
  where the processor multiplies in it, the last convolution as a matrix product, Adam
  fused; with its history and its moving average. And the same in float32.
- textbook: the same networks of PyTorch's own layers, torchvision's `MNIST` through a
  `DataLoader` without and with 2 workers (the faster one counts), float32, `BCELoss` on
  sigmoids, separate passes for real and generated images, fresh noise for the
  generator, Adam not fused.
- keras: the listing on TensorFlow, without its progress bars and its distances. It
  updates its discriminator twice a step, on real and on generated images.

All have 60,000 images. Where only the bundled 5,000 are to be had, they are repeated:
what they show does not matter, the length of an epoch does.
"""

from torch import nn

from benchmarks.race import Race
from benchmarks.training_step import Game, race
from ganbook.networks import ConvDiscriminator, ConvGenerator
from ganbook.networks.conv import SameConv2d, ThinConv2d


def run(*, rounds: int, quick: bool = False) -> Race:
    """Time all contenders.

    Args:
        rounds: How often each is timed.
        quick: Play a few steps at a time, to see that it runs.
    """
    game = Game("conv", ConvGenerator, ConvDiscriminator, 32, 64, plain)
    warm_up, count = (1, 2) if quick else (5, 15)
    return race("conv-step", __doc__, game, rounds=rounds, warm_up=warm_up, count=count)


def plain(network: nn.Module) -> nn.Module:
    """Put PyTorch's own convolutions into a network, as a textbook would."""
    for name, layer in network.named_children():
        if isinstance(layer, ThinConv2d | SameConv2d):
            own = nn.Conv2d(
                layer.in_channels,
                layer.out_channels,
                layer.kernel_size,
                layer.stride,
                padding=layer.kernel_size[0] // 2,
            )
            setattr(network, name, own)
        else:
            plain(layer)
    return network
