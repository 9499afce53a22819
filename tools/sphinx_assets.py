"""Sphinx extension: what every page loads, from the page's own host and no more.

MathJax is copied from the installed package `sphinx-mathjax-offline`: the one script
that sets TeX, its fonts and the TeX packages it may ask for, 2 of 24 MB. Files of the
theme that no page loads (source maps, a second set of icons) are left out.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.fileutil import copy_asset_file
from sphinx.util.osutil import ensuredir

TEMPLATES = Path(__file__).parent / "templates"
MATHJAX = (
    "tex-chtml.js",
    "output/chtml/fonts/woff-v2/*.woff",
    "input/tex/extensions/*.js",
)
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
UNUSED = ("**/*.map", "vendor/fontawesome/*/js/*", "locales/**/*", "images/logo_[!c]*")
_CITATION = re.compile(r'<div[^>]*class="citation(-list)?"[^>]*>')
_STUCK = re.compile(
    r'(<span class="math notranslate nohighlight">[^<]*</span>)([.,;:?!)]+)'
)
# The menu would make every formula a stop of the Tab key; MathML is there without it.
SETTINGS = {"options": {"enableMenu": False}}


def configure(app: Sphinx, config: Config) -> None:
    """Point Sphinx to the vendored MathJax and to the template that loads less."""
    config.mathjax_path = "mathjax/tex-chtml.js"
    config.mathjax3_config = {**SETTINGS, **(config.mathjax3_config or {})}
    config.templates_path = [*config.templates_path, str(TEMPLATES)]


def drop_idle_scripts(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Keep out of a page what it has no use for.

    That is MathJax where there is no formula, and the state of all widgets for a widget
    manager that our pages do not load: our widgets bring their state themselves.
    """
    # The domain's own answer counts the formulas of the pages below this one too.
    formulas = app.env.get_domain("math").data["has_equations"].get(page)

    def idle(script: Any) -> bool:
        if getattr(script, "attributes", {}).get("type") == WIDGET_STATE:
            return True
        return not formulas and "mathjax/" in str(getattr(script, "filename", script))

    scripts = context.get("script_files", [])
    context["script_files"] = [script for script in scripts if not idle(script)]


def mend_roles(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Drop the roles by which docutils' bibliographies confuse screen readers."""
    if "body" in context:
        context["body"] = _CITATION.sub(_without_role, context["body"])


def hold_punctuation(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Keep a formula and the punctuation behind it in one line.

    Browsers may break a line after a box, which a set formula is.
    """
    if "body" in context:
        held = r'<span class="gb-stuck">\1\2</span>'
        context["body"] = _STUCK.sub(held, context["body"])


def _without_role(found: re.Match[str]) -> str:
    return re.sub(r' role="[^"]*"', "", found[0])


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Copy MathJax beside the pages and remove what none of them loads."""
    if exception is not None or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    copy_mathjax(static / "mathjax")
    for pattern in UNUSED:
        for path in static.glob(pattern):
            if path.is_file():
                path.unlink()


def copy_mathjax(target: Path) -> None:
    """Copy the parts of MathJax that a page may ask for."""
    package = importlib.import_module("sphinx-mathjax-offline")
    source = Path(package.__file__ or "").parent / "static" / "mathjax"
    for pattern in MATHJAX:
        for path in source.glob(pattern):
            folder = target / path.relative_to(source).parent
            ensuredir(folder)
            copy_asset_file(path, folder)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("config-inited", configure)
    app.connect("html-page-context", drop_idle_scripts, priority=900)
    app.connect("html-page-context", mend_roles)
    app.connect("html-page-context", hold_punctuation)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
