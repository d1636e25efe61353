"""An alias is a model of the API: what it stands for changes under questions, and none of them fails."""

import math
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from serving import Served, serving, wait_until

import scoville as sc
from conftest import set_fakes
from scoville.release import Target
from scoville.release.state import switch
from scoville.serve.releases import Released, routed
from scoville.serve.service import service_in
from scoville.track.spans import AGREES, RELEASE, ROUTE, SHADOWED
from scoville.types import Case, Evidence

QUESTION = "How many fish does the otter eat each day?"
CASES = [Case(id="otter", question=QUESTION, expected=("fish",), evidence=(Evidence(document="docs/otter.txt"),))]


@pytest.fixture
def bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sc.Bot]:
    """Give a workspace with three releases, in which the otter eats 1, 2 and 3 fish."""
    set_fakes(monkeypatch)
    (tmp_path / "docs").mkdir()
    with sc.open(tmp_path) as bot:
        for count in (1, 2, 3):
            (tmp_path / "docs" / "otter.txt").write_text(f"The otter eats {count} fish each day.")
            bot.add(tmp_path / "docs")
            bot.evaluate(CASES)
            bot.release(f"v{count}")
        yield bot


def fish(served: Served, model: str = "production", question: str = QUESTION) -> str:
    with served.openai() as client:
        said = client.chat.completions.create(model=model, messages=[{"role": "user", "content": question}])
    return next(digit for digit in str(said.choices[0].message.content) if digit.isdigit())


def traced(bot: sc.Bot) -> list[dict[str, object]]:
    bot.flush()
    return [dict(span.attributes) for span in reversed(bot.traces(200)) if RELEASE in span.attributes]


def test_releases_and_aliases_are_models(bot: sc.Bot):
    bot.promote("v1")
    with serving(bot) as served, served.openai() as client:
        assert [one.id for one in client.models.list()] == ["my-bot", "production", "v1", "v2", "v3"]
        assert [fish(served, name) for name in ("my-bot", "production", "v2")] == ["3", "1", "2"]
        assert client.embeddings.create(model="production", input="x").data
        for name in ("v9", "../v1", "staging"):
            with pytest.raises(openai.NotFoundError, match="there are 'my-bot', 'production', 'v1'"):
                fish(served, name)
        with served.client() as plain:
            hits = plain.post("/api/search", json={"question": QUESTION, "bot": "v2"}).json()["hits"]
            assert "2 fish" in hits[0]["text"]
            assert "2 fish" in plain.get(f"/api/passages/{hits[0]['id']}").text
        assert [(one[RELEASE], one[ROUTE]) for one in traced(bot)] == [("v1", "production"), ("v2", "v2")]


def test_a_switch_under_load_while_the_index_is_rebuilt_fails_no_request(bot: sc.Bot):
    bot.promote("v1")
    with serving(bot) as served:
        released, said, ends = service_in(served.app).released, list[str](), threading.Event()
        wait_until(lambda: bool(released.bots()))

        def ask() -> None:
            while not ends.is_set():
                try:
                    said.append(fish(served))
                except Exception as error:
                    said.append(repr(error))

        def rebuild() -> None:
            with sc.open(bot.workspace.root) as other:  # as a command beside the service
                while not ends.is_set():
                    rebuilt.append(other.add(rebuild=True).documents)

        rebuilt: list[int] = []
        threads = [*(threading.Thread(target=ask) for _ in range(3)), threading.Thread(target=rebuild)]
        for thread in threads:
            thread.start()
        for change, count in ((lambda: bot.promote("v2"), "2"), (bot.rollback, "1"), (lambda: bot.promote("v3"), "3")):
            change()
            before = len(said)
            wait_until(lambda count=count, before=before: count in said[before:], 60)
        ends.set()
        for thread in threads:
            thread.join()
    assert set(said) == {"1", "2", "3"}
    assert rebuilt and set(rebuilt) == {1}


def test_documents_that_come_in_do_not_touch_what_is_served(bot: sc.Bot, tmp_path: Path):
    bot.promote("v1")
    with serving(bot) as served:
        bot.add(tmp_path / "docs", rebuild=True)
        bot.add(tmp_path / "docs", rebuild=True)
        assert (fish(served), fish(served, "my-bot")) == ("1", "3")


def test_a_release_that_cannot_be_opened_is_not_switched_to(bot: sc.Bot, caplog: pytest.LogCaptureFixture):
    bot.promote("v1")
    released = Released(lambda: bot)
    released.follow()
    next((bot.workspace.folder / "releases" / "v2").glob("index/*/data/*")).unlink()
    switch(bot.workspace, "production", lambda stack: (*stack, Target(release="v2")), what="promote", by="ada")
    released.follow()
    with released.asked("production", "x") as asked:
        assert asked.bot.name == "v1"
    assert "served on" in caplog.text
    released.close()


def test_a_canary_takes_its_share_and_keeps_conversations(bot: sc.Bot):
    target = Target(release="v1", canary="v2", percent=20)
    n = 2000
    names = [routed(target, "production", f"question {number}")[0] for number in range(n)]
    share = Counter(names)["v2"] / n
    assert abs(share - 0.2) < 3 * math.sqrt(0.2 * 0.8 / n)
    assert names == [routed(target, "staging", f"question {number}")[0] for number in range(n)]
    more = [routed(Target(release="v1", canary="v2", percent=40), "production", f"question {n}")[0] for n in range(n)]
    assert {at for at in range(n) if names[at] == "v2"} < {at for at in range(n) if more[at] == "v2"}


def test_a_canary_is_in_the_trace_and_asked_by_the_first_question(bot: sc.Bot):
    bot.promote("v1")
    bot.promote("v2", canary=50)
    target = Target(release="v1", canary="v2", percent=50)
    first = {routed(target, "", question)[0]: question for question in (f"{n} {QUESTION}" for n in range(20))}
    with serving(bot) as served, served.openai() as client:
        for _, question in sorted(first.items()):
            messages = [{"role": "user", "content": question}]
            for _ in range(3):
                client.chat.completions.create(model="production", messages=messages)  # pyright: ignore
                messages += [{"role": "assistant", "content": "So."}, {"role": "user", "content": QUESTION}]
    routes = [(one[RELEASE], one[ROUTE]) for one in traced(bot)]
    assert routes == [("v1", "production")] * 3 + [("v2", "production canary")] * 3


def test_a_shadow_is_asked_and_shown_to_nobody(bot: sc.Bot):
    bot.promote("v1")
    bot.promote("v2", shadow=True)
    with serving(bot) as served:
        assert fish(served) == "1"
        wait_until(lambda: len(traced(bot)) == 2, 30)
        shown, shadow = sorted(traced(bot), key=lambda one: str(one[ROUTE]))
    assert (shown[RELEASE], shadow[RELEASE], shadow[ROUTE], shadow[AGREES]) == ("v1", "v2", "production shadow", True)
    assert SHADOWED in shadow and "user.id" not in shadow


def test_what_nobody_asks_for_any_more_is_closed(bot: sc.Bot, monkeypatch: pytest.MonkeyPatch):
    bot.promote("v1")
    released = Released(lambda: bot)
    released.follow()
    with released.opened("v3") as other:
        monkeypatch.setattr("scoville.serve.releases.IDLE_SECONDS", -1.0)
        released.follow()
        assert QUESTION in other.ask(QUESTION).question
    released.follow()
    assert [one.name for one in released.bots()] == ["v1"]
    released.close()


def test_the_page_of_releases_makes_promotes_and_rolls_back(bot: sc.Bot):
    with serving(bot) as served, served.client(Accept="text/html", Origin=served.url) as client:
        for form, place in (
            ({"name": "v1"}, "promote"), ({"name": "v2", "how": "canary", "percent": "10"}, "promote"),
            ({"name": "v2"}, "promote"), ({"alias": "production"}, "rollback"),
        ):  # fmt: skip
            assert client.post(f"/releases/{place}", data=form).status_code == 303
        page = client.get("/releases").text
        assert "10 % by v2" in page and "Roll production back" in page
        for wrong in (
            {"name": "v9"},
            {"name": "v2", "how": "canary", "percent": "lots"},
            {"name": "v2", "alias": "v1"},
        ):
            refused = client.post("/releases/promote", data=wrong)
            assert (refused.status_code, "nothing was switched" in refused.text) == (409, True)
        differs = client.get("/releases/diff?first=v1&second=v2").text
        assert "docs/otter.txt" in differs and "Other content" in differs
        assert client.post("/releases", data={"name": "v4"}).status_code == 303
        wait_until(lambda: len(bot.releases()) == 4, 30)
    assert [row["what"] for row in bot.release_log()][-5:] == ["promote", "canary", "promote", "rollback", "release"]
