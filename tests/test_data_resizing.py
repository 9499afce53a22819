"""Tests of bicubic resizing."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from ganbook.data import bicubic


def cubic(x: float) -> float:
    """Keys' kernel with a = -1/2, written as in his paper's equation 15."""
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def one_pixel(row: np.ndarray, i: int, scale: float) -> float:
    """Resize by the definition, one output pixel at a time, mirror by mirror."""
    shrink = min(scale, 1.0)
    center = (i + 0.5) / scale - 0.5
    total = weights = 0.0
    for j in range(int(center - 2 / shrink) - 2, int(center + 2 / shrink) + 3):
        k = j
        while not 0 <= k < len(row):
            k = -1 - k if k < 0 else 2 * len(row) - 1 - k
        weight = cubic(shrink * (center - j))
        total, weights = total + weight * row[k], weights + weight
    return total / weights


@pytest.mark.parametrize("scale", [1 / 4, 1 / 3, 1 / 2, 2 / 3, 1.5, 2, 3, 4])
def test_rows_are_resized_by_the_definition(scale: float) -> None:
    """13 pixels of noise, every output pixel, borders included."""
    row = np.random.default_rng(0).normal(size=13)
    found = bicubic(torch.from_numpy(row)[None, None, None], scale)[0, 0, 0]
    assert len(found) == int(np.ceil(13 * scale - 1e-9))
    expected = [one_pixel(row, i, scale) for i in range(len(found))]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_ramp_stays_a_ramp() -> None:
    """Away from the border the kernel reproduces straight lines."""
    ramp = torch.arange(64.0, dtype=torch.float64).expand(1, 1, 64, 64)
    small = bicubic(ramp, 1 / 4)[0, 0, 8]
    expected = torch.arange(16.0, dtype=torch.float64) * 4 + 1.5
    torch.testing.assert_close(small[4:12], expected[4:12])


def test_shrinking_leaves_no_false_pattern() -> None:
    """A wave of 3.3 pixels: gray when shrunk; without the wide kernel, a false one."""
    wave = torch.cos(0.6 * torch.pi * torch.arange(64)).expand(1, 1, 64, 64)
    assert bicubic(wave, 1 / 4)[..., 3:-3].abs().max() < 0.02
    plain = interpolate(wave, scale_factor=1 / 4, mode="bicubic")
    assert plain[..., 3:-3].abs().max() > 0.3


def test_rows_and_columns_are_treated_alike() -> None:
    """Transposing before or after makes no difference."""
    image = torch.randn(2, 3, 20, 28, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        bicubic(image, 1 / 4).transpose(2, 3), bicubic(image.transpose(2, 3), 1 / 4)
    )


def test_a_float_is_the_fraction_beside_it() -> None:
    """99 pixels by 1/3 are 33, though 99 * 0.333... could round up to 34."""
    image = torch.zeros(1, 1, 99, 98)
    assert bicubic(image, 1 / 3).shape == (1, 1, 33, 33)
    assert bicubic(image, Fraction(1, 3)).shape == (1, 1, 33, 33)


def test_it_agrees_with_an_independent_antialiased_bicubic() -> None:
    """Away from the border, PyTorch's antialiased kernel is the same (a = -1/2)."""
    image = torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    theirs = interpolate(
        image, size=(16, 16), mode="bicubic", antialias=True, align_corners=False
    )
    ours = bicubic(image, 1 / 4)
    torch.testing.assert_close(
        ours[..., 2:-2, 2:-2], theirs[..., 2:-2, 2:-2], atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("scale", [0, -1, float("inf"), float("nan"), 1e-9])
def test_scales_that_mean_nothing_are_refused(scale: float) -> None:
    """Zero, negative, endless, no number, too small to write as a fraction."""
    with pytest.raises(ValueError, match="scale is"):
        bicubic(torch.zeros(1, 1, 8, 8), scale)


@pytest.mark.parametrize(
    "images",
    [torch.zeros(1, 8, 8), torch.zeros(1, 1, 0, 8), torch.zeros(1, 1, 8, 8).int()],
)
def test_other_shapes_and_types_are_refused(images: torch.Tensor) -> None:
    """What came is named."""
    with pytest.raises(ValueError, match=r"expected floating point \(N, C, H, W\)"):
        bicubic(images, 2)
