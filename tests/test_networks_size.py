"""How large a network is; how far it sees, against gradients."""

from itertools import pairwise, product

import pytest
import torch
from torch import nn

from ganbook.networks import UNet, count_parameters, receptive_field


def seen(layers, side, unit):
    """Return the rows of the input that a unit of the last layer sees."""
    convolutions = [nn.Conv1d(1, 1, k, s, p, bias=False) for k, s, p in layers]
    for layer in convolutions:
        nn.init.ones_(layer.weight)
    x = torch.zeros(1, 1, side, requires_grad=True)
    out = nn.Sequential(*convolutions)(x)
    (slope,) = torch.autograd.grad(out[0, 0, unit], x)
    return slope[0, 0].nonzero().flatten().tolist()


@pytest.mark.parametrize(
    "layers", list(product([(3, 2, 1), (4, 1, 0), (5, 3, 2)], repeat=2))
)
def test_it_is_where_the_gradient_is(layers):
    reach = receptive_field(layers)
    fields = []
    for unit in (2, 3):  # away from the borders
        rows = seen(layers, 120, unit)
        first = reach.start + unit * reach.jump
        assert (rows[0], rows[-1]) == (first, first + reach.size - 1)
        fields.append(rows[0])
    assert [b - a for a, b in pairwise(fields)] == [reach.jump]


def test_no_layer_sees_one_pixel():
    assert receptive_field([]) == (1, 1, 0)


def test_strides_multiply_and_kernels_add():
    assert receptive_field([(3, 2, 0)] * 4).size == 2**5 - 1
    assert receptive_field([(3, 1, 1)] * 4) == (9, 1, -4)


def test_statistics_are_those_of_batch_normalization():
    norm = nn.BatchNorm2d(5)
    norm.weight.requires_grad_(False)  # frozen ones count
    assert count_parameters(norm) == 10
    assert count_parameters(norm, statistics=True) == 20
    assert count_parameters(UNet()) == count_parameters(UNet(), statistics=True)


@pytest.mark.parametrize("layer", [(0, 1, 0), (3, 0, 0), (3, 1, -1)])
def test_refuses(layer):
    with pytest.raises(ValueError, match="got"):
        receptive_field([layer])
