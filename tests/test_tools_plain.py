"""From MyST to the Markdown that Colab knows."""

from pathlib import Path

import pytest

from tools.colab import excerpt
from tools.plain import translate


def link(kind: str, target: str, text: str) -> str:
    return f"<{kind} {target} {text}>"


def plain(text: str) -> str:
    return translate(text, link, lambda: "THE WORKS")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("See {eq}`eq-a`.", "See <eq eq-a >."),
        ("See {ref}`the game <g>`.", "See <ref g the game>."),
        ("Two: {cite}`a,b` and {cite:t}`c`", "Two: <cite a,b > and <cite:t c >"),
        ("{math}`x^2`", "$x^2$"),
        (
            "`{eq}` is a role, `` {ref}`x` `` too",
            "`{eq}` is a role, `` {ref}`x` `` too",
        ),
        ("$a_{b}`c$ [d](e.md)", "$a_{b}`c$ <link e.md d>"),
        ("![a cat](cat.png)", "<image cat.png a cat>"),
        ("(a-label)=\n## A heading", "## A heading"),
        ("$$\nx\n$$ (eq-x)", "$$\nx\n<tag eq-x >$$"),
        ("$$ x $$ (eq-x)\n\ny", "$$ x <tag eq-x >$$\n\ny"),
        (":::{note}\nA *b*.\n:::", "> **Note**\n>\n> A *b*."),
        (
            "````{admonition} The title\n:class: tip\n\nText\n\nmore\n````",
            "> **The title**\n>\n> Text\n>\n> more",
        ),
        (
            ":::{prf:theorem} Gather\n:label: thm\n$x$\n:::",
            "> **Theorem (Gather)**\n>\n> $x$",
        ),
        (
            "```{exercise} Count\n:label: ex\nHow many?\n```",
            "> **Exercise (Count)**\n>\n> How many?",
        ),
        (
            "::::{solution} ex\n:class: dropdown\n\n"
            ":::{tip}\nB\n:::\n\n```python\n1\n```\n::::",
            "<details><summary>Solution</summary>\n\n> **Tip**\n>\n> B\n\n"
            "```python\n1\n```\n\n</details>",
        ),
        ("```{code-block} python\nx = 1\n```", "```python\nx = 1\n```"),
        ("```{math}\n:label: eq\nx\n```", "$$\nx\n$$"),
        ("```{bibliography}\n:filter: docname in docnames\n```", "THE WORKS"),
        ("```python\n:::{note}\n{eq}`x`\n```", "```python\n:::{note}\n{eq}`x`\n```"),
        (
            "```{figure} a.svg\n:alt: A game\nThe caption\n```",
            "<image a.svg A game>\n\nThe caption",
        ),
    ],
)
def test_translation(source: str, expected: str) -> None:
    assert plain(source) == expected


def test_plain_markdown_stays() -> None:
    text = "# Title\n\n- a\n- b\n\n| a | b |\n|---|---|\n| `c` | $d$ |\n\n> quote"
    assert plain(text) == text


@pytest.mark.parametrize("source", ["```{mermaid}\na\n```", ":::{glue} x\n:::"])
def test_unknown_directive_is_an_error(source: str) -> None:
    with pytest.raises(ValueError, match="no translation for the directive"):
        plain(source)


def test_unclosed_directive_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing closes"):
        plain(":::{note}\ntext")


def test_included_source_is_brought_along(tmp_path: Path) -> None:
    path = tmp_path / "games.py"
    path.write_text("class Game:\n    @once\n    def play(self):\n        return 1\n")
    source = (
        "```{literalinclude} games.py\n:language: python\n:pyobject: Game.play\n```"
    )
    code = "def play(self):\n    return 1"

    def include(kind: str, target: str, name: str) -> str:
        return excerpt(tmp_path / target, name)

    seen = translate(source, include, str)
    assert seen == f"```python\n{code}\n```"
    with pytest.raises(ValueError, match=r"does not define Game\.stop"):
        excerpt(path, "Game.stop")
