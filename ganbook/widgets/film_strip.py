"""A strip of images to scrub through."""

import html
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import traitlets

from ganbook.widgets.encoding import data_uri
from ganbook.widgets.page import PageWidget


class FilmStrip(PageWidget):
    """Scrub or play a sequence of images, such as samples through training.

    Args:
        frames: uint8 arrays or tensors, (H, W) or (H, W, 3), all of one shape.
        labels: One short text a frame, such as ``"step 780"``.
        alt: What the images show; a frame's text is ``alt`` and its label.
        fps: Frames a second while playing.
        position: Index of the frame shown first; negative counts from the end.

    Raises:
        TypeError: If a frame is not uint8.
        ValueError: If frames are missing, differ in shape, or do not match the labels.
        traitlets.TraitError: If ``alt`` is empty or a value is out of range.
    """

    module: ClassVar[str] = "film_strip.js"

    label = traitlets.Unicode("Film strip").tag(sync=True)
    frames = traitlets.List(traitlets.Unicode()).tag(sync=True)
    labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    width = traitlets.Int(1, min=1).tag(sync=True)
    height = traitlets.Int(1, min=1).tag(sync=True)
    fps = traitlets.Float(4.0, min=0.2, max=30.0).tag(sync=True)
    position = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        frames: Sequence[Any],
        labels: Sequence[str],
        alt: str,
        fps: float = 4.0,
        *,
        position: int = 0,
        **traits: Any,
    ) -> None:
        """Encode the frames; see the class for arguments and errors."""
        images = [np.asarray(frame) for frame in frames]
        shapes = {image.shape for image in images}
        if not images or len(images) != len(labels):
            raise ValueError(
                "expected one label a frame and at least one frame, "
                f"got {len(images)} frames and {len(labels)} labels"
            )
        if len(shapes) > 1:
            raise ValueError(f"all frames must have one shape, got {sorted(shapes)}")
        super().__init__(
            frames=[data_uri(image) for image in images],
            labels=[str(label) for label in labels],
            alt=alt,
            height=images[0].shape[0],
            width=images[0].shape[1],
            fps=fps,
            position=position + len(images) if position < 0 else position,
            **{"label": f"Film strip: {alt}", **traits},
        )

    @traitlets.validate("alt")
    def _says_something(self, proposal: Any) -> str:
        if not proposal.value.strip():
            raise traitlets.TraitError("alt must say what the images show, got ''")
        return proposal.value

    @traitlets.validate("position")
    def _within_frames(self, proposal: Any) -> int:
        if not 0 <= proposal.value < len(self.frames):
            raise traitlets.TraitError(
                f"position must lie in 0..{len(self.frames) - 1}, got {proposal.value}"
            )
        return proposal.value

    def describe(self) -> str:
        """Return the last frame as an image, for readers without scripts."""
        text = html.escape(f"{self.alt}: {self.labels[-1]}")
        return (
            f'<p><img src="{self.frames[-1]}" alt="{text}" width="{self.width}"'
            f' height="{self.height}"><br>{html.escape(self.labels[-1])}</p>'
        )
