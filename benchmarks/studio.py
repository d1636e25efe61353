"""How soon pages of the studio are painted in a browser, what they weigh, and how soon they react.

    python benchmarks/studio.py [FOLDER] [--documents 10000] [--runs 200] [--times 5] --out benchmarks/results/studio.md

Enters: nothing; documents, cases and runs are made, with the fake models, and stay in FOLDER where one is named. Leaves:
a table. Of each page, opened anew with an empty cache: the processor's time of the service for it; the first
contentful paint and the bytes of all that was loaded, pictures of pages aside; and the interaction to next paint, as
the browser's Event Timing measures it, of what people do there: keys in a filter, a click. Medians of ``--times`` after
a first one that fills what the service keeps in memory. Times of a clock mean something on an idle machine alone.
"""

import argparse
import json
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, Response, sync_playwright

import scoville as sc
from scoville.cases.files import write_cases
from scoville.serve.app import build_app
from scoville.serve.run import listen, server_of
from scoville.types import Case, Evidence

CASES = 60
MOST_PAINT, MOST_WEIGHT, MOST_REACTION = 500, 150, 100
WATCH = """
window.events = [];
new PerformanceObserver((list) => window.events.push(...list.getEntries().filter((one) => one.interactionId)
    .map((one) => one.duration))).observe({ type: "event", durationThreshold: 16, buffered: true });
"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
WINDOW = "--window-size=1440,900"
"""A viewport that Playwright makes up does not present each frame: keys then wait for the next one that it does."""
Act = Callable[[Page], Any]


class Row(NamedTuple):
    """What was measured of a page; milliseconds and kilobytes."""

    name: str
    processor: float
    first: float
    paint: float
    weight: float
    reaction: float | None


def main() -> None:
    """Make a workspace where there is none, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    os.environ |= {"SCOVILLE_EMBED__MODEL": "fake", "SCOVILLE_LLM__MODEL": "fake", "SCOVILLE_PROMPT__STYLE": "passages"}
    with tempfile.TemporaryDirectory() as place:
        root = given.folder or Path(place)
        if not (root / "cases").exists():
            make(root, given.documents, given.runs)
        rows = measure(root, given.times)
    text = f"# Pages of the studio\n\n{about(given)}\n\n{table(rows)}"
    print(text)  # noqa: T201
    if given.out:
        given.out.write_text(text)


def about(given: argparse.Namespace) -> str:
    """Say what the table says."""
    return (
        f"`benchmarks/studio.py`: {given.documents:,} documents, {given.runs} runs of {CASES} cases, Chromium without a "
        f"window on the machine of the service, medians of {given.times}. Processor: of the service, for the page alone, "
        "and when it is first asked for. Paint: first contentful, with an empty cache. Weight: all that the page loads, "
        "without pictures of pages. Reaction: interaction to next paint, the longest of what is done there (below 16 ms "
        f"browsers do not say). Aims: {MOST_PAINT} ms, {MOST_WEIGHT} kB, {MOST_REACTION} ms."
    )


def table(rows: list[Row]) -> str:
    """Write the rows; what misses its aim is bold."""

    def told(value: float | None, most: float, unit: str) -> str:
        if value is None:
            return ""
        text = f"{value:.0f} {unit}" if value >= 16 or unit == "kB" else f"< 16 {unit}"
        return f"**{text}**" if value > most else text

    head = "| Page | processor | first | paint | weight | reaction |\n|---|--:|--:|--:|--:|--:|\n"
    return head + "".join(
        f"| {row.name} | {row.processor:.0f} ms | {row.first:.0f} ms | {told(row.paint, MOST_PAINT, 'ms')} | "
        f"{told(row.weight, MOST_WEIGHT, 'kB')} | {told(row.reaction, MOST_REACTION, 'ms')} |\n"
        for row in rows
    )


def make(root: Path, documents: int, runs: int) -> None:
    """Write documents and cases, run once, and copy the run."""
    docs = root / "docs"
    docs.mkdir(parents=True)
    for number in range(documents):
        (docs / f"note-{number:05}.md").write_text(f"# Note {number}\n\nRoom {number} has {number % 97} chairs.\n")
    cases = [
        Case(id=f"c{number}", question=f"How many chairs has room {number}?", expected=(f"{number % 97} chairs",),
             evidence=(Evidence(document=f"note-{number:05}.md"),))
        for number in range(CASES)
    ]  # fmt: skip
    with sc.open(root) as bot:
        bot.add(docs)
        write_cases(root / "cases" / "dev.jsonl", cases)
        run = bot.evaluate(root / "cases" / "dev.jsonl", name="base")
    for number in range(1, runs):
        id = f"20260101-{number:06}-000{number:04x}"
        copy = run.folder.with_name(id)
        shutil.copytree(run.folder, copy)
        header = json.loads((copy / "run.json").read_text()) | {"id": id, "system": f"try {number}"}
        (copy / "run.json").write_text(json.dumps(header))


def types(label: str, text: str) -> Act:
    """Give what types into a field."""
    return lambda page: page.get_by_label(label).press_sequentially(text, delay=60)


def clicks(selector: str) -> Act:
    """Give what clicks on something."""
    return lambda page: page.locator(selector).first.click()


def asks(page: Page) -> None:
    """Ask, and open what is cited."""
    page.get_by_label("Question").press_sequentially("How many chairs has room 7?", delay=30)
    page.keyboard.press("Enter")
    page.locator("article .opinion").wait_for()
    if page.locator(".sources button").count():
        page.locator(".sources button").first.click()
        page.locator("#sheet > *").first.wait_for()


def pages_of(bot: sc.Bot) -> dict[str, tuple[str, Act | None]]:
    """Give what is measured: addresses, and what people do there."""
    runs = [run.id for run in bot.runs()][-2:]
    pair, document = f"run={runs[0]}&run={runs[-1]}", next(iter(bot.documents().values())).document_id[:16]
    return {
        "Ask": ("/", asks), "Documents": ("/documents", types("Filter by name", "note-07")),
        "one document": (f"/documents/{document}", clicks(".sure > summary")),
        "Cases": ("/cases", types("Find in questions", "room 7")),
        "a case under review": ("/cases/review?file=dev.jsonl", lambda page: page.keyboard.press("e")),
        "Runs": ("/runs", clicks(".board input")), "Runs, another baseline": (f"/runs?baseline={runs[0]}", None),
        "two runs": (f"/runs/compare?{pair}", types("Find in questions", "room 7")),
        "a question of them": (f"/runs/question?{pair}&n=3", clicks("summary")),
        "Traces": ("/traces", types("Find in questions", "room 7")),
        "a trace": (f"/traces/{bot.traces(1)[0].trace_id}", clicks("summary")),
        "Training": ("/training", None), "Settings": ("/settings", clicks("#search summary")),
    }  # fmt: skip


def measure(root: Path, times: int) -> list[Row]:
    """Measure every page."""
    with sc.open(root) as bot:
        app = build_app({"big": bot})
        with TestClient(app, "http://127.0.0.1") as client:
            pages = pages_of(bot)
            spent = {
                name: [processor(client, address) for _ in range(times + 1)] for name, (address, _) in pages.items()
            }
    with sc.open(root) as bot, served(bot) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", WINDOW])
        return [row_of(browser, url + address, name, spent[name], act, times) for name, (address, act) in pages.items()]


def processor(client: TestClient, address: str) -> float:
    """Give the milliseconds of the processor that a page takes."""
    began = time.process_time()
    reply = client.get(address, headers={"Accept": "text/html"})
    assert reply.status_code == 200, reply.text
    return 1000 * (time.process_time() - began)


@contextmanager
def served(bot: sc.Bot) -> Generator[str]:
    """Serve a bot on a port of its own."""
    server, listening = server_of(build_app({"big": bot})), listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def row_of(browser: Browser, address: str, name: str, spent: list[float], act: Act | None, times: int) -> Row:
    """Open a page some times, each with an empty cache, and do what is done there."""
    seen = [opened(browser, address, act) for _ in range(times + 1)][1:]
    paints, weights, reactions = zip(*seen, strict=True)
    first, *rest = spent
    return Row(name, statistics.median(rest), first, statistics.median(paints), statistics.median(weights),
               statistics.median(reactions) if act else None)  # fmt: skip


def opened(browser: Browser, address: str, act: Act | None) -> tuple[float, float, float]:
    """Give the paint, the weight and the longest reaction of a page."""
    context = browser.new_context(no_viewport=True)
    page, loaded = context.new_page(), list[Response]()
    page.add_init_script(WATCH)
    page.on("response", lambda one: loaded.append(one))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    words = [one for one in loaded if not one.headers.get("content-type", "").startswith("image/")]
    weight = sum(one.request.sizes()["responseBodySize"] for one in words)
    paint = page.evaluate(PAINT)
    if act:
        act(page)
        page.wait_for_timeout(500)
    longest = max(page.evaluate("window.events"), default=0)
    context.close()
    return paint, weight / 1000, longest


if __name__ == "__main__":
    main()
