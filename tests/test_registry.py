"""What others plug in: by `register`, or as an installed package, used like what is built in."""

import importlib
import json
import logging
import math
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from conftest import Bench, Command
from scoville import registry
from scoville.embed import open_embedder
from scoville.embed.fake import FakeEmbedder
from scoville.errors import UnknownModel, UsageError
from scoville.evaluate.metrics import Family, Metric, described
from scoville.evaluate.result import Result
from scoville.evaluate.runs import Run, create_run
from scoville.evaluate.score_run import score_run
from scoville.index import Built, LanceIndex, Workspace
from scoville.llm import FakeLlm, open_llm
from scoville.read.assemble import ParsedFile
from scoville.read.text.markdown import read_markdown
from scoville.recipe import Embed, Index, Llm, Read, Recipe, Search, Split
from scoville.recipe.file import load_recipe
from scoville.recipe.sources import UrlEntry
from scoville.registry import find, names, register
from scoville.sources import Content, Item, Listing, Place
from scoville.split import Material
from scoville.types import Case, Message, Score

LEAVE = "Staff have thirty days of leave.\nParents have sixty days.\n\nCars are parked in the yard.\n"


@pytest.fixture(autouse=True)
def _as_installed(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """Each test begins with what is built in, and with plugins not looked for yet."""
    monkeypatch.setattr(registry, "_added", {})
    monkeypatch.setattr(registry, "_failed", {})
    monkeypatch.setattr(registry, "_asked", False)


Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Give a function that makes an installed package with one module and its entry point."""
    monkeypatch.syspath_prepend(str(tmp_path / "site"))

    def make(package: str, code: str, *, entry: str = "") -> None:
        facts = tmp_path / "site" / f"{package}-1.0.dist-info"
        facts.mkdir(parents=True)
        (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (facts / "entry_points.txt").write_text(f"[scoville.plugins]\n{package} = {entry or package}\n")
        (tmp_path / "site" / f"{package}.py").write_text(code)
        monkeypatch.delitem(sys.modules, package, raising=False)
        importlib.invalidate_caches()

    return make


ACME = """
from scoville.llm import FakeLlm
from scoville.registry import register as add

def open_acme(name, settings):
    return FakeLlm(f"acme {name} says sixty days [1]")

def register():
    add("llm", "acme", open_acme)
"""


class TestNames:
    def test_every_built_in_name_opens_something(self):
        for kind, built_in in registry.BUILT_IN.items():
            assert all(callable(find(kind, name)) for name in built_in), kind

    def test_a_wrong_name_lists_what_there_is_and_the_nearest(self):
        register("splitter", "chapters", lambda material: [])
        with pytest.raises(UsageError, match=r"'chapter' is unknown; did you mean chapters\? There are section, "):
            find("splitter", "chapter")
        with pytest.raises(UnknownModel, match=r"llm 'acme' is unknown; .*openai"):
            find("llm", "acme")

    def test_a_name_is_given_once_unless_it_is_replaced(self):
        register("llm", "acme", lambda name, settings: FakeLlm("one"))
        with pytest.raises(UsageError, match="there is a llm 'acme' already.*replace=True"):
            register("llm", "acme", lambda name, settings: FakeLlm("two"))
        with pytest.raises(UsageError, match="there is a llm 'openai' already"):
            register("llm", "openai", lambda name, settings: FakeLlm("two"))
        register("llm", "acme", lambda name, settings: FakeLlm("two"), replace=True)
        assert open_llm(Llm(model="acme")).name == "fake:two"

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            (("model", "acme", print), "no kind 'model'; expected reader, splitter"),
            (("llm", "acme:x", print), "'acme:x' is no name"),
            (("llm", "acme", "acme.open"), "expected a function, got str"),
        ],
    )
    def test_what_cannot_be_registered_is_refused(self, given: tuple[Any, ...], said: str):
        with pytest.raises(UsageError, match=said):
            register(*given)


class TestPackages:
    def test_an_installed_package_is_found_when_its_name_is(self, install: Install, bench: Bench, command: Command):
        install("acme_scoville", ACME)
        bench.write("leave.txt", LEAVE)
        assert command("recipe").code == 0
        assert "acme_scoville" not in sys.modules
        assert command("add", "docs").code == 0
        done = command("ask", "How many days do parents have?", "--set", "llm.model=acme:7b", "--json")
        assert done.json["model"] == "fake:acme 7b says sixty days [1]"

    def test_an_entry_point_may_be_a_function(self, install: Install):
        install("acme_scoville", ACME.replace("def register", "def plug_in"), entry="acme_scoville:plug_in")
        assert "acme" in names("llm")

    def test_a_broken_package_is_said_once_and_stops_no_other(self, install: Install, caplog: pytest.LogCaptureFixture):
        install("aaa_broken", "raise RuntimeError('no licence')")
        install("acme_scoville", ACME)
        install("odd_one", "", entry="odd_one")
        with caplog.at_level(logging.WARNING, "scoville"):
            assert open_llm(Llm(model="acme:7b")).name.startswith("fake:acme")
            with pytest.raises(UnknownModel, match="not loaded: plugin aaa_broken: RuntimeError: no licence; plugin"):
                find("llm", "acne")
        assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
            "plugin aaa_broken could not be loaded",
            "plugin odd_one could not be loaded",
        ]

    def test_doctor_says_what_is_plugged_in_and_what_does_not_load(self, install: Install, command: Command):
        install("acme_scoville", ACME)
        checks = {one["name"]: one for one in command("doctor", "--set", "llm.model=acme:7b", "--json").json}
        assert (checks["plugins"]["ok"], checks["plugins"]["detail"]) == (True, "llm acme")
        assert (checks["llm"]["ok"], checks["llm"]["detail"]) == (True, "acme:7b (plugged in)")
        registry._added.clear()  # pyright: ignore[reportPrivateUsage]
        registry._asked = False  # pyright: ignore[reportPrivateUsage]
        install("aaa_broken", "raise RuntimeError('no licence')")
        done = command("doctor")
        assert done.code == 1
        assert "plugins    llm acme; aaa_broken does not load: RuntimeError: no licence" in done.out


class TestKinds:
    def test_an_embedder(self, bench: Bench):
        class Acme(FakeEmbedder):
            name = "acme:small"

        def open_acme(name: str, settings: Embed) -> Acme:
            assert (name, settings.model) == ("small", "acme:small")
            return Acme()

        register("embedder", "acme", open_acme)
        bench.set(embed={"model": "acme:small"})
        bench.write("leave.txt", LEAVE)
        bench.add()
        assert bench.workspace.require_built().embedder == "acme:small"
        assert bench.found("sixty days") == ["docs/leave.txt"]
        with pytest.raises(UnknownModel, match=r"embed.model: 'acne:x' .* did you mean acme\?"):
            open_embedder(Embed(model="acne:x"))

    def test_an_llm(self):
        def say(messages: Sequence[Message]) -> str:
            return f"{messages[-1].content}!"

        register("llm", "acme", lambda name, settings: FakeLlm(say))
        from scoville.llm import ask_with

        assert ask_with(Llm(model="acme:large"))([Message(role="user", content="hello")]) == "hello!"

    def test_a_splitter_gives_characters(self, bench: Bench, command: Command):
        def by_line(material: Material) -> list[tuple[int, int]]:
            text, spans, start = material.document.text, list[tuple[int, int]](), 0
            for line in text.splitlines(keepends=True):
                if line.strip():
                    spans.append((start, start + len(line.rstrip())))
                start += len(line)
            return spans

        register("splitter", "lines", by_line)
        bench.set(split={"by": "lines"})
        bench.write("leave.txt", LEAVE)
        bench.add()
        shown = command("inspect", "docs/leave.txt", "--set", "split.by=lines", "--json").json
        passages = shown["documents"][0]["passages"]
        assert [one["text"] for one in passages] == [line for line in LEAVE.splitlines() if line]
        assert [one["tokens"] for one in passages] == [7, 5, 7]
        assert bench.found("Where are cars parked?") == ["docs/leave.txt"]

    def test_a_splitter_that_leaves_the_text_is_named(self, bench: Bench):
        register("splitter", "wild", lambda material: [(0, 999)])
        bench.set(split={"by": "wild"})
        bench.write("leave.txt", LEAVE)
        bench.add()
        assert "split.by: wild gave characters 0 to 999, and the text has" in bench.failures["docs/leave.txt"]

    def test_a_wrong_way_of_splitting_is_refused_when_the_recipe_is_read(self):
        with pytest.raises(UsageError, match=r"split.by: 'lines' \(from the flag\): splitter 'lines' is unknown"):
            load_recipe(None, environment={}, flags=["split.by=lines"])
        register("splitter", "lines", lambda material: [])
        assert load_recipe(None, environment={}, flags=["split.by=lines"]).recipe.split == Split(by="lines")

    def test_a_reranker(self, bench: Bench):
        class Shortest:
            def score(self, question: str, texts: Sequence[str]) -> NDArray[np.float32]:
                return np.array([-len(text) for text in texts], np.float32)

        def open_acme(name: str, settings: Search, ask: Any, threads: int) -> Shortest:
            assert (name, settings.rerank) == ("short", "acme:short")
            return Shortest()

        with pytest.raises(ValueError, match="rerank: 'acme:short'; expected none, llm, path:FOLDER or hf:ORG/NAME"):
            Search(rerank="acme:short")
        register("reranker", "acme", open_acme)
        bench.write("leave.txt", "Staff have thirty days of leave a year, parents sixty days of leave.")
        bench.write("yard.txt", "Leave the yard.")
        bench.add()
        assert bench.found("days of leave") == ["docs/leave.txt", "docs/yard.txt"]
        bench.set(search={"rerank": "acme:short"})
        assert bench.found("days of leave") == ["docs/yard.txt", "docs/leave.txt"]
        with pytest.raises(ValueError, match="expected none, llm, acme, path"):
            Search(rerank="acne")

    def test_an_index(self, bench: Bench):
        def open_acme(workspace: Workspace, settings: Index, built: Built, *, create: bool) -> LanceIndex:
            place = workspace.root / str(settings.url).removeprefix("acme://")
            return LanceIndex(place, built.table, built.dimension, settings, create=create)

        with pytest.raises(ValueError, match="expected postgres://USER@HOST/DATABASE, .*'acme'"):
            Index(url="acme://shared")
        register("index", "acme", open_acme)
        bench.set(index={"url": "acme://shared"})
        bench.write("leave.txt", LEAVE)
        bench.add()
        assert list((bench.workspace.root / "shared").glob("*.lance"))
        assert bench.found("sixty days") == ["docs/leave.txt"]

    def test_a_source(self, bench: Bench, command: Command):
        pages = {"acme://wiki/leave": "Parents have sixty days of leave.", "acme://wiki/yard": "Cars park in the yard."}

        class Wiki(Listing):
            def items(self) -> Iterator[Item]:
                for name, text in pages.items():
                    yield Item(name, lambda _, text=text: Content(data=text.encode(), file_name="page.md"))

        def open_acme(entry: UrlEntry, recipe: Recipe, place: Place, key: str) -> Wiki:
            return Wiki(key=key, prefix=entry.url)

        recipe_file = bench.workspace.root / "recipe.yaml"
        recipe_file.write_text("sources: [{url: acme://wiki, groups: [hr]}]\n")
        refused = command("sync")
        assert refused.code == 2
        assert "it begins with acme://; expected one of http, https, or `remote`" in refused.err
        register("source", "acme", open_acme)
        assert command("sync", "--json").json["added"] == 2
        assert "acme://wiki/leave" in command("search", "sixty days", "--as", "hr").out
        assert command("search", "sixty days", "--as", "it", "--json").json == []
        del pages["acme://wiki/leave"]
        assert command("sync", "--json").json["removed"] == 1

    def test_a_place_of_a_source_can_be_added_by_hand(self, bench: Bench):
        class Wiki(Listing):
            def items(self) -> Iterator[Item]:
                yield Item("acme://wiki/leave", lambda _: Content(data=LEAVE.encode(), file_name="leave.txt"))

        register("source", "acme", lambda entry, recipe, place, key: Wiki(key=key, prefix=entry.url))
        bench.add("acme://wiki")
        assert bench.sources == ["acme://wiki/leave"]

    def test_a_reader_of_a_suffix(self, bench: Bench):
        def read_notes(data: bytes, name: str, settings: Read) -> ParsedFile:
            if not data.startswith(b"NOTES"):
                raise ValueError("no notes")
            return read_markdown(f"# {name}\n\n{data[5:].decode()}")

        register("reader", ".notes", read_notes)
        bench.write("leave.notes", "NOTESParents have sixty days.")
        bench.write("broken.NOTES", "parents?")
        bench.add()
        assert bench.sources == ["docs/leave.notes"]
        assert bench.failures["docs/broken.NOTES"] == "cannot be read as .notes: ValueError: no notes"
        assert bench.found("sixty days") == ["docs/leave.notes"]

    def test_a_metric(self, bench: Bench, command: Command):
        politeness = Metric(name="politeness", family="acme", description="whether the answer is honest", high=2.0)

        def score(case: Case, result: Result) -> Iterator[Score]:
            if "fail" in case.question:
                raise RuntimeError("no licence")
            yield politeness.score(2.0 if "know" in result.text else 0.0)

        register("metric", "acme", lambda: Family(score=score, metrics={"politeness": politeness}))
        bench.write("leave.txt", LEAVE)
        bench.add()
        lines = [{"question": "How many days have parents?", "expected": ["sixty"]}, {"question": "Does it fail?"}]
        Path("cases.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        done = command("evaluate", "cases.jsonl", "--set", "llm.model=fake:I do not know.")
        assert done.code == 0, done.err
        assert re.search(r"politeness +2.00 .*1 +1$", done.out + done.err, re.MULTILINE)

    @pytest.mark.parametrize(
        ("given", "value", "reason"),
        [
            (math.nan, None, "nan is no score"), ("much", None, "must be real number"), (None, None, "needs a reason"),
            (np.float32(0.5), 0.5, ""), (np.bool_(True), 1.0, ""), (True, 1.0, ""),
        ],
    )  # fmt: skip
    def test_whatever_a_metric_gives_the_run_is_scored(self, tmp_path: Path, given: Any, value: Any, reason: str):
        metric = Metric(name="politeness", family="acme", description="whether the answer is honest")
        register("metric", "acme", lambda: Family(
            score=lambda case, result: [metric.score(given)], metrics={"politeness": metric},
            summarise=lambda cases, results, scores: {"politeness_p50": given, "aurc": 7.0},
        ))  # fmt: skip
        run = scored_run(tmp_path)
        found = run.scores()["1"]["politeness"]
        assert (found.value, type(found.value)) == (value, type(value)) and reason in found.reason
        assert run.summary()["metrics"]["politeness"]["unscored"] == (value is None)
        assert run.summary()["sets"].get("politeness_p50") == value and run.summary()["sets"]["aurc"] is None

    @pytest.mark.parametrize("given", [0.5, Score(metric="contains", value=1.0)])
    def test_a_metric_gives_scores_under_its_own_names(self, tmp_path: Path, given: Any):
        metric = Metric(name="politeness", family="acme", description="whether the answer is honest")
        register(
            "metric", "acme", lambda: Family(score=lambda case, result: [given], metrics={"politeness": metric})
        )  # fmt: skip
        scores = scored_run(tmp_path).scores()["1"]
        assert "expected a Score of politeness" in scores["politeness"].reason and scores["contains"].value == 0

    def test_a_summary_that_fails_is_told_and_ends_no_run(self, tmp_path: Path, caplog: pytest.LogCaptureFixture):
        register("metric", "acme", lambda: Family(
            score=lambda case, result: [], metrics={}, summarise=lambda cases, results, scores: {"half": 1 / 0}
        ))  # fmt: skip
        with caplog.at_level("WARNING", "scoville"):
            assert scored_run(tmp_path).summary()["counts"]["answered"] == 1
        assert "metrics of acme sum up nothing: ZeroDivisionError" in caplog.text

    def test_a_metric_may_not_take_a_name_that_is_built_in(self):
        copy = Metric(name="contains", family="acme", description="mine")
        register("metric", "acme", lambda: Family(score=lambda case, result: [], metrics={"contains": copy}))
        with pytest.raises(UsageError, match="metric 'contains' of a plugin is built in"):
            described()


def scored_run(folder: Path) -> Run:
    """Give a run of one case, with an answer, that was scored."""
    run = create_run(folder, [Case(id="1", question="How many?", expected=("sixty",))], {"system": "written"})
    with run.recording() as record:
        record("1", {"answer": "nine", "seconds": {"total": 1.0}})
    score_run(run)
    return run


def test_the_examples_of_the_documentation_run_together(bench: Bench, command: Command):
    text = (Path(__file__).parents[1] / "docs" / "plugins.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    exec("\n".join(blocks), {"__name__": "plugins"})
    chosen = [
        "split.by=lines", "embed.model=acme:small", "index.url=shared://kept", "search.rerank=shortest",
        "llm.model=acme:large", "answer.min_similarity=-1",
        "guards.answer=[competitors]",
    ]  # fmt: skip
    flags = [word for value in chosen for word in ("--set", value)]
    bench.write("list.notes", "* Cars are parked in the yard\n")
    assert command("add", "docs", "wiki://hr", *flags, "--json").json["added"] == 2
    Path("cases.jsonl").write_text('{"question": "How many days of leave have parents?", "expected": ["sixty"]}\n')
    done = command("evaluate", "cases.jsonl", "--all", *flags)
    assert re.search(r"contains +100 %", done.out), done
    assert re.search(r"brevity +\d+ %", done.out), done
    assert {one[0] for one in registry._added} == set(registry.BUILT_IN)  # pyright: ignore[reportPrivateUsage]
