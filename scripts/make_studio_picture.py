"""Make the README's picture of the studio: the demo's documents, asked in a browser.

    python scripts/make_studio_picture.py

Enters: nothing. Leaves: docs/studio.png. Needs Chromium.
"""

import shutil
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

import scoville as sc
from scoville.demo import write_demo_documents
from scoville.serve.app import build_app
from scoville.serve.run import listen, server_of

PICTURE = Path(__file__).parents[1] / "docs" / "studio.png"
SIZE = {"width": 1280, "height": 760}
QUESTIONS = ("How much is annual cover?", "How soon must I report a theft to the police?")


def main() -> None:
    """Serve the documents of the demo, and take the picture."""
    with tempfile.TemporaryDirectory() as place:
        work = Path(place) / "larkspur"
        work.mkdir()
        with sc.open(work) as bot:
            bot.add(*write_demo_documents(work / "documents"))
            server, listening = server_of(build_app({"larkspur": bot})), listen("127.0.0.1", 0)
            thread = threading.Thread(target=server.run, args=([listening],))
            thread.start()
            try:
                take(f"http://127.0.0.1:{listening.getsockname()[1]}")
            finally:
                server.should_exit = True
                thread.join()


def take(url: str) -> None:
    """Ask, and open what is cited."""
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
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
