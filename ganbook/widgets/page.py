"""The base of all widgets: alive with a kernel, and just as alive without one."""

import html
import json
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import ipywidgets
import traitlets

_FOLDER = Path(__file__).parent
_IPYWIDGETS_TRAITS = frozenset(ipywidgets.DOMWidget.class_trait_names())


@cache
def read_source(name: str) -> str:
    """Return the text of a script or style sheet that lies beside this file."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def script_json(value: Any) -> str:
    """Return JSON that may stand inside an HTML ``<script>`` element.

    HTML ends a script at the first ``</script``, wherever it stands, and reads
    ``<!--`` as well; without a single ``<`` neither can occur.

    Raises:
        ValueError: If ``value`` holds a number that JSON cannot write (NaN, infinity).
        TypeError: If ``value`` holds an object that JSON cannot write.
    """
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace(
        "<", "\\u003c"
    )


def module_source(name: str) -> str:
    """Return a widget's whole ES module: the shared controls, then its own file."""
    return read_source("controls.js") + read_source(name)


class PageWidget(anywidget.AnyWidget):
    """A widget that also lives in a page without kernel, server or network.

    Where a kernel runs, this is an ordinary anywidget: traits tagged ``sync=True``
    follow each other in Python and in the browser. Beside that view, its display
    carries an HTML representation that holds all it needs (module, style, state),
    opens from a file, and shares a page with others of its kind.

    A subclass sets ``module`` to the name of its JavaScript file, which may use what
    ``controls.js`` defines (elements, buttons, a slider that plays); it declares traits
    with values that JSON can write, and describes itself in :meth:`describe`.

    Attributes:
        label: The name that assistive technology announces for the widget.
    """

    module: ClassVar[str] = ""

    label = traitlets.Unicode("Interactive figure").tag(sync=True)

    @property
    def _esm(self) -> str:  # read when the first instance is made, not at import
        if not self.module:
            raise NotImplementedError(
                f"{type(self).__name__} must name its JavaScript file in `module`"
            )
        return module_source(self.module)

    @property
    def _css(self) -> str:
        return read_source("page.css")

    def page_state(self) -> dict[str, Any]:
        """Return the traits that the JavaScript module reads, by name."""
        return {
            name: getattr(self, name)
            for name in sorted(self.trait_names(sync=True))
            if not name.startswith("_") and name not in _IPYWIDGETS_TRAITS
        }

    def describe(self) -> str:
        """Return HTML that stands in for the widget where no script runs."""
        return f"<p>{html.escape(self.label)} (moves where scripts run).</p>"

    def to_html(self) -> str:
        """Return the self-contained HTML representation.

        Raises:
            TypeError: If a trait holds a value that JSON cannot write.
            ValueError: If a trait holds a NaN or an infinity.
        """
        content = {
            "module": module_source(self.module),
            "style": read_source("page.css"),
            "state": self.page_state(),
        }
        try:
            content_json = script_json(content)
        except (TypeError, ValueError) as error:
            raise type(error)(
                f"{type(self).__name__}: its traits must be plain JSON values: {error}"
            ) from error
        return (
            '<div class="gb-widget" role="group" data-gb-widget'
            f' aria-label="{html.escape(self.label)}">\n'
            f"{self.describe()}\n"
            f'<script type="application/json">{content_json}</script>\n</div>\n'
            f'<script type="module">\n{read_source("page.js")}</script>'
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict] | None:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        return {**data, "text/html": self.to_html()}, metadata
