"""A bot on a free port of this machine, in a thread of the test, and clients for it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import openai
import pytest
from fastapi import FastAPI

import scoville as sc
from conftest import set_fakes
from printed import Paper, pdf
from scoville.serve.app import build_app
from scoville.serve.callers import Rates
from scoville.serve.keys import Keys
from scoville.serve.run import listen, server_of
from scoville.serve.service import Limits, service_in
from scoville.track.store import FILE_NAME, Store

LEAVE = "How long is parental leave?"
RECIPE = """
sources: [{path: docs/board, groups: [board]}, {path: docs/handbook.pdf}]
answer: {min_similarity: 0.0}
"""
PAY = "How much are directors paid?"


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running service."""

    url: str
    app: FastAPI
    bot: sc.Bot

    def client(self, key: str = "", **headers: str) -> httpx.Client:
        """Give a client that sends a key."""
        shown = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, headers=shown | headers, timeout=30, trust_env=False)

    def openai(self, key: str = "none") -> openai.OpenAI:
        """Give OpenAI's client; it tries nothing twice, so that a test sees the first error."""
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0, timeout=30)

    def events(self, path: str, body: Any, key: str = "") -> list[tuple[str, str]]:
        """Post, and give the events of the reply with their names."""
        with self.client(key) as client:
            text = client.post(path, json=body).text
        lines = [block.splitlines() for block in text.split("\n\n") if block]
        return [(block[0].partition("event: ")[2], block[-1].partition("data: ")[2]) for block in lines]

    @property
    def audit(self) -> list[tuple[Any, ...]]:
        """Give the entries of the audit log."""
        service = service_in(self.app)
        service.audit.flush()
        return service.store.query("SELECT caller, method, path, status, about FROM audit ORDER BY id")


@contextmanager
def serving(bot: sc.Bot, limits: Limits | None = None, *, ready: bool = True) -> Iterator[Served]:
    """Serve a bot until the end of the block."""
    app = build_app({"my-bot": bot}, limits)
    listening = listen("127.0.0.1", 0)
    server = server_of(app)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        wait_until(lambda: server.started and not (ready and service_in(app).not_ready), 60)
        yield Served(url=f"http://127.0.0.1:{listening.getsockname()[1]}", app=app, bot=bot)
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()
        listening.close()


def wait_until(holds: Any, seconds: float = 10.0) -> None:
    """Wait until a condition holds; fail when it does not in time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def write_office(root: Path) -> None:
    """Write a document for everyone, as a PDF, and one for the group `board`; and a recipe that says so."""

    def draw(paper: Paper) -> None:
        paper.text(72, 100, "Parental leave takes 16 weeks.")

    (root / "docs" / "board").mkdir(parents=True)
    (root / "docs" / "handbook.pdf").write_bytes(pdf(draw))
    (root / "docs" / "board" / "pay.md").write_text("# Pay\n\nDirectors are paid 250,000 a year.\n")
    (root / "recipe.yaml").write_text(RECIPE)


def make_key(root: Path, name: str, **may: Any) -> str:
    """Make a key, as `scoville keys add` does."""
    with Store(root / ".scoville" / FILE_NAME) as store:
        return Keys(store).add(name, **may)


@contextmanager
def office(root: Path, limits: Limits | None = None, more: str = "") -> Iterator[Served]:
    """Serve the documents of :func:`write_office` with the fake models, without keys; ``more`` is of the recipe."""
    write_office(root)
    with (root / "recipe.yaml").open("a") as recipe:
        recipe.write(more)
    with pytest.MonkeyPatch.context() as patch:
        set_fakes(patch)
        with sc.open(root) as bot:
            bot.sync()
            with serving(bot, limits) as served:
                yield served


def forget_callers(served: Served) -> None:
    """Make the service as it was before the first key."""
    service = service_in(served.app)
    service.audit.flush()
    service.rates = Rates()
    with Store(served.bot.workspace.folder / FILE_NAME) as store:
        for table in ("keys", "audit"):
            store.write(f"DELETE FROM {table}", [()])
