"""Sphinx extension: what a cell prints comes out as it was printed.

A kernel sends what is printed in pieces, cut where its clock says. myst-nb joins the
pieces of a cell and ends each with a line break, also in the middle of a line. Here
they are joined before it sees them, as they are.
"""

from __future__ import annotations

from typing import Any

from myst_nb.core import render
from nbformat import NotebookNode
from sphinx.application import Sphinx


def join_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Put all pieces of a stream into its first one, as they are."""
    joined: list[NotebookNode] = []
    first: dict[str, NotebookNode] = {}
    for output in outputs:
        if output["output_type"] == "stream":
            if output["name"] in first:
                first[output["name"]]["text"] += output["text"]
                continue
            output = first[output["name"]] = NotebookNode(output)
        joined.append(output)
    return joined


def setup(app: Sphinx) -> dict[str, Any]:
    """Let myst-nb's own rules (order, carriage returns) see whole streams."""
    tidy = render.coalesce_streams
    if not hasattr(tidy, "whole"):

        def coalesce_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
            return tidy(join_streams(outputs))

        coalesce_streams.whole = True
        render.coalesce_streams = coalesce_streams
    return {"version": "1", "parallel_read_safe": True}
