"""The page that people ask on, in a real browser, over a real service."""

import io
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.testclient import TestClient
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from serving import LEAVE, PAY, Served, make_key, office, serving, write_office

import scoville as sc
from conftest import set_fakes
from scoville.serve.app import build_app

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here")
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@contextmanager
def opened(browser: Browser, served: Served, size: str = "wide", dark: bool = False) -> Generator[Page]:
    """Open the page; it must say nothing on the console, and load nothing from elsewhere."""
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if "401" not in message.text else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda one: None if one.url.startswith((served.url, "blob:", "data:")) else said.append(one.url))
    page.goto(served.url)
    yield page
    assert not said
    page.close()


def ask(page: Page, question: str) -> None:
    page.get_by_label("Question").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator("article .meta").last).to_be_visible()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with office(tmp_path) as one:
        yield one


def test_a_number_behind_a_sentence_opens_its_page_with_the_words_marked(browser: Browser, served: Served):
    with opened(browser, served) as page:
        expect(page.get_by_role("list", name="Documents")).to_contain_text("handbook.pdf")
        ask(page, LEAVE)
        expect(page.locator(".said")).to_contain_text("Parental leave takes 16 weeks.")
        page.locator(".said .mark").first.click()
        mark = page.locator(".paper rect").first
        expect(mark).to_be_in_viewport()
        expect(page.locator("#quote")).to_have_text("Parental leave takes 16 weeks.")
        picture, box = page.locator(".paper img").bounding_box(), mark.bounding_box()
        assert picture and box
        with served.client() as client:
            cited = client.post("/api/ask", json={"question": LEAVE}).json()["citations"][0]
            drawn = client.get(cited["url"].partition("?")[0])
        ink = np.argwhere(np.asarray(Image.open(io.BytesIO(drawn.content)).convert("L")) < 128)  # all that is printed
        scale = picture["width"] / Image.open(io.BytesIO(drawn.content)).width
        (top, left), (bottom, right) = ink.min(axis=0) * scale, ink.max(axis=0) * scale
        assert box["x"] - picture["x"] <= left and right <= box["x"] + box["width"] - picture["x"]
        assert box["y"] - picture["y"] <= top and bottom <= box["y"] + box["height"] - picture["y"]
        assert box["height"] < 3 * (bottom - top)


def test_a_question_without_an_answer_says_why_and_a_broken_service_what_is_wrong(browser: Browser, tmp_path: Path):
    write_office(tmp_path)
    with sc.open(tmp_path, answer={"min_similarity": 1.0}) as bot:
        bot.sync()
        with serving(bot) as served, opened(browser, served) as page:
            ask(page, "What colour is the moon of Jupiter?")
            expect(page.locator(".refusal")).to_contain_text("I don't know")
            assert page.locator(".refusal .why").inner_text()
            broken = 'event: error\ndata: {"error": {"message": "it broke"}}\n\n'
            page.route("**/api/ask", lambda route: route.fulfill(status=200, body=broken))
            page.get_by_label("Question").fill(LEAVE)
            page.keyboard.press("Enter")
            expect(page.locator(".fault")).to_contain_text("it broke")
            expect(page.get_by_role("button", name="Ask", exact=True)).to_be_enabled()


def test_a_wrong_answer_is_reported_with_the_right_one(browser: Browser, served: Served):
    with opened(browser, served) as page:
        ask(page, LEAVE)
        page.get_by_role("button", name="Wrong").click()
        page.get_by_label("What is wrong with it?").fill("out of date")
        page.get_by_label("The right answer").fill("18 weeks")
        page.get_by_role("button", name="Send").click()
        expect(page.locator(".opinion")).to_have_text("Thank you, it is kept.")
        with served.client() as client:
            (kept,) = client.get("/api/feedback").json()["feedback"]
        assert (kept["rating"], kept["reason"], kept["answer"]) == ("down", "out of date", "18 weeks")


def test_documents_are_text_and_no_part_of_the_page(browser: Browser, tmp_path: Path):
    evil = "<img src=x onerror=document.title='owned'> <script>document.title='owned'</script>"
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "<b>rules.md").write_text(f"# {evil}\n\nParental leave takes 16 weeks {evil}.\n")
    with sc.open(tmp_path, answer={"min_similarity": 0.0}) as bot:
        bot.add(tmp_path / "docs")
        with serving(bot) as served, opened(browser, served) as page:
            ask(page, f"What is {evil}?")
            ask(page, LEAVE)
            page.locator(".said .mark").first.click()
            expect(page.locator("#sheet pre")).to_contain_text("onerror")
            assert page.locator("img, script:not([src]), .shelf b").count() == 0
            assert "owned" not in page.title()


def test_with_keys_the_page_tells_nothing_before_one_is_given(browser: Browser, tmp_path: Path):
    write_office(tmp_path)
    key = make_key(tmp_path, "ann", scopes=("ask",), groups=("staff",))
    with sc.open(tmp_path) as bot:
        bot.sync()
        with serving(bot) as served, opened(browser, served) as page:
            assert "handbook" not in page.content() and "documents ·" not in page.content()
            page.get_by_label("Question").fill(LEAVE)
            page.keyboard.press("Enter")
            page.get_by_label("Key", exact=True).fill(key)
            page.get_by_role("button", name="Go on").click()
            expect(page.locator(".said")).to_contain_text("16 weeks")
            page.locator(".said .mark").first.click()
            expect(page.locator(".paper img")).to_be_visible()
            ask(page, PAY)  # is for the board
            assert "250,000" not in page.content()


def test_everything_is_reached_by_keys(browser: Browser, served: Served):
    with opened(browser, served) as page:
        ask(page, LEAVE)
        page.locator(".sources button").first.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#viewer")).to_be_visible()
        page.keyboard.press("n")
        page.keyboard.press("p")
        expect(page.locator(".paper rect").first).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#viewer")).to_be_hidden()
        expect(page.get_by_label("Question")).to_be_focused()


def test_an_empty_workspace_says_how_to_begin(tmp_path: Path):
    with sc.open(tmp_path) as bot, TestClient(build_app({"new": bot}), "http://127.0.0.1") as client:
        assert "scoville add" in client.get("/").text


def test_files_are_added_from_the_browser_and_removed_again(browser: Browser, tmp_path: Path):
    good, bad = tmp_path / "leave.md", tmp_path / "broken.pdf"
    good.write_text("# Leave\n\nParental leave takes 16 weeks.\n")
    bad.write_bytes(b"%PDF-1.4 cut")
    (tmp_path / "work").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        set_fakes(patch)
        with sc.open(tmp_path / "work") as bot, serving(bot, ready=False) as served, opened(browser, served) as page:
            page.get_by_role("link", name="Add documents").click()
            expect(page.locator("#none")).to_be_visible()
            page.get_by_label("Choose files").set_input_files([good, bad])
            expect(page.locator("#jobs li").first).to_contain_text("1 added, 1 not read")
            expect(page.locator("#jobs .failures")).to_contain_text("damaged PDF")
            expect(page.locator("#rows")).to_contain_text("leave.md")
            page.get_by_label("Filter by name").fill("pay")
            expect(page.locator("#rows tr")).to_have_count(0)
            page.get_by_label("Filter by name").fill("LEAVE")
            page.get_by_role("button", name="Remove uploads/local/leave.md").click()
            page.get_by_role("button", name="Remove", exact=True).click()
            expect(page.locator("#none")).to_be_visible()
            assert not (tmp_path / "work/uploads/local/leave.md").exists()


@pytest.mark.parametrize(("size", "dark"), [("wide", False), ("wide", True), ("narrow", False)])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    browser: Browser, served: Served, size: str, dark: bool
):  # fmt: skip
    with opened(browser, served, size, dark) as page:
        for step in ("empty", "asked", "open"):
            if step == "asked":
                ask(page, LEAVE)
            elif step == "open":
                page.locator(".said .mark").first.click()
                expect(page.locator(".paper rect").first).to_be_visible()
            found = Axe().run(page, options={"resultTypes": ["violations"]})
            assert not found.response["violations"], found.generate_report()
            assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
        page.goto(f"{served.url}/documents")
        expect(page.locator("#rows tr")).to_have_count(2)
        found = Axe().run(page, options={"resultTypes": ["violations"]})
        assert not found.response["violations"], found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
