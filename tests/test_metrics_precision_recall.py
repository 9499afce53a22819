import dataclasses

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from ganbook.metrics import precision_recall


def cloud(n, dim=5, seed=0, shift=0.0):
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(seed)) + shift


def literally(real, fake, k):
    """The definitions, with the whole matrices and loops."""
    real, fake = real.double().numpy(), fake.double().numpy()
    between = cdist(real, fake)
    reach_real = np.sort(cdist(real, real), axis=1)[:, k]
    reach_fake = np.sort(cdist(fake, fake), axis=1)[:, k]
    n, m = between.shape
    hits = [[between[i, j] <= reach_real[i] for j in range(m)] for i in range(n)]
    return {
        "precision": np.mean([any(hits[i][j] for i in range(n)) for j in range(m)]),
        "recall": np.mean(
            [any(between[i, j] <= reach_fake[j] for j in range(m)) for i in range(n)]
        ),
        "density": np.sum(hits) / (k * m),
        "coverage": np.mean([any(row) for row in hits]),
    }


@pytest.mark.parametrize("neighbors", [1, 3, 5])
@pytest.mark.parametrize(("n", "m", "shift"), [(40, 40, 0.0), (50, 20, 1.0)])
@pytest.mark.parametrize("block", [1, 130, 1 << 20])
def test_agrees_with_the_definitions(monkeypatch, neighbors, n, m, shift, block):
    monkeypatch.setattr("ganbook.metrics.neighbors.BLOCK", block)
    real, fake = cloud(n), cloud(m, seed=1, shift=shift)
    got = precision_recall(real, fake, neighbors=neighbors)
    for name, expected in literally(real, fake, neighbors).items():
        assert getattr(got, name) == pytest.approx(expected, abs=1e-12), name
    assert (got.neighbors, got.n_real, got.n_fake) == (neighbors, n, m)


def test_points_on_a_line():
    # Real 0, 1, 3: with k = 1 the balls reach 1, 1, 2. Fake 1.5, 6, 6.5.
    real = torch.tensor([[0.0], [1.0], [3.0]])
    fake = torch.tensor([[1.5], [6.0], [6.5]])
    got = precision_recall(real, fake, neighbors=1)
    assert got.precision == pytest.approx(1 / 3)  # 1.5 lies in two balls
    assert got.density == pytest.approx(2 / 3)
    assert got.coverage == pytest.approx(2 / 3)  # the balls of 1 and of 3
    # 1.5 reaches 4.5, as far as all three; that is one outlier's doing.
    assert got.recall == pytest.approx(1.0)


def test_far_apart_is_nothing_and_equal_is_everything():
    real = cloud(60)
    nothing = precision_recall(real, cloud(60, seed=1, shift=100.0))
    assert (nothing.precision, nothing.recall) == (0, 0)
    assert (nothing.density, nothing.coverage) == (0, 0)
    same = precision_recall(real, real.clone())
    assert (same.precision, same.recall, same.coverage) == (1, 1, 1)
    # Each ball holds its center and k more, the last of them on the rim.
    assert same.density == pytest.approx(4 / 3)


def test_the_rim_belongs_to_the_ball_far_from_the_origin_too():
    far = cloud(200, dim=30, shift=1e4).double()
    assert precision_recall(far, far.clone()).density == pytest.approx(4 / 3)


def test_one_mode_of_two():
    real = torch.cat([cloud(80), cloud(80, seed=1, shift=50.0)])
    one = precision_recall(real, cloud(160, seed=2))
    assert one.precision > 0.8
    assert one.recall < 0.51 and one.coverage < 0.51
    # And the other way around: half of the samples are nowhere near the data.
    half = precision_recall(cloud(160, seed=2), real)
    assert half.precision < 0.51 and half.recall > 0.8


def test_invariances():
    real, fake = cloud(50), cloud(60, seed=1, shift=0.7)
    expected = precision_recall(real, fake)
    g = torch.Generator().manual_seed(2)
    rotation, _ = torch.linalg.qr(torch.randn(5, 5, generator=g).double())
    moved = [3 * x.double() @ rotation + 7 for x in (real, fake)]
    assert precision_recall(*moved) == expected
    shuffled = real[torch.randperm(50, generator=g)]
    assert precision_recall(shuffled, fake) == expected


def test_swapping_the_sides_swaps_precision_and_recall():
    real, fake = cloud(50), cloud(60, seed=1, shift=0.7)
    one, other = precision_recall(real, fake), precision_recall(fake, real)
    assert (one.precision, one.recall) == (other.recall, other.precision)


def test_shows_numbers_and_sizes():
    got = precision_recall(cloud(20), cloud(20, shift=99.0))
    assert str(got) == (
        "precision 0.000, recall 0.000, density 0.000, coverage 0.000  "
        "(k = 3; 20 real, 20 fake)"
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        got.precision = 1.0


@pytest.mark.parametrize(
    ("real", "fake", "neighbors", "complaint"),
    [
        (cloud(9), cloud(9, dim=4), 3, "one dimension, got 5, 4"),
        (cloud(9), cloud(9)[0], 3, r"\(N, D\), got \(5,\)"),
        (cloud(9), cloud(0), 3, r"\(N, D\), got \(0, 5\)"),
        (cloud(9), cloud(9).numpy(), 3, "expected a tensor, got ndarray"),
        (cloud(9), cloud(9) * float("nan"), 3, "NaN or infinity"),
        (cloud(9), cloud(3), 3, "neighbors is 3; expected .* fewer than the 3"),
        (cloud(9), cloud(9), 0, "neighbors is 0; expected at least 1"),
    ],
)
def test_refuses(real, fake, neighbors, complaint):
    with pytest.raises(ValueError, match=complaint):
        precision_recall(real, fake, neighbors=neighbors)
