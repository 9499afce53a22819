import pytest
import torch

from ganbook import augmentation
from ganbook.augmentation import (
    Adaptive,
    brightness,
    chain,
    contrast,
    cutout,
    flip,
    saturation,
    translation,
    warp,
)

ALL = [translation(), cutout(), brightness(), saturation(), contrast(), warp(10, 0.1)]
IMAGES = torch.rand(64, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1


SLOPE = torch.tensor([4.0, 3.0])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("augment", ALL)
def test_shape_seed_and_gradient(augment):
    images = IMAGES.clone().requires_grad_()
    out = augment(images, seeded())
    assert out.shape == images.shape and out.dtype == images.dtype
    assert torch.equal(out, augment(images, seeded()))
    assert not torch.equal(out, augment(images, seeded(1)))
    out.sum().backward()
    assert images.grad.abs().sum() > 0


def test_translation_is_one_of_all_shifts():
    out = translation(0.25, fill=-1.0)(IMAGES, seeded())
    seen = set()
    for before, after in zip(IMAGES, out, strict=True):
        matches = []
        for dy in range(-2, 3):
            for dx in range(-2, 3):
                shifted = torch.full_like(before, -1.0)
                rows = slice(max(dy, 0), 8 + min(dy, 0))
                columns = slice(max(dx, 0), 8 + min(dx, 0))
                from_rows = slice(max(-dy, 0), 8 + min(-dy, 0))
                from_columns = slice(max(-dx, 0), 8 + min(-dx, 0))
                shifted[:, rows, columns] = before[:, from_rows, from_columns]
                if torch.equal(shifted, after):
                    matches.append((dy, dx))
        assert len(matches) == 1
        seen.update(matches)
    assert len(seen) > 15


def test_cutout_covers_one_rectangle():
    out = cutout(0.5, fill=7.0)(IMAGES, seeded())
    for before, after in zip(IMAGES, out, strict=True):
        covered = (after == 7).all(0)
        rows, columns = covered.any(1), covered.any(0)
        assert torch.equal(covered, rows[:, None] & columns)
        assert 2 <= rows.sum() <= 4 and 2 <= columns.sum() <= 4
        assert torch.equal(before[:, ~covered], after[:, ~covered])


def test_colors_keep_what_they_should():
    shift = brightness(0.5)(IMAGES, seeded()) - IMAGES
    torch.testing.assert_close(shift, shift[:, :1, :1, :1].expand_as(shift))
    assert 0.4 < shift.abs().max() <= 0.5
    for augment, over in ((saturation(), (1,)), (contrast(), (1, 2, 3))):
        out = augment(IMAGES, seeded())
        torch.testing.assert_close(out.mean(over), IMAGES.mean(over))
        before = IMAGES - IMAGES.mean(over, keepdim=True)
        factor = (out - out.mean(over, keepdim=True)) / before
        torch.testing.assert_close(
            factor.flatten(1).median(1).values,
            factor.flatten(1).mean(1),
            rtol=1e-2,
            atol=1e-2,
        )
    gray = IMAGES[:, :1].expand(-1, 3, -1, -1)
    torch.testing.assert_close(saturation()(gray, seeded()), gray)


def test_chain_applies_in_order_and_with_probability():
    both = chain(brightness(), translation())
    random = seeded()
    expected = translation()(brightness()(IMAGES, random), random)
    assert torch.equal(both(IMAGES, seeded()), expected)
    assert torch.equal(chain(*ALL, probability=0.0)(IMAGES, seeded()), IMAGES)
    some = chain(brightness(), probability=0.5)(IMAGES, seeded())
    untouched = (some == IMAGES).flatten(1).all(1).float().mean()
    assert 0.3 < untouched < 0.7


def test_bad_arguments():
    for make in (translation, cutout, brightness, saturation, contrast):
        with pytest.raises(ValueError, match=r"is 1.5; expected 0 to 1"):
            make(1.5)
    with pytest.raises(ValueError, match="probability is -1"):
        chain(probability=-1)
    for augment in ALL:
        for images in (torch.zeros(4, 2), torch.zeros(4, 3, 8, 8, dtype=torch.uint8)):
            with pytest.raises(ValueError, match=r"expected floating point \(N, C, H"):
                augment(images, seeded())


def test_no_augmentation_is_the_identity():
    assert augmentation.chain()(IMAGES, seeded()) is IMAGES


@pytest.mark.parametrize(("height", "width"), [(17, 17), (17, 25)])
def test_warp_turns_a_slope_about_the_center(height, width):
    """Linear interpolation is exact on a plane: its slope turns and stays as steep."""
    y = torch.arange(float(height)) - (height - 1) / 2
    x = torch.arange(float(width)) - (width - 1) / 2
    plane = (3 * x[None, :] + 4 * y[:, None]).expand(40, 1, height, width)
    out = warp(rotation=30)(plane, seeded())[:, 0]
    row, column = height // 2, width // 2
    across = (out[:, row, column + 2] - out[:, row, column - 2]) / 4
    down = (out[:, row + 2, column] - out[:, row - 2, column]) / 4
    torch.testing.assert_close(out[:, row, column], torch.zeros(40), atol=1e-4, rtol=0)
    torch.testing.assert_close(torch.hypot(across, down), torch.full((40,), 5.0))
    turned = torch.rad2deg(torch.atan2(down, across) - torch.atan2(*SLOPE))
    assert turned.abs().max() <= 30 + 1e-3
    assert turned.min() < -20 and turned.max() > 20


def test_warp_moves_and_continues_the_border():
    image = torch.arange(8.0).expand(1, 1, 8, 8)
    seen = {tuple(warp(0, 0.25)(image, seeded(i))[0, 0, 4].tolist()) for i in range(9)}
    for row in seen:
        steps = torch.tensor(row).diff()
        assert (steps >= -1e-4).all() and (steps <= 1 + 1e-4).all()
        assert min(row) >= 0 and max(row) <= 7
    assert len(seen) == 9
    assert torch.allclose(warp()(image, seeded()), image, atol=1e-5)


@pytest.mark.parametrize("autocast", [False, True])
def test_warp_is_as_exact_in_half_precision(autocast):
    """Generated images come in it, within autocast: real ones must be bent alike."""
    images, change = IMAGES.bfloat16(), warp(10, 0.1)
    expected = change(images.float(), seeded())
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        assert torch.equal(change(images, seeded()), expected.bfloat16())
        assert torch.equal(change(images.float(), seeded()), expected)


def test_half_of_the_images_are_mirrored():
    out = chain(flip(), probability=0.5)(IMAGES, seeded())
    mirrored = (out == IMAGES.flip(3)).all(3).all(2).all(1)
    kept = (out == IMAGES).all(3).all(2).all(1)
    assert (mirrored | kept).all()
    assert 16 < mirrored.sum() < 48


def test_adaptive_follows_the_discriminator():
    augment = Adaptive(flip(), target=0.8, images=640)
    assert torch.equal(augment(IMAGES, seeded()), IMAGES)
    for _ in range(20):
        augment.adapt(1.0, 64)
    assert augment.probability == 1
    assert torch.equal(augment(IMAGES, seeded()), IMAGES.flip(3))
    other = Adaptive(flip(), target=0.8, images=640)
    other.load_state_dict(augment.state_dict())
    for _ in range(12):
        augment.adapt(0.5, 64)
        other.adapt(0.5, 64)
    assert other.probability == augment.probability < 0.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: warp(rotation=-1), "rotation is -1; expected 0 to 180"),
        (lambda: warp(shift=2), "shift is 2; expected 0 to 1"),
        (lambda: Adaptive(flip(), target=1.5), "target is 1.5"),
        (lambda: Adaptive(flip(), images=0), "images is 0"),
        (lambda: Adaptive(flip()).adapt(float("nan"), 1), "real_accuracy is nan"),
    ],
)
def test_more_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
