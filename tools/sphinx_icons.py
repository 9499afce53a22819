"""Sphinx extension: of Font Awesome's 2,000 icons, only those that the pages show.

The theme brings three fonts and a style sheet, 400 kB in every page, for a dozen icons.
After the build this extension looks which icons the pages and scripts name, and writes
a few kilobytes in the place of the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pydata_sphinx_theme
from fontTools import subset
from sphinx.application import Sphinx

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"
FONTS = {
    "fa-solid-900": ("Font Awesome 6 Free", 900),
    "fa-regular-400": ("Font Awesome 6 Free", 400),
    "fa-brands-400": ("Font Awesome 6 Brands", 400),
}
_NAME = re.compile(r"\bfa-[a-z0-9-]+")
_ICON = re.compile(r'([^{}]*:before)\{content:"\\([0-9a-f]+)"\}')
_POINT = re.compile(r'"\\([ef][0-9a-f]{3})"')
_FACE = re.compile(r"@font-face\{[^}]*\}")


def used_names(texts: Iterable[str]) -> set[str]:
    """Return the names of icons, such as `fa-rocket`, that occur in the texts."""
    return {name for text in texts for name in _NAME.findall(text)}


def prune(css: str, names: set[str]) -> tuple[str, set[int]]:
    """Drop the rules of icons that are not named.

    Args:
        css: Font Awesome's style sheet.
        names: Class names to keep.

    Returns:
        The shorter style sheet, without fonts, and the code points it still shows.
    """
    points: set[int] = set()

    def keep(found: re.Match[str]) -> str:
        if names.isdisjoint(_NAME.findall(found[1])):
            return ""
        points.add(int(found[2], 16))
        return found[0]

    return _FACE.sub("", _ICON.sub(keep, css)), points


def write_font(name: str, points: set[int], source: Path, target: Path) -> str:
    """Write the glyphs of one font and return the style rule that loads it."""
    options = subset.Options(flavor="woff", layout_features=[], notdef_outline=False)
    font = subset.load_font(source / f"{name}.ttf", options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=points)
    subsetter.subset(font)
    subset.save_font(font, target / f"{name}.woff", options)
    family, weight = FONTS[name]
    return (
        f'@font-face{{font-family:"{family}";font-weight:{weight};font-display:block;'
        f'src:url(../webfonts/{name}.woff) format("woff")}}'
    )


def shrink(app: Sphinx, exception: Exception | None) -> None:
    """Replace Font Awesome in the built pages by the part of it that they show."""
    if exception is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    static, vendor = out / "_static", next(THEME.glob("vendor/fontawesome/*"))
    target = static / vendor.relative_to(THEME)
    pages = [path.read_text() for path in out.rglob("*.html")]
    scripts = [path.read_text() for path in static.glob("**/*.js")]
    css, points = prune(
        (vendor / "css" / "all.min.css").read_text(), used_names(pages + scripts)
    )
    for path in static.glob("**/*.css"):
        if path.name != "all.min.css":
            points |= {int(code, 16) for code in _POINT.findall(path.read_text())}
    for path in (target / "webfonts").iterdir():
        path.unlink()
    faces = [
        write_font(name, points, vendor / "webfonts", target / "webfonts")
        for name in FONTS
    ]
    (target / "css" / "all.min.css").write_text("".join(faces) + css)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("build-finished", shrink)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
