"""Write plain copies of the chapters, for places that know no MyST: `make colab`.

The code cells of a copy are those of the chapter, to the letter. The launch buttons of
the book open these copies; a job publishes them to the branch `colab`.
"""

from __future__ import annotations

import argparse
import ast
import posixpath
import re
import textwrap
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools import labels
from tools.address import ROOT, book_url, repository_url, split
from tools.notebooks import chapters, dumps, read
from tools.plain import translate

CITES = ("cite", "cite:p", "cite:t", "cite:ps", "cite:ts")
REFERS = ("ref", "numref", "prf:ref", "eq")
#: The page with the glossary.
GLOSSARY = "book/notation"


def excerpt(path: Path, name: str) -> str:
    """Return the source of a function, a class or a method `Class.method`.

    Raises:
        ValueError: If the file does not define it.
    """
    source = path.read_text()
    node: ast.AST = ast.parse(source)
    for part in name.split("."):
        named = [
            n for n in ast.iter_child_nodes(node) if getattr(n, "name", "") == part
        ]
        if not named:
            raise ValueError(f"{path} does not define {name}")
        node = named[0]
    return textwrap.dedent(ast.get_source_segment(source, node, padded=True) or "")


class Linker:
    """Say what stands in a copy where the chapter has a role or a link."""

    def __init__(self, page: str, index: labels.Index, url: str) -> None:
        """Begin the links of one page, such as `book/vanilla-gan`."""
        self.page, self.index, self.url = page, index, url
        self.cited: list[str] = []

    def __call__(self, kind: str, target: str, text: str) -> str:
        """Return Markdown for a role (or a plain link, an image, a formula's tag).

        Raises:
            ValueError: If the role has no translation or points to nothing.
        """
        if kind in CITES:
            return self._cite(kind, target)
        if kind in REFERS:
            return self._refer(kind, target, text)
        if kind == "term":
            # Sphinx names the anchor of a term so; a strict build knows that it exists.
            anchor = "term-" + re.sub(r"[^A-Za-z0-9]+", "-", target).strip("-")
            return f"[{text or target}]({self.published(GLOSSARY)}#{anchor})"
        if kind == "tag":
            return rf"\tag{{{self._label(target).text.strip('()')}}} "
        if kind in ("doc", "link"):
            return f"[{text or self._title(target)}]({self._address(target)})"
        if kind == "image":
            return f"![{text}]({self._raw(target)})"
        if kind == "include":
            return excerpt((ROOT / self.page).parent / target, text)
        raise ValueError(f"{self.page}: no translation for the role {kind!r}")

    def bibliography(self) -> str:
        """Return the list of the works that the page cited so far."""
        keys = sorted(set(self.cited))
        return "\n".join(f"- {labels.full(self.index.works[key])}" for key in keys)

    def _cite(self, kind: str, target: str) -> str:
        keys = [key.strip() for key in target.split(",")]
        missing = [key for key in keys if key not in self.index.works]
        if missing:
            raise ValueError(f"{self.page}: references.bib lacks {missing}")
        self.cited += keys
        entries = [self.index.works[key] for key in keys]
        link = self.published("references")
        if kind in ("cite:t", "cite:ts"):
            years = [entry.fields.get("year", "n.d.") for entry in entries]
            pairs = zip(entries, years, strict=True)
            return ", ".join(f"{labels.authors(e)} [({y})]({link})" for e, y in pairs)
        return f"([{'; '.join(labels.short(entry) for entry in entries)}]({link}))"

    def _refer(self, kind: str, target: str, text: str) -> str:
        label = self._label(target)
        name = text.replace("%s", "").replace("{name}", "").strip() or label.text
        return f"[{name}]({self.published(label.page)}#{label.anchor})"

    def _label(self, name: str) -> labels.Label:
        if name not in self.index.labels:
            raise ValueError(f"{self.page}: nothing has the label {name!r}")
        return self.index.labels[name]

    def published(self, page: str) -> str:
        """Return the address of a page of the published book."""
        return f"{book_url(self.url)}/{page}.html"

    def _resolve(self, target: str) -> str:
        folder = posixpath.dirname(self.page)
        joined = target[1:] if target.startswith("/") else f"{folder}/{target}"
        return posixpath.normpath(joined)

    def _address(self, target: str) -> str:
        if target.startswith("#") and target[1:] in self.index.labels:
            label = self.index.labels[target[1:]]
            return f"{self.published(label.page)}#{label.anchor}"
        if "://" in target or target.startswith(("#", "mailto:")):
            return target
        path, mark, anchor = target.partition("#")
        page = self._resolve(path).removesuffix(".md").removesuffix(".ipynb")
        if page in self.index.titles:
            return self.published(page) + mark + anchor
        owner, name = split(self.url)
        path = self._resolve(path)
        return f"https://github.com/{owner}/{name}/blob/main/{path}{mark}{anchor}"

    def _title(self, target: str) -> str:
        if target.startswith("#") and target[1:] in self.index.labels:
            return self.index.labels[target[1:]].text
        page = self._resolve(target.partition("#")[0])
        return self.index.titles.get(page.rsplit(".", 1)[0], target)

    def _raw(self, target: str) -> str:
        if "://" in target:
            return target
        owner, name = split(self.url)
        start = f"https://raw.githubusercontent.com/{owner}/{name}/main"
        return f"{start}/{self._resolve(target)}"


def copy(
    notebook: NotebookNode, page: str, index: labels.Index, url: str
) -> NotebookNode:
    """Return the plain copy of a chapter.

    Args:
        notebook: The chapter.
        page: Its place in the book, such as `book/vanilla-gan`.
        index: What its references may point to.
        url: The repository's address.
    """
    result = nbformat.from_dict(notebook)
    linker = Linker(page, index, url)
    for cell in result.cells:
        if cell.cell_type == "markdown":
            cell.source = translate(cell.source, linker, str)
    if linker.cited:
        works = f"## Works cited\n\n{linker.bibliography()}"
        result.cells.append(nbformat.v4.new_markdown_cell(works, id="works-cited"))
    _announce(result.cells[0], linker.published(page))
    result.metadata["colab"] = {"provenance": []}
    result.metadata.setdefault("accelerator", "GPU")
    return result


def _announce(cell: NotebookNode, address: str) -> None:
    """Say below the title where the chapter itself is."""
    title, _, rest = cell.source.partition("\n")
    note = f"*A plain copy for Colab. [The chapter in the book]({address}) has more.*"
    cell.source = f"{title}\n\n{note}\n{rest}".rstrip("\n")


def write_copies(target: Path, root: Path = ROOT) -> list[Path]:
    """Write a copy of every chapter below `target`, and return their paths."""
    url, index, written = repository_url(root), labels.index(root), []
    for path in chapters(root):
        page = path.relative_to(root).with_suffix("").as_posix()
        result = target / f"{page}.ipynb"
        result.parent.mkdir(parents=True, exist_ok=True)
        result.write_text(dumps(copy(read(path), page, index, url)))
        written.append(result)
    return written


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", type=Path, default=ROOT / "_build" / "colab")
    for path in write_copies(parser.parse_args().target):
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
