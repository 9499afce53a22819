"""One look for all figures: a palette by meaning, thin axes, crisp vector output."""

import sys

#: Color by meaning, the same in every figure and widget (light mode).
PALETTE = {
    "ink": "#1f2328",
    "muted": "#6b7280",
    "grid": "#d9dce1",
    "data": "#2563a8",  # what is real
    "generator": "#c8501e",  # what is made up
    "discriminator": "#7b3fa0",  # who tells them apart
    "latent": "#3f7d3a",  # the noise it all starts from
}

_STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": PALETTE["muted"],
    "axes.grid": True,
    "axes.labelcolor": PALETTE["ink"],
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": PALETTE["ink"],
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "figure.figsize": (7.2, 3.2),
    "font.size": 10,
    "grid.color": PALETTE["grid"],
    "grid.linewidth": 0.6,
    "image.cmap": "gray",
    "image.interpolation": "none",
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "savefig.bbox": "tight",
    "svg.fonttype": "none",  # real text: small, searchable, in the page's font
    "svg.hashsalt": "ganbook",  # the same figure gives the same file
    "text.color": PALETTE["ink"],
    "xtick.color": PALETTE["muted"],
    "xtick.labelcolor": PALETTE["ink"],
    "ytick.color": PALETTE["muted"],
    "ytick.labelcolor": PALETTE["ink"],
}


def use_style() -> None:
    """Set the book's figure style; in a notebook, draw figures as SVG."""
    import matplotlib
    from cycler import cycler

    roles = ("data", "generator", "discriminator", "latent", "muted")
    colors = cycler(color=[PALETTE[role] for role in roles])
    matplotlib.rcParams.update(_STYLE | {"axes.prop_cycle": colors})
    if "IPython" in sys.modules:
        _draw_svg()


def _draw_svg() -> None:
    from IPython import get_ipython

    if get_ipython() is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg")
