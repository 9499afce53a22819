"""How far a unit of a stack of convolutions sees, and what of it is padding."""

import base64
import html
from typing import Any, ClassVar

import traitlets
from torch import Tensor

from ganbook.data.pixels import to_pixels
from ganbook.networks.size import Reach, receptive_field
from ganbook.widgets.page import PageWidget

SIDE = 28
KERNELS, STRIDES = (2, 3, 4, 5, 7), (1, 2, 3)
PADDINGS = ("same", "half", "none")
MOST = 6


class ReceptiveField(PageWidget):
    r"""Build a stack of equal convolutions; see what one of its units sees.

    Shown are the image with the field of the chosen unit, shaded by the number of
    paths that lead from a pixel to the unit; a cut through all layers; and for each
    layer its side, its field, its parameters (64 maps in the first layer, twice as
    many in each further one) and which weights of a kernel meet nothing but padding.

    With the defaults, layers 1 to 6 are the discriminators of Deng (2024), listings
    A.2 and A.9 to A.11.

    Args:
        image: An image (1, 28, 28) in [-1, 1] under the field; by default none.
        **traits: The attributes.

    Attributes:
        kernel: Rows and columns of each kernel: 2, 3, 4, 5 or 7.
        stride: 1, 2 or 3.
        padding: ``"same"`` as Keras pads, an odd row of zeros below; ``"half"``, the
            kernel's half, rounded down, on each side; or ``"none"``.
        layers: 1 to 6; those that still fit are built.
        row: Row of the unit in the last layer, from 0; at most the last there is.
        column: Likewise.

    Raises:
        ValueError: If the image has another shape.
        traitlets.TraitError: If a value is not allowed.
    """

    module: ClassVar[str] = "receptive_field.js"

    label = traitlets.Unicode("What a unit of a convolutional stack sees").tag(
        sync=True
    )
    pixels = traitlets.Unicode().tag(sync=True)
    kernel = traitlets.Enum(KERNELS, 3).tag(sync=True)
    stride = traitlets.Enum(STRIDES, 2).tag(sync=True)
    padding = traitlets.Enum(PADDINGS, "same").tag(sync=True)
    layers = traitlets.Int(3, min=1, max=MOST).tag(sync=True)
    row = traitlets.Int(1, min=0, max=SIDE - 1).tag(sync=True)
    column = traitlets.Int(1, min=0, max=SIDE - 1).tag(sync=True)

    def __init__(self, image: Tensor | None = None, **traits: Any) -> None:
        if image is not None:
            if tuple(image.shape) != (1, SIDE, SIDE):
                raise ValueError(
                    f"image has shape {tuple(image.shape)}; expected (1, 28, 28)"
                )
            raw = to_pixels(image[None]).cpu().numpy().tobytes()
            traits["pixels"] = base64.b64encode(raw).decode()
        super().__init__(**traits)

    @property
    def stack(self) -> list[tuple[int, int, int]]:
        """Kernel, stride and zeros above, for each layer that fits."""
        return self._built()[0]

    @property
    def side(self) -> int:
        """Rows of the last layer's maps."""
        return self._built()[1]

    @property
    def reach(self) -> Reach:
        """The field of the last layer's units."""
        return receptive_field(self.stack)

    def _built(self) -> tuple[list[tuple[int, int, int]], int]:
        found, side = [], SIDE
        for _ in range(self.layers):
            if self.padding == "same":
                zeros = (-(-side // self.stride) - 1) * self.stride + self.kernel - side
                before, zeros = max(zeros, 0) // 2, max(zeros, 0)
            else:
                before = self.kernel // 2 if self.padding == "half" else 0
                zeros = 2 * before
            if side + zeros < self.kernel:
                break
            found.append((self.kernel, self.stride, before))
            side = (side + zeros - self.kernel) // self.stride + 1
        return found, side

    def describe(self) -> str:
        """Return the state in words, for readers without scripts."""
        size, jump, _ = self.reach
        return (
            f"<p><strong>{html.escape(self.label)}.</strong> {len(self.stack)} "
            f"convolutions of kernel {self.kernel} and stride {self.stride} make "
            f"{self.side} by {self.side} units out of 28 by 28 pixels. Each sees "
            f"{size} by {size} places, {jump} from its neighbor's. "
            "(The figure moves where scripts run.)</p>"
        )
