"""Our Sphinx extensions: figures, icons, streams, MathJax."""

import base64
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pytest
from myst_nb.core import render, utils
from nbformat import NotebookNode
from PIL import Image

from tools import sphinx_assets, sphinx_figures, sphinx_icons, sphinx_streams


@pytest.fixture(scope="module")
def drawn() -> str:
    figure, ax = plt.subplots(figsize=(3, 2))
    ax.plot([0, 1], [0, 1], color="#2563a8", label="data")
    ax.plot([0, 1], [1, 0], color="#C8501E", marker="o")
    ax.imshow([[0, 1], [1, 0]], extent=(0, 1, 0, 1))
    ax.fill_between([0, 1], [0, 1], color="#123456")
    stream = io.StringIO()
    figure.savefig(stream, format="svg")
    plt.close(figure)
    return stream.getvalue()


def test_figure_is_labeled_and_scales(drawn: str) -> None:
    root = ElementTree.fromstring(sphinx_figures.inline_svg(drawn, 'A "b" & c', "f1-"))
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'A "b" & c'
    assert root.get("viewBox")
    assert root.get("width") is None
    assert "max-width: 288px" in root.get("style", "")


def test_figure_uses_the_variables_of_the_page(drawn: str) -> None:
    result = sphinx_figures.inline_svg(drawn, "x", "f1-")
    assert "var(--gb-data, #2563a8)" in result
    assert "var(--gb-generator, #c8501e)" in result
    assert "#123456" in result
    assert not re.search(r"(fill|stroke): #(2563a8|c8501e)", result)


def test_figure_has_no_paper_and_no_metadata(drawn: str) -> None:
    assert "<metadata" in drawn
    assert "<style" in drawn
    result = sphinx_figures.inline_svg(drawn, "x", "f1-")
    assert "metadata" not in result
    assert "<style" not in result
    assert "<?xml" not in result
    assert 'id="f1-patch_1"' not in result


def test_first_box_of_a_diagram_is_no_paper(tmp_path: Path) -> None:
    from ganbook import viz

    viz.game().savefig(tmp_path / "game.svg")
    seen = sphinx_figures.inline_svg(
        (tmp_path / "game.svg").read_text(), "A game", "g-"
    )
    latent = viz.PALETTE["latent"]
    assert f"stroke: var(--gb-latent, {latent})" in seen  # the frame of "noise z"


def test_identifiers_have_the_prefix_and_resolve(drawn: str) -> None:
    result = sphinx_figures.inline_svg(drawn, "x", "f1-")
    names = set(re.findall(r'\bid="([^"]+)"', result))
    assert names
    assert all(name.startswith("f1-") for name in names)
    used = re.findall(r'href="#([^"]+)"', result) + re.findall(
        r"url\(#([^)]+)\)", result
    )
    assert used
    assert set(used) <= names


@pytest.mark.parametrize("text", ["no xml", "<html/>"])
def test_other_documents_are_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"SVG document|element svg"):
        sphinx_figures.inline_svg(text, "x", "f1-")


def test_palette_is_the_one_of_the_style_sheet() -> None:
    css = (Path(__file__).parents[1] / "assets/ganbook.css").read_text()
    light = css.split('html[data-theme="dark"]')[0]
    for color, variable in sphinx_figures.COLORS.items():
        if variable != "--gb-muted":
            assert f"{variable}: {color};" in light
        assert f"{variable}:" in light


def test_icons_keep_what_is_named(tmp_path: Path) -> None:
    vendor = next(sphinx_icons.THEME.glob("vendor/fontawesome/*"))
    css = (vendor / "css" / "all.min.css").read_text()
    names = sphinx_icons.used_names(['<i class="fa-solid fa-rocket fa-lg">'])
    short, points = sphinx_icons.prune(css, names)
    assert "fa-rocket:before" in short
    assert "fa-lg" in short
    assert "fa-cat:before" not in short
    assert points == {0xF135}
    fonts = vendor / "webfonts"
    rule = sphinx_icons.write_font("fa-solid-900", points, fonts, tmp_path)
    assert "fa-solid-900.woff" in rule
    assert 0 < (tmp_path / "fa-solid-900.woff").stat().st_size < 3000


def test_mathjax_is_copied_whole_enough(tmp_path: Path) -> None:
    sphinx_assets.copy_mathjax(tmp_path)
    assert (tmp_path / "tex-chtml.js").stat().st_size > 1_000_000
    fonts = list(tmp_path.glob("output/chtml/fonts/woff-v2/*.woff"))
    assert len(fonts) > 20
    total = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert total < 3_000_000


def embedded(svg: str) -> Image.Image:
    data = re.search(r"data:image/\w+;base64,([^\"]+)", svg)
    assert data
    return Image.open(io.BytesIO(base64.b64decode(data[1])))


def test_gray_pictures_become_smaller_and_stay_equal() -> None:
    figure, ax = plt.subplots(figsize=(2, 2))
    ax.imshow([[0, 90], [160, 255]], cmap="gray")
    ax.set_axis_off()
    stream = io.StringIO()
    figure.savefig(stream, format="svg")
    plt.close(figure)
    result = sphinx_figures.inline_svg(stream.getvalue(), "x", "f1-")
    before, after = embedded(stream.getvalue()), embedded(result)
    assert before.mode == "RGBA" and after.mode != "RGBA"
    assert after.convert("RGBA").tobytes() == before.tobytes()
    assert len(result) < len(stream.getvalue())


def test_colored_pictures_keep_their_color(drawn: str) -> None:
    result = embedded(sphinx_figures.inline_svg(drawn, "x", "f1-"))
    assert result.convert("RGBA").tobytes() == embedded(drawn).tobytes()


def test_a_line_that_a_kernel_sent_in_pieces_stays_a_line() -> None:
    def piece(text: str, name: str = "stdout") -> NotebookNode:
        return NotebookNode(output_type="stream", name=name, text=text)

    figure = NotebookNode(output_type="display_data", data={})
    sent = [piece("gap 2.8 "), figure, piece("oh", "stderr"), piece("= 4\nnext\n")]
    joined = sphinx_streams.join_streams(sent)
    assert [o["output_type"] for o in joined] == ["stream", "display_data", "stream"]
    assert joined[0]["text"] == "gap 2.8 = 4\nnext\n"
    assert sent[0]["text"] == "gap 2.8 "  # what was executed is left alone


def test_streams_are_joined_before_myst_nb_sees_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(render, "coalesce_streams", utils.coalesce_streams)
    for _ in range(2):  # twice does no harm
        sphinx_streams.setup(None)
    sent = [
        NotebookNode(output_type="stream", name="stdout", text=text)
        for text in ("a", "b\n", "c\n")
    ]
    (whole,) = render.coalesce_streams(sent)
    assert whole["text"] == "ab\nc\n"


def test_a_formula_keeps_its_comma() -> None:
    formula = '<span class="math notranslate nohighlight">\\(x &lt; 1\\)</span>'
    context = {"body": f"<p>If {formula}, then {formula} holds.</p>"}
    sphinx_assets.hold_punctuation(None, "a", "page.html", context, None)
    held = f'<span class="gb-stuck">{formula},</span>'
    assert context["body"] == f"<p>If {held} then {formula} holds.</p>"
