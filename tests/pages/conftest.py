"""A real browser, the rendered book, and no network."""

import functools
import http.server
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Route,
    expect,
    sync_playwright,
)

from ganbook.widgets import PageWidget
from tools.render import book_to_test

#: Mounts widgets in a page of their own.
Show = Callable[..., "list[Locator]"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Chromium itself must not look for updates either.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HERE = ("file:", "data:", "blob:", "about:", "http://127.0.0.1:", "ws://127.0.0.1:")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.pages)


@dataclass
class Visit:
    """An open page and what was seen while it loaded."""

    page: Page
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def open(self, address: str) -> None:
        """Load a page and wait until its formulas are set."""
        self.page.goto(address)
        self.page.wait_for_load_state("load")
        self.page.evaluate("window.MathJax?.startup?.promise")


@pytest.fixture(scope="session")
def html() -> Path:
    """The folder of a rendered book that is up to date."""
    return book_to_test().parent


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or whichever `CHROMIUM` names."""
    found = [os.environ.get("CHROMIUM"), *map(shutil.which, NAMES)]
    path = next(filter(None, found), None)
    if path is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def open_context(browser: Browser, **options: object) -> tuple[BrowserContext, Visit]:
    """Return a context that reaches nothing but this machine, and its one page."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
    visit = Visit(context.new_page())

    def guard(route: Route) -> None:
        if route.request.url.startswith(HERE):
            route.continue_()
        else:
            visit.foreign.append(route.request.url)
            route.abort()

    context.route("**/*", guard)
    visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
    visit.page.on(
        "console",
        lambda line: visit.errors.append(line.text) if line.type == "error" else None,
    )
    visit.page.on("requestfailed", lambda request: visit.errors.append(request.url))
    return context, visit


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """A fresh page."""
    context, visit = open_context(browser)
    yield visit
    context.close()


@pytest.fixture
def show(visit: Visit, tmp_path: Path) -> Iterator[Show]:
    """Write widgets into one page, open it, and return them mounted."""

    def show(*widgets: PageWidget, theme: str = "light") -> list[Locator]:
        parts = "<hr>".join(widget.to_html() for widget in widgets)
        page = tmp_path / "page.html"
        page.write_text(
            f'<!doctype html><html lang="en" data-theme="{theme}">'
            "<title>Widgets</title>"
            '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<body>{parts}",
            encoding="utf-8",
        )
        visit.open(page.as_uri())
        found = visit.page.locator('[data-gb-widget="ready"]')
        expect(found).to_have_count(len(widgets))
        return found.all()

    yield show
    assert visit.errors == []
    assert visit.foreign == []


@pytest.fixture(scope="session")
def served(html: Path) -> Iterator[str]:
    """The address of the book, served from this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(html))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
