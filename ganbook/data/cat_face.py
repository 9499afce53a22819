"""The faces of drawn cats, layer by layer: from the backdrop to the whiskers."""

import math

import torch
from torch import Tensor

from ganbook.data.cat_factors import CAT_FACTORS, CatFactors
from ganbook.data.cat_fur import PATTERNS, WHITE, ear_fur
from ganbook.data.cat_head import Cats
from ganbook.data.shapes import common, ellipse, lens, step

_IRIS = torch.tensor(  # amber, green, blue
    [[0.93, 0.66, 0.20], [0.55, 0.75, 0.34], [0.38, 0.66, 0.90]]
)
_LINE = torch.tensor([[0.13, 0.10, 0.10]])
_ROSE = torch.tensor([[0.90, 0.66, 0.62]])


def draw(factors: CatFactors, size: int) -> Tensor:
    """Draw cats that share pattern and ears: RGB in [0, 1], (N, 3, H, W)."""
    cats = Cats(factors, size)
    folded = CAT_FACTORS["ears"][factors.ears[0]] == "folded"
    backdrop(cats)
    body(cats)
    if not folded:
        ears(cats)
    head(cats)
    if folded:
        folded_ears(cats)
    eyes(cats)
    nose_and_mouth(cats)
    whiskers(cats)
    return cats.board.image.clamp_(0, 1)


def backdrop(cats: Cats) -> None:
    """A wall, lit from the upper left."""
    board = cats.board
    board.image += cats.factors.background[..., None, None]
    far = torch.hypot(board.x + 0.5, board.y + 0.6)
    board.shade((1.16 - 0.16 * far).expand(len(board.image), -1, -1))


def body(cats: Cats) -> None:
    """Neck and shoulders, in the shadow of the head."""
    board, pattern = cats.board, cats.pattern
    sway = 0.05 * cats.jitter[1]
    shape = ellipse(board.x - sway, board.y - 1.16, 0.66 * cats.wide, 0.72)
    shape = shape + 0.03 * cats.hairs[1]
    alpha = board.inside(shape)
    pale = 0.5 if pattern == "points" else 0.0
    board.fill(cats.colors.fur.lerp(cats.colors.light, pale), alpha)
    if pattern in ("bicolor", "calico"):
        bib = ellipse(board.x - sway, board.y - 1.05, 0.30, 0.52) + 0.05 * cats.hairs[0]
        board.fill(torch.tensor([WHITE]), alpha * board.inside(bib, 0.06))
    shadow = 1 - 0.35 * step(0.25, -0.05, cats.head)
    light = 1 + 0.10 * cats.hairs[0] - 0.18 * step(-0.15, 0.0, shape)
    board.shade(1 + alpha * (shadow * light - 1))


def ears(cats: Cats) -> None:
    """Two upright ears, pink inside."""
    board = cats.board
    x, y = cats.side - 0.385 * cats.wide, cats.y + 0.46
    spread = 0.26 + 0.05 * cats.jitter[6]
    across = spread.cos() * x + spread.sin() * y
    along = spread.cos() * y - spread.sin() * x
    # Two arcs that meet in a tip; the lower half of the almond is behind the head.
    shape = _ear(across, along) + 0.012 * cats.hairs[1]
    alpha = board.inside(shape)
    board.fill(ear_fur(cats), alpha)
    board.shade(1 + alpha * (0.10 * cats.hairs[0] - 0.15 * step(-0.06, 0.0, shape)))
    inner = _ear(across * 1.35 + 0.01, along * 1.22 - 0.05)
    hollow = board.inside(inner, 0.05) * (0.75 + 0.25 * step(-0.5, 0.1, along))
    board.fill(_rose(cats), hollow)
    board.shade(1 - 0.22 * hollow * step(0.10, -0.10, across))
    tuft = step(0.1, 0.5, cats.hairs[0] + 0.5 * step(0.0, -0.14, across))
    board.fill(cats.colors.light, hollow * tuft * 0.55 * step(-0.30, -0.05, along))


def _ear(across: Tensor, along: Tensor) -> Tensor:
    """Return the distance from an upright ear with its tip near (0, -0.38)."""
    reach, bulge = 0.43, 0.222
    radius = (reach**2 + bulge**2) / (2 * bulge)
    one = torch.hypot(across - (radius - bulge), along) - radius
    other = torch.hypot(across + (radius - bulge), along) - radius
    return common(one, other, 0.05)


def folded_ears(cats: Cats) -> None:
    """Two ears that bend forward, over the head."""
    board = cats.board
    x, y = cats.side - 0.36 * cats.wide, cats.y + 0.415
    turn = 0.62
    across = math.cos(turn) * x + math.sin(turn) * y
    along = math.cos(turn) * y - math.sin(turn) * x
    flap = lens(across, along, 0.215, 0.11, 0.155) + 0.012 * cats.hairs[1]
    under = step(0.10, -0.04, lens(across, along - 0.06, 0.21, 0.10, 0.15))
    board.shade(1 - 0.38 * under * board.inside(cats.head))
    alpha = board.inside(flap)
    board.fill(ear_fur(cats), alpha)
    light = 1.06 - 0.9 * along + 0.10 * cats.hairs[0] - 0.16 * step(-0.05, 0, flap)
    board.shade(1 + alpha * (light - 1))


def head(cats: Cats) -> None:
    """The face: pattern, light and hairs."""
    board = cats.board
    alpha = board.inside(cats.head)
    fur = cats.colors.fur[..., None, None].expand_as(board.image)
    fur = PATTERNS[cats.pattern](cats, fur)
    # As if the head were round, and the light came from above, a little from the left.
    rim = step(-0.20, 0.02, cats.head)
    light = 1.05 - 0.14 * cats.y - 0.05 * cats.x - 0.17 * rim
    sockets = step(0.09, 0.0, cats.eye)
    muzzle = cats.muzzle * (0.07 - 0.5 * (cats.y - 0.26).clamp(min=0))
    light = light - 0.06 * sockets + muzzle
    strength = 0.10 + 0.05 * step(0.15, 0.45, torch.hypot(cats.x, cats.y))
    light = light * (1 + strength * cats.hairs[0])
    board.fill(fur * light.unsqueeze(1), alpha)


def eyes(cats: Cats) -> None:
    """Almonds of color, with slits or wide pupils, a lid's shadow, and catchlights."""
    board, jitter = cats.board, cats.jitter
    rim = board.inside(cats.eye - 0.022, 0.02)
    board.fill(_LINE, 0.92 * rim)
    alpha = board.inside(cats.eye)
    # Eyes look together, so that their centers move in one direction, not mirrored.
    x = cats.eye_x - 0.018 * jitter[7] * cats.sign
    y = cats.eye_y - 0.010 * jitter[8]
    far = torch.hypot(x, y)
    glow = 0.80 + 1.6 * y + 0.45 * step(0.02, 0.11, far) - 0.50 * step(0.11, 0.16, far)
    color = _iris(cats) * glow.clamp_(0.35, 1.35).unsqueeze(1)
    board.fill(color, alpha)
    open_ = cats.factors.pupil[:, None, None]
    pupil = ellipse(x, y + 0.004, 0.020 + 0.068 * open_, 0.094 + 0.006 * open_)
    board.fill(_LINE * 0.5, alpha * board.inside(pupil, 0.012))
    lid = step(-0.07, 0.0, cats.eye) * step(0.02, -0.08, cats.eye_y)
    board.shade(1 - 0.55 * alpha * lid)
    gleam = torch.tensor([[1.0, 1.0, 1.0]])
    big = ellipse(x * cats.sign + 0.045, y + 0.050, 0.032, 0.036)
    small = ellipse(x * cats.sign - 0.05, y - 0.045, 0.016, 0.016)
    board.fill(gleam, 0.95 * alpha * board.inside(big))
    board.fill(gleam, 0.55 * alpha * board.inside(small))


def nose_and_mouth(cats: Cats) -> None:
    """A rounded triangle, and the two small arcs that make a cat smile."""
    board, x, y = cats.board, cats.side, cats.y - 0.195
    # On black fur a darker line would be lost.
    tone = 0.12 + 0.40 * cats.colors.fur.mean(1, keepdim=True).lt(0.3)
    tone = torch.full_like(tone, 0.12) if cats.pattern == "bicolor" else tone
    line = board.line(x, 0.014) * step(0.02, 0.04, y) * step(0.10, 0.09, y)
    arc = torch.hypot(x - 0.062, y - 0.083) - 0.062
    arcs = board.line(arc, 0.016) * step(0.075, 0.095, y) * step(0.135, 0.11, x)
    board.fill(_LINE + tone, 0.8 * (line + arcs).clamp_(max=1))
    sides = 0.78 * x + 0.62 * y - 0.042
    shape = common(sides, -(y + 0.030) - 0.3 * x.square(), 0.05)
    alpha = board.inside(shape, 0.012)
    board.fill(_nose(cats), alpha)
    board.shade(1 + alpha * (0.12 - 5.0 * (y + 0.01)))


def whiskers(cats: Cats) -> None:
    """Four fine hairs on either side, and the dots from which they grow."""
    board, x = cats.board, cats.side
    for k in range(4):
        start_x, start_y = 0.13 + 0.02 * (k % 2), 0.245 + 0.032 * k
        run = (x - start_x).clamp(min=0)
        bend = 0.22 + 0.08 * cats.jitter[9] * cats.sign
        slope = -0.30 + 0.17 * k + 0.07 * cats.jitter[10] * cats.sign
        path = start_y + slope * run + bend * run.square()
        length = 0.50 + 0.05 * (k % 2) + 0.06 * cats.jitter[11]
        taper = step(0.0, 0.02, x - start_x) * step(1.0, 0.55, run / length)
        hair = board.line((cats.y - path) / (1 + 0.5 * slope.abs()), 0.011) * taper
        below = board.line((cats.y - path - 0.018), 0.012) * taper
        board.shade(1 - 0.22 * below)
        board.fill(torch.tensor([[1.0, 1.0, 0.99]]), 0.85 * hair)


def _rose(cats: Cats) -> Tensor:
    """Skin: darker under dark fur."""
    return 0.45 * _ROSE + 0.55 * _ROSE * (0.35 + 0.65 * cats.colors.light)


def _iris(cats: Cats) -> Tensor:
    """Return the color of the iris, (N, 3, H, W); odd eyes differ by side."""
    kind = cats.factors.eyes
    odd = (kind == CAT_FACTORS["eyes"].index("odd"))[:, None, None]
    flip = odd & ((cats.sign * cats.jitter[3].sign()) > 0)
    one = _IRIS[kind.where(kind < 3, torch.full_like(kind, 2))][..., None, None]
    return torch.where(flip.unsqueeze(1), _IRIS[0][None, :, None, None], one)


def _nose(cats: Cats) -> Tensor:
    """Siamese noses are dark; those of two-colored cats are pink."""
    if cats.pattern == "points":
        return torch.tensor([[0.33, 0.24, 0.22]])
    if cats.pattern in ("bicolor", "calico"):
        return torch.tensor([[0.90, 0.58, 0.56]])
    return cats.colors.nose
