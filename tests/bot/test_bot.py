"""One workspace from Python: add, search, ask and stream leave what the commands leave, and show themselves."""

import dataclasses
import importlib.util
import json
import logging
import pickle
import subprocess
import sys
import threading
import types
from pathlib import Path
from typing import Any

import pytest

import scoville as sc
from conftest import Bench
from printed import WIDTH, pdf
from scoville.answer import answer_json
from scoville.errors import RecipeError
from scoville.html import progress_html, shorten
from scoville.index import Failure
from scoville.track.ledger import totals
from scoville.track.store import FILE_NAME, Store
from scoville.types import Citation

LEAVE = "Staff of Larkspur Freight have thirty days of leave in a year."
QUESTION = "How many days of leave do staff have?"
PAGES = {"embed": "fake", "llm": "fake", "prompt": {"style": "passages"}}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "leave.txt").write_text(LEAVE)
    (folder / "notice.txt").write_text("Notice must be given in writing one month ahead.")
    return folder


@pytest.fixture
def bot(tmp_path: Path, docs: Path) -> Any:
    with sc.open(tmp_path / "bot", **PAGES) as bot:
        bot.add(docs)
        yield bot


def test_a_new_folder_becomes_a_bot_that_answers_with_citations(bot: sc.Bot):
    answer = bot.ask(QUESTION)
    assert "thirty days" in answer.text
    assert str(answer) == answer.text
    assert [one.verified for one in answer.citations] == [True]
    assert (bot.workspace.root / ".scoville").is_dir()


def test_an_answer_shows_itself_in_a_line(bot: sc.Bot):
    shown = repr(bot.ask("How many days of parental leave are there?"))
    assert shown.startswith("<Answer '") and len(shown) < 300


def test_hits_are_a_list_and_know_how_the_search_went(bot: sc.Bot):
    hits = bot.search("leave", limit=1)
    assert len(hits) == 1 and len(list(hits)) == 1
    assert hits[0].passage.text == LEAVE
    assert hits[:1] == (hits[0],)
    assert [step.name for step in hits.found.steps][:1] == ["rewrite"]
    assert repr(hits).startswith("[") and "leave.txt" in repr(hits)


def test_a_filter_is_a_text_or_several(bot: sc.Bot):
    assert not bot.search("leave", where="language = xx")
    assert not bot.search("leave", where=["language = xx", "page < 3"])
    with pytest.raises(sc.ScovilleError, match="page >>"):
        bot.search("leave", where="page >> 3")


def test_the_pieces_of_a_stream_are_the_reply_and_then_comes_the_answer(bot: sc.Bot):
    stream = bot.stream(QUESTION)
    pieces = list(stream)
    reply = stream.answer.reply
    assert reply and "".join(pieces) == reply.text
    assert stream.answer.citations[0].verified
    assert list(stream) == []


def test_an_error_of_a_stream_is_raised_where_it_is_read(bot: sc.Bot, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object, **__: object) -> Any:
        raise sc.ScovilleError("the model is gone")

    monkeypatch.setattr(bot.answerer().llm, "generate", fail)
    stream = bot.stream(QUESTION)
    for _ in range(2):
        with pytest.raises(sc.ScovilleError, match="the model is gone"):
            next(stream)
    with pytest.raises(sc.ScovilleError, match="the model is gone"):
        _ = stream.answer


def test_a_conversation_is_given_as_answers(bot: sc.Bot):
    first = bot.ask(QUESTION)
    assert "leave" in bot.search("And those?", history=[first]).found.question
    refused = dataclasses.replace(first, refused=True)
    assert "leave" not in bot.search("And those?", history=[refused]).found.question


def test_values_are_nested_dotted_or_the_name_of_a_model(tmp_path: Path):
    bot = sc.open(tmp_path, llm="quote", split={"size": 120}, **{"search.passages": 3})
    assert bot.recipe.llm.model == "quote"
    assert (bot.recipe.split.size, bot.recipe.search.passages) == (120, 3)
    with pytest.raises(RecipeError, match=r"llm\.modle: unknown key \(from the argument\)"):
        sc.open(tmp_path, llm={"modle": "quote"})


def test_values_beat_the_environment_which_beats_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "other.yaml"
    file.write_text("split: {size: 110}\nsearch: {passages: 2}\nllm: {model: quote}\n")
    monkeypatch.setenv("SCOVILLE_SEARCH__PASSAGES", "4")
    monkeypatch.setenv("SCOVILLE_LLM__MODEL", "fake")
    recipe = sc.open(tmp_path, recipe=file, llm="openai:gpt-5-mini").recipe
    assert (recipe.split.size, recipe.search.passages, recipe.llm.model) == (110, 4, "openai:gpt-5-mini")
    assert sc.open(tmp_path, recipe=recipe, llm="quote").recipe.split.size == 110
    with pytest.raises(sc.ScovilleError, match="no such file"):
        sc.open(tmp_path, recipe=tmp_path / "absent.yaml")


def test_what_was_asked_and_added_is_in_the_ledger(bot: sc.Bot):
    bot.ask(QUESTION)
    bot.close()
    store = Store(bot.workspace.folder / FILE_NAME)
    found = {total.group: total.entries for total in totals(store)}
    traces = store.query("SELECT count(*) FROM spans WHERE parent_id = ''")
    store.close()
    assert found["ingest"] == 1 and found["generation"] == 1
    assert traces[0][0] == 2


def test_a_model_that_describes_documents_needs_no_more_than_its_name(tmp_path: Path, docs: Path):
    reply = json.dumps({"author": "Larkspur Freight"})
    with sc.open(tmp_path / "bot", **PAGES, metadata={"model": f"fake:{reply}"}) as bot:
        bot.add(docs)
        authors = [hit.passage.metadata.get("author") for hit in bot.search("Larkspur Freight leave", limit=1)]
    assert authors == ["Larkspur Freight"]


def test_what_is_added_or_removed_meanwhile_is_found(bot: sc.Bot, docs: Path):
    assert not [hit for hit in bot.search("bicycle") if "bicycle" in hit.passage.text]
    (docs / "bicycle.txt").write_text("A bicycle is lent to staff of the depot.")
    assert bot.add(docs).added == 1
    assert [hit for hit in bot.search("bicycle") if "bicycle" in hit.passage.text]
    assert [name for name in bot.remove(str(docs / "bicycle.txt"))] != []
    assert len(bot.documents()) == 2


def test_a_closed_bot_says_so(bot: sc.Bot):
    bot.close()
    bot.close()
    with pytest.raises(sc.ScovilleError, match="closed"):
        bot.ask(QUESTION)


def test_a_bot_without_documents_says_so_before_a_model_is_fetched(tmp_path: Path):
    with pytest.raises(sc.ScovilleError, match="no index yet"):
        sc.open(tmp_path).ask(QUESTION)


def test_progress_is_told_to_a_function(tmp_path: Path, docs: Path):
    told: list[tuple[str, int, int | None]] = []
    bot = sc.open(tmp_path / "bot", on_progress=lambda *given: told.append(given), **PAGES)
    bot.add(docs)
    assert told[-1][1] == 2


def test_a_notebook_gets_a_bar_and_nothing_is_imported_for_it(
    tmp_path: Path, docs: Path, monkeypatch: pytest.MonkeyPatch
):
    shown: list[str] = []

    class Handle:
        def update(self, value: str) -> None:
            shown.append(value)

    display = types.ModuleType("IPython.display")
    display.HTML = str  # pyright: ignore[reportAttributeAccessIssue]
    display.display = lambda *_, **__: Handle()  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    sc.open(tmp_path / "bot", **PAGES).add(docs)
    assert "<progress" in shown[0] and "of 2 files: " in shown[0]
    assert shown[-1] == ""


def test_hostile_text_is_escaped_wherever_it_is_shown(tmp_path: Path, docs: Path):
    hostile = "<script>alert(1)</script> Leave\u202e & rest of 30 days."
    (docs / "leave.txt").write_text(hostile)
    with sc.open(tmp_path / "bot", **PAGES) as bot:
        report = bot.add(docs)
        answer = bot.ask("How many days of leave and rest?")
        hits = bot.search("leave")
    name = "<b>x</b>.txt"
    failed = dataclasses.replace(report, failed=(Failure(path=name, reason="<i>"),))
    pages = [answer._repr_html_(), hits._repr_html_(), answer.citations[0]._repr_html_(), failed._repr_html_()]
    pages.append(progress_html("<script>", 1, 2, "<b>"))
    for page in pages:
        assert "&lt;" in page
        assert "<script>" not in page and "\u202e" not in page and "<b>x" not in page and "<i>&" not in page


def test_rows_of_tables_are_shown_without_their_bars():
    assert shorten("Fees:\n| Short | -2 EUR |\n|---|:-:|\n| a \\| b |  |") == "Fees: Short · -2 EUR; a \\| b"
    assert shorten("| no row") == "| no row"


def test_a_refusal_shows_its_reason(bot: sc.Bot):
    answer = dataclasses.replace(bot.ask(QUESTION), refused=True, reason="weak_evidence", text="I don't know.")
    assert "close enough" in answer._repr_html_()


def test_a_citation_draws_its_page_with_the_words_boxed(tmp_path: Path, docs: Path):
    (docs / "leave.pdf").write_bytes(pdf(lambda paper: paper.text(72, 100, LEAVE)))
    (docs / "leave.txt").unlink()
    with sc.open(tmp_path / "bot", **PAGES) as bot:
        bot.add(docs)
        citation = bot.ask(QUESTION).citations[0]
        assert "leave.pdf, page 1</b>" in citation._repr_html_()
        image = citation.image()
        box = citation.boxes[0]
        scale = image.width / WIDTH
        edge = image.getpixel((round(box.x0 * scale) - 2, round((box.y0 + box.y1) / 2 * scale)))
        assert edge == (211, 47, 47)
        (docs / "leave.pdf").write_bytes(b"%PDF-1.4 changed")
        with pytest.raises(sc.ScovilleError, match="has changed since it was read"):
            citation.image()


def test_a_citation_without_a_page_says_why_there_is_no_picture(bot: sc.Bot):
    citation = bot.ask(QUESTION).citations[0]
    with pytest.raises(sc.ScovilleError, match="no pages that can be drawn"):
        citation.image()
    bare = dataclasses.replace(citation, opener=None)
    assert bare == citation
    with pytest.raises(sc.ScovilleError, match="ask a Bot"):
        bare.image()


def test_what_draws_a_citation_is_no_part_of_it(bot: sc.Bot):
    answer = bot.ask(QUESTION)
    assert "opener" not in repr(answer) and "opener" not in json.dumps(answer_json(answer))
    assert pickle.loads(pickle.dumps(answer)) == answer


def test_questions_at_once_are_each_answered(bot: sc.Bot):
    expected = {QUESTION: "thirty days", "How must notice be given?": "in writing"}
    found: dict[int, tuple[str, sc.Answer]] = {}

    def ask(number: int, question: str) -> None:
        found[number] = question, bot.ask(question)

    threads = [threading.Thread(target=ask, args=(n, q)) for n, q in enumerate(list(expected) * 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    for question, answer in found.values():
        assert answer.question == question and expected[question] in answer.text
        assert sum(stage.name == "generate" for stage in answer.stages) == 1


def test_what_the_library_has_to_say_goes_to_its_logger(
    bot: sc.Bot, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, docs: Path
):
    with caplog.at_level(logging.INFO, "scoville"):
        bot.add(docs)
    assert capsys.readouterr() == ("", "")


PUBLIC = """
import json, sys, time
started = time.process_time()
import scoville
seconds = time.process_time() - started
heavy = sorted(name for name in sys.modules if name.split(".")[0] in ("numpy", "pydantic", "lancedb", "click"))
print(json.dumps({"seconds": seconds, "heavy": heavy, "loaded": [n for n in sys.modules if n.startswith("scoville.")],
                  "kinds": {name: type(getattr(scoville, name)).__name__ for name in scoville.__all__}}))
"""


def test_importing_the_package_costs_nothing_and_every_name_is_there():
    done = subprocess.run([sys.executable, "-c", PUBLIC], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["seconds"] < 0.05  # 2 ms on an idle machine; what is heavy takes more
    assert told["heavy"] == [] and told["loaded"] == []
    assert set(told["kinds"]) == set(sc.__all__) <= set(dir(sc))
    with pytest.raises(AttributeError, match="has no attribute 'aks'; it has Answer"):
        _ = sc.aks


@pytest.mark.parametrize("name", sc.__all__)
def test_no_public_name_is_that_of_a_module_which_would_take_its_place_once_imported(name: str):
    assert importlib.util.find_spec(f"scoville.{name}") is None


def test_a_bench_and_a_bot_are_the_same_workspace(bench: Bench):
    bench.write("leave.txt", LEAVE)
    bench.add()
    with sc.open(bench.workspace.root, recipe=bench.recipe) as bot:
        assert isinstance(bot.ask(QUESTION).citations[0], Citation)


def test_a_bot_and_its_variants_open_their_embedder_once(docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It takes 150 MB: it outlives what is added, and serves every variant that embeds alike."""
    opened: list[str] = []
    real = sys.modules["scoville.search.hybrid"].open_embedder
    monkeypatch.setattr("scoville.search.hybrid.open_embedder", lambda embed: opened.append(embed.model) or real(embed))
    with sc.open(tmp_path, **PAGES) as bot:
        bot.add(docs)
        bot.ask(QUESTION)
        for model in ("quote", "fake:thirty days"):
            assert bot.variant({"llm.model": model}).ask(QUESTION).hits
        (docs / "more.txt").write_text("Parking is free.")
        bot.add(docs)
        assert bot.search("Parking")[0].passage.source == "docs/more.txt"
        assert opened == ["fake"]
        bot.variant({"embed.threads": 1}).search(QUESTION)
        assert opened == ["fake", "fake"]
