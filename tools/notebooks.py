"""Keep the chapters normal: the same notebook, whoever saved it, is the same file.

A normal notebook has its set-up cell from the one template here, identifiers that
follow from the cells' content, no metadata but what the book reads, and no outputs but
those of cells tagged `nbval-check-output`, which the tests compare.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tools.address import ROOT, repository_url

CHECKED = "nbval-check-output"
SETUP_TAGS = ["setup", "hide-input"]
SETUP = """\
# The book's own package: already there in the repository, installed elsewhere.
try:
    import ganbook  # noqa: F401
except ModuleNotFoundError:
    %pip install --quiet "ganbook @ git+{url}"\
"""
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
KEPT_METADATA = ("accelerator", "mystnb")
KEPT_CELL_METADATA = ("tags", "mystnb")
LONGEST_CELL = 15
#: A call of `interact` runs at once into an output of its own. The client that executes
#: the book has waited forever for the end of such a cell; there is nobody to move it.
SKIPPED = "skip-execution"
_INTERACT = re.compile(r"\binteract\(")
_VOLATILE = re.compile(r"\b0x[0-9a-f]{6,}\b|\d+(\.\d+)?\s?it/s|/home/|/tmp/")


def chapters(root: Path = ROOT) -> list[Path]:
    """Return the notebooks of the book, by name."""
    return sorted((root / "book").glob("*.ipynb"))


def read(path: Path) -> NotebookNode:
    """Read a notebook as format 4.5, whatever minor version it was saved in."""
    return nbformat.reads(path.read_text(), as_version=4)


def tags(cell: NotebookNode) -> list[str]:
    """Return the tags of a cell."""
    return cell.metadata.get("tags", [])


def setup_source(url: str) -> str:
    """Return the set-up cell for the repository at `url`."""
    return SETUP.format(url=url)


def normalize(notebook: NotebookNode, url: str) -> NotebookNode:
    """Return the normal form of a notebook.

    Args:
        notebook: Format 4 notebook, left untouched.
        url: The repository's address, for the set-up cell.
    """
    result = nbformat.from_dict(notebook)
    result.nbformat, result.nbformat_minor = 4, 5
    kept = {
        key: result.metadata[key] for key in KEPT_METADATA if key in result.metadata
    }
    result.metadata = nbformat.from_dict({**METADATA, **kept})
    result.cells = [cell for cell in result.cells if cell.source.strip()]
    _place_setup(result, url)
    count = 0
    for cell in result.cells:
        count += cell.cell_type == "code"
        _normalize_cell(cell, count)
    for cell, name in zip(result.cells, _identifiers(result.cells), strict=True):
        cell["id"] = name
    return result


def _place_setup(notebook: NotebookNode, url: str) -> None:
    found = [cell for cell in notebook.cells if "setup" in tags(cell)]
    if not found:
        found = [new_code_cell()]
        notebook.cells.insert(1, found[0])
    found[0].source = setup_source(url)
    found[0].metadata["tags"] = list(SETUP_TAGS)
    notebook.cells = [cell for cell in notebook.cells if cell not in found[1:]]


def _normalize_cell(cell: NotebookNode, count: int) -> None:
    found = {key: cell.metadata.get(key) for key in KEPT_CELL_METADATA}
    kept = {key: value for key, value in found.items() if value}
    cell.metadata = nbformat.from_dict(kept)
    cell.source = cell.source.strip("\n")
    if cell.cell_type != "code":
        return
    checked = CHECKED in tags(cell)
    cell.outputs = list(_stable(cell.outputs)) if checked else []
    # A fresh run numbers the cells from one: the ordinal is that number.
    cell.execution_count = count if checked and cell.outputs else None
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output.execution_count = count


def _stable(outputs: list[NotebookNode]) -> Iterator[NotebookNode]:
    """Yield what a checked cell printed or returned as text; streams are merged."""
    text = "".join(o.text for o in outputs if o.get("name") == "stdout")
    if text:
        yield nbformat.v4.new_output("stream", name="stdout", text=text)
    for output in outputs:
        if output.output_type == "execute_result":
            plain = {"text/plain": output.data.get("text/plain", "")}
            yield nbformat.v4.new_output("execute_result", data=plain)


def _identifiers(cells: list[NotebookNode]) -> Iterator[str]:
    """Yield one identifier a cell: from its content, numbered where that repeats."""
    seen: dict[str, int] = {}
    for cell in cells:
        content = f"{cell.cell_type}\n{cell.source}".encode()
        name = hashlib.sha256(content).hexdigest()[:8]
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}-{seen[name]}"


def dumps(notebook: NotebookNode) -> str:
    """Write a notebook as text, as `nbformat` and JupyterLab do."""
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def normalize_file(path: Path, url: str) -> bool:
    """Rewrite a notebook in its normal form and say whether that changed the file."""
    before = path.read_text()
    after = dumps(normalize(read(path), url))
    if after != before:
        path.write_text(after)
    return after != before


def problems(path: Path, url: str) -> list[str]:
    """List in what a chapter departs from the rules, in words."""
    notebook = read(path)
    found = []
    if dumps(normalize(notebook, url)) != path.read_text():
        found.append("is not normal: run `make normalize`")
    if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", path.stem):
        found.append("needs a name of lower-case words joined by hyphens")
    titles = sum(
        _titles(cell.source) for cell in notebook.cells if cell.cell_type == "markdown"
    )
    if titles != 1:
        found.append(f"needs one title (`# ...`), has {titles}")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, start=1):
        found += [f"code cell {number} {problem}" for problem in _cell_problems(cell)]
    return found


def _titles(markdown: str) -> int:
    outside = re.sub(r"^(`{3,}|~{3,}).*?^\1\s*$", "", markdown, flags=re.DOTALL | re.M)
    return len(re.findall(r"^# \S", outside, flags=re.MULTILINE))


def _cell_problems(cell: NotebookNode) -> Iterator[str]:
    length = cell.source.count("\n") + 1
    if length > LONGEST_CELL:
        yield f"has {length} lines, at most {LONGEST_CELL} are meant to be read"
    if _INTERACT.search(cell.source) and SKIPPED not in tags(cell):
        yield f"calls interact: tag it {SKIPPED}, or take interact_manual"
    if CHECKED not in tags(cell):
        return
    if not cell.outputs:
        yield f"is tagged {CHECKED} and keeps no output: run `make chapter`"
    for output in cell.outputs:
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        if _VOLATILE.search(text):
            yield f"keeps an output that changes from run to run: {text.strip()!r}"


def main() -> None:
    """Run the command line: `normalize` or `check` the chapters."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["normalize", "check"])
    parser.add_argument("paths", nargs="*", type=Path)
    options = parser.parse_args()
    url, failed = repository_url(), False
    for path in options.paths or chapters():
        if options.action == "normalize":
            print(f"{'normalized' if normalize_file(path, url) else 'normal'}  {path}")
            continue
        for problem in problems(path, url):
            failed = True
            print(f"{path.name}: {problem}", file=sys.stderr)
    sys.exit(failed)


if __name__ == "__main__":
    main()
