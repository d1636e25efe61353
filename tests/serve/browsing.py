"""Pages of a service in a headless browser."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from serving import Served

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here")
expect.set_options(timeout=20_000)  # a machine may have other things to do
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}


@contextmanager
def opened(
    browser: Browser, served: Served, path: str = "/", size: str = "wide", dark: bool = False
) -> Generator[Page]:
    """Open the page; it must say nothing on the console, and load nothing from elsewhere."""
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light")
    said: list[str] = []
    expected = {"400", "401", "409"}  # which the console says of every reply
    page.on("console", lambda one: None if expected & {*one.text.split()} else said.append(one.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda one: None if one.url.startswith((served.url, "blob:", "data:")) else said.append(one.url))
    page.goto(served.url + path)
    yield page
    assert not said
    page.close()


def check(page: Page, size: str = "wide") -> None:
    """Check that everybody can use a page, and that it fits the screen."""
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    assert not found.response["violations"], found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]


def shifts(page: Page) -> float:
    """Give how far what stood on a page was moved by itself since it was opened (cumulative layout shift)."""
    return page.evaluate("""() => new Promise((told) => {
        let sum = 0;
        const watch = (entries) => { for (const one of entries) sum += one.value; };
        const observer = new PerformanceObserver((list) => watch(list.getEntries()));
        observer.observe({ type: "layout-shift", buffered: true });
        requestAnimationFrame(() => requestAnimationFrame(() => { watch(observer.takeRecords()); told(sum); }));
    })""")
