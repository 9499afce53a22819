"""What the chapters refer to: where each label is, what it is called, which works."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from pybtex.database import Entry, parse_file

from tools.address import ROOT
from tools.notebooks import chapters, read

_HEADING = re.compile(r"^\(([\w:.-]+)\)=\s*\n+#+ (.+)$", re.MULTILINE)
_BLOCK = re.compile(
    r"^[:`]{3,}\{(?P<kind>prf:\w+|exercise(?:-start)?|figure|table)\}"
    r"[ \t]*(?P<title>.*)\n"
    r"(?:^:(?!label|name)[\w-]+:.*\n)*^:(?:label|name):[ \t]*(?P<label>\S+)",
    re.MULTILINE,
)
_EQUATION = re.compile(
    r"\$\$\s*\(([\w:.-]+)\)\s*$|^\\begin\{(?:align|equation|gather)\}", re.MULTILINE
)
_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


@dataclass
class Label:
    """A place in the book: its page, its anchor there and its name in a sentence."""

    page: str
    anchor: str
    text: str


@dataclass
class Index:
    """Everything that a role may point to."""

    labels: dict[str, Label] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    works: dict[str, Entry] = field(default_factory=dict)


def index(root: Path = ROOT) -> Index:
    """Read the chapters, the pages and the bibliography below `root`."""
    result = Index()
    if (root / "references.bib").exists():
        result.works = dict(parse_file(str(root / "references.bib")).entries)
    for path in sorted([*root.glob("*.md"), *root.glob("book/*.md")]):
        _scan(path.read_text(), _page(path, root), result)
    for path in chapters(root):
        cells = read(path).cells
        prose = [cell.source for cell in cells if cell.cell_type == "markdown"]
        _scan("\n\n".join(prose), _page(path, root), result)
        for cell in cells:
            figure = cell.metadata.get("mystnb", {}).get("figure", {})
            if "name" in figure:
                name = figure["name"]
                result.labels[name] = Label(_page(path, root), name, "the figure")
    return result


def _page(path: Path, root: Path) -> str:
    return path.relative_to(root).with_suffix("").as_posix()


def _scan(text: str, page: str, result: Index) -> None:
    title = _TITLE.search(text)
    result.titles[page] = title[1].strip() if title else page
    for label, heading in _HEADING.findall(text):
        result.labels[label] = Label(page, label, heading.strip())
    for found in _BLOCK.finditer(text):
        kind = found["kind"].removeprefix("prf:").removesuffix("-start")
        name = f"{kind} “{found['title'].strip()}”" if found["title"].strip() else kind
        result.labels[found["label"]] = Label(page, found["label"], name)
    # Numbers as in the book: every numbered formula counts, in the order of the page.
    for number, found in enumerate(_EQUATION.finditer(text), start=1):
        if found[1]:
            result.labels[found[1]] = Label(page, f"equation-{found[1]}", f"({number})")


def authors(entry: Entry) -> str:
    """Return `Goodfellow et al.`, `Arjovsky and Bottou` or one name."""
    names = [" ".join(person.last_names) for person in entry.persons.get("author", [])]
    if len(names) > 2:
        return f"{names[0]} et al."
    title = re.sub(r"[{}]", "", entry.fields.get("title", entry.key))
    return " and ".join(names) or title


def short(entry: Entry) -> str:
    """Return a citation as text: authors and year."""
    return ", ".join(filter(None, [authors(entry), entry.fields.get("year")]))


def full(entry: Entry) -> str:
    """Return a line of a bibliography."""
    names = [
        " ".join([*person.first_names, *person.middle_names, *person.last_names])
        for person in entry.persons.get("author", [])
    ]
    fields = entry.fields
    venue = fields.get("journal") or fields.get("booktitle") or fields.get("publisher")
    title = f"*{fields.get('title', '').strip('{}')}*"
    parts = [", ".join(names), title, venue, fields.get("year")]
    line = ". ".join(part for part in parts if part) + "."
    address = fields.get("url") or _doi(fields.get("doi"))
    return re.sub(r"[{}]", "", line) + (f" <{address}>" if address else "")


def _doi(doi: str | None) -> str | None:
    return f"https://doi.org/{doi}" if doi else None
