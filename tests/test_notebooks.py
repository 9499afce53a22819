"""The chapters: normal, complete, listed, and translated for Colab without loss."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tools import colab, labels, notebooks
from tools.address import ROOT, repository_url

CHAPTERS = notebooks.chapters()
URL = repository_url()
# Code and formulas, in which braces and colons mean something else.
NO_PROSE = re.compile(r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$", re.DOTALL)
by_name = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def prose(path: Path) -> str:
    cells = notebooks.read(path).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def test_there_are_chapters() -> None:
    assert CHAPTERS


@by_name
def test_follows_the_rules(path: Path) -> None:
    assert notebooks.problems(path, URL) == []


@by_name
def test_setup_cell_is_the_template(path: Path) -> None:
    cells = notebooks.read(path).cells
    found = [cell for cell in cells if "setup" in notebooks.tags(cell)]
    assert [cell.source for cell in found] == [notebooks.setup_source(URL)]
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert code[0] is found[0]


@by_name
def test_is_listed_once(path: Path) -> None:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    listed = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    assert listed.count(f"book/{path.stem}") == 1


@by_name
def test_named_figures_have_alternative_text(path: Path) -> None:
    """Those that the page shows without are warnings of the strict build."""
    for cell in notebooks.read(path).cells:
        settings = cell.metadata.get("mystnb", {})
        if "figure" in settings:
            assert settings.get("image", {}).get("alt", "").strip(), cell.source


@by_name
def test_ends_with_exercises_and_solutions(path: Path) -> None:
    text = prose(path)
    exercises = re.findall(r"\{exercise(?:-start)?\}", text)
    solutions = re.findall(r"\{solution(?:-start)?\}", text)
    assert len(exercises) >= 3
    assert len(solutions) == len(exercises)


@by_name
def test_colab_copy_keeps_the_code_and_no_directive(path: Path) -> None:
    original = notebooks.read(path)
    page = f"book/{path.stem}"
    copied = colab.copy(original, page, labels.index(), URL)
    code = [cell.source for cell in original.cells if cell.cell_type == "code"]
    assert [cell.source for cell in copied.cells if cell.cell_type == "code"] == code
    for cell in copied.cells:
        if cell.cell_type == "markdown":
            outside = NO_PROSE.sub("", cell.source)
            left = r"^\s*:{3,}|\{[a-z:]+\}|^\([\w-]+\)=|^:\w+:|\(eq-"
            assert re.findall(left, outside, flags=re.MULTILINE) == [], cell.source
            assert "```{" not in cell.source
            assert not re.search(r"\{[a-z:]+\}`", cell.source), cell.source


def test_colab_copies_are_written_as_notebooks(tmp_path: Path) -> None:
    written = colab.write_copies(tmp_path)
    assert [path.stem for path in written] == [path.stem for path in CHAPTERS]
    for path in written:
        assert path.parent == tmp_path / "book"
        assert json.loads(path.read_text())["nbformat"] == 4
