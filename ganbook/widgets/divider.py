"""Versions of one image, two at a time, with a line to drag between them."""

import html
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import traitlets

from ganbook.widgets.encoding import data_uri
from ganbook.widgets.page import PageWidget

ZOOMS = ("1", "2", "4", "8")


class Divider(PageWidget):
    """Compare two versions of one image by dragging the line between them.

    Two menus choose what stands left and right of the line. Zoomed, the view shows a
    part of the image, moved by dragging or by the arrow keys; an image pixel always
    covers whole screen pixels, so that nothing is smoothed that was not smooth.

    Args:
        images: uint8 arrays or tensors by name, (H, W) or (H, W, 3), all of one size.
        alt: What the images show; an image's text is ``alt`` and its name.
        notes: Short texts by name that stand under the images, such as
            ``"27.3 dB"``; names may be missing.
        left: Name of the image left of the line at first; the first one if empty.
        right: Likewise; the last one if empty.
        traits: ``zoom`` (one of "1", "2", "4", "8"), ``divider`` (the line's place, as
            a share of the view's width), ``x`` and ``y`` (the view's center, as shares
            of the image's sides), ``label``.

    Raises:
        TypeError: If an image is not uint8.
        ValueError: If there are fewer than two images, if sizes differ, or if a note
            belongs to no image.
        traitlets.TraitError: If ``alt`` is empty, if ``left`` or ``right`` names no
            image, or if a value is out of range.
    """

    module: ClassVar[str] = "divider.js"

    label = traitlets.Unicode("Compare two versions of an image").tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    images = traitlets.List(traitlets.Unicode()).tag(sync=True)
    notes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    width = traitlets.Int(1, min=1).tag(sync=True)
    height = traitlets.Int(1, min=1).tag(sync=True)
    left = traitlets.Unicode().tag(sync=True)
    right = traitlets.Unicode().tag(sync=True)
    zoom = traitlets.Enum(ZOOMS, "1").tag(sync=True)
    divider = traitlets.Float(0.5, min=0.0, max=1.0).tag(sync=True)
    x = traitlets.Float(0.5, min=0.0, max=1.0).tag(sync=True)
    y = traitlets.Float(0.5, min=0.0, max=1.0).tag(sync=True)

    def __init__(
        self,
        images: Mapping[str, Any],
        alt: str,
        notes: Mapping[str, str] | None = None,
        *,
        left: str = "",
        right: str = "",
        **traits: Any,
    ) -> None:
        """Encode the images; see the class for arguments and errors."""
        pixels = {name: np.asarray(image) for name, image in images.items()}
        sizes = {name: image.shape[:2] for name, image in pixels.items()}
        notes = notes or {}
        if len(pixels) < 2:
            raise ValueError(f"two or more images to compare, got {list(pixels)}")
        if len(set(sizes.values())) > 1:
            raise ValueError(f"all images must have one size (H, W), got {sizes}")
        if strange := sorted(set(notes) - set(pixels)):
            raise ValueError(f"notes {strange} belong to none of {list(pixels)}")
        names = list(pixels)
        height, width = sizes[names[0]]
        super().__init__(
            names=names,
            images=[data_uri(image) for image in pixels.values()],
            notes=[str(notes.get(name, "")) for name in names],
            alt=alt,
            width=width,
            height=height,
            left=left or names[0],
            right=right or names[-1],
            **{"label": f"Compare two versions: {alt}", **traits},
        )

    @traitlets.validate("alt")
    def _says_something(self, proposal: Any) -> str:
        if not proposal.value.strip():
            raise traitlets.TraitError("alt must say what the images show, got ''")
        return proposal.value

    @traitlets.validate("left", "right")
    def _names_an_image(self, proposal: Any) -> str:
        if proposal.value not in self.names:
            raise traitlets.TraitError(
                f"{proposal.trait.name} must be one of {self.names}, "
                f"got {proposal.value!r}"
            )
        return proposal.value

    def describe(self) -> str:
        """Return the names and notes, for readers without scripts."""
        rows = "".join(
            f"<li>{html.escape(': '.join(filter(None, row)))}</li>"
            for row in zip(self.names, self.notes, strict=True)
        )
        return (
            f"<p><strong>{html.escape(self.label)}.</strong> "
            f"(The images are shown where scripts run.)</p><ul>{rows}</ul>"
        )
