import numpy as np
import pytest
import scipy.stats
import torch

from ganbook.metrics import (
    Statistics,
    bootstrap,
    copying,
    extrapolate,
    frechet_distance,
    mode_coverage,
)


def normal(*shape, seed=0):
    return torch.randn(
        *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def test_bootstrap_of_a_mean_is_the_textbook_interval():
    x = normal(400) * 3 + 5
    got = bootstrap(torch.mean, x, replicates=2000)
    error = (x.std(correction=0) / 400**0.5).item()
    assert got.value == x.mean().item()
    assert got.error == pytest.approx(error, rel=0.05)
    assert got.low == pytest.approx(got.value - 1.96 * error, abs=0.15 * error)
    assert got.high == pytest.approx(got.value + 1.96 * error, abs=0.15 * error)
    assert abs(got.bias) < 0.1 * error


def test_bootstrap_agrees_with_scipy():
    # The variance of few exponential draws: a skewed, biased statistic.
    x = -torch.rand(60, generator=torch.Generator().manual_seed(1)).double().log()
    ours = bootstrap(lambda v: v.var(correction=0), x, replicates=4000)
    theirs = scipy.stats.bootstrap(
        (x.numpy(),), np.var, n_resamples=4000, method="basic", rng=0
    )
    assert ours.error == pytest.approx(theirs.standard_error, rel=0.1)
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.1)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.1)


def test_bootstrap_draws_from_each_sample_and_repeats_itself():
    x, y = normal(50), normal(70, seed=1) + 2

    def gap(a, b):
        assert (len(a), len(b)) == (50, 70)
        return b.mean() - a.mean()

    first, again = (bootstrap(gap, x, y, replicates=20, seed=3) for _ in range(2))
    assert first == again != bootstrap(gap, x, y, replicates=20, seed=4)
    assert str(first) == f"{first.value:.4g} [{first.low:.4g}, {first.high:.4g}]"


def test_the_basic_interval_takes_the_bias_out_of_a_frechet_distance():
    """Plain quantiles would lie above the value, which lies above the truth of 0.5."""
    x, y = normal(200, 8), normal(200, 8, seed=1) + (0.5 / 8) ** 0.5

    def distance(a, b):
        return frechet_distance(Statistics().update(a), Statistics().update(b))

    got = bootstrap(distance, x, y, replicates=100)
    assert got.bias > 0 and got.value > 0.5
    assert got.low < 0.5 < got.high


@pytest.mark.parametrize(
    ("samples", "options"),
    [((), {}), ((normal(3),), {"replicates": 1}), ((normal(3),), {"level": 95})],
)
def test_bootstrap_refuses(samples, options):
    with pytest.raises(ValueError, match="expected samples, at least 2 replicates"):
        bootstrap(torch.mean, *samples, **options)


def test_extrapolation_comes_closer_than_all_samples_do():
    # Equal Gaussians in 20 dimensions: the truth is 0.
    x, y = normal(2000, 20), normal(2000, 20, seed=1)
    got = extrapolate(x, y)
    assert got.sizes[0] == 250 and got.sizes[-1] == 2000
    assert got.slope > 0
    assert abs(got.value) < 0.25 * got.distances[-1]
    assert got.distances[0] > 4 * got.distances[-1]


def test_extrapolation_is_the_least_squares_line():
    x, y = normal(300, 3), normal(300, 3, seed=1) + 1
    got = extrapolate(x, y, sizes=[50, 100, 300])
    line = np.polyfit(1 / np.array([50, 100, 300]), got.distances, 1)
    assert [got.slope, got.value] == pytest.approx(line.tolist())
    fixed = extrapolate(Statistics().update(x), y, sizes=[50, 300])
    assert fixed.distances[1] == pytest.approx(got.distances[2])


@pytest.mark.parametrize("sizes", [[100], [1, 50], [50, 301], [50, 50]])
def test_extrapolation_refuses(sizes):
    with pytest.raises(ValueError, match="at least two sizes from 2 to 300, got"):
        extrapolate(normal(300, 3), normal(400, 3, seed=1), sizes=sizes)


def test_copying_is_the_mann_whitney_statistic():
    train, fresh, fake = (normal(n, 3, seed=n) for n in (50, 40, 30))
    fake[0] = fresh[0]  # a tie
    got = copying(train, fresh, fake)
    near = [
        torch.cdist(points, train).min(1).values.numpy() for points in (fresh, fake)
    ]
    u = scipy.stats.mannwhitneyu(near[0].round(9), near[1].round(9)).statistic
    assert got == pytest.approx(u / (40 * 30), abs=1e-9)


def test_copies_honest_samples_and_noise():
    train, fresh, fake = (normal(500, 3, seed=n) for n in range(3))
    assert copying(train, fresh, train[:100]) == 1.0
    assert copying(train, fresh, fake) == pytest.approx(0.5, abs=0.06)
    assert copying(train, fresh, fake + 9) == 0.0


def test_mode_coverage():
    real = torch.arange(4).repeat_interleave(25)
    got = mode_coverage(torch.tensor([0] * 90 + [1] * 8 + [2] * 2), real, classes=4)
    assert got.shares.tolist() == [0.9, 0.08, 0.02, 0.0]
    assert got.reference.tolist() == [0.25] * 4
    assert got.covered == 2  # class 2 has less than a tenth of its share
    expected = scipy.stats.entropy([0.9, 0.08, 0.02, 0.0], [0.25] * 4)
    assert got.divergence == pytest.approx(expected)
    assert str(got) == f"2 of 4 classes, KL(samples, data) = {expected:.3f} nats"
    assert mode_coverage(real, real, classes=4).divergence == 0


@pytest.mark.parametrize(
    ("fake", "real", "complaint"),
    [
        (torch.tensor([2]), torch.tensor([0, 1]), r"classes that the data lack: \[2\]"),
        (torch.tensor([10]), torch.tensor([0]), "from 0 to 9, found 10 to 10"),
        (torch.tensor([]), torch.tensor([0]), "integer labels"),
        (torch.zeros(2, 1).long(), torch.tensor([0]), r"got \(2, 1\)"),
        ([0, 1], torch.tensor([0]), r"got \[0, 1\]"),
    ],
)
def test_mode_coverage_refuses(fake, real, complaint):
    with pytest.raises(ValueError, match=complaint):
        mode_coverage(fake, real)
