"""Tests of the layers that compare the images of a batch."""

import pytest
import torch

from ganbook.networks import MinibatchDiscrimination, MinibatchStd


def seeded(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


IMAGES = seeded(8, 2, 6, 6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MinibatchStd(1), "group_size is 1"),
        (lambda: MinibatchDiscrimination(3, kernels=0), r"\(3, 0, 4\)"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_minibatch_std_is_the_mean_deviation_of_its_group():
    out = MinibatchStd(group_size=4)(IMAGES)
    assert out.shape == (8, 3, 6, 6)
    torch.testing.assert_close(out[:, :2], IMAGES)
    for first in (0, 1):
        group = IMAGES[first::2]
        expected = group.std(0, correction=0).mean()
        torch.testing.assert_close(out[first::2, 2], expected.expand(4, 6, 6))
    vectors = seeded(6, 5)  # 4 does not divide 6: one group
    spread = MinibatchStd(group_size=4)(vectors)[:, 5]
    torch.testing.assert_close(spread, vectors.std(0, correction=0).mean().expand(6))


def test_minibatch_std_of_equal_images_is_zero_and_differentiable():
    equal = torch.ones(4, 5, requires_grad=True)
    out = MinibatchStd()(equal)
    assert out[:, 5].max() < 1e-3
    out.sum().backward()
    assert equal.grad.isfinite().all()


def test_minibatch_std_keeps_double_precision():
    features = seeded(4, 3).double().requires_grad_()
    assert torch.autograd.gradcheck(MinibatchStd(2), features)


def test_minibatch_discrimination_by_loops():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = MinibatchDiscrimination(5, kernels=3, dimensions=2)
    x = seeded(4, 5)
    out = layer(x)
    assert torch.equal(out[:, :5], x)
    rows = (x @ layer.kernel.flatten(1)).view(4, 3, 2)
    for i in range(4):
        for b in range(3):
            expected = sum(
                (-(rows[i, b] - rows[j, b]).abs().sum()).exp()
                for j in range(4)
                if j != i
            )
            torch.testing.assert_close(out[i, 5 + b], expected)
