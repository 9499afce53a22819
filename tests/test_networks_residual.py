from math import sqrt

import pytest
import torch
from torch.nn import functional as F

from ganbook.networks import (
    ResidualDiscriminator,
    ResidualGenerator,
    count_parameters,
)
from ganbook.networks.equalized import EqualConv, EqualLinear, StyledConv, activate


def seeded(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("size", [32, 64, 128])
def test_sizes(size):
    generator = ResidualGenerator(size, width=128, most=32, latent_dim=16)
    discriminator = ResidualDiscriminator(size, width=128, most=32)
    images = generator(seeded(4, 16))
    assert images.shape == (4, 3, size, size)
    assert images.abs().max() <= 1
    assert discriminator(images).shape == (4, 1)


def test_the_shipped_size_fits_five_megabytes_in_half_precision():
    assert 2 * count_parameters(ResidualGenerator()) < 5e6


def test_a_style_for_each_stage():
    generator = ResidualGenerator(32, width=128, most=32, latent_dim=16).eval()
    w = generator.style(seeded(3, 16))
    every = w[:, None].repeat(1, generator.stages, 1)
    torch.testing.assert_close(generator.paint(w), generator.paint(every))
    colors = every.clone()
    colors[:, -1] = w.flip(0)
    assert not torch.allclose(generator.paint(colors), generator.paint(w))


def test_only_the_direction_of_a_latent_vector_counts():
    generator = ResidualGenerator(32, width=128, most=32, latent_dim=16)
    z = seeded(3, 16)
    torch.testing.assert_close(generator.style(3 * z), generator.style(z))


def test_scaling_the_maps_is_scaling_the_kernels():
    layer = StyledConv(6, 5, 4)
    x, w = seeded(2, 6, 8, 8), seeded(2, 4, seed=1)
    factors = layer.style(w)
    for n in range(2):  # equation by equation, a kernel for each image
        kernel = layer.convolution.weight * layer.convolution.scale
        kernel = kernel * factors[n][None, :, None, None]
        kernel = kernel / (kernel.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        torch.testing.assert_close(
            layer(x, w)[n], F.conv2d(x[n], kernel, layer.bias, padding=1)
        )


def test_a_styled_convolution_keeps_double_precision():
    layer = StyledConv(2, 3, 2).double()
    x, w = seeded(2, 2, 3, 3).double(), seeded(2, 2, seed=1).double()
    assert torch.autograd.gradcheck(layer, (x.requires_grad_(), w.requires_grad_()))


def test_a_whole_generator_in_bfloat16_is_close():
    generator = ResidualGenerator(32, width=128, most=32, latent_dim=16)
    z = seeded(2, 16)
    exact = generator(z)
    found = generator.bfloat16()(z.bfloat16())
    torch.testing.assert_close(found.float(), exact, rtol=0, atol=0.05)


@torch.no_grad()
def test_equalized_layers_start_at_the_scale_of_their_inputs():
    torch.manual_seed(0)
    x = seeded(64, 256, seed=7)
    assert EqualLinear(256, 512)(x).std() == pytest.approx(1, abs=0.05)
    assert EqualLinear(256, 512, speed=0.1)(x).std() == pytest.approx(1, abs=0.05)
    maps = EqualConv(64, 64)(seeded(4, 64, 16, 16, seed=8))[:, :, 1:-1, 1:-1]
    assert maps.std() == pytest.approx(1, abs=0.05)


def test_a_slow_layer_learns_slowly():
    fast, slow = EqualLinear(8, 8), EqualLinear(8, 8, speed=0.1)
    moved = []
    for layer in (fast, slow):
        x = seeded(16, 8)
        before = layer(x).detach()
        adam = torch.optim.Adam(layer.parameters(), 1e-3)
        layer(x).sum().backward()
        adam.step()
        moved.append((layer(x).detach() - before).abs().mean().item())
    assert moved[1] == pytest.approx(moved[0] / 10, rel=0.01)


def test_activation():
    torch.testing.assert_close(
        activate(torch.tensor([1.0, -1.0])), torch.tensor([sqrt(2), -0.2 * sqrt(2)])
    )


def test_the_discriminator_sees_how_images_of_a_group_differ():
    discriminator = ResidualDiscriminator(32, width=128, most=32)
    images = seeded(4, 3, 32, 32)
    alone = discriminator(images[:1].expand(4, -1, -1, -1))[0]
    assert not torch.allclose(discriminator(images)[0], alone)


def test_a_new_generator_paints_no_checkerboard():
    generator = ResidualGenerator(32, width=128, most=32, latent_dim=16)
    images = generator(seeded(4, 16)).detach()
    cells = images.unflatten(2, (16, 2)).unflatten(4, (16, 2))
    assert cells.var((3, 5)).max() < 1e-8  # four pixels of one color


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="size is 48"):
        ResidualGenerator(48)
    with pytest.raises(ValueError, match="size is 256"):
        ResidualDiscriminator(256)
    for network in (ResidualGenerator, ResidualDiscriminator):
        with pytest.raises(ValueError, match=r"width is 32 .* at least 64"):
            network(128, width=32)
    generator = ResidualGenerator(32, width=128, most=32, latent_dim=16)
    with pytest.raises(ValueError, match=r"\(2, 15\); expected \(N, 16\)"):
        generator(torch.zeros(2, 15))
    with pytest.raises(ValueError, match=r"\(2, 3, 16\)"):
        generator.paint(torch.zeros(2, 3, 16))
    with pytest.raises(ValueError, match=r"expected \(N, 3, 32, 32\)"):
        ResidualDiscriminator(32)(torch.zeros(1, 3, 64, 64))
