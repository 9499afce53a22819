import numpy as np
import pytest
import torch

from ganbook.metrics import Statistics


def features(n, dim, seed=0):
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(seed))


def test_agrees_with_numpy():
    x = features(50, 7)
    statistics = Statistics().update(x)
    assert statistics.count == 50 and statistics.dim == 7
    assert statistics.mean.dtype == statistics.covariance.dtype == torch.float64
    x = x.double().numpy()
    np.testing.assert_allclose(statistics.mean, x.mean(0), atol=1e-14)
    np.testing.assert_allclose(
        statistics.covariance, np.cov(x, rowvar=False), atol=1e-14
    )


@pytest.mark.parametrize("sizes", [[1] * 30, [1, 29], [29, 1], [10, 15, 5]])
def test_batches_do_not_matter(sizes):
    x = features(30, 5)
    whole, streamed = Statistics().update(x), Statistics()
    for batch in x.split(sizes):
        streamed.update(batch)
    assert streamed.count == 30
    torch.testing.assert_close(streamed.mean, whole.mean)
    torch.testing.assert_close(streamed.covariance, whole.covariance)


def test_merging_parts_is_the_whole_in_any_order():
    x = features(40, 4)
    for order in ([0, 1, 2], [2, 0, 1]):
        parts = [Statistics().update(part) for part in x.split([5, 25, 10])]
        merged = Statistics()
        for index in order:
            merged.merge(parts[index])
        whole = Statistics().update(x)
        torch.testing.assert_close(merged.mean, whole.mean)
        torch.testing.assert_close(merged.covariance, whole.covariance)


def test_merging_leaves_the_other_alone():
    other = Statistics().update(features(9, 3))
    mean, covariance = other.mean.clone(), other.covariance.clone()
    Statistics().merge(other).update(features(9, 3, seed=1))
    assert other.count == 9
    assert torch.equal(other.mean, mean) and torch.equal(other.covariance, covariance)


def test_merging_nothing_changes_nothing():
    statistics = Statistics().update(features(9, 3)).merge(Statistics())
    assert statistics.count == 9
    assert Statistics().merge(Statistics()).count == 0


def test_the_name_of_the_features_is_kept():
    named, nameless = Statistics("pixels"), Statistics().update(features(9, 3))
    assert named.update(features(9, 3)).merge(nameless).features == "pixels"
    assert nameless.merge(named).features == "pixels"
    with pytest.raises(ValueError, match="expected pixels features, got lenet"):
        named.merge(Statistics("lenet").update(features(9, 3)))
    assert named.count == 18


def test_a_large_mean_costs_no_digits():
    # The textbook mean(x x^T) - mean mean^T loses 16 digits here, all there are.
    x = features(1000, 3).double()
    shifted = Statistics()
    for batch in (x + 1e8).split(100):
        shifted.update(batch)
    torch.testing.assert_close(
        shifted.covariance, Statistics().update(x).covariance, rtol=1e-6, atol=1e-6
    )


def test_any_real_type_is_taken_and_detached():
    x = features(6, 2).bfloat16().requires_grad_()
    assert not Statistics().update(x).mean.requires_grad
    assert Statistics().update(torch.arange(6).view(3, 2)).mean.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (torch.zeros(3), r"\(N, D\), got \(3,\)"),
        (torch.zeros(2, 1, 4), r"got \(2, 1, 4\)"),
        (torch.zeros(0, 4), r"got \(0, 4\)"),
        (np.zeros((2, 4)), "expected a tensor, got ndarray"),
        (torch.zeros(2, 5), "dimension 4, got 5"),
        (torch.tensor([[1, 2, 3, 4], [1, float("nan"), 3, 4]]), "1 of 2 .* NaN"),
        (torch.full((3, 4), float("inf")), "3 of 3"),
    ],
)
def test_bad_batches_are_refused_and_leave_no_trace(value, complaint):
    statistics = Statistics().update(features(5, 4))
    before = statistics.covariance
    with pytest.raises(ValueError, match=complaint):
        statistics.update(value)
    assert statistics.count == 5
    assert torch.equal(statistics.covariance, before)


def test_too_few_samples():
    with pytest.raises(ValueError, match="mean needs at least 1 samples, got 0"):
        _ = Statistics().mean
    with pytest.raises(ValueError, match="covariance needs at least 2 samples, got 1"):
        _ = Statistics().update(torch.zeros(1, 3)).covariance


def test_repr():
    assert repr(Statistics().update(torch.zeros(2, 3))) == "Statistics(count=2, dim=3)"
