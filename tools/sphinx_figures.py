"""Sphinx extension: figures of the chapters become part of the page.

Matplotlib draws for white paper. Inlined as SVG, with the house's colors replaced by
CSS variables, a figure follows the page into dark mode, scales with it, and carries its
alternative text as its label. A figure without alternative text is a warning, which
the strict build treats as an error.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
# The light palette of `ganbook.viz`, and white: the variables of assets/ganbook.css.
COLORS = {
    "#1f2328": "--gb-ink",
    "#6b7280": "--gb-muted",
    "#d9dce1": "--gb-grid",
    "#2563a8": "--gb-data",
    "#c8501e": "--gb-generator",
    "#7b3fa0": "--gb-discriminator",
    "#3f7d3a": "--gb-latent",
    "#ffffff": "--gb-paper",
}
_COLOR = re.compile("|".join(COLORS), re.IGNORECASE)
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_PAINT = ("fill", "stroke", "stop-color")
_PIXELS_PER_POINT = 4 / 3


def inline_svg(text: str, label: str, prefix: str) -> str:
    """Return an SVG document as an element for a page.

    Args:
        text: The document, as Matplotlib writes it.
        label: The alternative text.
        prefix: What the identifiers begin with; unique in the page.

    Raises:
        ValueError: If `text` is no SVG document.
    """
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ValueError(f"no SVG document: {error}") from error
    if root.tag != f"{{{SVG}}}svg":
        raise ValueError(f"expected the element svg, got {root.tag}")
    _drop_metadata(root)
    _drop_background(root)
    for element in root.iter():
        _color(element)
        _rename(element, prefix)
        _shrink(element)
    _frame(root, label)
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    return ElementTree.tostring(root, encoding="unicode")


def _drop_metadata(root: Element) -> None:
    """Remove the file's description and a style that would reach the whole page."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)


def _drop_background(root: Element) -> None:
    """Remove the white paper behind the figure and behind each of its axes."""
    for group in root.iter(f"{{{SVG}}}g"):
        if not re.match(r"(figure|axes)_\d+$", group.get("id", "")):
            continue
        first = next(iter(group), None)
        if first is not None and first.get("id", "").startswith("patch_"):
            style = "".join(path.get("style", "") for path in first)
            outline = "".join(path.get("d", "") for path in first)
            # Straight edges: the first box of a diagram without axes has round ones.
            if not re.search("[CQ]", outline) and (
                "fill: #ffffff" in style or "fill: none" in style
            ):
                group.remove(first)


def _color(element: Element) -> None:
    """Write colors as style, with variables for those of the house."""
    style = [element.get("style", "").strip().rstrip(";")]
    for name in _PAINT:
        if name in element.attrib:
            style.append(f"{name}: {element.attrib.pop(name)}")
    joined = "; ".join(filter(None, style))
    if joined:
        element.set("style", _COLOR.sub(_variable, joined))


def _variable(found: re.Match[str]) -> str:
    color = found[0].lower()
    return f"var({COLORS[color]}, {color})"


def _rename(element: Element, prefix: str) -> None:
    """Prefix identifiers and the references to them, and shorten coordinates."""
    if "id" in element.attrib:
        element.set("id", prefix + element.attrib["id"])
    for name, value in element.attrib.items():
        if name in (f"{{{XLINK}}}href", "href") and value.startswith("#"):
            element.set(name, f"#{prefix}{value[1:]}")
        elif "url(#" in value:
            element.set(name, value.replace("url(#", f"url(#{prefix}"))
        elif name in ("d", "points"):
            element.set(
                name, _NUMBER.sub(lambda found: f"{float(found[0]):.2f}", value)
            )


def _shrink(element: Element) -> None:
    """Store an embedded picture as small as it goes without losing a color.

    Matplotlib writes PNG with four channels, whatever the picture.
    """
    name = f"{{{XLINK}}}href"
    head, found, data = element.get(name, "").partition(";base64,")
    if not found or head != "data:image/png":
        return
    picture = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA")
    *colors, alpha = picture.split()
    if alpha.getextrema() == (255, 255):
        gray = len({color.tobytes() for color in colors}) == 1
        picture = colors[0] if gray else picture.convert("RGB")
    choices = [element.get(name)]
    for kind, options in (
        ("png", {"optimize": True}),
        ("webp", {"lossless": True, "exact": True, "method": 6}),
    ):
        stream = io.BytesIO()
        picture.save(stream, format=kind, **options)
        text = base64.b64encode(stream.getvalue()).decode()
        choices.append(f"data:image/{kind};base64,{text}")
    element.set(name, min(choices, key=len))


def _frame(root: Element, label: str) -> None:
    """Label the picture, and let it shrink but not grow beyond its drawn width."""
    width = float(re.sub(r"[a-z]+$", "", root.get("width", "460")))
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("class", "gb-figure")
    root.set("role", "img")
    root.set("aria-label", label)
    limit = f"max-width: {width * _PIXELS_PER_POINT:.0f}px"
    root.set("style", f"{limit}; stroke-linejoin: round; stroke-linecap: butt")


def inline_figures(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Replace the SVG images of a page by their elements; ask for alternative texts."""
    for number, image in enumerate(list(doctree.findall(nodes.image))):
        label = image.get("alt", "").strip()
        if not label:
            logger.warning("image without alternative text", location=image, type="alt")
        path = Path(app.srcdir) / image["uri"]
        if app.builder.format != "html" or path.suffix != ".svg" or not path.is_file():
            continue
        if "jupyter_execute" not in path.parts:
            continue
        key = hashlib.sha256(f"{page} {number}".encode()).hexdigest()[:6]
        element = inline_svg(path.read_text(), label or "figure", f"f{key}-")
        image.replace_self(nodes.raw("", element, format="html"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("doctree-resolved", inline_figures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
