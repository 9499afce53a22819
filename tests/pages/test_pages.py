"""Every page of the book: opens offline, is legible, labeled and fits a phone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.pages.conftest import Visit, open_context
from tools.address import ROOT, colab_url, repository_url

SEVERE = ("serious", "critical")


def pages_of_the_toc() -> list[str]:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    parts = toc.get("parts", [toc])
    return [entry["file"] for part in parts for entry in part.get("chapters", [])]


LISTED = pages_of_the_toc()
CHAPTERS = [page for page in LISTED if (ROOT / f"{page}.ipynb").exists()]
PAGES = ["index", *LISTED, "search", "genindex"]


def grouped(pages: list[str]) -> list:
    """Let one worker open one page."""
    return [pytest.param(page, marks=pytest.mark.xdist_group(page)) for page in pages]


@pytest.fixture(scope="module", params=grouped(PAGES))
def opened(request: pytest.FixtureRequest, browser: Browser, html: Path) -> Iterator:
    """The page, loaded once for all tests below."""
    context, visit = open_context(browser)
    visit.open((html / f"{request.param}.html").as_uri())
    visit.name = request.param
    yield visit
    context.close()


def test_opens_without_errors_or_network(opened: Visit) -> None:
    assert opened.page.title()
    assert opened.foreign == []
    assert opened.errors == []


def test_formulas_are_set(opened: Visit) -> None:
    page = opened.page
    waiting = page.locator(".bd-article :is(span, div).math:not(:has(mjx-container))")
    assert waiting.count() == 0
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
    prose = page.evaluate(
        """() => {
          const article = document.querySelector("main").cloneNode(true);
          const code = "pre, code, script, mjx-container, .gb-widget";
          article.querySelectorAll(code).forEach((element) => element.remove());
          return article.textContent;
        }"""
    )
    assert re.findall(r"\$\$|\\begin\{|\\frac|\{(?:cite|eq|ref|numref)\}", prose) == []


def test_pictures_have_labels(opened: Visit) -> None:
    bare = opened.page.evaluate(
        """() => [...document.querySelectorAll(".bd-article img, .bd-article svg")]
          .filter((picture) => !picture.closest("[aria-hidden=true], button, svg svg"))
          .filter((picture) => !(picture.alt || picture.getAttribute("aria-label")))
          .map((picture) => picture.outerHTML.slice(0, 200))"""
    )
    assert bare == []


def test_fits_a_phone(opened: Visit) -> None:
    page = opened.page
    page.set_viewport_size({"width": 375, "height": 800})
    page.wait_for_timeout(200)
    wide = page.evaluate(
        """() => {
          const root = document.scrollingElement;
          if (root.scrollWidth <= root.clientWidth) return [];
          return [...document.querySelectorAll(".bd-main *")]
            .filter((box) => box.getBoundingClientRect().right > root.clientWidth + 1)
            .map((box) => box.outerHTML.slice(0, 120)).slice(0, 8)
            .concat(`${root.scrollWidth} px`);
        }"""
    )
    cut = page.evaluate(
        """() => {
          document.querySelectorAll("details").forEach((box) => { box.open = true; });
          return new Promise((done) => setTimeout(done, 300)).then(() =>
            [...document.querySelectorAll(".bd-article span.math > mjx-container")]
              .filter((box) => !box.closest(".pst-scrollable-table-container"))
              .filter((box) => box.getBoundingClientRect().right > innerWidth)
              .map((box) => box.parentElement.parentElement.textContent.slice(0, 99)));
        }"""
    )
    page.set_viewport_size({"width": 1280, "height": 900})
    assert wide == []
    assert cut == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_is_accessible(opened: Visit, theme: str) -> None:
    """Axe finds nothing serious. Of code and formulas it sees the first few: the rest
    has its look from the same rules, and takes most of the time.
    """
    page = opened.page
    page.evaluate(
        """() => ["pre", "mjx-container"].forEach((name) =>
          [...document.querySelectorAll(name)].slice(6)
            .forEach((box) => box.classList.add("seen-already")))"""
    )
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    page.wait_for_timeout(300)
    rules = {"runOnly": ["color-contrast"]} if theme == "dark" else None
    rest = {"exclude": [[".seen-already"], ["svg.gb-figure"]]}
    found = Axe().run(page, context=rest, options=rules).response["violations"]
    severe = [
        (violation["id"], [node["html"][:160] for node in violation["nodes"][:3]])
        for violation in found
        if violation["impact"] in SEVERE
    ]
    assert severe == []


def test_has_one_search_box(opened: Visit) -> None:
    boxes = "#pst-primary-sidebar, .bd-sidebar-primary"
    fields = ".search-button-field, .bd-search input"
    sidebar = opened.page.locator(boxes).locator(fields)
    seen = [box for box in sidebar.all() if box.is_visible()]
    elsewhere = opened.page.locator(".bd-header-article").locator(fields)
    assert len(seen) == 1
    assert not [box for box in elsewhere.all() if box.is_visible()]


def test_figures_follow_the_mode(opened: Visit) -> None:
    page, colors = opened.page, []
    figures = page.locator("svg.gb-figure [style*='var(--gb-ink']")
    if figures.count() == 0:
        if opened.name in CHAPTERS:
            assert page.locator("svg.gb-figure").count() == 0
        return
    for theme in ("light", "dark"):
        page.evaluate(
            "name => { document.documentElement.dataset.theme = name }", theme
        )
        colors.append(
            figures.first.evaluate(
                "path => [getComputedStyle(path).fill, getComputedStyle(path).stroke]"
            )
        )
    assert colors[0] != colors[1]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_launch_button_opens_the_copy(html: Path, chapter: str) -> None:
    text = (html / f"{chapter}.html").read_text()
    links = re.findall(r'href="(https://colab\.research\.google\.com[^"]*)"', text)
    assert colab_url(repository_url(), chapter) in links


def test_front_page_is_the_first_page(html: Path) -> None:
    text = (html / "index.html").read_text()
    assert "http-equiv" not in text
    assert "<h1" in text


def test_pages_name_no_other_host(html: Path) -> None:
    """No script, style, font or picture comes from elsewhere, loaded or not."""
    load = re.compile(
        r"<(?:script|img|iframe|source)[^>]+src=[\"']?(https?:)?//[^>]+"
        r"|<link[^>]+rel=[\"']?(?:stylesheet|preload|icon)[^>]+href=[\"']?(https?:)?//[^>]+"
        r"|url\([\"']?(?:https?:)?//[^)]+"
    )
    for path in [*html.rglob("*.html"), *html.rglob("*.css")]:
        assert [found[0] for found in load.finditer(path.read_text())] == [], path
