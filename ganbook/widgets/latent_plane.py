"""A decoder that runs in the page: walk over its latent plane, the image follows."""

import base64
import html
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import torch
import traitlets
from torch import Tensor, nn
from torch.nn.functional import linear, silu

from ganbook.widgets.page import PageWidget

REACH = 3.0  # the plane shows -3 to 3: all but 0.5 % of the prior
GRID = REACH / 32767  # encoded points are stored as multiples of it


class LatentPlane(PageWidget):
    r"""Move over the plane of a two-dimensional latent vector and see it decoded.

    The decoder travels with the widget, one byte a weight: each row of a layer's
    matrix is rounded to 255 levels with a scale of its own. :meth:`decode` computes
    what the page computes.

    Args:
        decoder: ``Linear`` layers with ``SiLU`` between them, from 2 numbers to the
            pixels; a :math:`\tanh` follows, as in
            :class:`ganbook.networks.VariationalAutoencoder`.
        image_shape: ``(1, H, W)`` of an image.
        points: Latent vectors to show as their class, (N, 2); none by default. Those
            outside the plane are left out.
        classes: A digit 0 to 9 for each of them.
        **traits: ``z1``, ``z2``, ``view`` and ``label``.

    Attributes:
        z1: First coordinate of the place, -3 to 3.
        z2: Second coordinate.
        view: What lies under the plane: ``"classes"`` of the encoded points, or the
            ``"images"`` that are decoded there.

    Raises:
        ValueError: If the layers do not lead from 2 numbers to the pixels, or points
            and classes do not agree.
        traitlets.TraitError: If a trait is out of range.
    """

    module: ClassVar[str] = "latent_plane.js"

    label = traitlets.Unicode("The plane of latent vectors, decoded").tag(sync=True)
    layers = traitlets.List(traitlets.Dict()).tag(sync=True)
    height = traitlets.Int(28, min=1).tag(sync=True)
    width = traitlets.Int(28, min=1).tag(sync=True)
    points = traitlets.Unicode().tag(sync=True)
    classes = traitlets.Unicode().tag(sync=True)
    z1 = traitlets.Float(0.0, min=-REACH, max=REACH).tag(sync=True)
    z2 = traitlets.Float(0.0, min=-REACH, max=REACH).tag(sync=True)
    view = traitlets.Enum(["classes", "images"], "classes").tag(sync=True)

    def __init__(
        self,
        decoder: nn.Sequential,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        *,
        points: Tensor | None = None,
        classes: Sequence[int] | Tensor = (),
        **traits: Any,
    ) -> None:
        """Pack the decoder and the points; see the class for arguments and errors."""
        channels, height, width = image_shape
        matrices = _matrices(decoder, channels * height * width)
        if channels != 1:
            raise ValueError(f"image_shape is {image_shape}; expected (1, H, W)")
        shown, names = _shown(points, classes)
        super().__init__(
            layers=[_pack(layer) for layer in matrices],
            height=height,
            width=width,
            points=_text((shown / GRID).round().to(torch.int16)),
            classes=names,
            **traits,
        )

    @traitlets.validate("z1", "z2")
    def _finite(self, proposal: Any) -> float:
        if proposal.value != proposal.value:  # NaN passes every comparison of bounds
            raise traitlets.TraitError(f"{proposal.trait.name} must be a number")
        return proposal.value

    def decode(self, z: Tensor) -> Tensor:
        """Decode (N, 2) to images (N, 1, H, W) with the weights that the page has.

        Raises:
            ValueError: If ``z`` has another shape.
        """
        if z.ndim != 2 or z.shape[1] != 2:
            raise ValueError(f"z has shape {tuple(z.shape)}; expected (N, 2)")
        values = z.float()
        for i, layer in enumerate(self.layers):
            values = linear(silu(values) if i else values, *_unpack(layer))
        return values.tanh().unflatten(1, (1, self.height, self.width))

    def describe(self) -> str:
        """Return the state in words, for readers without scripts."""
        known = f", {len(self.classes)} encoded digits" if self.classes else ""
        return (
            f"<p><strong>{html.escape(self.label)}.</strong> A plane from -3 to 3 in "
            f"both directions{known}, and the {self.height} by {self.width} image that "
            f"the decoder makes of ({self.z1:g}, {self.z2:g}). "
            "(The figure moves where scripts run.)</p>"
        )


def _matrices(decoder: nn.Sequential, pixels: int) -> list[nn.Linear]:
    layers = [module for module in decoder if isinstance(module, nn.Linear)]
    kinds = [type(module).__name__ for module in decoder]
    expected = (["Linear", "SiLU"] * len(layers))[:-1]
    ends = (layers[0].in_features, layers[-1].out_features) if layers else ()
    fits = all(a.out_features == b.in_features for a, b in pairwise(layers))
    if kinds != expected or ends != (2, pixels) or not fits:
        raise ValueError(
            f"the decoder is {', '.join(kinds) or 'empty'} with ends {ends}; expected "
            f"Linear layers with SiLU between them, from 2 numbers to {pixels}"
        )
    return layers


def _shown(
    points: Tensor | None, classes: Sequence[int] | Tensor
) -> tuple[Tensor, str]:
    """Return the points inside the plane, and a character for each."""
    names = torch.as_tensor(classes, dtype=torch.long)
    where = torch.zeros(0, 2) if points is None else points.detach().float().cpu()
    if where.ndim != 2 or where.shape[1] != 2 or names.shape != where.shape[:1]:
        raise ValueError(
            f"points have shape {tuple(where.shape)} and classes {tuple(names.shape)}; "
            "expected (N, 2) and (N,)"
        )
    if len(names) and not (0 <= names.min() and names.max() <= 9):
        raise ValueError(
            f"classes are from {names.min()} to {names.max()}; expected 0 to 9"
        )
    inside = (where.abs() <= REACH).all(1)  # a NaN is nowhere
    return where[inside], "".join(str(name) for name in names[inside].tolist())


def _pack(layer: nn.Linear) -> dict[str, Any]:
    weight = layer.weight.detach().float().cpu()
    scale = weight.abs().amax(1).clamp(min=1e-12) / 127
    levels = (weight / scale[:, None]).round().to(torch.int8)
    bias = torch.zeros(len(weight)) if layer.bias is None else layer.bias
    return {
        "inputs": layer.in_features,
        "weights": _text(levels),
        "scales": _text(scale),
        "biases": _text(bias.detach().float().cpu()),
    }


def _unpack(layer: dict[str, Any]) -> tuple[Tensor, Tensor]:
    def numbers(name: str, kind: str) -> Tensor:
        found = np.frombuffer(base64.b64decode(layer[name]), kind)
        return torch.from_numpy(found.astype(np.float32))

    levels = numbers("weights", "<i1").view(-1, layer["inputs"])
    return levels * numbers("scales", "<f4")[:, None], numbers("biases", "<f4")


def _text(values: Tensor) -> str:
    array = values.numpy()
    little = array.astype(array.dtype.newbyteorder("<"))
    return base64.b64encode(little.tobytes()).decode()
