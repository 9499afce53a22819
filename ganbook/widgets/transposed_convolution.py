"""Transposed convolution, one contribution at a time."""

import html
import math
from typing import Any, ClassVar

import torch
import traitlets
from torch import Tensor
from torch.nn import functional

from ganbook.widgets.page import PageWidget

_LARGEST = 4  # side of input and kernel: what still fits on a phone
_LARGEST_STRIDE = 3


class SquareMatrix(traitlets.TraitType):
    """A square matrix of finite numbers, kept as a list of rows."""

    info_text = f"a square matrix of finite numbers, 1 x 1 to {_LARGEST} x {_LARGEST}"

    def validate(self, obj: Any, value: Any) -> list[list[float]]:
        """Return ``value`` (nested sequences, array or tensor) as lists of numbers."""
        rows = value.tolist() if hasattr(value, "tolist") else value
        try:
            rows = [[self._number(cell) for cell in row] for row in rows]
        except (TypeError, ValueError):
            self.error(obj, value)
        if not 1 <= len(rows) <= _LARGEST or any(len(row) != len(rows) for row in rows):
            self.error(obj, value)
        return rows

    @staticmethod
    def _number(cell: Any) -> float:
        if isinstance(cell, str) or not math.isfinite(cell):
            raise ValueError(cell)
        return int(cell) if float(cell).is_integer() else float(cell)


class TransposedConvolution(PageWidget):
    r"""Step through the contributions of a transposed convolution.

    The view ``"scatter"`` lets each input pixel stamp a scaled kernel on the output;
    ``"gather"`` slides the flipped kernel over the input, which has zeros inserted
    between its pixels and around them. Both give the same output of size

    $$m = (n - 1)s - 2p + k + a.$$

    The defaults are a worked example: ``[[0, 1], [2, 3]]`` with the kernel
    ``[[4, 1], [2, 3]]`` gives ``[[0, 4, 1], [8, 16, 6], [4, 12, 9]]``.

    Assign whole matrices: ``widget.input = [[1, 2], [3, 4]]``. A change inside a list
    goes unseen. To change several traits that are only allowed together, use
    ``with widget.hold_trait_notifications():``.

    Attributes:
        input: Square matrix $x$ of size $n$, 1 to 4.
        kernel: Square matrix $w$ of size $k$, 1 to 4.
        stride: $s$, 1 to 3.
        padding: $p$, 0 to $k - 1$: rows and columns cropped on each side.
        output_padding: $a$, 0 to $s - 1$: rows and columns added below and right.
        view: ``"scatter"`` or ``"gather"``.
        position: How many contributions (scatter) or outputs (gather) are done.

    Raises:
        traitlets.TraitError: If a value, or a combination of them, is not allowed.
    """

    module: ClassVar[str] = "transposed_convolution.js"

    label = traitlets.Unicode("Transposed convolution, step by step").tag(sync=True)
    input = SquareMatrix([[0, 1], [2, 3]]).tag(sync=True)
    kernel = SquareMatrix([[4, 1], [2, 3]]).tag(sync=True)
    stride = traitlets.Int(1, min=1, max=_LARGEST_STRIDE).tag(sync=True)
    padding = traitlets.Int(0, min=0).tag(sync=True)
    output_padding = traitlets.Int(0, min=0).tag(sync=True)
    view = traitlets.Enum(["scatter", "gather"], "scatter").tag(sync=True)
    position = traitlets.Int(0, min=0).tag(sync=True)

    @property
    def size(self) -> int:
        """The side $m$ of the output."""
        return (
            (len(self.input) - 1) * self.stride
            - 2 * self.padding
            + len(self.kernel)
            + self.output_padding
        )

    @property
    def steps(self) -> int:
        """The number of contributions (scatter) or of outputs (gather)."""
        return (len(self.input) if self.view == "scatter" else self.size) ** 2

    @property
    def output(self) -> Tensor:
        """The output of `torch.nn.functional.conv_transpose2d`, float64 of (m, m)."""
        x, w = (
            torch.tensor(rows, dtype=torch.float64)[None, None]
            for rows in (self.input, self.kernel)
        )
        return functional.conv_transpose2d(
            x,
            w,
            stride=self.stride,
            padding=self.padding,
            output_padding=self.output_padding,
        )[0, 0]

    # Traits are set one by one and judged together: each validator sees the proposed
    # value of its own trait and the present values of all others.
    @traitlets.validate("input", "kernel", "stride", "padding", "output_padding")
    def _allowed_together(self, proposal: Any) -> Any:
        values = {
            name: getattr(self, name)
            for name in ("input", "kernel", "stride", "padding", "output_padding")
        }
        values[proposal.trait.name] = proposal.value
        reason = refusal(
            n=len(values["input"]),
            k=len(values["kernel"]),
            s=values["stride"],
            p=values["padding"],
            a=values["output_padding"],
        )
        if reason:
            raise traitlets.TraitError(reason)
        return proposal.value

    @traitlets.validate("position")
    def _within_steps(self, proposal: Any) -> int:
        if proposal.value > self.steps:
            raise traitlets.TraitError(
                f"position {proposal.value} is beyond the last step, {self.steps}"
            )
        return proposal.value

    @traitlets.observe("input", "kernel", "stride", "padding", "output_padding", "view")
    def _stay_within_steps(self, _change: Any) -> None:
        self.position = min(self.position, self.steps)

    def describe(self) -> str:
        """Return the example in words, for readers without scripts."""
        rows = [[f"{value:g}" for value in row] for row in self.output.tolist()]
        result = ", ".join(f"[{', '.join(row)}]" for row in rows)
        return (
            f"<p><strong>{html.escape(self.label)}.</strong> "
            f"Input {self.input}, kernel {self.kernel}, stride {self.stride}, "
            f"padding {self.padding}, output padding {self.output_padding}: "
            f"the output is [{result}]. With scripts, this figure can be moved.</p>"
        )


def refusal(*, n: int, k: int, s: int, p: int, a: int) -> str:
    """Return why these sizes are not allowed, or an empty string when they are.

    Args:
        n: Size of the input.
        k: Size of the kernel.
        s: Stride.
        p: Padding.
        a: Output padding.
    """
    if p >= k:
        return f"padding {p} needs a kernel wider than {p}, got kernel size {k}"
    if a >= s:
        return f"output padding {a} needs a stride above {a}, got stride {s}"
    m = (n - 1) * s - 2 * p + k + a
    if m < 1:
        return f"nothing is left: n={n}, k={k}, s={s}, p={p}, a={a} give size {m}"
    return ""
