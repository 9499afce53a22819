"""Tests of PSNR, SSIM, luma and the perceptual distance."""

from math import inf, nan

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from ganbook import data, metrics


@pytest.fixture
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    """A bundled photograph and a noisy copy."""
    photo = data.photos(split="test", verbose=False)[1][None, :, 60:160, 100:230]
    noise = torch.randn(photo.shape, generator=torch.Generator().manual_seed(0))
    return photo, (photo + noise / 10).clamp(-1, 1)


def bytes_of(images: torch.Tensor) -> np.ndarray:
    """Pixels (H, W, C) of the first image."""
    return data.to_pixels(images)[0].permute(1, 2, 0).numpy()


def test_psnr_is_that_of_the_pixels(pair) -> None:
    """Of scikit-image, on uint8, with and without a border."""
    a, b = map(bytes_of, pair)
    assert metrics.psnr(*pair).item() == pytest.approx(
        peak_signal_noise_ratio(a, b), abs=1e-9
    )
    expected = peak_signal_noise_ratio(a[4:-4, 4:-4], b[4:-4, 4:-4])
    assert metrics.psnr(*pair, border=4).item() == pytest.approx(expected, abs=1e-9)


def test_ssim_is_that_of_the_paper(pair) -> None:
    """Of scikit-image with the settings of Wang et al., to 1e-6."""
    a, b = map(bytes_of, pair)
    expected = structural_similarity(
        a,
        b,
        channel_axis=2,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert metrics.ssim(*pair).item() == pytest.approx(expected, abs=1e-6)
    assert metrics.ssim(pair[0], pair[0]).item() == 1


def test_luma_is_that_of_matlab() -> None:
    """Black 16, white 235, and the three primaries of rgb2ycbcr's table."""
    colors = torch.tensor(
        [[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]]
    )
    images = data.from_pixels(colors.to(torch.uint8))[:, :, None, None]
    y = (metrics.luma(images) + 1) * 127.5
    expected = torch.tensor([16, 235, 81.481, 144.553, 40.966])
    torch.testing.assert_close(y.flatten(), expected, atol=1e-3, rtol=0)
    gray = torch.zeros(1, 1, 2, 2)
    assert metrics.luma(gray) is gray


def test_psnr_of_luma_by_hand(pair) -> None:
    """Rounded to whole numbers before and after, as MATLAB does with uint8."""
    y = []
    for image in map(bytes_of, pair):
        r, g, b = (image / 255.0).transpose(2, 0, 1)
        y.append(np.round(16 + 65.481 * r + 128.553 * g + 24.966 * b))
    expected = 10 * np.log10(255**2 / np.mean((y[0] - y[1]) ** 2))
    assert metrics.psnr(*pair, luma=True).item() == pytest.approx(expected, abs=1e-6)


def test_each_image_has_its_own_number(pair) -> None:
    """A batch is no average; equal images are infinitely alike."""
    photo, noisy = pair
    both = metrics.psnr(torch.cat([photo, photo]), torch.cat([noisy, photo]))
    assert both[0] == metrics.psnr(photo, noisy)[0] and both[1] == inf


def test_values_beyond_the_range_are_clamped(pair) -> None:
    """As a file would."""
    photo, noisy = pair
    assert metrics.psnr(photo, noisy * 3) == metrics.psnr(
        photo, (noisy * 3).clamp(-1, 1)
    )


def test_perceptual_distance_orders_what_it_should(pair) -> None:
    """Zero for equal; a little blur is nearer than a lot."""
    photo, _ = pair
    photo = photo[:, :, :96, :96]
    blurred = [data.bicubic(data.bicubic(photo, 1 / s), s) for s in (2, 4)]
    zero, near, far = (
        metrics.perceptual_distance(photo, x).item() for x in (photo, *blurred)
    )
    assert zero == 0 and 0 < near < far < 4
    forth, back = (
        metrics.perceptual_distance(*x)
        for x in ((photo, blurred[0]), (blurred[0], photo))
    )
    torch.testing.assert_close(forth, back)


def test_lpips_says_what_it_needs(monkeypatch, pair) -> None:
    """Its own package, whether or not it is installed here."""
    monkeypatch.setitem(__import__("sys").modules, "lpips", None)
    with pytest.raises(ImportError, match="pip install lpips"):
        metrics.lpips(*pair)


@pytest.mark.parametrize(
    "measure", [metrics.psnr, metrics.ssim, metrics.perceptual_distance, metrics.lpips]
)
def test_bytes_and_nan_are_refused(measure) -> None:
    """Clamped, bytes would be white; on either side."""
    image = torch.zeros(1, 3, 40, 40)
    for other, complaint in ((image.byte(), "uint8"), (image * nan, "found NaN")):
        for pair in ((image, other), (other, image)):
            with pytest.raises(ValueError, match=complaint):
                measure(*pair)


@pytest.mark.parametrize("measure", [metrics.psnr, metrics.ssim])
def test_images_that_do_not_match_are_refused(measure) -> None:
    """Other shapes, borders that leave nothing, too few channels for a luma."""
    image = torch.zeros(1, 3, 20, 30)
    with pytest.raises(ValueError, match="expected one shape"):
        measure(image, image[..., 1:])
    with pytest.raises(ValueError, match="border is 10"):
        measure(image, image, border=10)
    with pytest.raises(ValueError, match=r"expected \(N, 3, H, W\)"):
        measure(image[:, :2], image[:, :2], luma=True)


def test_ssim_needs_a_whole_window() -> None:
    """Eleven pixels."""
    with pytest.raises(ValueError, match="expected at least 11"):
        metrics.ssim(torch.zeros(1, 3, 10, 30), torch.zeros(1, 3, 10, 30))
