import pytest
import torch

from ganbook import augmentation
from ganbook.augmentation import (
    brightness,
    chain,
    contrast,
    cutout,
    saturation,
    translation,
)

ALL = [translation(), cutout(), brightness(), saturation(), contrast()]
IMAGES = torch.rand(64, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1


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
        with pytest.raises(ValueError, match=r"shape \(4, 2\); expected \(N, C, H, W"):
            augment(torch.zeros(4, 2), seeded())


def test_no_augmentation_is_the_identity():
    assert augmentation.chain()(IMAGES, seeded()) is IMAGES
