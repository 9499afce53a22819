"""The normalizer."""

from pathlib import Path

import pytest
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)

from tools import notebooks

URL = "https://github.com/someone/some-book"


def example() -> notebooks.NotebookNode:
    printed = [
        new_output("stream", name="stdout", text="a\n"),
        new_output("stream", name="stderr", text="a warning\n"),
        new_output("stream", name="stdout", text="b\n"),
        new_output(
            "execute_result",
            data={"text/plain": "3", "text/html": "<b>3</b>"},
            execution_count=17,
        ),
    ]
    checked = new_code_cell("1 + 2", outputs=printed, execution_count=17)
    checked.metadata = {"tags": [notebooks.CHECKED], "scrolled": True}
    plain = new_code_cell("print(1)", outputs=printed[:1], execution_count=4)
    cells = [
        new_markdown_cell("# A title\n"),
        plain,
        new_code_cell("  \n"),
        checked,
        new_code_cell("print(1)"),
    ]
    return new_notebook(cells=cells, metadata={"widgets": {"state": {}}})


def test_normal_form_is_stable() -> None:
    once = notebooks.normalize(example(), URL)
    assert notebooks.dumps(notebooks.normalize(once, URL)) == notebooks.dumps(once)


def test_same_content_gives_the_same_file() -> None:
    first = notebooks.normalize(example(), URL)
    second = notebooks.normalize(example(), URL)
    assert notebooks.dumps(first) == notebooks.dumps(second)


def test_original_is_left_alone() -> None:
    original = example()
    before = notebooks.dumps(original)
    notebooks.normalize(original, URL)
    assert notebooks.dumps(original) == before


def test_identifiers_are_unique() -> None:
    cells = notebooks.normalize(example(), URL).cells
    names = [cell["id"] for cell in cells]
    assert len(set(names)) == len(names) == 5


def test_outputs_stay_where_they_are_checked_only() -> None:
    _, _, plain, checked, _ = notebooks.normalize(example(), URL).cells
    assert plain.outputs == []
    assert plain.execution_count is None
    assert checked.execution_count == 3
    stream, result = checked.outputs
    assert (stream.name, stream.text) == ("stdout", "a\nb\n")
    assert result.data == {"text/plain": "3"}
    assert result.execution_count == 3


def test_metadata_is_what_the_book_reads() -> None:
    result = notebooks.normalize(example(), URL)
    assert set(result.metadata) == {"kernelspec", "language_info"}
    assert result.cells[3].metadata == {"tags": [notebooks.CHECKED]}


def test_setup_cell_comes_from_the_template() -> None:
    notebook = example()
    notebook.cells[1].metadata["tags"] = ["setup"]
    cells = notebooks.normalize(notebook, URL).cells
    assert len(cells) == 4
    assert f'"ganbook @ git+{URL}"' in cells[1].source
    assert cells[1].metadata["tags"] == notebooks.SETUP_TAGS


def write(tmp_path: Path, notebook: notebooks.NotebookNode, name: str) -> Path:
    path = tmp_path / name
    path.write_text(notebooks.dumps(notebook))
    return path


def test_normalize_file_says_whether_it_changed(tmp_path: Path) -> None:
    path = write(tmp_path, example(), "a.ipynb")
    assert notebooks.normalize_file(path, URL)
    assert not notebooks.normalize_file(path, URL)


def test_good_chapter_has_no_problems(tmp_path: Path) -> None:
    path = write(tmp_path, notebooks.normalize(example(), URL), "good-name.ipynb")
    assert notebooks.problems(path, URL) == []


@pytest.mark.parametrize(
    ("name", "source", "complaint"),
    [
        ("01-intro.ipynb", None, "lower-case words"),
        ("Intro.ipynb", None, "lower-case words"),
        ("a.ipynb", "\n".join(["x = 1"] * 16), "has 16 lines"),
        ("a.ipynb", "interact(f, x=(0, 1))", "skip-execution"),
    ],
)
def test_problems_are_named(
    tmp_path: Path, name: str, source: str | None, complaint: str
) -> None:
    notebook = example()
    if source:
        notebook.cells.append(new_code_cell(source))
    path = write(tmp_path, notebooks.normalize(notebook, URL), name)
    (problem,) = notebooks.problems(path, URL)
    assert complaint in problem


def test_checked_cell_without_output_is_a_problem(tmp_path: Path) -> None:
    notebook = example()
    notebook.cells[3].outputs = []
    path = write(tmp_path, notebooks.normalize(notebook, URL), "a.ipynb")
    assert "keeps no output" in notebooks.problems(path, URL)[0]


@pytest.mark.parametrize("text", ["<A at 0x7f3a2b1c>", "12.5it/s", "/tmp/xyz"])
def test_volatile_output_is_a_problem(tmp_path: Path, text: str) -> None:
    notebook = example()
    notebook.cells[3].outputs = [new_output("stream", name="stdout", text=text)]
    path = write(tmp_path, notebooks.normalize(notebook, URL), "a.ipynb")
    assert "changes from run to run" in notebooks.problems(path, URL)[0]


def test_second_title_is_a_problem(tmp_path: Path) -> None:
    notebook = example()
    notebook.cells.append(new_markdown_cell("# Another\n\n```\n# a comment\n```"))
    path = write(tmp_path, notebooks.normalize(notebook, URL), "a.ipynb")
    assert "has 2" in notebooks.problems(path, URL)[0]
