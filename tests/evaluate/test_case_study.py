"""The pieces of examples/case_study, with the fakes: which cases are taken, what is asked, what is written down."""

import argparse
import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from conftest import Bench
from scoville.comparison.side_by_side import Compared, open_run
from scoville.comparison.stages import SharedStages
from scoville.comparison.systems import compare_systems
from scoville.evaluate.run_cases import run_cases
from scoville.evaluate.score_run import score_run
from scoville.llm import FakeLlm
from scoville.llm.template import ChatTemplate
from scoville.search import open_searcher
from scoville.types import Case, Evidence

FOLDER = Path(__file__).parents[2] / "examples/case_study"
CASES = [
    Case(
        id=f"{name}-{number}", question=f"How many fish does the {name} eat?", expected=("3 fish",),
        evidence=(Evidence(document=f"{name}.txt"),),
    )
    for name, count in (("otter", 5), ("heron", 1), ("lynx", 2))
    for number in range(count)
]  # fmt: skip


@pytest.fixture
def systems(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.delitem(sys.modules, "systems", raising=False)
    return importlib.import_module("systems")


@pytest.fixture
def study(systems: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.delitem(sys.modules, "run", raising=False)
    return importlib.import_module("run")


@pytest.fixture
def animals(bench: Bench) -> Bench:
    for name in ("otter", "heron", "lynx"):
        bench.write(f"{name}.txt", f"The {name} eats 3 fish.\n\nThe {name} sleeps by day.\n\nIt is weighed on Mondays.")
    bench.set(split={"size": 16}, answer={"min_similarity": -1})
    bench.add()
    return bench


def test_cases_are_taken_from_every_document_and_stand_together_by_document(study: ModuleType):
    taken = [case.id for case in study.spread(CASES, 4)]
    assert taken == ["heron-0", "lynx-0", "otter-0", "otter-1"]
    assert len(study.spread(CASES, 100)) == len(CASES)


def test_a_completion_prompt_is_no_turn_of_a_conversation(systems: ModuleType):
    messages = systems.completion_prompt("How many?", ())
    rendered = ChatTemplate(source=systems.NO_TEMPLATE).render(messages)
    assert rendered == "\n\nQuestion: How many?\nAnswer:"


def test_the_passages_of_a_document_make_up_its_text(systems: ModuleType, animals: Bench):
    whole = systems.whole_document(animals.index, "otter.txt")
    assert whole.text == (animals.docs / "otter.txt").read_text()
    assert animals.index.documents()["docs/otter.txt"].passages > 1


def test_a_reply_is_taken_as_it_is_unless_it_declines(systems: ModuleType, animals: Bench):
    for reply, refused in (("It eats 9 fish.", False), ("I don't know.", True)):
        llm = FakeLlm(reply)
        found = systems.in_passages(open_searcher(animals.workspace, animals.recipe), llm, animals.recipe.prompt)
        answer = systems.Unchecked("bare", llm, found, systems.bare_prompt).ask(CASES[0])
        assert (answer.text, answer.refused) == (reply, refused)
        assert answer.hits


def test_a_changed_prompt_is_another_system(systems: ModuleType):
    one, other = (systems.Unchecked("a", FakeLlm(), None, write) for write in (systems.bare_prompt, systems.completion_prompt))  # noqa: E501  # fmt: skip
    assert one.describe()["recipe_hash"] != other.describe()["recipe_hash"]


def test_the_results_tell_tokens_and_what_retrieval_saves(study: ModuleType, systems: ModuleType, animals: Bench):
    stages = SharedStages(animals.workspace, animals.recipe)
    llm, searcher = stages.llm(animals.recipe.llm), stages.searcher(animals.recipe)
    cases = [*CASES[:2], Case(id="no", question="Who is the king?", answerable=False)]
    compared: list[Compared] = []
    for name, find in (
        ("grounded prompt", systems.in_passages(searcher, llm, animals.recipe.prompt)),
        ("document", systems.in_document(searcher, llm, 4000)),
    ):
        system = systems.Unchecked(name, llm, find, systems.grounded_prompt(llm, animals.recipe.prompt))
        run, origin = open_run(system, cases, animals.workspace.folder / "runs", {"system": name})
        run_cases(system, cases, run)
        score_run(run)
        compared.append(Compared(name=name, run=run, origin=origin))
    table = compare_systems(compared, usd_per_hour=0.1)
    gain = study.document_tokens(searcher.index, llm, cases)
    given = argparse.Namespace(hosted="gpt-4o-mini", judge=None)
    text = study.results(table, compared, cases, gain, given)
    assert "| document | 2 of 2 | " in text and " | 0 of 1 | " in text  # the fake quotes, and never refuses
    assert f"| all documents | {gain['all']:,.0f} |" in text
    assert gain["all"] == 3 * gain["own"] > 0
