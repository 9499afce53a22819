"""The networks of the recipe."""

import pytest
import torch
from torch import nn

from ganbook.networks import DcganDiscriminator, DcganGenerator, count_parameters


@pytest.mark.parametrize(
    ("shape", "start"),
    [((1, 28, 28), 7), ((3, 32, 32), 4), ((3, 64, 64), 4), ((1, 4, 4), 4)],
)
def test_any_small_square(shape, start):
    generator = DcganGenerator(5, maps=4, image_shape=shape)
    discriminator = DcganDiscriminator(maps=4, image_shape=shape)
    images = generator(torch.randn(2, 5))
    assert images.shape == (2, *shape)
    assert images.abs().max() <= 1
    assert discriminator(images).shape == (2, 1)
    assert generator.layers[1].unflattened_size[1:] == (start, start)


def test_parameters_of_the_defaults():
    assert count_parameters(DcganGenerator()) == 791_777
    assert count_parameters(DcganDiscriminator()) == 109_281


def test_every_pixel_is_written_equally_often():
    """Constant maps stay constant through a doubling, away from the border."""
    doubling = next(
        layer
        for layer in DcganGenerator().layers
        if isinstance(layer, nn.ConvTranspose2d)
    )
    nn.init.ones_(doubling.weight)
    written = doubling(torch.ones(1, doubling.in_channels, 7, 7))[0, 0, 1:-1, 1:-1]
    assert written.unique().numel() == 1


def test_the_discriminator_looks_at_one_image_at_a_time():
    torch.manual_seed(0)
    discriminator = DcganDiscriminator(maps=4)
    images = torch.rand(3, 1, 28, 28) * 2 - 1
    together = discriminator(images)
    alone = torch.cat([discriminator(image[None]) for image in images])
    torch.testing.assert_close(together, alone)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="28x32; expected square"):
        DcganGenerator(image_shape=(1, 28, 32))
    with pytest.raises(ValueError, match=r"\(2, 5\); expected \(N, 100\)"):
        DcganGenerator()(torch.zeros(2, 5))
    with pytest.raises(ValueError, match=r"\(2, 3, 28, 28\); expected \(N, 1, 28, 28"):
        DcganDiscriminator()(torch.zeros(2, 3, 28, 28))
