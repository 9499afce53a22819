import numpy as np
import pytest
import torch

from ganbook.data import from_pixels, to_pixels


def test_every_pixel_survives_the_round_trip():
    pixels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    images = from_pixels(pixels)
    assert images.dtype == torch.float32 and images.shape == pixels.shape
    assert images.min() == -1 and images.max() == 1
    assert torch.equal(to_pixels(images), pixels)


def test_matches_the_formula():
    pixels = torch.arange(256, dtype=torch.uint8)
    expected = (np.arange(256) - 127.5) / 127.5
    np.testing.assert_allclose(from_pixels(pixels).numpy(), expected, atol=1e-7)


def test_to_pixels_rounds_to_the_nearest_and_clamps():
    step = 1 / 127.5
    images = torch.tensor([-3.0, -1.0, -1 + 0.49 * step, -1 + 0.51 * step, 1.0, 1.2])
    assert to_pixels(images).tolist() == [0, 0, 0, 1, 255, 255]
    assert to_pixels(torch.tensor([float("inf"), -float("inf")])).tolist() == [255, 0]


def test_half_precision_is_widened_before_scaling():
    images = torch.linspace(-1, 1, 1001).bfloat16()
    assert torch.equal(to_pixels(images), to_pixels(images.float()))


def test_input_is_left_alone():
    images = torch.tensor([0.3, -0.2], requires_grad=True)
    before = images.detach().clone()
    assert not to_pixels(images).requires_grad
    assert torch.equal(images.detach(), before)


@pytest.mark.parametrize(
    ("function", "value", "named"),
    [
        (to_pixels, torch.zeros(2, dtype=torch.uint8), "torch.uint8"),
        (to_pixels, np.zeros(2), "numpy.ndarray"),
        (to_pixels, torch.tensor([0.0, float("nan")]), "NaN"),
        (from_pixels, torch.zeros(2), "torch.float32"),
        (from_pixels, [1, 2], "builtins.list"),
    ],
)
def test_wrong_input_is_named(function, value, named):
    with pytest.raises(ValueError, match=named):
        function(value)
