"""Search works in the page: no server beyond one that hands out files."""

from tests.pages.conftest import Visit


def test_search_finds_a_chapter(visit: Visit, served: str) -> None:
    visit.open(f"{served}/search.html?q=transposed")
    first = visit.page.locator("#search-results li a").first
    first.wait_for(timeout=10_000)
    assert "transposed" in first.inner_text().lower()
    first.click()
    visit.page.wait_for_load_state("load")
    assert "transposed-convolution" in visit.page.url
    assert visit.foreign == []


def test_search_box_leads_to_the_results(visit: Visit, served: str) -> None:
    visit.open(f"{served}/index.html")
    visit.page.keyboard.press("Control+k")
    field = visit.page.locator(".search-button__search-container input")
    field.fill("convolution")
    field.press("Enter")
    visit.page.wait_for_url("**/search.html?q=convolution*")
    visit.page.locator("#search-results li a").first.wait_for(timeout=10_000)


def test_search_of_nothing_says_so(visit: Visit, served: str) -> None:
    visit.open(f"{served}/search.html?q=zzzunheardof")
    visit.page.get_by_text("did not match any documents").wait_for(timeout=10_000)
