"""Systems side by side: what is asked, what is taken again, what it costs, and who is better for sure."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from click.testing import Result as Invoked

from conftest import ANIMALS, Bench, fish_cases
from scoville.cases.files import write_cases
from scoville.cli.compare import command
from scoville.comparison.side_by_side import Compared
from scoville.comparison.stages import BuildCost, SharedStages
from scoville.comparison.systems import compare_systems, usd_per_1000
from scoville.errors import UsageError
from scoville.evaluate.result import Result
from scoville.evaluate.rightness import rightness
from scoville.evaluate.run_cases import run_cases
from scoville.evaluate.runs import Run, create_run, list_runs
from scoville.evaluate.score_run import score_run, summarise
from scoville.evaluate.statistics import Estimate
from scoville.evaluate.system import FunctionSystem
from scoville.track.ledger import Ledger
from scoville.types import Score

PLAIN = "answer: {min_similarity: -1, min_support: 0.0}\nprompt: {style: passages}\n"
BOT = (
    "def knows(question): return '4 fish'\n\n\ndef guesses(question): return {'answer': '9 fish', 'cost_usd': 0.002}\n"
)


class Comparing:
    """A workspace with documents, cases, recipes and a bot."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.root = bench.workspace.root
        for animal in ANIMALS:
            facts = [f"The {animal} of ward {ward} eats {ward + 3} fish each day." for ward in range(6)]
            bench.write(f"{animal}.txt", "\n\n".join([*facts, f"Keepers weigh the {animal} on Mondays."]))
        bench.add()
        write_cases(self.root / "cases.jsonl", fish_cases())
        (self.root / "bot.py").write_text(BOT)
        self.recipe("plain", PLAIN)
        self.recipe("one", f"{PLAIN}search: {{passages: 1}}\n")
        self.recipe("shy", "answer: {min_similarity: 1.0}\nprompt: {style: passages}\n")
        self.recipe("small", f"{PLAIN}split: {{size: 32}}\n")

    def recipe(self, name: str, text: str) -> None:
        (self.root / f"{name}.yaml").write_text(text)

    def invoke(self, *words: object) -> Invoked:
        asked = [str(word) for word in words]
        return CliRunner().invoke(command, [*asked, "--cases", "cases.jsonl"] if "--cases" not in asked else asked)

    def json(self, *words: object) -> dict[str, Any]:
        done = self.invoke(*words, "--json")
        assert done.exception is None, done.exception
        return json.loads(done.stdout)

    @property
    def runs(self) -> list[Run]:
        return list_runs(self.bench.workspace.folder / "runs")


@pytest.fixture
def comparing(bench: Bench) -> Comparing:
    return Comparing(bench)


def answered(folder: Path, name: str, right: int, count: int = 12, **values: Any) -> Compared:
    """Make a scored run whose first answers are right."""
    asked = fish_cases(count)
    says = {case.question: case.expected[0] if number < right else "no idea" for number, case in enumerate(asked)}
    system = FunctionSystem(lambda question: {"answer": says[question], "cost_usd": 0.0, "refused": False, **values}, name)  # noqa: E501  # fmt: skip
    run = create_run(folder, asked, {"system": name, **system.describe()})
    run_cases(system, asked, run)
    score_run(run)
    return Compared(name=name, run=run, origin="given", build=BuildCost(seconds=2.0, usd=0.5))


def result(cost_usd: float | None = 0.0, error: str = "", **seconds: float) -> Result:
    return Result(case_id="x", text="yes", refused=False, cost_usd=cost_usd, seconds=seconds, error=error)


def mean(cost: Estimate | None) -> float | None:
    return cost and cost.mean


# The table


def test_local_work_costs_the_seconds_that_it_held_the_machine():
    assert mean(usd_per_1000([result(total=2.0, generate=1.5), result(total=4.0)], 3.6)) == pytest.approx(3.0)


def test_while_a_hosted_model_writes_the_machine_costs_nothing():
    assert mean(usd_per_1000([result(0.002, total=2.0, generate=1.5)], 3.6)) == pytest.approx(2.5)


def test_a_server_costs_its_fees_only():
    assert mean(usd_per_1000([result(0.002, total=2.0)], 3.6, remote=True)) == pytest.approx(2.0)


def test_one_fee_that_is_not_known_makes_the_cost_unknown():
    assert usd_per_1000([result(total=1.0), result(None, total=1.0)], 3.6) is None


def test_an_error_costs_nothing_and_only_errors_have_no_cost():
    assert mean(usd_per_1000([result(total=2.0), result(None, "down", total=9.0)], 3.6)) == pytest.approx(2.0)
    assert usd_per_1000([result(None, "down")], 3.6) is None


def test_every_system_is_tested_against_the_baseline_that_was_chosen(tmp_path: Path):
    systems = [answered(tmp_path, name, right) for name, right in (("poor", 1), ("middling", 6), ("good", 12))]
    table = compare_systems(systems, baseline="middling", usd_per_hour=1.0)
    assert [row.system for row in table.board.rows] == ["good", "middling", "poor"]
    assert set(table.to_baseline) == {"poor", "good"}
    assert table.to_baseline["good"].comparison.difference == pytest.approx(0.5)
    assert table.to_baseline["poor"].comparison.difference == pytest.approx(-5 / 12)
    assert all(to.p >= to.comparison.p for to in table.to_baseline.values())


def test_the_columns_say_what_a_system_takes(tmp_path: Path):
    systems = [answered(tmp_path, "dear", 12, seconds={"total": 7.2}), answered(tmp_path, "cheap", 12, seconds={"total": 0.36})]  # noqa: E501  # fmt: skip
    table = compare_systems(systems, usd_per_hour=1.0)
    dear = next(row for row in table.board.rows if row.system == "dear").columns
    assert dear["usd_per_1000"] == pytest.approx(2.0)
    assert dear["seconds_p50"] == dear["seconds_p95"] == pytest.approx(7.2)
    assert (dear["build_seconds"], dear["build_usd"], dear["errors"]) == (2.0, 0.5, 0)
    assert table.front == ("cheap",)


def test_a_baseline_that_is_no_system_is_refused_with_the_names(tmp_path: Path):
    systems = [answered(tmp_path, name, 3) for name in ("one", "other")]
    with pytest.raises(UsageError, match="none of the systems: one, other"):
        compare_systems(systems, baseline="third", usd_per_hour=1.0)


def test_a_metric_that_no_answer_has_is_refused(tmp_path: Path):
    systems = [answered(tmp_path, name, 3) for name in ("one", "other")]
    with pytest.raises(UsageError, match="metric 'refusal_f1': expected one that single answers have"):
        compare_systems(systems, metric="refusal_f1", usd_per_hour=1.0)


def test_a_judged_run_is_not_compared_with_one_that_was_not(tmp_path: Path):
    one, other = (answered(tmp_path, name, 3) for name in ("one", "other"))
    cases, results = other.run.cases(), other.run.results()
    verdicts = {case.id: [Score(metric="correctness", value=1.0, judge="fake")] for case in cases}
    found = {case.id: [*verdicts[case.id], *rightness(case, results[case.id], verdicts[case.id])] for case in cases}
    other.run.write_scores(found, summarise(cases, results, found))
    with pytest.raises(UsageError, match="made of correctness_words and of correctness"):
        compare_systems([one, other], usd_per_hour=1.0)


def test_runs_of_different_machines_are_compared_with_a_warning(tmp_path: Path):
    one, other = (answered(tmp_path, name, 3) for name in ("one", "other"))
    other.run.update(machine={"cores": 96})
    assert "different machines" in compare_systems([one, other], usd_per_hour=1.0).notes[0]
    other.run.update(machine=one.run.header["machine"], workers=8)
    assert "different numbers of questions at once" in compare_systems([one, other], usd_per_hour=1.0).notes[0]


# The command


def test_every_system_is_judged_by_the_judge_of_the_recipe(comparing: Comparing):
    judge = ("--judge", "--set", """judge.model='fake:{"verdict": "right"}'""")
    table = comparing.json("plain.yaml", "bot.py:guesses", *judge)
    assert {one["system"]: one["quality"]["mean"] for one in table["systems"]}["bot.py:guesses"] == 1.0


def test_recipes_functions_and_runs_stand_in_one_table(comparing: Comparing):
    table = comparing.json("plain.yaml", "one.yaml", "bot.py:knows", "bot.py:guesses")
    assert {one["system"] for one in table["systems"]} == {"plain", "one", "bot.py:knows", "bot.py:guesses"}
    assert table["baseline"] == "plain"
    by_name = {one["system"]: one for one in table["systems"]}
    assert by_name["plain"]["to_baseline"] is None
    assert by_name["one"]["to_baseline"]["n"] == 12
    assert by_name["bot.py:knows"]["columns"]["usd_per_1000"] is None
    assert by_name["bot.py:guesses"]["columns"]["usd_per_1000"] == pytest.approx(2.0, rel=0.5)
    assert "the fees of bot.py:knows are not known" in table["notes"][0]
    assert {one["origin"] for one in table["systems"]} == {"asked"}
    given = comparing.json(by_name["plain"]["run"], by_name["one"]["run"])
    assert {one["origin"] for one in given["systems"]} == {"given"}
    assert len(comparing.runs) == 4


def test_the_cases_of_a_run_that_is_named_are_the_default(comparing: Comparing):
    comparing.json("plain.yaml", "one.yaml", "--limit", 5)
    done = CliRunner().invoke(command, [comparing.runs[0].id, "bot.py:knows", "--json"])
    assert json.loads(done.stdout)["cases"] == 5


def test_a_run_of_the_same_recipe_cases_and_index_is_taken_again_and_said_so(comparing: Comparing):
    comparing.json("plain.yaml", "one.yaml")
    done = comparing.invoke("plain.yaml", "one.yaml", "--json")
    assert {one["origin"] for one in json.loads(done.stdout)["systems"]} == {"reused"}
    assert done.stderr.count("is taken (--fresh asks again)") == 2
    assert len(comparing.runs) == 2
    assert {one["origin"] for one in comparing.json("plain.yaml", "one.yaml", "--fresh")["systems"]} == {"asked"}


def test_a_changed_document_is_asked_again(comparing: Comparing):
    comparing.json("plain.yaml", "one.yaml")
    comparing.bench.write("otter.txt", "The otter left.")
    comparing.bench.add()
    assert {one["origin"] for one in comparing.json("plain.yaml", "one.yaml")["systems"]} == {"asked"}


def test_a_run_that_was_killed_is_finished(comparing: Comparing):
    comparing.json("plain.yaml", "one.yaml")
    run = next(run for run in comparing.runs if run.header["system"] == "plain")
    path = run.folder / "results.jsonl"
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True)[:4]))
    table = comparing.json("plain.yaml", "one.yaml")
    assert {one["system"]: one["origin"] for one in table["systems"]} == {"plain": "resumed", "one": "reused"}
    assert len(run.saved()) == 12


def test_another_index_is_built_beside_and_its_cost_is_known_later(comparing: Comparing):
    first = comparing.json("plain.yaml", "small.yaml")
    small = next(one for one in first["systems"] if one["system"] == "small")["columns"]
    assert small["build_seconds"] > 0
    assert small["build_usd"] > 0
    again = comparing.json("plain.yaml", "small.yaml")
    kept = next(one for one in again["systems"] if one["system"] == "small")["columns"]
    assert kept["build_seconds"] == small["build_seconds"]
    assert list(comparing.bench.workspace.folder.glob("builds/*/build.json"))


def test_an_index_whose_building_nobody_timed_has_no_cost(comparing: Comparing):
    stages = SharedStages(comparing.bench.workspace, comparing.bench.recipe)
    assert stages.build_cost(comparing.bench.recipe, Ledger(1.0)) == BuildCost()


def test_the_terminal_shows_the_table_the_baseline_and_the_blame(comparing: Comparing):
    out = comparing.invoke("plain.yaml", "shy.yaml", "--baseline", "shy").stdout
    assert "$ / 1,000 (n = 12)" in out
    assert "against shy" in out
    assert "shy: 12 wrong answers" in out
    assert "lower answer.min_similarity" in out


def test_the_page_plots_quality_against_dollars(comparing: Comparing):
    done = comparing.invoke("plain.yaml", "bot.py:guesses", "--out", "compare.html")
    assert done.exception is None
    page = (comparing.root / "compare.html").read_text()
    assert "quality against $ for 1,000 questions" in page
    assert "Against plain" in page


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("plain.yaml",), "at least two systems"),
        (("plain.yaml", "plain.yaml"), "at least two systems, each once"),
        (("plain.yaml", "missing.yaml"), "there is no such recipe"),
        (("plain.yaml", "nothing"), "no runs have that name"),
        (("plain.yaml", "bot.py:sleeps"), "no function that can be imported"),
        (("plain.yaml", "one.yaml", "--baseline", "two"), "none of the systems: plain, one"),
        (("plain.yaml", "one.yaml", "--metric", "vibes"), "metric 'vibes': expected one"),
        (("plain.yaml", "one.yaml", "--judge"), "the recipe names no judge"),
        (("plain.yaml", "one.yaml", "--split", "dev"), "none of 12 cases is asked for"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_asked(
    comparing: Comparing, words: tuple[str, ...], told: str
):
    failure = comparing.invoke(*words).exception
    assert isinstance(failure, UsageError)
    assert told in str(failure)
    assert not comparing.runs


def test_a_run_on_other_cases_is_refused_with_the_difference(comparing: Comparing):
    comparing.json("plain.yaml", "one.yaml", "--limit", 5)
    failure = comparing.invoke(comparing.runs[0].id, "one.yaml").exception
    assert isinstance(failure, UsageError)
    assert "7 only in the first" in str(failure)


def test_a_hosted_model_over_the_limit_is_refused_before_anything_is_asked(comparing: Comparing):
    hosted = ("--set", "llm.model=openai:gpt-4o", "--set", "cost.limit_usd=0.0001")
    failure = comparing.invoke("plain.yaml", "one.yaml", *hosted).exception
    assert isinstance(failure, UsageError)
    assert "to go on give --yes" in str(failure)
    assert not any(run.saved() for run in comparing.runs)


def test_replies_of_a_model_that_was_trained_again_are_not_kept(comparing: Comparing, monkeypatch: pytest.MonkeyPatch):
    from scoville.llm import FakeLlm, Generation
    from scoville.recipe import Llm
    from scoville.types import Message

    bench = comparing.bench
    model = bench.workspace.root / "ours.gguf"
    monkeypatch.setattr("scoville.comparison.stages.open_llm", lambda _: FakeLlm(model.read_text()))
    replies: list[str] = []
    for content in ("first", "first", "second, longer"):
        if not model.exists() or model.read_text() != content:
            model.write_text(content)
        stages = SharedStages(bench.workspace, bench.recipe)
        stages.replies = bench.workspace.root / "replies.jsonl"
        llm = stages.llm(Llm(model=f"path:{model}"))
        replies.append(llm.generate([Message(role="user", content="Hello")], Generation(max_tokens=9)).text)
        replies += ["written"] if stages.written else []
        stages.close()
    assert replies == ["first", "written", "first", "second, longer", "written"]


def test_a_model_that_was_measured_better_is_offered_by_doctor(comparing: Comparing):
    import scoville as sc

    poor: dict[str, Any] = {"llm": "quote", "answer.min_similarity": 1.0}
    good = {"llm": "fake", "answer.min_similarity": -1.0, "answer.min_support": 0.0, "prompt.style": "passages"}
    with sc.open(comparing.root, **poor) as bot:
        bot.evaluate("cases.jsonl")
        assert "models" not in [check.name for check in bot.doctor()]
    with sc.open(comparing.root, **good) as bot:
        bot.evaluate("cases.jsonl")
        assert "models" not in [check.name for check in bot.doctor()]  # that of the recipe is the best
    with sc.open(comparing.root, **poor) as bot:
        (found,) = [check for check in bot.doctor() if check.name == "models"]
    assert found.detail.startswith("fake was measured better: quality +") and "on 12 cases" in found.detail
