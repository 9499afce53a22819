import pytest
import torch

from ganbook.networks import CatDiscriminator, CatGenerator, count_parameters


def test_parameters_by_hand():
    dense = 100 * 65_536 + 65_536
    doublings = [(256, 256), (256, 128), (128, 64)]
    convolutions = sum(i * o * 16 + o + 2 * o for i, o in doublings)  # and batch norm
    assert count_parameters(CatGenerator()) == (
        dense + 2 * 256 + convolutions + 64 * 3 * 49 + 3
    )
    halvings = [(3, 64), (64, 128), (128, 256), (256, 512)]
    assert count_parameters(CatDiscriminator()) == (
        sum(i * o * 9 + o for i, o in halvings) + 512 * 64 + 1
    )


def test_the_listing_has_one_convolution_less():
    listing = CatDiscriminator((64, 128, 256))
    assert listing.layers[-1].in_features == 256 * 16 * 16


def test_an_image_becomes_a_logit_and_a_latent_vector_an_image():
    z = torch.randn(2, 100, generator=torch.Generator().manual_seed(0))
    images = CatGenerator()(z)
    assert images.shape == (2, 3, 128, 128)
    assert images.abs().max() <= 1
    assert CatDiscriminator()(images).shape == (2, 1)


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 99\); expected \(N, 100\)"):
        CatGenerator()(torch.zeros(2, 99))
    with pytest.raises(ValueError, match=r"expected \(N, 3, 128, 128\)"):
        CatDiscriminator()(torch.zeros(2, 3, 64, 64))
    with pytest.raises(ValueError, match="0 convolutions"):
        CatDiscriminator(())
