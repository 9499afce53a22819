import pytest
import torch

from ganbook.networks import DenseDiscriminator, DenseGenerator, count_parameters


def test_counts_of_the_thesis():
    generator = DenseGenerator()
    assert count_parameters(generator) == 1_489_936
    assert count_parameters(generator, statistics=True) == 1_493_520
    assert count_parameters(DenseDiscriminator(), statistics=True) == 533_505


def test_batch_norm_follows_keras():
    norms = [m for m in DenseGenerator().modules() if "BatchNorm" in type(m).__name__]
    assert [(m.momentum, m.eps) for m in norms] == [(0.2, 1e-3)] * 3


def test_shapes_and_ranges():
    images = DenseGenerator(8, (16,), (3, 4, 5))(torch.randn(6, 8))
    assert images.shape == (6, 3, 4, 5)
    assert images.abs().max() <= 1
    assert DenseDiscriminator((3, 4, 5), (16, 8))(images).shape == (6, 1)


def test_no_hidden_layers():
    assert DenseGenerator(8, ())(torch.randn(2, 8)).shape == (2, 1, 28, 28)
    assert DenseDiscriminator(widths=())(torch.zeros(2, 1, 28, 28)).shape == (2, 1)


@pytest.mark.parametrize("shape", [(5, 99), (100,), (5, 100, 1)])
def test_wrong_latent(shape):
    with pytest.raises(ValueError, match=r"expected \(N, 100\)"):
        DenseGenerator()(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(5, 784), (5, 1, 32, 32), (5, 3, 28, 28)])
def test_wrong_image(shape):
    with pytest.raises(ValueError, match=r"expected \(N, 1, 28, 28\)"):
        DenseDiscriminator()(torch.zeros(shape))
