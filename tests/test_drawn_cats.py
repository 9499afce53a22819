import pytest
import torch

from ganbook import data
from ganbook.data.cat_factors import draw_factors
from ganbook.data.shapes import Board, common, ellipse, lens, look_up, step, union

NAMES = data.CAT_FACTORS


def number(factor, name):
    return NAMES[factor].index(name)


def some_cats(count=6, seed=2):
    return draw_factors(count, seed=seed)


def one_kind(**kinds):
    """Four cats alike but for what is given."""
    factors = some_cats(4)
    zeros = torch.zeros(4, dtype=torch.long)
    changes = {name: zeros + number(name, value) for name, value in kinds.items()}
    return factors._replace(**changes)


def test_images_and_factors_are_as_promised():
    cats = data.drawn_cats(7, size=32, seed=1)
    assert cats.images.shape == (7, 3, 32, 32)
    assert cats.images.dtype == torch.float32
    assert cats.images.abs().max() <= 1
    assert cats.images.std() > 0.2
    for name, kinds in NAMES.items():
        values = getattr(cats.factors, name)
        assert values.shape == (7,) and values.dtype == torch.int64
        assert (values >= 0).all() and (values < len(kinds)).all()
    assert cats.factors.background.shape == (7, 3)


def test_the_seed_decides_and_nothing_else():
    state = torch.get_rng_state()
    images, again = (data.drawn_cats(5, size=24, seed=3).images for _ in range(2))
    other = data.drawn_cats(5, size=24, seed=4).images
    assert torch.equal(images, again)
    assert not torch.allclose(images, other, atol=0.1)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_first_cats_do_not_depend_on_how_many_follow():
    few, many = (data.drawn_cats(n, size=24, seed=3) for n in (3, 40))
    for a, b in zip(few.factors, many.factors, strict=True):
        assert torch.equal(a, b[:3])
    # Not bit for bit: where a vector register ends, arithmetic differs in the last.
    assert torch.allclose(few.images, many.images[:3], atol=1e-5)


def test_a_cat_looks_the_same_at_every_size():
    factors = some_cats(8)
    big = data.draw_cats(factors, size=128)
    for size in (32, 64):
        small = data.draw_cats(factors, size=size)
        mean = torch.nn.functional.avg_pool2d(big, 128 // size)
        same = (small - mean).abs().mean((1, 2, 3))
        others = (small - mean.roll(1, 0)).abs().mean((1, 2, 3))
        assert (same < 0.04).all()
        assert (same < others / 4).all()


def test_nothing_is_drawn_at_the_border_but_body_and_backdrop():
    """Ears and cheeks stay inside: the sides are the color of the wall."""
    factors = draw_factors(300, seed=5)
    images = data.draw_cats(factors, size=32) / 2 + 0.5
    wall = factors.background[..., None]
    for border in (images[..., 0, :], images[..., :16, 0], images[..., :16, -1]):
        shade = (border / wall).mean(1)  # the same for all colors: a wall, lit
        dazzling = (border > 0.99).any(1)
        spread = (border / wall - shade[:, None]).abs().amax(1)
        assert (spread[~dazzling] < 0.02).all()
        assert (shade[~dazzling] > 0.85).all()


def test_each_factor_changes_the_picture_where_it_should():
    factors = one_kind(coat="gray", pattern="plain", eyes="green", ears="upright")
    base = data.draw_cats(factors, size=64)
    changed = {
        name: factors._replace(**{name: torch.full((4,), number(name, value))})
        for name, value in (("coat", "orange"), ("eyes", "blue"), ("ears", "folded"))
    }
    moved = {
        name: (data.draw_cats(other, size=64) - base).abs().mean(1) > 0.02
        for name, other in changed.items()
    }
    share = {name: where.double().mean().item() for name, where in moved.items()}
    assert 0.35 < share["coat"] < 0.9
    assert 0.005 < share["eyes"] < 0.08
    assert 0.05 < share["ears"] < 0.35
    # A folded ear throws a shadow that may reach the eye.
    both = (moved["ears"] & moved["eyes"]).sum() / moved["eyes"].sum()
    assert both < 0.1
    top = moved["ears"][:, :32].sum() / moved["ears"].sum()
    assert top > 0.95


@pytest.mark.parametrize("pattern", NAMES["pattern"])
def test_every_pattern_can_be_drawn_on_every_coat(pattern):
    factors = some_cats(6)
    factors = factors._replace(
        coat=torch.arange(6), pattern=torch.full((6,), number("pattern", pattern))
    )
    images = data.draw_cats(factors, size=32)
    assert images.isfinite().all()
    apart = torch.cdist(images.flatten(1), images.flatten(1))
    assert apart[~torch.eye(6, dtype=torch.bool)].min() > 3


def test_odd_eyes_are_of_two_colors():
    """Blue minus red, left against right: large for odd eyes, small for others."""
    for eyes, low, high in (("odd", 0.35, 3), ("blue", 0, 0.15), ("amber", 0, 0.15)):
        factors = one_kind(coat="white", pattern="plain", ears="upright", eyes=eyes)
        zero = torch.zeros(4)
        images = data.draw_cats(factors._replace(tilt=zero, pupil=zero), size=64)
        blue = images[:, 2] - images[:, 0]
        left, right = blue[:, 30:42, 14:31], blue[:, 30:42, 33:50]
        apart = (left.mean((1, 2)) - right.mean((1, 2))).abs()
        assert (apart >= low * 0.5).all() and (apart < high).all(), (eyes, apart)


def test_a_tilt_turns_the_head():
    factors = one_kind(coat="white", pattern="plain", eyes="blue", ears="upright")
    factors = factors._replace(background=torch.full((4, 3), 0.2))
    heights = []
    for degrees in (-15.0, 15.0):
        tilted = factors._replace(tilt=torch.full((4,), degrees))
        bright = data.draw_cats(tilted, size=64).mean(1) > 0
        top = bright.float().argmax(1)  # the first bright row of each column
        top[~bright.any(1)] = 64
        heights.append(top[:, :32].amin(1) - top[:, 32:].amin(1))
    # Clockwise lowers the right ear.
    assert (heights[0] > 3).all() and (heights[1] < -3).all()


def test_shares_are_a_distribution():
    shares = data.cat_shares()
    assert shares.shape == tuple(len(kinds) for kinds in NAMES.values())
    assert shares.sum().item() == pytest.approx(1)
    assert (shares >= 0).all()
    assert (shares > 0).sum() == 104
    coat = shares.sum((1, 2, 3))
    assert coat[number("coat", "black")].item() == pytest.approx(0.2)


def test_rare_kinds_and_dependencies_are_what_the_module_says():
    shares = data.cat_shares()
    cream, white = (number("coat", name) for name in ("cream", "white"))
    calico, points = (number("pattern", name) for name in ("calico", "points"))
    odd, blue = (number("eyes", name) for name in ("odd", "blue"))
    calicos = shares[:, calico].sum((1, 2))
    assert calicos.nonzero()[:, 0].tolist() == [cream, white]
    assert calicos[cream].item() == pytest.approx(0.14 * 0.01)
    assert shares[:, points].sum((0, 2)).nonzero()[:, 0].tolist() == [blue]
    odds = shares[:, :, odd].sum(2)
    assert odds.nonzero().tolist() == [[white, number("pattern", "plain")]]
    assert odds.sum().item() == pytest.approx(0.12 * 0.5 * 0.15)


def test_cats_come_as_often_as_their_shares_say():
    count = 200_000
    factors = draw_factors(count, seed=0)
    shares = data.cat_shares()
    met = torch.zeros_like(shares)
    kinds = tuple(getattr(factors, name) for name in NAMES)
    met.index_put_(kinds, torch.ones(count).double(), accumulate=True)
    assert not met[shares == 0].any()
    expected = (count * shares)[shares > 0]
    chi2 = ((met[shares > 0] - expected) ** 2 / expected).sum().item()
    degrees = len(expected) - 1
    assert abs(chi2 - degrees) < 4 * (2 * degrees) ** 0.5


def test_numbers_come_as_their_distributions_say():
    factors = draw_factors(50_000, seed=0)
    assert factors.tilt.abs().max() <= 20
    assert factors.tilt.std().item() == pytest.approx(20 / 6**0.5, rel=0.02)
    assert factors.pupil.mean().item() == pytest.approx(0.5, abs=0.01)
    assert 0.92 <= factors.width.min() and factors.width.max() <= 1.10
    assert 0 < factors.background.min() and factors.background.max() < 1


def test_given_factors_are_checked():
    factors = some_cats(3)
    with pytest.raises(ValueError, match=r"size is 8; expected 16 to 1024"):
        data.draw_cats(factors, size=8)
    with pytest.raises(ValueError, match=r"tilt has shape \(2,\); expected \(3,\)"):
        data.draw_cats(factors._replace(tilt=torch.zeros(2)))
    with pytest.raises(ValueError, match=r"eyes has values from 4 to 4.*amber"):
        data.draw_cats(factors._replace(eyes=torch.full((3,), 4)))
    with pytest.raises(ValueError, match=r"count is -1"):
        data.drawn_cats(-1)


def test_no_cats_are_an_empty_batch():
    assert data.drawn_cats(0, size=32).images.shape == (0, 3, 32, 32)


def test_distances_are_distances():
    x, y = torch.tensor([0.0, 2.0, 0.0]), torch.tensor([0.0, 0.0, 3.0])
    assert torch.allclose(ellipse(x, y, 1.0, 1.0), torch.tensor([-1.0, 1.0, 2.0]))
    almond = lens(
        torch.tensor([0.0, 0.5, 0.0]), torch.tensor([0.2, 0, 0]), 0.5, 0.3, 0.2
    )
    assert torch.allclose(almond, torch.tensor([0.0, 0.0, -0.2]), atol=1e-6)
    a, b = torch.tensor([-1.0, 0.0]), torch.tensor([1.0, 0.0])
    assert torch.allclose(union(a, b, 0.4), torch.tensor([-1.0, -0.1]))
    assert torch.allclose(common(a, b, 0.4), torch.tensor([1.0, 0.1]))
    rising = step(0.0, 1.0, torch.tensor([-1.0, 0.5, 2.0]))
    assert torch.allclose(rising, torch.tensor([0.0, 0.5, 1.0]))
    assert torch.allclose(step(1.0, 0.0, torch.tensor([0.25])), torch.tensor([0.84375]))


def test_coverage_is_the_area_at_every_size():
    for size in (16, 64, 256):
        board = Board(1, size)
        disc = board.inside(ellipse(board.x, board.y, 0.5, 0.5))
        assert disc.sum() * board.pixel**2 == pytest.approx(torch.pi / 4, rel=0.01)
        line = board.line(board.y + 0.0 * board.x, 0.01)
        assert line.sum() * board.pixel**2 == pytest.approx(0.02, rel=0.01)


def test_lattices_are_read_linearly():
    lattice = torch.tensor([[0.0, 1.0], [2.0, 3.0]]).view(1, 1, 2, 2)
    places = torch.tensor([[[-1.0, 0.0, 1.0]]])
    (values,) = look_up(lattice, places, torch.tensor([[[-1.0, 0.0, 1.0]]]))
    assert torch.allclose(values, torch.tensor([[[0.0, 1.5, 3.0]]]))
