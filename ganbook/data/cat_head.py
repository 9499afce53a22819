"""Where the parts of drawn cats are: the coordinates of their heads, and distances."""

import math

from torch import Tensor, deg2rad

from ganbook.data.cat_factors import CAT_FACTORS, CatFactors
from ganbook.data.cat_fur import chance, colors, hair
from ganbook.data.shapes import Board, ellipse, lens, look_up, step, union


class Cats:
    """Cats of one pattern and one shape of ears, in the coordinates of their heads.

    The origin lies between the eyes; the head is about as wide as 1.3 halves of the
    picture. Left and right are one side drawn twice: ``side`` is the distance from
    the middle.

    Args:
        factors: Of all these cats.
        size: Pixels along a side.

    Attributes:
        board: What they are drawn on.
        pattern: Its name.
        colors: Of each cat.
        jitter: What chance decides, uniform in [-1, 1], twelve times (N, 1, 1).
        x: To the right, (N, H, W), as are all that follow.
        y: Downwards.
        side: The distance from the middle.
        sign: On which side, -1 or 1.
        hairs: Two fields of strands, in [-1, 1].
        patches: Three smooth fields of deviation about 1.
        head: Distance from the head.
        muzzle: How much a pixel is of it, from 0 to 1.
        eye: Distance from the nearer eye; ``eye_x``, ``eye_y`` are its coordinates.
        around_eyes: How near they are, from 0 to 1.
    """

    def __init__(self, factors: CatFactors, size: int) -> None:
        self.factors = factors
        self.pattern = CAT_FACTORS["pattern"][int(factors.pattern[0])]
        self.board = Board(len(factors.coat), size)
        self.colors = colors(factors)
        drawn = chance(factors.fur)
        self.jitter = drawn.jitter.T[..., None, None]  # (12, N, 1, 1)
        self._pose()
        self.hairs = hair(self.board, drawn, self.x, self.y - 0.16)
        self.patches = look_up(drawn.patches, self.x, self.y)
        self.head = self._head()
        self.muzzle = step(0.05, -0.05, self._muzzle())
        self.eye = self._eye()
        self.around_eyes = step(0.10, 0.02, self.eye)

    def _pose(self) -> None:
        """Move, turn and scale from the picture to the head."""
        turn = deg2rad(self.factors.tilt)[:, None, None]
        scale = 1.07 + 0.04 * self.jitter[0]
        # A leaning head swings about the neck.
        x = self.board.x - 0.04 * self.jitter[1] - 0.16 * turn
        y = self.board.y - 0.18 - 0.03 * self.jitter[5] - 0.1 * turn.square()
        self.x = (turn.cos() * x + turn.sin() * y) / scale
        self.y = (turn.cos() * y - turn.sin() * x) / scale
        self.wide = self.factors.width[:, None, None]
        self.side = self.x.abs()
        self.sign = self.x.sign()

    def _head(self) -> Tensor:
        skull = ellipse(self.x, self.y + 0.03, 0.585 * self.wide, 0.50)
        cheeks = ellipse(self.side - 0.27 * self.wide, self.y - 0.20, 0.36, 0.27)
        chin = ellipse(self.x, self.y - 0.36, 0.24, 0.17)
        fluff = (0.02 + 0.03 * step(0.1, 0.4, self.y)) * self.hairs[1]
        return union(union(skull, cheeks, 0.15), chin, 0.12) + fluff

    def _muzzle(self) -> Tensor:
        lobes = ellipse(self.side - 0.085, self.y - 0.285, 0.14, 0.105)
        chin = ellipse(self.x, self.y - 0.385, 0.11, 0.08)
        return union(lobes, chin, 0.05)

    def _eye(self) -> Tensor:
        x, y = self.side - 0.275 * self.wide, self.y + 0.005
        lean = 0.16  # radians: the outer corner is the higher one
        self.eye_x = math.cos(lean) * x - math.sin(lean) * y
        self.eye_y = math.cos(lean) * y + math.sin(lean) * x
        return lens(self.eye_x, self.eye_y, 0.165, 0.135, 0.115)
