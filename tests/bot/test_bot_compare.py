"""Systems side by side from Python: bots, variants, functions, runs."""

from pathlib import Path
from typing import Any

import pytest

import scoville as sc
from conftest import ANIMALS, Bench, fish_cases
from scoville.errors import UsageError


@pytest.fixture
def bot(bench: Bench, fakes: None) -> Any:
    for animal in ANIMALS:
        lines = [f"The {animal} of ward {ward} eats {ward + 3} fish each day." for ward in range(6)]
        bench.write(f"{animal}.txt", "\n\n".join(lines))
    with sc.open(bench.workspace.root, split={"size": 30}) as bot:
        bot.add(bench.docs)
        yield bot


def silent(question: str) -> str:
    return "<script>nothing</script>"


def test_bots_variants_and_functions_become_one_table(bot: sc.Bot):
    compared = sc.compare([bot, bot.variant({"split.size": 60}), silent], fish_cases(6))
    names = [row.system for row in compared.table.board.rows]
    assert set(names) == {"work", "split.size=60", "silent"}
    assert names[-1] == "silent"
    assert compared.table.baseline == "work"
    text = str(compared)
    assert "quality" in text and "silent" in text and "against work" in text
    assert "standing" in compared.all_text()
    html = compared._repr_html_()
    assert html.count("<tr>") == 8 and html.count("<table>") == 2 and "<script>" not in html


def test_a_comparison_is_written_as_a_page_and_its_runs_are_kept(bot: sc.Bot, tmp_path: Path):
    run = bot.evaluate(fish_cases(6))
    compared = sc.compare([bot, run.id, silent], baseline="silent")
    assert compared.table.baseline == "silent"
    page = compared.write(tmp_path / "page.html").read_text()
    assert page.count("<script>") == 1 and "&lt;script&gt;" in page  # the one of the page itself
    assert {system.origin for system in compared.systems} == {"reused", "given", "asked"}
    assert compared.json()["systems"][0]["run"] in {one.id for one in bot.runs()}


def test_what_cannot_be_compared_is_refused(bot: sc.Bot, tmp_path: Path):
    with pytest.raises(UsageError, match="at least two systems"):
        sc.compare([bot], fish_cases(2))
    with pytest.raises(UsageError, match="each once"):
        sc.compare([bot, bot], fish_cases(2))
    with pytest.raises(UsageError, match="no cases to ask"):
        sc.compare([bot, silent])
    with pytest.raises(UsageError, match="two workspaces"):
        sc.compare([bot, sc.open(tmp_path / "other")], fish_cases(2))


def test_a_sweep_from_python_tries_recipes(bot: sc.Bot):
    tried: list[str] = []
    sweeping = bot.variant({"sweep.space": {"search.passages": [1, 3]}})
    sweep = sweeping.sweep(fish_cases(6), on_trial=lambda recipe, trial: tried.append(trial.state))
    assert tried == ["complete", "complete"]
    assert [trial.choices for trial in sweep.trials()] == [{"search.passages": 1}, {"search.passages": 3}]
    assert [one.name for one in bot.sweeps()] == [sweep.name]
    best = bot.best_recipe()
    assert best.startswith(f"# Trial {sweep.json()['best']} of 2 of sweep {sweep.name}")
    assert "passages:" in best
    assert "2 run to the end" in str(sweep)
    html = sweep._repr_html_()
    assert html.count("<tr>") == 3 and "search.passages</th>" in html and "2 run to the end" in html


def test_a_variant_that_needs_another_index_builds_it_once_and_is_asked(bot: sc.Bot, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO", "scoville")
    variant = bot.variant({"split.size": 60})
    found = variant.search("How many fish does the otter of ward 3 eat?")
    sizes = [max(hit.passage.tokens for hit in hits) for hits in (bot.search("otter"), found)]
    assert sizes[0] <= 30 < sizes[1] <= 60
    answer = variant.ask("How many fish does the otter of ward 3 eat each day?")
    assert answer.hits[0].passage in [hit.passage for hit in found]
    again = bot.variant({"split.size": 60, "search.passages": 1})
    assert len(again.search("otter")) == 1
    assert [record.message for record in caplog.records if "another index" in record.message] == [
        "Building another index of the same documents beside the workspace's, once: the recipe needs it."
    ]
    assert {one.passage.tokens for one in bot.search("otter")} <= set(range(31))


def test_a_run_of_a_variant_is_scored_and_blamed_by_its_own_index(bot: sc.Bot):
    variant = bot.variant({"split.size": 60})
    run = variant.evaluate(fish_cases(6))
    assert run.header["index"] and run.header["index"] != bot.evaluate(fish_cases(6)).header["index"]
    assert run.summary()["counts"]["cases"] == 6
    assert len(run.blame()) == sum(found["quality"].value == 0 for found in run.scores().values())
    assert variant.resume(run).id == run.id


def test_the_index_of_a_variant_follows_what_is_added_to_the_bot(bot: sc.Bot, bench: Bench):
    variant = bot.variant({"split.size": 60})
    assert not [hit for hit in variant.search("walrus") if hit.passage.source.endswith("walrus.txt")]
    bench.write("walrus.txt", "The walrus of ward 9 eats forty fish each day.")
    bot.add(bench.docs)
    assert variant.search("walrus")[0].passage.source.endswith("walrus.txt")
    assert set(variant.documents()) == set(bot.documents())
    for refused in (lambda: variant.add(bench.docs), lambda: variant.remove("*")):
        with pytest.raises(UsageError, match="add them to that bot"):
            refused()


def test_another_recipe_file_may_answer_from_an_index_of_its_own(bot: sc.Bot, tmp_path: Path):
    (tmp_path / "large.yaml").write_text("split: {size: 60}\nembed: {model: fake}\nllm: {model: fake}\n")
    run = bot.evaluate(fish_cases(3), system=str(tmp_path / "large.yaml"))
    assert run.summary()["counts"]["cases"] == 3


def test_the_reader_is_compared_as_it_answers(bot: Any):
    reading = bot.variant({"llm.model": "reader", "answer.min_similarity": 0.0})
    cases = fish_cases(2)
    compared = sc.compare([reading, silent], cases)
    results = compared.systems[0].run.results()
    assert [results[case.id].text for case in cases] == [reading.ask(case.question).text for case in cases]
    assert "fish each day" in results[cases[0].id].text, "the value in its sentence"
    assert bot.runs()[0].header["models"]["llm"] == "reader"
