from itertools import permutations, product

import pytest
import torch

from ganbook.metrics import kd, kernel_distance


def cloud(n, dim=4, seed=0, shift=0.0):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(n, dim, generator=g, dtype=torch.float64) + shift


def by_pairs(x, y, degree=3, gamma=None, offset=1.0):
    """The definition, pair by pair."""
    gamma = 1 / x.shape[1] if gamma is None else gamma

    def k(a, b):
        return ((a @ b).item() * gamma + offset) ** degree

    def mean(pairs):
        values = [k(a, b) for a, b in pairs]
        return sum(values) / len(values)

    return mean(permutations(x, 2)) + mean(permutations(y, 2)) - 2 * mean(product(x, y))


@pytest.mark.parametrize(
    "options", [{}, {"degree": 1}, {"degree": 2, "gamma": 0.3, "offset": 0.5}]
)
@pytest.mark.parametrize("block", [1, 30, 1 << 20])
def test_agrees_with_the_definition(monkeypatch, options, block):
    monkeypatch.setattr("ganbook.metrics.neighbors.BLOCK", block)
    x, y = cloud(12), cloud(9, seed=1, shift=0.5)
    got = kernel_distance(x, y, **options)
    assert got.value == pytest.approx(by_pairs(x, y, **options), rel=1e-12)


def test_two_points_each_by_hand():
    # k(x, y) = (xy + 1)^3. Within 0, 1: 1. Within 1, 2: 27. Across: 1, 1, 8, 27.
    x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[1.0], [2.0]])
    assert kernel_distance(x, y).value == pytest.approx(1 + 27 - 2 * 37 / 4)


def test_first_degree_compares_means():
    # E k = (m_x . m_y) gamma + offset: the square of the distance of the means.
    x, y = cloud(4000), cloud(5000, seed=1, shift=0.5)
    got = kernel_distance(x, y, degree=1, gamma=1.0)
    assert got.value == pytest.approx(4 * 0.25, abs=4 * got.error)


def test_unbiased_at_any_size_and_as_sure_as_it_says():
    """Means over many draws: 0 for equal distributions, with samples of 10 and 40."""
    values, errors = [], []
    for seed in range(300):
        got = kernel_distance(
            cloud(10, seed=2 * seed), cloud(40, seed=2 * seed + 1, shift=0.7)
        )
        values.append(got.value)
        errors.append(got.error)
    values, errors = torch.tensor(values), torch.tensor(errors)
    truth = kernel_distance(cloud(5000), cloud(5000, seed=1, shift=0.7))
    spread = values.std() / 300**0.5
    assert (values.mean() - truth.value).abs() < 3 * (spread + truth.error)
    assert errors.square().mean().sqrt() == pytest.approx(values.std().item(), rel=0.25)

    pairs = [(cloud(10, seed=s), cloud(10, seed=~s)) for s in range(1, 300)]
    equal, errors = torch.tensor([kernel_distance(*pair) for pair in pairs]).T
    assert equal.mean().abs() < 3 * equal.std() / 299**0.5
    assert (equal < 0).any() and (equal > 0).any()
    ratio = errors.square().mean().sqrt() / equal.std()
    assert ratio.item() == pytest.approx(2**0.5, rel=0.25)  # too careful


def test_kd_carries_its_meaning():
    images = torch.rand(30, 1, 4, 4, generator=torch.Generator().manual_seed(0))

    def rows(x):
        return x.mean(3).flatten(1)

    result = kd(images[:20], images[10:], features=rows)
    value, error = kernel_distance(rows(images[:20]), rows(images[10:]))
    assert (float(result), result.error) == (value, error)
    assert str(result) == f"KD(rows) = {value:.3g} ± {error:.2g}  (20 real, 20 fake)"


@pytest.mark.parametrize(
    ("x", "y", "options", "complaint"),
    [
        (cloud(9), cloud(9, dim=3), {}, "one dimension, got 4, 3"),
        (cloud(9), cloud(1), {}, "at least 2 points, got 1"),
        (cloud(9) * float("inf"), cloud(9), {}, "NaN or infinity"),
        (cloud(9), cloud(9), {"degree": 0}, "degree is 0; expected at least 1"),
    ],
)
def test_refuses(x, y, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        kernel_distance(x, y, **options)
