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
    assert "standing" in text and "silent" in text and "against work" in text
    html = compared._repr_html_()
    assert html.count("<tr>") == 4 and "<script>" not in html


def test_a_comparison_is_written_as_a_page_and_its_runs_are_kept(bot: sc.Bot, tmp_path: Path):
    run = bot.evaluate(fish_cases(6))
    compared = sc.compare([bot, run.id, silent], baseline="silent")
    assert compared.table.baseline == "silent"
    page = compared.write(tmp_path / "page.html").read_text()
    assert "<script>" not in page and "&lt;script&gt;" in page
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
