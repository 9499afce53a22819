import pytest
import torch
from torch import nn

from ganbook.networks import ConvDiscriminator, ConvGenerator, count_parameters
from ganbook.networks.conv import SameConv2d, ThinConv2d


def seeded(shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_parameters_are_those_of_the_thesis():
    generator, discriminator = ConvGenerator(), ConvDiscriminator()
    assert count_parameters(generator, statistics=True) == 1_031_297
    assert count_parameters(discriminator, statistics=True) == 80_769


@pytest.mark.parametrize("extra", [0, 1, 3])
def test_generator(extra):
    generator = ConvGenerator(extra_layers=extra)
    images = generator(seeded((4, 100)))
    assert images.shape == (4, 1, 28, 28)
    assert images.abs().max() <= 1
    base = count_parameters(ConvGenerator())
    added = 128 * 128 * 9 + 128 + 2 * 128  # a convolution and its batch norm
    assert count_parameters(generator) == base + extra * added


@pytest.mark.parametrize(
    ("widths", "flat"),
    [
        ((64, 128), 128 * 49),
        ((64, 128, 256), 256 * 16),
        ((64, 128, 256, 512, 1024), 1024),
        ((64, 128, 256, 512, 1024, 2048), 2048),
    ],
)
def test_discriminator_halves_as_keras_does(widths, flat):
    discriminator = ConvDiscriminator(widths).eval()
    assert discriminator(seeded((3, 1, 28, 28))).shape == (3, 1)
    assert discriminator.layers[-1].in_features == flat


def test_same_padding_puts_the_odd_row_below_and_right():
    # TensorFlow 2.21: Conv2D(1, 3, strides=2, padding="same") with a kernel of ones
    # on a 4x4 image 0, 1, ..., 15 gives [[45, 39], [66, 50]].
    conv = SameConv2d(1, 1, 3, stride=2)
    nn.init.ones_(conv.weight)
    nn.init.zeros_(conv.bias)
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert conv(image).flatten().tolist() == [45, 39, 66, 50]


@pytest.mark.parametrize("kernel, stride", [(3, 2), (1, 2), (3, 4), (5, 1)])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 14])
def test_same_convolution_is_the_padded_one(size, kernel, stride):
    conv = SameConv2d(3, 5, kernel, stride)
    images = seeded((2, 3, size, size)).requires_grad_()
    out = -(-size // stride)
    zeros = max((out - 1) * stride + kernel - size, 0)
    pads = (zeros // 2, zeros - zeros // 2) * 2
    padded = nn.functional.pad(images, pads)
    expected = nn.functional.conv2d(padded, conv.weight, conv.bias, stride)
    found = conv(images)
    torch.testing.assert_close(found, expected)
    inputs = (images, conv.weight, conv.bias)
    for a, b in zip(
        torch.autograd.grad(found.square().sum(), inputs),
        torch.autograd.grad(expected.square().sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


def test_thin_convolution_is_a_convolution():
    thin = ThinConv2d(6, 5)
    images = seeded((2, 6, 9, 8)).requires_grad_()
    expected = nn.functional.conv2d(images, thin.weight, thin.bias, padding=2)
    torch.testing.assert_close(thin(images), expected)
    inputs = (images, thin.weight, thin.bias)
    for a, b in zip(
        torch.autograd.grad(thin(images).square().sum(), inputs),
        torch.autograd.grad(expected.square().sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


def test_a_thin_convolution_keeps_double_precision():
    images = seeded((1, 2, 4, 4)).double().requires_grad_()
    assert torch.autograd.gradcheck(ThinConv2d(2, 3).double(), images)


def test_the_sixth_convolution_sees_one_tap_of_nine():
    discriminator = ConvDiscriminator((4, 8, 8, 8, 8, 16), dropout=0)
    discriminator(seeded((3, 1, 28, 28))).sum().backward()
    last = [m for m in discriminator.layers if isinstance(m, SameConv2d)][-1]
    moved = last.weight.grad.abs().sum((0, 1)) > 0
    assert moved.tolist() == [[False] * 3, [False, True, False], [False] * 3]


def test_training_begins_as_in_keras():
    torch.manual_seed(0)
    generator = ConvGenerator()
    dense = generator.layers[0]
    limit = (6 / (100 + 6272)) ** 0.5  # Glorot, uniform
    assert dense.weight.abs().max() <= limit
    assert dense.weight.abs().max() > 0.99 * limit
    assert dense.bias.abs().max() == 0
    norms = [m for m in generator.modules() if isinstance(m, nn.BatchNorm2d)]
    assert {(m.eps, m.momentum) for m in norms} == {(1e-3, 0.2)}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ConvGenerator(extra_layers=-1), "extra_layers is -1"),
        (lambda: ConvGenerator()(torch.zeros(2, 99)), r"\(2, 99\); expected \(N, 100"),
        (lambda: ConvDiscriminator(()), "widths is empty"),
        (lambda: ConvDiscriminator()(torch.zeros(2, 1, 32, 32)), r"\(2, 1, 32, 32\)"),
        (lambda: ThinConv2d(4, 4), "kernel_size is 4; expected an odd"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
