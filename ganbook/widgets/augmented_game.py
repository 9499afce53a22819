"""The game of a generator whose discriminator sees through a transformation."""

import html
import math
from typing import Any, ClassVar

import torch
import traitlets
from torch import Tensor

from ganbook.widgets.page import PageWidget

#: Laws of the data that can be chosen, in hundredths at eight places of a circle.
DATA = {
    "one": (4, 10, 40, 22, 10, 6, 4, 4),
    "two": (4, 30, 8, 4, 4, 32, 14, 4),
    "slope": (2, 4, 7, 10, 13, 17, 21, 26),
}
#: Turns that a transformation draws from, in eighths of the circle.
TURNS = {"quarter": (0, 2, 4, 6), "step": (-1, 1), "any": tuple(range(8))}


class AugmentedGame(PageWidget):
    r"""Choose a transformation and who is transformed; see where the generator ends.

    The data have a law p on eight places of a circle. A random transformation turns
    it into :math:`Tp`, where T is a matrix of transition probabilities. The generator
    moves against the best discriminator, which compares :math:`Tp` with its law q, or
    with :math:`Tq` where samples are transformed as well.

    Attributes:
        data: ``"one"`` peak, ``"two"`` peaks, or a ``"slope"``.
        transform: ``"quarter"`` turns, one ``"step"`` to either side, ``"any"`` turn,
            each drawn evenly, or ``"mirror"``.
        probability: That a point is transformed at all, 0 to 1.
        shown: Who is transformed: ``"real"``, the data only, or ``"all"``.
        moves: Of the generator, from equal shares: ``"0"`` to ``"10000"``.

    Raises:
        traitlets.TraitError: If a value is out of range.

    Source: Karras et al. (2020), appendix C, for what can be undone.
    """

    module: ClassVar[str] = "augmented_game.js"

    label = traitlets.Unicode("A game seen through a transformation").tag(sync=True)
    data = traitlets.Enum(list(DATA), "one").tag(sync=True)
    transform = traitlets.Enum([*TURNS, "mirror"], "quarter").tag(sync=True)
    probability = traitlets.Float(0.5, min=0.0, max=1.0).tag(sync=True)
    shown = traitlets.Enum(["real", "all"], "all").tag(sync=True)
    moves = traitlets.Enum(["0", "10", "100", "1000", "10000"], "1000").tag(sync=True)

    @property
    def law(self) -> Tensor:
        """The law p of the data, float64 (8,)."""
        return torch.tensor(DATA[self.data], dtype=torch.float64) / 100

    @property
    def matrix(self) -> Tensor:
        """T, float64 (8, 8); column j says where place j goes, and how likely."""
        one = torch.eye(8, dtype=torch.float64)
        if self.transform == "mirror":
            changed = one.flip(0)
        else:
            turned = [one.roll(turn, dims=0) for turn in TURNS[self.transform]]
            changed = torch.stack(turned).mean(0)
        return (1 - self.probability) * one + self.probability * changed

    @property
    def smallest_eigenvalue(self) -> float:
        """The smallest modulus of an eigenvalue of T: 0 where T cannot be undone."""
        return torch.linalg.eigvalsh(self.matrix).abs().min().item()

    def play(self) -> Tensor:
        r"""Return the generator's law after the moves, float64 (8,).

        Each move minimizes :math:`\sum r_i s_i + \mathrm{KL}(r \| q)` over laws r,
        where s is the slope of the generator's cost at its law q.
        """
        seen = (
            torch.eye(8, dtype=torch.float64) if self.shown == "real" else self.matrix
        )
        real, q = self.matrix @ self.law, torch.full((8,), 1 / 8, dtype=torch.float64)
        for _ in range(int(self.moves)):
            fake = seen @ q
            slope = seen.T @ (fake / (real + fake)).log()
            q = (q.log() - slope).softmax(0)
        return q

    @traitlets.validate("probability")
    def _finite(self, proposal: Any) -> float:
        if math.isnan(proposal.value):  # passes every comparison of bounds
            raise traitlets.TraitError("probability must be a number")
        return proposal.value

    def describe(self) -> str:
        """Return the state in words, for readers without scripts."""
        wrong = (self.play() - self.law).abs().sum().item() / 2
        who = "the data alone" if self.shown == "real" else "data and samples"
        return (
            f"<p><strong>{html.escape(self.label)}.</strong> Transformation: "
            f"{self.transform}, with probability {self.probability:g}, of {who}; its "
            f"smallest eigenvalue has the modulus {self.smallest_eigenvalue:.3f}. "
            f"After {self.moves} moves, {wrong:.3f} of the generator's mass is "
            "misplaced. "
            "(The figure moves where scripts run.)</p>"
        )
