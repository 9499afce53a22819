"""Translate the book's Markdown (MyST) to the Markdown that Colab and GitHub know.

Directives become titled quotes or folded details, roles become text with links into
the published book, labels go, mathematics stays. What has no translation raises, so
that a chapter cannot quietly lose a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Link = Callable[[str, str, str], str]

_OPEN = re.compile(r"^(?P<fence>`{3,}|~{3,}|:{3,})\s*(?P<info>.*)$")
_DIRECTIVE = re.compile(r"^\{(?P<name>[\w:-]+)\}\s*(?P<argument>.*)$")
_OPTION = re.compile(r"^:(?P<key>[\w-]+):\s*(?P<value>.*)$")
_TARGET = re.compile(r"^\([\w:.-]+\)=\s*$")
_MATH_END = re.compile(r"\$\$\s*\((?P<label>[\w:.-]+)\)\s*$")
_INLINE = re.compile(
    r"\{(?P<role>[\w:+-]+)\}(?P<ticks>`+)(?P<content>.+?)(?P=ticks)"
    r"|(?P<code>(?P<marks>`+)(?!`).+?(?<!`)(?P=marks)(?!`))"
    r"|(?P<math>\$\$.+?\$\$|\$[^$\n]+\$)"
    r"|(?P<image>!?)\[(?P<text>[^\]]*)\]\((?P<address>[^)\s]+)\)",
    re.DOTALL,
)
_EXPLICIT = re.compile(r"^(?P<text>.*?)\s*<(?P<target>[^>]+)>$", re.DOTALL)

QUOTED = {
    "admonition", "note", "tip", "hint", "important", "seealso", "warning", "caution",
    "attention", "danger", "error", "margin", "sidebar", "exercise", "card",
    "grid-item-card", "tab-item", "epigraph",
}  # fmt: skip
UNWRAPPED = {
    "grid",
    "grid-item",
    "tab-set",
    "div",
    "container",
    "table",
    "card-carousel",
}
DROPPED = {"toctree", "contents", "exercise-end", "solution-end", "tableofcontents"}
CODE = {"code", "code-block", "code-cell", "sourcecode"}
TITLED_BY_ARGUMENT = {
    "admonition", "sidebar", "card", "grid-item-card", "tab-item", "dropdown",
}  # fmt: skip


@dataclass
class Directive:
    """A directive of MyST, taken apart."""

    name: str
    argument: str
    options: dict[str, str]
    body: str

    @property
    def folded(self) -> bool:
        """Whether the book shows it closed at first."""
        classes = self.options.get("class", "").split()
        return self.name in ("solution", "dropdown") or "dropdown" in classes

    @property
    def title(self) -> str:
        """The line above the body, without emphasis."""
        kind = self.name.removeprefix("prf:").removesuffix("-start").capitalize()
        if self.name == "seealso":
            kind = "See also"
        if self.name in TITLED_BY_ARGUMENT:
            return self.argument
        if self.argument and not self.name.startswith("solution"):
            return f"{kind} ({self.argument})"
        return kind


def translate(text: str, link: Link, bibliography: Callable[[], str]) -> str:
    """Return MyST Markdown as plain Markdown.

    Args:
        text: One cell.
        link: Called with a role's name, its target and its explicit text (or nothing);
            returns the Markdown to put in its place.
        bibliography: Returns what stands in place of a bibliography.

    Raises:
        ValueError: If a directive or a role has no translation.
    """
    pieces = []
    for kind, content in _blocks(text.split("\n")):
        if kind == "code":
            pieces.append(content)
        elif kind == "directive":
            directive = _parse(content)
            inner = translate(directive.body, link, bibliography)
            pieces.append(_replace(directive, inner, link, bibliography))
        else:
            pieces.append(_inline(content, link))
    joined = "\n".join(piece for piece in pieces if piece is not None)
    joined = re.sub(r"((?:^|[.!?]\s|\n)\s*\[)the ", r"\1The ", joined)
    return re.sub(r"\n{3,}", "\n\n", joined).strip("\n")


def _blocks(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (kind, text): prose without labels, code fences, directives."""
    prose: list[str] = []
    index = 0
    while index < len(lines):
        found = _OPEN.match(lines[index])
        if not found:
            if not _TARGET.match(lines[index]) and lines[index].strip() != "+++":
                prose.append(lines[index])
            index += 1
            continue
        end = _end(lines, index, found["fence"])
        yield "prose", "\n".join(prose)
        prose = []
        block = "\n".join(lines[index : end + 1])
        yield ("directive" if found["info"].startswith("{") else "code"), block
        index = end + 1
    yield "prose", "\n".join(prose)


def _end(lines: list[str], start: int, fence: str) -> int:
    """Return the line that closes the fence opened at `start`."""
    for index in range(start + 1, len(lines)):
        line = lines[index].rstrip()
        if len(line) >= len(fence) and set(line) == {fence[0]}:
            return index
    raise ValueError(f"nothing closes {lines[start]!r}")


def _parse(block: str) -> Directive:
    lines = block.split("\n")
    opened = _OPEN.match(lines[0])
    found = opened and _DIRECTIVE.match(opened["info"])
    if not found:
        raise ValueError(f"no directive: {lines[0]!r}")
    options, body = {}, lines[1:-1]
    while body and (option := _OPTION.match(body[0])):
        options[option["key"]] = option["value"]
        body = body[1:]
    return Directive(
        found["name"], found["argument"].strip(), options, "\n".join(body).strip("\n")
    )


def _replace(
    directive: Directive, inner: str, link: Link, bibliography: Callable[[], str]
) -> str:
    """Return what stands in place of a directive; `inner` is its translated body."""
    name, title = directive.name, _inline(directive.title, link)
    if name in DROPPED:
        return ""
    if name == "bibliography":
        return bibliography()
    if name in CODE:
        return f"```{directive.argument}\n{directive.body}\n```"
    if name == "literalinclude":
        code = link("include", directive.argument, directive.options["pyobject"])
        return f"```python\n{code}\n```"
    if name == "math":
        return f"$$\n{directive.body}\n$$"
    if name in ("figure", "image"):
        return _picture(directive, inner, link)
    if name in UNWRAPPED:
        return f"\n{inner}\n"
    if name.endswith("-start"):
        return f"\n**{title}**\n\n{inner}\n"
    if directive.folded:
        summary = f"<summary>{title}</summary>"
        return f"\n<details>{summary}\n\n{inner}\n\n</details>\n"
    if name in QUOTED or name.startswith("prf:"):
        quoted = f"**{title}**\n\n{inner}" if title else inner
        lines = [f"> {line}".rstrip() for line in quoted.strip().split("\n")]
        return "\n" + "\n".join(lines) + "\n"
    raise ValueError(f"no translation for the directive {name!r}")


def _picture(directive: Directive, inner: str, link: Link) -> str:
    alt = directive.options.get("alt", "")
    picture = link("image", directive.argument, alt)
    return f"\n{picture}\n\n{inner}\n" if inner else f"\n{picture}\n"


def _inline(text: str, link: Link) -> str:
    """Translate roles and links in running text; code and formulas stay."""

    def replace(found: re.Match[str]) -> str:
        if found["role"]:
            return _role(found["role"], found["content"], link)
        if found["address"] is not None:
            kind = "image" if found["image"] else "link"
            return link(kind, found["address"], found["text"])
        return found[0]

    lines = [_numbered(line, link) for line in text.split("\n")]
    return _INLINE.sub(replace, "\n".join(lines))


def _numbered(line: str, link: Link) -> str:
    """Turn the label after a formula into the number that the book shows."""
    found = _MATH_END.search(line)
    if not found:
        return line
    tag = link("tag", found["label"], "")
    return f"{line[: found.start()]}{tag}$$"


def _role(name: str, content: str, link: Link) -> str:
    if name == "math":
        return f"${content}$"
    if name in ("code", "kbd", "samp", "file"):
        return f"`{content}`"
    if name == "abbr":
        return re.sub(r"\s*\(.*\)$", "", content)
    if name in ("sub", "sup"):
        return f"<{name}>{content}</{name}>"
    explicit = _EXPLICIT.match(content)
    if explicit:
        return link(name, explicit["target"], explicit["text"])
    return link(name, content, "")
