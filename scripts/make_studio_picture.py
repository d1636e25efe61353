"""Make the pictures of the studio for README and docs: the demo in a browser.

    python scripts/make_studio_picture.py

Enters: nothing. Leaves: docs/studio.png, docs/studio-review.png, docs/studio-runs.png, docs/studio-trace.png. Needs
Chromium.
"""

import io
import shutil
import tempfile
import threading
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

import scoville as sc
from scoville.demo.run import add_demo, ask_demo, prepare_demo
from scoville.serve.app import build_app
from scoville.serve.run import listen, server_of

DOCS = Path(__file__).parents[1] / "docs"
SIZE = {"width": 1280, "height": 760}
COLOURS = 192
QUESTIONS = ("How much is annual cover?", "How soon must I report a theft to the police?")


def main() -> None:
    """Serve the demo, and take the pictures."""
    with tempfile.TemporaryDirectory() as place:
        work = Path(place) / "larkspur"
        prepare_demo(work)
        with sc.open(work) as bot:
            add_demo(bot)
            ask_demo(bot)
            server, listening = server_of(build_app({"larkspur": bot})), listen("127.0.0.1", 0)
            thread = threading.Thread(target=server.run, args=([listening],))
            thread.start()
            try:
                take(f"http://127.0.0.1:{listening.getsockname()[1]}")
            finally:
                server.should_exit = True
                thread.join()


def take(url: str) -> None:
    """Ask, open what is cited, and go through the pages."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)
        page.goto(url)
        for number, question in enumerate(QUESTIONS, start=1):
            page.get_by_label("Question").fill(question)
            page.keyboard.press("Enter")
            page.locator(f"article:nth-of-type({number}) .opinion").wait_for()
        page.locator(".said .mark").last.click()
        page.locator(".paper rect").first.wait_for()
        page.wait_for_timeout(500)  # until it has scrolled there
        keep(page, "studio")
        for name, address in (("review", "/cases/review?file=demo.jsonl"), ("runs", "/runs"), ("trace", "/traces")):
            page.goto(url + address)
            if name == "trace":
                page.locator(".list th a").first.click()
                page.locator(".waterfall").wait_for()
            page.wait_for_load_state("networkidle")
            keep(page, f"studio-{name}")
        browser.close()


def keep(page: Page, name: str) -> None:
    """Write what a page shows as a small picture."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(DOCS / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
