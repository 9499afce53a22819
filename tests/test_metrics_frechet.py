import dataclasses
from functools import partial

import mpmath
import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from ganbook import data
from ganbook.metrics import (
    Distance,
    Statistics,
    fd,
    fd_pixels,
    frechet_distance,
    pixels,
    summarize,
)
from ganbook.metrics.frechet import _fast_overlap, _safe_overlap, _sandwich


def with_diagonal(mean, variances):
    """Statistics with exactly this mean and diagonal covariance."""
    mean = torch.as_tensor(mean, dtype=torch.float64)
    variances = torch.as_tensor(variances, dtype=torch.float64)
    # 2 D points, mean +- r_i e_i, scatter 2 r_i^2, divided by 2 D - 1.
    radii = (variances * (2 * len(mean) - 1) / 2).sqrt().diag()
    return Statistics().update(torch.cat([mean + radii, mean - radii]))


def correlated(n, dim, seed, scale=1.0):
    g = torch.Generator().manual_seed(seed)
    mixing = torch.randn(dim, dim, generator=g, dtype=torch.float64)
    x = torch.randn(n, dim, generator=g, dtype=torch.float64) @ mixing * scale
    return x + torch.randn(dim, generator=g, dtype=torch.float64)


def distance(x, y):
    return frechet_distance(Statistics().update(x), Statistics().update(y))


def by_sqrtm(a, b):
    """The usual formula, fit for covariances of full rank only."""
    cov_a, cov_b = a.covariance.numpy(), b.covariance.numpy()
    shift = (a.mean - b.mean).numpy()
    return shift @ shift + np.trace(cov_a + cov_b - 2 * sqrtm(cov_a @ cov_b).real)


@pytest.mark.parametrize(
    ("variances_a", "variances_b"),
    [
        ([1.0, 4.0, 9.0], [4.0, 1.0, 0.25]),
        ([1.0, 4.0, 0.0], [4.0, 0.0, 9.0]),
        ([0.0, 0.0, 0.0], [4.0, 1.0, 9.0]),
        ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
        ([1e-8, 1.0, 1e4], [1e-6, 2.0, 1e3]),
    ],
)
def test_diagonal_gaussians(variances_a, variances_b):
    # d^2 = |mu_a - mu_b|^2 + sum (sigma_a - sigma_b)^2
    mean_a, mean_b = np.array([0.0, 1.0, -2.0]), np.array([3.0, 1.0, 2.0])
    expected = 25 + ((np.sqrt(variances_a) - np.sqrt(variances_b)) ** 2).sum()
    a, b = with_diagonal(mean_a, variances_a), with_diagonal(mean_b, variances_b)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("dim", [1, 2, 20])
@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_sqrtm_where_sqrtm_works(dim, seed):
    a = Statistics().update(correlated(40 * dim, dim, seed))
    b = Statistics().update(correlated(30 * dim, dim, seed + 100, scale=0.5))
    assert frechet_distance(a, b) == pytest.approx(by_sqrtm(a, b), rel=1e-9)


def by_mpmath(a, b):
    """The same with 60 digits: eigenvalues of L^T B L, no way shared with ours."""
    with mpmath.workdps(60):
        cov_a, cov_b = (mpmath.matrix(s.covariance.tolist()) for s in (a, b))
        values, vectors = mpmath.eigsy(cov_a)
        root = vectors * mpmath.diag([mpmath.sqrt(max(v, 0)) for v in values])
        overlap = sum(
            mpmath.sqrt(max(v, 0))
            for v in mpmath.eigsy(root.T * cov_b * root, eigvals_only=True)
        )
        shift = [mpmath.mpf(v) for v in (a.mean - b.mean).tolist()]
        traces = sum(cov_a[i, i] + cov_b[i, i] for i in range(a.dim))
        return float(mpmath.fdot(shift, shift) + traces - 2 * overlap)


@pytest.mark.parametrize("decades", [0, 3, 6, 9])
@pytest.mark.parametrize("samples", [5, 12, 13, 60])
def test_agrees_with_sixty_digits(samples, decades):
    """Condition numbers up to 1e18, ranks below and at the 12 dimensions."""
    stretch = torch.logspace(0, -decades, 12, dtype=torch.float64)
    x = correlated(samples, 12, seed=1) * stretch
    y = correlated(samples + 1, 12, seed=2) * stretch.flip(0)
    a, b = Statistics().update(x), Statistics().update(y)
    assert frechet_distance(a, b) == pytest.approx(by_mpmath(a, b), rel=1e-7)


@pytest.mark.parametrize("decades", [0, 4, 8])
def test_fast_and_safe_ways_agree_where_the_fast_one_trusts_itself(decades):
    stretch = torch.logspace(0, -decades, 30, dtype=torch.float64)
    a = Statistics().update(correlated(90, 30, seed=1) * stretch).covariance
    b = Statistics().update(correlated(90, 30, seed=2) * stretch).covariance
    fast, doubt = _fast_overlap(a, b)
    safe = _safe_overlap(a, b)
    assert (fast - safe).abs() <= 10 * doubt + 1e-13 * safe
    assert decades == 8 or doubt < 1e-7 * safe


@pytest.mark.parametrize("dim", [1, 5, 8, 13])
def test_panels_make_the_lower_triangle_of_the_product(monkeypatch, dim):
    monkeypatch.setattr("ganbook.metrics.frechet.PANEL", 4)
    lower = correlated(dim, dim, seed=1).tril()
    middle = Statistics().update(correlated(3 * dim, dim, seed=2)).covariance
    expected = (lower.T @ middle @ lower).tril()
    torch.testing.assert_close(_sandwich(lower, middle).tril(), expected)


def test_the_fast_way_knows_when_it_knows_nothing():
    flat = Statistics().update(correlated(10, 50, seed=0)).covariance
    overlap, doubt = _fast_overlap(flat, flat)
    # No Cholesky factor, or one of rounding: then the roots of zeros are in doubt.
    assert doubt > 1e-7 * (2 * flat.trace() - 2 * overlap).abs()


def test_rank_one_covariances_that_do_not_commute():
    # uu^T against vv^T: the trace of the root is |u . v|.
    u = torch.tensor([1.0, 2.0, 0.0, -1.0], dtype=torch.float64)
    v = torch.tensor([0.5, 1.0, 3.0, 1.0], dtype=torch.float64)
    # The points +-u have covariance 2 uu^T (n - 1 = 1), and mean 0.
    got = distance(torch.stack([u, -u]), torch.stack([v, -v]))
    expected = 2 * (u @ u + v @ v - 2 * (u @ v).abs())
    assert got == pytest.approx(expected.item(), rel=1e-12)


@pytest.mark.parametrize("samples", [10, 300])  # of rank 9 in 50 dimensions, and full
def test_a_sample_is_at_no_distance_from_itself(samples):
    x = correlated(samples, 50, seed=0)
    scale = Statistics().update(x).covariance.trace().item()
    # Taking roots of eigenvalues that are zero but for rounding gives 1e-8 here.
    assert 0 <= distance(x, x) < 1e-12 * scale


@pytest.mark.parametrize("samples", [10, 300])
def test_invariances(samples):
    x, y = correlated(samples, 50, seed=1), correlated(samples + 3, 50, seed=2)
    expected = distance(x, y)
    g = torch.Generator().manual_seed(3)
    rotation, _ = torch.linalg.qr(torch.randn(50, 50, generator=g, dtype=x.dtype))
    shift = torch.randn(50, generator=g, dtype=x.dtype)
    assert distance(y, x) == pytest.approx(expected, rel=1e-11)
    assert distance(x @ rotation, y @ rotation) == pytest.approx(expected, rel=1e-9)
    assert distance(x + shift, y + shift) == pytest.approx(expected, rel=1e-11)
    assert distance(3 * x, 3 * y) == pytest.approx(9 * expected, rel=1e-11)


def test_a_shift_adds_its_square():
    x = correlated(60, 8, seed=4)
    shift = torch.arange(8, dtype=torch.float64)
    assert distance(x, x + shift) == pytest.approx((shift @ shift).item(), rel=1e-11)


def test_statistics_that_do_not_fit():
    a, b = Statistics().update(torch.zeros(3, 2)), Statistics().update(torch.ones(3, 4))
    with pytest.raises(ValueError, match="one dimension, got 2, 4"):
        frechet_distance(a, b)
    with pytest.raises(ValueError, match="at least 2 samples, got 1"):
        frechet_distance(a, Statistics().update(torch.zeros(1, 2)))


def images(n, seed=0, shape=(1, 4, 4)):
    g = torch.Generator().manual_seed(seed)
    return torch.rand(n, *shape, generator=g) * 2 - 1


def test_fd_pixels_carries_its_meaning():
    result = fd_pixels(images(40), images(30, seed=1))
    assert (result.features, result.n_real, result.n_fake) == ("pixels", 40, 30)
    x, y = images(40).flatten(1), images(30, seed=1).flatten(1)
    assert float(result) == result.value == pytest.approx(distance(x, y), rel=1e-9)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.value = 0.0


@pytest.mark.parametrize(
    ("value", "shown"),
    [(13.24, "13.2"), (1234.56, "1,234.6"), (0.65912, "0.659"), (0.0, "0")],
)
def test_distance_shows_sizes(value, shown):
    text = str(Distance(value, "pixels", 1000, 50_000))
    assert text == f"FD(pixels) = {shown}  (1,000 real, 50,000 fake)"


def test_statistics_know_their_features():
    a, b = (summarize(images(40, seed=s), features=pixels) for s in (0, 1))
    assert fd(a, b, features=partial(pixels)).name == "FD(pixels)"
    for real, fake in ((a, b), (a, images(30)), (images(30), b)):
        with pytest.raises(ValueError, match="of flat features, got those of pixels"):
            fd(real, fake, features=flat)


def flat(batch):
    return batch.flatten(1)


def test_fd_pixels_takes_statistics_and_any_batch_size():
    real, fake = images(40), images(30, seed=1)
    expected = fd_pixels(real, fake)
    prepared = Statistics().update(pixels(real))
    assert float(fd_pixels(prepared, fake)) == pytest.approx(float(expected), rel=1e-9)
    batched = fd_pixels(real, fake, batch_size=7)
    assert float(batched) == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize(
    ("real", "fake", "complaint"),
    [
        (images(4), images(4) * 127 + 127, "in \\[-1, 1\\], found a value of size"),
        (images(4), images(4).to(torch.uint8), "floating-point .* got torch.uint8"),
        (images(4), images(4).flatten(1), "one shape"),
        (images(4)[0], images(4)[0], r"\(N, C, H, W\), got \(1, 4, 4\)"),
        (images(4), images(4).numpy(), "got float32"),
        (images(4), images(4, shape=(1, 2, 8)), r"\(4, 1, 4, 4\).*\(4, 1, 2, 8\)"),
        (images(4), images(1), "at least 2 samples, got 1"),
        (images(4), images(4) * float("nan"), "NaN"),
    ],
)
def test_fd_pixels_refuses(real, fake, complaint):
    with pytest.raises(ValueError, match=complaint):
        fd_pixels(real, fake)


def test_fd_pixels_refuses_a_batch_of_nothing():
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        fd_pixels(images(4), images(4), batch_size=0)


def test_the_floor_of_real_against_real(monkeypatch, tmp_path):
    """1,000 real digits against 1,000 others: far from 0, and farther for fewer.

    Measured on the bundled 5,000, seeds 0 to 2: 12.3, 12.2, 12.0 for 1,000 on a side
    and 4.8 three times for 2,500. On all 60,000: 11.6, 12.2, 12.2 for 1,000, and 16.7
    for the first thousand of the file against the second.
    """
    monkeypatch.delenv("GANBOOK_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    real = data.mnist(verbose=False).images
    real = real[torch.randperm(5000, generator=torch.Generator().manual_seed(0))]
    few, many = (fd_pixels(real[:n], real[n : 2 * n]) for n in (1000, 2500))
    assert float(few) == pytest.approx(12.2, abs=0.7)
    assert float(many) == pytest.approx(4.8, abs=0.3)
