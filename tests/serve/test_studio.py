"""The page that people ask on, in a real browser, over a real service."""

import io
import re
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from browsing import check, needs_chromium, opened, shifts
from fastapi.testclient import TestClient
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from serving import LEAVE, PAY, Served, make_key, office, serving, write_office

import scoville as sc
from conftest import set_fakes
from scoville.serve.app import build_app
from scoville.serve.studio.page import FOLDER
from scoville.storage import Journal

pytestmark = needs_chromium


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
            told = ("handbook", "documents ·", "my-bot", "Runs")
            assert not any(word in page.content() for word in told)
            page.get_by_label("Key", exact=True).fill("wrong")
            page.get_by_role("button", name="Go on").click()
            expect(page.get_by_role("alert")).to_contain_text("No such key is valid")
            page.get_by_label("Key", exact=True).fill(key)
            page.get_by_role("button", name="Go on").click()
            expect(page.get_by_role("list", name="Documents")).to_contain_text("handbook.pdf")
            page.wait_for_load_state()
            page.get_by_label("Question").fill(LEAVE)
            page.keyboard.press("Enter")
            expect(page.locator(".said")).to_contain_text("16 weeks")
            page.locator(".said .mark").first.click()
            expect(page.locator(".paper img")).to_be_visible()
            ask(page, PAY)  # is for the board
            assert "250,000" not in page.content()
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_label("Key", exact=True)).to_be_visible()


SLOWLY = """(answer) => {
    const real = window.fetch, wait = (time) => new Promise((go) => setTimeout(go, time));
    window.fetch = (path, ...how) => path === "/api/ask" ? Promise.resolve(new Response(new ReadableStream({
        async start(out) {
            const send = (name, value) => out.enqueue(new TextEncoder().encode(
                `event: ${name}\\ndata: ${JSON.stringify(value)}\\n\\n`));
            for (const word of answer.answer.split(/(?<= )/)) { send("text", { text: word }); await wait(4); }
            send("answer", answer);
            out.close();
        },
    }))) : real(path, ...how);
}"""
"""Has the page get an answer word by word."""


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_nothing_moves_while_an_answer_comes(browser: Browser, served: Served, size: str):
    with served.client() as client:
        answer = client.post("/api/ask", json={"question": LEAVE}).json()
    answer["answer"] = "\n\n".join([answer["answer"]] * 30)  # more than the screen holds
    with opened(browser, served, size=size) as page:
        ask(page, LEAVE)
        if size == "wide":
            page.locator(".said .mark").first.click()
            expect(page.locator(".paper rect").first).to_be_visible()
        page.evaluate(SLOWLY, answer)
        before = shifts(page)
        page.get_by_label("Question").fill(LEAVE)
        page.keyboard.press("Enter")
        expect(page.locator("article .opinion")).to_have_count(2)
        assert page.locator("article").last.bounding_box()["height"] > 844
        assert shifts(page) - before < 0.001


@pytest.mark.parametrize("dark", [False, True])
def test_losses_are_drawn_while_a_model_learns(browser: Browser, served: Served, dark: bool):
    model = served.bot.workspace.folder / "models" / "ours"
    for step, row in enumerate([{"dev": 1.5}, {"loss": 1.25, "dev": 1.125}]):
        Journal(model / "sft" / "loss.jsonl").add({"step": 10 * step} | row)
    with opened(browser, served, "/training", dark=dark) as page:
        expect(page.locator("figcaption")).to_have_text("sft")
        expect(page.locator("figure .remark")).to_have_text("Step 10, training 1.250, dev part 1.125")
        page.get_by_text("As a table").click()
        Journal(model / "sft" / "loss.jsonl").add({"step": 20, "loss": 0.75})
        expect(page.locator("figure tbody tr").first).to_have_text("200.7500")
        expect(page.locator("figure tbody tr")).to_have_count(3)
        assert shifts(page) < 0.01
        colours = "one => new Set(one.getContext('2d').getImageData(0, 0, one.width, one.height).data).size"
        assert page.locator(".live canvas").evaluate(colours) > 9
        check(page)
        (model / "training.json").write_text('{"kind": "lora"}')
        expect(page.locator("figure svg.plot")).to_be_visible()
        expect(page.locator("canvas")).to_have_count(0)
    shutil.rmtree(model)


def test_scripts_of_others_are_as_published():
    hashes = {name: sha256((FOLDER / "static" / name).read_bytes()).hexdigest()[:16] for name in
              ("htmx.js", "hx-csp.js", "uplot.js", "uplot.css")}  # fmt: skip
    assert hashes == {
        "htmx.js": "a0abb04f2f45a1f8",
        "hx-csp.js": "a7e1e6711ae6c3e5",
        "uplot.js": "19c8d4c6ad88929a",
        "uplot.css": "df630c6a8d6f8eea",
    }


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
    good, bad, odd = tmp_path / "leave.md", tmp_path / "broken.pdf", tmp_path / "odd.pdf"
    odd.write_text("Leave takes 16 weeks.")
    good.write_text("# Leave\n\nParental leave takes 16 weeks.\n")
    bad.write_bytes(b"%PDF-1.4 cut")
    (tmp_path / "work").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        set_fakes(patch)
        with sc.open(tmp_path / "work") as bot, serving(bot, ready=False) as served, opened(browser, served) as page:
            page.get_by_role("link", name="Add documents").click()
            expect(page.locator("#none")).to_be_visible()
            page.get_by_label("Choose files").set_input_files([good, bad, odd])
            expect(page.locator("#jobs > li").first).to_contain_text("2 added, 1 not read")
            expect(page.locator("#jobs > li").first).to_contain_text("odd.pdf 1 remark: scoville inspect FILE shows")
            expect(page.locator("#jobs .failures")).to_contain_text("damaged PDF")
            expect(page.locator("#rows")).to_contain_text("leave.md")
            page.get_by_label("Filter by name").fill("pay")
            expect(page.locator("#rows tr")).to_have_count(0)
            page.get_by_label("Filter by name").fill("LEAVE")
            page.get_by_role("button", name="Remove uploads/local/leave.md").click()
            page.get_by_role("button", name="Remove", exact=True).click()
            expect(page.locator("#jobs > li").first).to_contain_text("Done.")
            page.get_by_label("Filter by name").fill("")
            expect(page.locator("#rows")).to_have_text(re.compile("odd.pdf"))
            expect(page.locator("#rows tr")).to_have_count(1)
            assert not (tmp_path / "work/uploads/local/leave.md").exists()
            for name in ("hr/readme.md", "it/readme.md", ".git/config"):
                (tmp_path / "tree" / name).parent.mkdir(parents=True)
                (tmp_path / "tree" / name).write_text(f"Words of {name}.")
            page.get_by_label("Choose a folder").set_input_files(tmp_path / "tree")
            expect(page.locator("#jobs li").first).to_contain_text("2 added")
            sent = [name.partition("/tree/")[2] for name in bot.documents() if "/tree/" in name]
            assert sorted(sent) == ["hr/readme.md", "it/readme.md"]


@pytest.mark.parametrize(("size", "dark"), [("wide", False), ("wide", True), ("narrow", False)])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    browser: Browser, served: Served, size: str, dark: bool
):  # fmt: skip
    with opened(browser, served, size=size, dark=dark) as page:
        for step in ("empty", "asked", "open"):
            if step == "asked":
                ask(page, LEAVE)
            elif step == "open":
                page.locator(".said .mark").first.click()
                expect(page.locator(".paper rect").first).to_be_visible()
            check(page, size)
        page.goto(f"{served.url}/documents")
        expect(page.locator("#rows tr")).to_have_count(2)
        check(page, size)
