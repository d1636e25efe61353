"""Sweeps: what is tried, what is shared, what is ended early, and how it goes on after a kill."""

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from conftest import ANIMALS, Bench, fish_cases, set_fakes
from scoville.cli.sweep import command as sweep_command
from scoville.comparison import publish_sweep as mirror_module
from scoville.comparison import stages as stages_module
from scoville.comparison.propose import importances, propose
from scoville.comparison.race import Race
from scoville.comparison.space import check_space, draw, grid, listed, size
from scoville.comparison.stages import SharedStages
from scoville.comparison.standing import standings
from scoville.comparison.sweep import best_trials, plan, run_sweep
from scoville.comparison.trials import SweepFolder, Trial, find_sweep, identity, list_sweeps, open_sweep
from scoville.embed.fake import FakeEmbedder
from scoville.errors import MissingExtra, ProviderUnavailable, RecipeError, ScovilleError, UsageError
from scoville.evaluate.runs import Run, list_runs
from scoville.index import LanceIndex, Workspace, making, open_index, remove_documents
from scoville.llm.fake import FakeLlm
from scoville.recipe import Recipe
from scoville.recipe.file import load_recipe
from scoville.recipe.observers import Range, Sweep
from scoville.track.mirror import MirroredRun
from scoville.types import Case, Message, Score

SPACE = {"split.size": [40, 80], "search.passages": [1, 3], "prompt.instructions": [[], ["Be short."]]}


class Counts:
    """What was really done: texts embedded, prompts answered, files read."""

    def __init__(self) -> None:
        self.embedded: Counter[str] = Counter()
        self.generated: Counter[str] = Counter()
        self.read: Counter[str] = Counter()


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counts:
    counts = Counts()
    reads = making.read_file

    class Embedder(FakeEmbedder):
        def embed(self, texts: Sequence[str], kind: Any = "passage", on_done: Any = None) -> Any:
            counts.embedded.update(f"{kind} {text}" for text in texts)
            return super().embed(texts, kind, on_done)

    class Llm(FakeLlm):
        def generate(self, messages: Sequence[Message], generation: Any, on_text: Any = None) -> Any:
            counts.generated[repr((messages, generation))] += 1
            return super().generate(messages, generation, on_text)

    def read_file(path: Path, **options: Any) -> Any:
        counts.read[path.name] += 1
        return reads(path, **options)

    monkeypatch.setattr(stages_module, "open_embedder", lambda _: Embedder())
    monkeypatch.setattr(stages_module, "open_llm", lambda _: Llm())
    monkeypatch.setattr(making, "read_file", read_file)
    return counts


class Sweeping:
    """A workspace with documents and cases, and sweeps over it."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        bench.set(answer={"min_similarity": -1, "min_support": 0.0}, prompt={"style": "passages"})
        if not bench.workspace.built():
            for animal in ANIMALS:
                facts = [f"The {animal} of ward {ward} eats {ward + 3} fish each day." for ward in range(6)]
                bench.write(f"{animal}.txt", "\n\n".join([*facts, f"Keepers weigh the {animal} on Mondays."]))
            bench.add()
        self.cases = fish_cases(8)
        self.sweep(space=SPACE)

    def sweep(self, **values: Any) -> None:
        self.bench.set(sweep={"space": {}} | values)

    @property
    def folder(self) -> Path:
        return self.bench.workspace.folder / "sweeps"

    def open(self) -> tuple[SweepFolder, SharedStages]:
        stages = SharedStages(self.bench.workspace, self.bench.recipe)
        sweep = open_sweep(self.folder, self.bench.recipe, self.cases, stages.content)
        stages.replies = sweep.replies
        return sweep, stages

    def run(self, **options: Any) -> list[Trial]:
        sweep, stages = self.open()
        return run_sweep(sweep, self.bench.recipe, self.cases, stages, **options)


class Down(FakeLlm):
    is_down = True

    def generate(self, messages: Sequence[Message], generation: Any, on_text: Any = None) -> Any:
        if self.is_down and "Be short." in str(messages):
            raise ProviderUnavailable("the endpoint is down")
        return super().generate(messages, generation, on_text)


@pytest.fixture
def sweeping(bench: Bench) -> Sweeping:
    return Sweeping(bench)


def recipe(**sweep: Any) -> Recipe:
    return Recipe.model_validate_json(json.dumps({"sweep": sweep}))


def trial(number: int, values: Mapping[str, float | None], state: Any = "complete", **choices: Any) -> Trial:
    return Trial(number=number, choices=choices, state=state, values=values, cases=1)


# The space


@pytest.mark.parametrize(
    ("space", "told"),
    [
        ({}, "sweep.space is empty"),
        ({"split.sise": [1]}, "split.sise: unknown key"),
        ({"splitter.size": [1]}, "splitter: unknown key"),
        ({"split.size": [100, "large"]}, "'large'"),
        ({"split.size": {"low": 2, "high": 100}}, "greater than or equal to 16"),
        ({"split.size": [100], "split": [{"by": "section"}]}, "split.size is a part of split"),
        ({"judge.repeat": [1, 2]}, "judge.repeat cannot be swept"),
        ({"sweep.seed": [1, 2]}, "sweep.seed cannot be swept"),
        ({"llm.timeout_seconds": [1, 2]}, "llm.timeout_seconds cannot be swept"),
        ({"sources.entries": [[]]}, "sources.entries cannot be swept"),
        ({"llm.temperature": {"low": 0.0, "high": 1.0}}, "no end of values"),
        ({"split": [{"by": "parent", "sise": 3}]}, "unknown key"),
    ],
)
def test_a_bad_space_is_refused(space: dict[str, Any], told: str):
    with pytest.raises(RecipeError, match="sweep.space") as refused:
        check_space(recipe(space=space))
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("{split.size: 3}", "split.size: 3; expected a list of values"),
        ("{split.size: []}", "split.size: []"),
        ("{split.size: {low: 3}}", "split.size.high: Field required"),
        ("{split.size: {low: 9, high: 2}}", "low 9 must be below high 2"),
        ("{llm.temperature: {low: 0, high: 1, log: true}}", "needs a low above 0"),
        ("{split.size: {low: 1, high: 9, stp: 2}}", "split.size.stp"),
        ("[split.size]", "should be an object"),
    ],
)
def test_a_space_of_the_wrong_form_is_no_recipe(tmp_path: Path, given: str, told: str):
    path = tmp_path / "recipe.yaml"
    path.write_text(f"sweep: {{space: {given}}}")
    with pytest.raises(RecipeError) as refused:
        load_recipe(path, environment={})
    assert told in str(refused.value)


def test_keys_of_the_space_may_be_dotted_nested_and_flags(tmp_path: Path):
    path = tmp_path / "recipe.yaml"
    path.write_text("sweep: {space: {split.size: [100, 200], search: {passages: [1, 5]}}}")
    space = load_recipe(path, environment={}, flags=["sweep.space.split.size=[60]"]).recipe.sweep.space
    assert space == {"split.size": (60,), "search.passages": (1, 5)}


def test_values_that_contradict_others_are_let_pass():
    check_space(recipe(space={"split.parent_size": [100, 600], "split.by": ["parent"]}))


def test_a_range_lists_its_values():
    assert listed(Range(low=1, high=4)) == [1, 2, 3, 4]
    assert listed(Range(low=100, high=300, step=100)) == [100, 200, 300]
    assert listed(Range(low=0.1, high=0.35, step=0.1)) == [0.1, 0.2, 0.3]
    assert listed(Range(low=0.1, high=1)) is None
    assert listed(Range(low=1, high=1000, log=True)) is None


def test_a_grid_has_every_combination_once():
    sweep = recipe(space={"split.size": [100, 200, 100], "search.passages": {"low": 1, "high": 3}}).sweep
    combinations = [tuple(choices.values()) for choices in grid(sweep)]
    assert combinations == [(100, 1), (100, 2), (100, 3), (200, 1), (200, 2), (200, 3)]
    assert size(sweep) == 6


def test_draws_stay_in_the_space():
    import random

    space = {"split.size": {"low": 16, "high": 4096, "log": True}, "llm.temperature": {"low": 0.0, "high": 2.0}}
    sweep = recipe(space=space, method="random").sweep
    drawn = [draw(sweep, random.Random(number)) for number in range(50)]
    assert all(16 <= one["split.size"] <= 4096 and isinstance(one["split.size"], int) for one in drawn)
    assert all(0 <= one["llm.temperature"] <= 2 for one in drawn)
    assert sum(one["split.size"] < 256 for one in drawn) > 15


@pytest.mark.parametrize("name", ["qualty", "numbers", "bleu_of_all"])
def test_an_unknown_objective_is_refused_with_the_known_ones(name: str):
    with pytest.raises(RecipeError, match="tokens"):
        plan(recipe(space=SPACE, objectives=[name]))


def test_the_sweep_changes_no_hash_of_the_recipe():
    assert recipe(space=SPACE).hash == Recipe().hash
    assert recipe(space=SPACE).build_hash == Recipe().build_hash


# What is proposed


def choose(sweep: Sweep, count: int, quality: Any) -> list[Trial]:
    past: list[Trial] = []
    for number in range(count):
        choices = propose(sweep, past, [True])
        if choices is None:
            break
        past.append(Trial(number=number, choices=choices, state="complete", values={"quality": quality(choices)}))
    return past


@pytest.mark.parametrize("method", ["grid", "random", "tpe"])
def test_every_method_tries_each_combination_once_and_then_ends(method: str):
    sweep = recipe(space=SPACE | {"search.candidates": [20, 30]}, method=method, seed=3).sweep
    past = choose(sweep, 30, lambda choices: choices["split.size"] / choices["search.passages"])
    assert sorted(json.dumps(one.choices) for one in past) == sorted(map(json.dumps, grid(sweep)))


@pytest.mark.parametrize("method", ["random", "tpe"])
def test_the_next_choices_depend_on_the_trials_before_and_nothing_else(method: str):
    space = {"llm.temperature": {"low": 0.0, "high": 2.0}, "split.size": [100, 200]}
    sweep = recipe(space=space, method=method, seed=1).sweep
    past = choose(sweep, 14, lambda choices: choices["llm.temperature"])
    assert propose(sweep, past[:12], [True]) == past[12].choices
    assert [one.choices for one in choose(sweep, 14, lambda choices: choices["llm.temperature"])] == [
        one.choices for one in past
    ]
    other = sweep.model_copy(update={"seed": 2})
    assert propose(other, past[:12], [True]) != past[12].choices


def test_tpe_comes_nearer_to_the_best_than_chance():
    space = {"search.rerank_weight": {"low": 0.0, "high": 1.0}, "search.mmr": {"low": 0.0, "high": 1.0}}

    def quality(choices: Mapping[str, Any]) -> float:
        return -((choices["search.rerank_weight"] - 0.7) ** 2) - (choices["search.mmr"] - 0.2) ** 2

    def late(method: str, seed: int) -> float:
        past = choose(recipe(space=space, method=method, seed=seed).sweep, 40, quality)
        return sum(one.values["quality"] or 0.0 for one in past[20:]) / 20

    assert all(late("tpe", seed) > late("random", seed) + 0.05 for seed in range(3))


def test_tpe_without_optuna_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    import sys

    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtra, match=r"scoville\[sweep\]"):
        choose(recipe(space=SPACE | {"search.candidates": [20, 30]}, method="tpe").sweep, 12, lambda _: 1.0)


def test_the_key_that_decides_is_the_important_one():
    space = {"split.size": [100, 200, 300], "search.passages": [1, 3], "search.candidates": [20, 30, 40]}
    sweep = recipe(space=space).sweep
    past = choose(sweep, 18, lambda choices: -abs(choices["split.size"] - 200) + choices["search.candidates"] / 1e4)
    found = importances(sweep, past, [True])["quality"]
    assert next(iter(found)) == "split.size"
    assert found["split.size"] > 0.9
    assert sum(found.values()) == pytest.approx(1)


def test_equal_values_do_not_hide_the_important_key():
    sweep = recipe(space={"split.size": [16, 40, 80], "search.passages": {"low": 1, "high": 4}}).sweep
    past = choose(sweep, 12, lambda choices: 1.0 if choices["split.size"] == 16 else 0.75)
    assert importances(sweep, past, [True])["quality"]["split.size"] > 0.9


def test_of_few_trials_or_equal_values_no_importance_is_told():
    sweep = recipe(space=SPACE | {"search.candidates": [20, 30]}).sweep
    assert importances(sweep, choose(sweep, 9, lambda choices: choices["split.size"]), [True]) == {}
    assert importances(sweep, choose(sweep, 16, lambda _: 1.0), [True]) == {}


# What is shared


def test_nothing_is_read_embedded_or_generated_twice(sweeping: Sweeping, counts: Counts):
    trials = sweeping.run()
    assert [one.state for one in trials] == ["complete"] * 8
    assert counts.read == dict.fromkeys((f"{animal}.txt" for animal in ANIMALS), 1)
    passages = {count for text, count in counts.embedded.items() if text.startswith("passage")}
    assert passages == {1}  # a question is embedded again for each way of searching: the time of an answer holds it
    assert set(counts.generated.values()) == {1}
    # 2 sizes × 2 top_k × 2 prompts, but with one passage of 40 tokens or of 80 some prompts are the same.
    assert len(counts.generated) <= 8 * len(sweeping.cases)


def test_a_build_that_stands_is_not_embedded_again(sweeping: Sweeping, counts: Counts):
    sweeping.sweep(space={"search.passages": [1, 3, 5]})
    sweeping.run()
    assert not counts.read
    assert all(text.startswith("query") for text in counts.embedded)


def test_texts_that_the_index_holds_are_not_embedded_for_another_build(sweeping: Sweeping, counts: Counts):
    sweeping.sweep(space={"split.size": [2000, 4000]})  # all documents are one passage, as in the index
    sweeping.run()
    assert counts.read
    assert all(text.startswith("query") for text in counts.embedded)


def test_an_answer_from_memory_has_the_tokens_and_seconds_of_the_first_time(
    sweeping: Sweeping, monkeypatch: pytest.MonkeyPatch
):
    import time

    class Slow(FakeLlm):
        def generate(self, messages: Sequence[Message], generation: Any, on_text: Any = None) -> Any:
            time.sleep(0.02)
            reply = super().generate(messages, generation, on_text)
            return type(reply)(**{name: getattr(reply, name) for name in reply.__slots__} | {"total_seconds": 0.02})

    monkeypatch.setattr(stages_module, "open_llm", lambda _: Slow())
    # Neighbours change nothing where whole documents are found: the prompts are the same.
    sweeping.sweep(space={"search.rrf_k": [60, 61]}, objectives=["quality", "seconds", "tokens"])
    first, second = sweeping.run()
    assert second.values["seconds"] > 0.02  # pyright: ignore[reportOptionalOperand]
    assert second.values["tokens"] == first.values["tokens"]
    assert second.seconds < first.seconds


def test_what_the_search_asks_the_model_is_shared_and_counted(sweeping: Sweeping, counts: Counts):
    sweeping.sweep(space={"prompt.instructions": [[], ["Be short."]]}, objectives=["tokens"])
    sweeping.bench.set(rewrite={"phrasings": 1}, search={"passages": 1})
    alike = sweeping.run()
    assert set(counts.generated.values()) == {1}
    sweeping.bench.set(rewrite={"phrasings": 0})
    assert min(one.values["tokens"] or 0 for one in alike) > max(one.values["tokens"] or 0 for one in sweeping.run())


def test_a_shared_trial_answers_as_the_recipe_alone(sweeping: Sweeping):
    from scoville.answer import open_answerer
    from scoville.recipe.file import with_values

    sweeping.sweep(space={"search.passages": [1, 3], "prompt.style": ["passages", "sentences"]})
    trials = sweeping.run()
    (sweep,) = list_sweeps(sweeping.folder)
    runs = {run.id: run for run in list_runs(sweep.runs)}
    for one in trials:
        alone = open_answerer(sweeping.bench.workspace, with_values(sweeping.bench.recipe, one.choices))
        for case in sweeping.cases:
            assert runs[one.run].results()[case.id].text == alone.ask(case.question).text


def test_builds_hold_the_documents_of_the_workspace(sweeping: Sweeping):
    sweeping.sweep(space={"split.size": [40]})
    sweeping.run()
    remove_documents(sweeping.bench.workspace, sweeping.bench.recipe, ["docs/otter.txt"])
    sweeping.bench.write("stoat.txt", "The stoat eats 99 fish each day.")
    sweeping.bench.add(sweeping.bench.docs / "stoat.txt")
    _, stages = sweeping.open()
    from scoville.recipe.file import with_values

    system = stages.system(with_values(sweeping.bench.recipe, {"split.size": 40}))
    (build,) = (sweeping.bench.workspace.folder / "builds").iterdir()
    place = Workspace(sweeping.bench.workspace.root, folder=build)
    index = open_index(place, sweeping.bench.recipe.index, place.require_built())
    names = {*ANIMALS, "stoat"} - {"otter"}
    assert index.documents().keys() == {f"docs/{name}.txt" for name in names}
    assert "99 fish" in system.ask(Case(id="y", question="How many fish does the stoat eat?")).hits[0].passage.text


# What comes of it


def test_a_contradiction_is_counted_and_not_run(sweeping: Sweeping):
    sweeping.sweep(space={"split.by": ["parent"], "split.size": [40, 80], "split.parent_size": [60, 120]})
    trials = sweeping.run()
    assert Counter(one.state for one in trials) == {"complete": 3, "invalid": 1}
    (bad,) = (one for one in trials if one.state == "invalid")
    assert "must not be smaller than size 80" in bad.reason
    assert bad.run == ""


def test_a_space_of_contradictions_only_is_an_error_that_says_so(sweeping: Sweeping):
    sweeping.sweep(space={"split.by": ["parent"], "split.size": [400], "split.parent_size": [60, 120]})
    with pytest.raises(ScovilleError, match="must not be smaller"):
        sweeping.run()


def test_a_trial_whose_model_is_not_to_be_had_fails_and_the_others_run(sweeping: Sweeping):
    sweeping.sweep(space={"llm.model": ["fake", "no-such-model"]})
    good, bad = sweeping.run()
    assert (good.state, bad.state) == ("complete", "failed")
    assert "no-such-model" in bad.reason


def test_a_trial_that_failed_is_tried_again_by_the_next_sweep(sweeping: Sweeping, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stages_module, "open_llm", lambda _: Down())
    sweeping.sweep(space={"prompt.instructions": [["Be short."], []]})
    bad, good = sweeping.run()
    assert (bad.state, good.state) == ("failed", "complete")
    assert "3 cases in a row: the endpoint is down" in bad.reason
    monkeypatch.setattr(Down, "is_down", False)
    again = sweeping.run()
    assert [(one.number, one.state, one.run) for one in again] == [(0, "complete", bad.run), (1, "complete", good.run)]
    (sweep,) = list_sweeps(sweeping.folder)
    assert sweep.trials() == again


def test_the_pareto_front_is_what_nothing_beats():
    sweep = recipe(space=SPACE, objectives=["quality", "tokens"]).sweep
    values = [(0.5, 100.0), (0.7, 300.0), (0.6, 300.0), (0.7, 400.0), (0.4, 100.0), (None, 1.0)]
    trials = [trial(number, {"quality": one, "tokens": other}) for number, (one, other) in enumerate(values)]
    trials.append(trial(6, {"quality": 1.0, "tokens": 1.0}, state="pruned"))
    assert [one.number for one in best_trials(sweep, trials)] == [1, 0]


def test_a_race_is_lost_only_to_a_better_trial_that_is_not_dearer():
    names = [f"case {number}" for number in range(24)]

    def values(quality: float, tokens: float, count: int = 24) -> dict[str, dict[str, float]]:
        return {name: dict.fromkeys(names[:count], value) for name, value in (("quality", quality), ("tokens", tokens))}

    race = Race(recipe(space=SPACE, objectives=["quality", "tokens"]).sweep, [True, False])
    race.enter(values(1.0, 200))
    assert race.is_lost(values(0.0, 200))
    assert race.is_lost(values(0.0, 300))
    assert not race.is_lost(values(0.0, 100))
    assert not race.is_lost(values(0.0, 300, count=19))
    assert not race.is_lost(values(1.0, 300))
    kept = Race(recipe(space=SPACE, objectives=["quality", "tokens"], prune=False).sweep, [True, False])
    kept.enter(values(1.0, 200))
    assert not kept.is_lost(values(0.0, 300))


def test_trials_that_are_alike_seldom_end_early():
    """Where nothing differs, at three looks of 1 % about one trial in 50 may end."""
    import random

    race = Race(recipe(space=SPACE).sweep, [True])
    chance = random.Random(5)

    def drawn() -> dict[str, float]:
        return {str(number): float(chance.random() < 0.6) for number in range(45)}

    race.enter({"quality": drawn()})
    lost = 0
    for _ in range(200):
        values = drawn()
        looks = ({name: value for name, value in values.items() if int(name) < count} for count in (20, 30, 45))
        lost += any(race.is_lost({"quality": look}) for look in looks)
    assert lost <= 12


def test_a_hopeless_trial_ends_early(sweeping: Sweeping):
    sweeping.cases = fish_cases(36)
    sweeping.sweep(space={"answer.min_similarity": [-1, 1]}, objectives=("refusal_right",))  # the second refuses all
    good, bad = sweeping.run()
    assert (good.state, good.cases) == ("complete", 36)
    assert (bad.state, bad.cases) == ("pruned", 20)
    assert "surely worse" in bad.reason
    (sweep,) = list_sweeps(sweeping.folder)
    assert best_trials(sweep.recipe.sweep, sweep.trials()) == [good]


# Going on


class Killed(BaseException):
    """As if the process had been killed."""


def test_a_killed_sweep_goes_on_in_the_middle_of_a_trial(sweeping: Sweeping, counts: Counts):
    asked = 0

    def kill(_done: int, _total: int) -> None:
        nonlocal asked
        asked += 1
        if asked == 21:
            raise Killed

    with pytest.raises(Killed):
        sweeping.run(on_case=kill)
    (sweep,) = list_sweeps(sweeping.folder)
    assert len(sweep.trials()) == 2
    assert len(list_runs(sweep.runs)) == 3
    killed = list_runs(sweep.runs)[-1]
    before = killed.saved()
    trials = sweeping.run()
    assert len(list_sweeps(sweeping.folder)) == 1
    assert len(list_runs(sweep.runs)) == len(trials) == 8
    assert trials[2].run in {run.id for run in list_runs(sweep.runs)}
    assert {name: killed.saved()[name] for name in before} == before
    assert set(counts.generated.values()) == {1}
    passages = {text: count for text, count in counts.embedded.items() if text.startswith("passage")}
    assert set(passages.values()) == {1}


def test_what_models_wrote_outlives_the_process(sweeping: Sweeping, counts: Counts):
    sweeping.sweep(space={"search.rrf_k": [60, 61]})

    def kill(_: Trial) -> None:
        raise Killed

    with pytest.raises(Killed):
        sweeping.run(on_trial=kill)
    answered = len(counts.generated)
    assert answered == len(sweeping.cases)
    assert len(sweeping.run()) == 2
    assert len(counts.generated) == answered
    assert set(counts.generated.values()) == {1}


def test_a_sweep_that_is_done_runs_nothing_again(sweeping: Sweeping, counts: Counts):
    first = sweeping.run()
    counts.generated.clear()
    assert [one.number for one in sweeping.run()] == [one.number for one in first]
    assert not counts.generated


def test_more_trials_are_added_to_the_same_sweep(sweeping: Sweeping):
    sweeping.sweep(space=SPACE, trials=3)
    assert len(sweeping.run()) == 3
    sweeping.sweep(space=SPACE, trials=5)
    assert len(sweeping.run()) == 5
    assert len(list_sweeps(sweeping.folder)) == 1


def test_another_space_or_other_cases_are_another_sweep(sweeping: Sweeping):
    base = identity(sweeping.bench.recipe, sweeping.cases, "documents")
    assert identity(sweeping.bench.recipe, sweeping.cases[:-1], "documents") != base
    assert identity(sweeping.bench.recipe, sweeping.cases, "other") != base
    sweeping.sweep(space={"split.size": [40]})
    assert identity(sweeping.bench.recipe, sweeping.cases, "documents") != base


def test_torn_lines_are_left_out(sweeping: Sweeping, counts: Counts):
    first = sweeping.run()
    (sweep,) = list_sweeps(sweeping.folder)
    trials, replies = sweep.folder / "trials.jsonl", sweep.replies
    trials.write_text(trials.read_text()[:-30])
    replies.write_text(replies.read_text()[:-30])
    counts.generated.clear()
    again = sweeping.run()
    assert [one.values for one in again] == [one.values for one in first]
    assert len(list_runs(sweep.runs)) == 8
    assert not counts.generated  # the run of the torn trial is complete


# The command


def invoke_in(sweeping: Sweeping) -> Any:
    from scoville.cases.files import write_cases

    root = sweeping.bench.workspace.root
    write_cases(root / "cases.jsonl", sweeping.cases)
    settings = {
        "answer": {"min_similarity": -1, "min_support": 0.0},
        "sweep": {"space": SPACE, "cases": "cases.jsonl", "objectives": ["quality", "tokens"]},
    }
    (root / "recipe.yaml").write_text(json.dumps(settings))

    def run(*words: str) -> Result:
        return CliRunner().invoke(sweep_command, words, catch_exceptions=False)

    return run


@pytest.fixture
def invoke(sweeping: Sweeping) -> Any:
    return invoke_in(sweeping)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a workspace in which the command ran a sweep to its end."""
    root = tmp_path_factory.mktemp("ended") / "work"
    with pytest.MonkeyPatch.context() as patch:
        set_fakes(patch)
        patch.setattr(LanceIndex, "_outlive_reading", lambda _: None)
        bench = Bench(root)
        patch.chdir(root)
        assert invoke_in(Sweeping(bench))().exit_code == 0
    return root


@pytest.fixture
def swept(bench: Bench, ended: Path) -> Sweeping:
    """Give a copy of it, where the command gives what it found before."""
    shutil.copytree(ended, bench.workspace.root, dirs_exist_ok=True)
    return Sweeping(bench)


@pytest.fixture
def invoke_again(swept: Sweeping) -> Any:
    return invoke_in(swept)


def test_the_command_shows_trials_front_importance_and_what_was_shared(invoke: Any):
    done = invoke("--trials", "4", "--limit", "3")
    assert done.exit_code == 0
    assert "**" in done.stdout
    assert "4 run to the end." in done.stdout
    assert "cannot be told from 4 trials" in done.stdout
    assert "The trials took" in done.stdout
    assert "trial 0: split.size=40" in done.stderr


def test_the_best_recipe_is_a_recipe_even_when_the_shell_has_emptied_the_file(invoke_again: Any, swept: Sweeping):
    found = json.loads(invoke_again("--json").stdout)
    path = swept.bench.workspace.root / "recipe.yaml"
    path.write_text("")
    text = invoke_again("--best").stdout
    path.write_text(text)
    loaded = load_recipe(path, environment={}).recipe
    best = found["trials"][found["best"]]
    assert loaded.split.size == best["choices"]["split.size"]
    assert loaded.hash == best["recipe_hash"]
    assert loaded.sweep.space.keys() == SPACE.keys()
    assert text.startswith(f"# Trial {found['best']} of 8")
    assert "On 8 cases: quality" in text


def test_the_best_recipe_keeps_the_comments_of_the_file_and_pins_no_limit(invoke: Any, sweeping: Sweeping):
    path = sweeping.bench.workspace.root / "recipe.yaml"
    ours = yaml.safe_dump(yaml.safe_load(path.read_text()) | {"answer": {"min_support": 0.4}})
    path.write_text("# Ours.\n" + ours.replace("min_support: 0.4", "min_support: 0.4  # agreed with HR"))
    found = json.loads(invoke("--json", "--limit", "4", "--trials", "2").stdout)
    text = invoke("--best").stdout
    assert "# Ours.\n" in text and "min_support: 0.4  # agreed with HR\n" in text
    path.write_text(text)
    loaded = load_recipe(path, environment={}).recipe
    assert loaded.hash == found["trials"][found["best"]]["recipe_hash"]
    assert loaded.sweep.limit is None
    path.write_text(invoke("--best").stdout)
    invoke("--json", "--limit", "4", "--trials", "2")
    assert invoke("--best").stdout.count("# Trial ") == 1  # that of the sweep before has gone


def test_the_ledger_has_what_was_really_written(swept: Sweeping):
    import sqlite3

    (sweep,) = list_sweeps(swept.folder)
    with sqlite3.connect(swept.bench.workspace.folder / "track.db") as store:
        entered = store.execute("SELECT COUNT(*) FROM ledger WHERE activity = 'generation'").fetchone()[0]
    assert 0 < entered == len([line for line in sweep.replies.read_text().split("\n") if line])


class Shown:
    """A tracker that keeps what is published."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runs: list[MirroredRun] = []
        self.is_down = False
        monkeypatch.setattr(mirror_module, "open_mirror", lambda target, _: self)

    def publish(self, shown: MirroredRun) -> str:
        if self.is_down:
            raise ScovilleError("no connection")
        self.runs.append(shown)
        return "written"

    @property
    def names(self) -> list[str]:
        return [shown.run.name.split()[0] if shown.run.kind == "sweep" else shown.run.name for shown in self.runs]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    return Shown(monkeypatch)


TRACKED = ("--set", "track=wandb:animals")


def test_trials_are_shown_below_their_sweep_by_what_was_swept(invoke: Any, sweeping: Sweeping, shown: Shown):
    invoke(*TRACKED, "--trials", "3")
    (sweep,) = list_sweeps(sweeping.folder)
    *trials, whole = shown.runs
    assert [one.run.name for one in trials] == ["trial 0", "trial 1", "trial 2"]
    for one, trial in zip(trials, sweep.trials(), strict=True):
        assert (one.run.id, one.run.params, one.run.status) == (trial.run, trial.choices, "finished")
        assert one.run.params.keys() == SPACE.keys()
        assert one.run.metrics.items() >= trial.values.items()
        assert one.sweep and one.sweep.id == sweep.name == one.tags["scoville.sweep"]
        assert {file.name for file in one.files} == {"run.json", "cases.jsonl", "results.jsonl", "scores.json"}
        assert len(one.cases) == len(sweeping.cases)
        assert list(one.run.metrics)[:5] == [
            f"answered_right{part}" for part in ("", "/low", "/high", "/n", "/unscored")
        ]
    best = best_trials(sweep.recipe.sweep, sweep.trials())[0]
    assert (whole.run.id, whole.run.kind, whole.run.status) == (sweep.name, "sweep", "finished")
    assert whole.run.metrics["quality"] == best.values["quality"]
    assert whole.tags["scoville.best.run"] == best.run
    assert {file.name for file in whole.files} == {"sweep.json", "trials.jsonl", "cases.jsonl"}


def test_a_sweep_that_goes_on_shows_no_trial_twice(invoke: Any, shown: Shown):
    invoke(*TRACKED, "--trials", "2")
    assert shown.names == ["trial 0", "trial 1", "sweep"]
    invoke(*TRACKED, "--trials", "2")
    assert len(shown.runs) == 3
    invoke(*TRACKED, "--trials", "3")
    assert shown.names[3:] == ["trial 2", "sweep"]


def test_trials_of_a_sweep_that_was_killed_are_shown_by_the_next(
    invoke: Any, shown: Shown, monkeypatch: pytest.MonkeyPatch
):
    from scoville.comparison.publish_sweep import PublishedSweep

    with monkeypatch.context() as patch:
        patch.setattr(PublishedSweep, "add", lambda *_: None)
        patch.setattr(PublishedSweep, "end", lambda *_: None)
        invoke(*TRACKED, "--trials", "2")
    assert shown.names == []
    invoke(*TRACKED, "--trials", "2")
    assert shown.names == ["trial 0", "trial 1", "sweep"]


def test_a_tracker_that_is_down_is_named_once_and_costs_no_trial(invoke: Any, shown: Shown):
    shown.is_down = True
    done = invoke(*TRACKED, "--trials", "3")
    assert done.exit_code == 0
    assert done.stderr.count("not written: no connection; again with scoville sweep --resume") == 1
    shown.is_down = False
    invoke(*TRACKED, "--trials", "3")
    assert shown.names == ["trial 0", "trial 1", "trial 2", "sweep"]


def test_a_trial_that_failed_is_shown_as_such_until_it_succeeds(
    invoke: Any, shown: Shown, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stages_module, "open_llm", lambda _: Down())
    invoke(*TRACKED, "--trials", "2")
    assert [one.run.status for one in shown.runs] == ["finished", "failed", "finished"]
    assert "the endpoint is down" in shown.runs[1].tags["scoville.reason"]
    monkeypatch.setattr(Down, "is_down", False)
    invoke(*TRACKED, "--trials", "2")
    assert shown.names[3:] == ["trial 1", "sweep"]
    assert (shown.runs[3].run.id, shown.runs[3].run.status) == (shown.runs[1].run.id, "finished")


def test_a_tracker_that_means_nothing_is_refused_before_a_trial(invoke: Any, sweeping: Sweeping):
    with pytest.raises(UsageError, match="MLflow keeps no runs in folders"):
        invoke("--set", "track=mlflow:mlruns")
    (sweep,) = list_sweeps(sweeping.folder)
    assert sweep.trials() == []


def test_a_sweep_leads_to_its_runs_and_they_to_index_cases_recipe_and_documents(invoke: Any, sweeping: Sweeping):
    from scoville.track.lineage import find_artifact, lineage
    from scoville.track.store import Store

    invoke("--trials", "3")
    (sweep,) = list_sweeps(sweeping.folder)
    trials = sweep.trials()
    store = Store(sweeping.bench.workspace.folder / "track.db")
    try:
        found = lineage(store, find_artifact(store, sweep.name)).built_from
        assert {one.name for one in found if one.kind == "run"} == {trial.run for trial in trials}
        assert {one.name for one in found if one.kind == "cases"} == {"cases.jsonl"}
        assert {one.name for one in found if one.kind == "recipe"} >= {trial.recipe_hash for trial in trials}
        assert len({one.id for one in found if one.kind == "document"}) == len(ANIMALS)
        last = lineage(store, find_artifact(store, trials[2].run))
        (index,) = (one for one in last.built_from if one.kind == "index")
        assert index.digest == json.loads((sweep.runs / trials[2].run / "run.json").read_text())["index"]
        saw = lineage(store, find_artifact(store, "otter.txt")).built_into
        assert [one.kind for one in saw].count("run") == 3
        assert [one.name for one in saw if one.kind == "sweep"] == [sweep.name]
        assert set(store.query("SELECT DISTINCT kind FROM runs")) == {("trial",), ("sweep",)}
    finally:
        store.close()


def test_the_lineage_of_trials_tells_their_builds_apart(swept: Sweeping):
    (sweep,) = list_sweeps(swept.folder)
    sizes: dict[str, set[Any]] = {}
    for run in list_runs(sweep.runs):
        sizes.setdefault(run.header["index"], set()).add(run.header["choices"]["split.size"])
    assert sorted(map(list, sizes.values())) == [[40], [80]]


def test_the_json_has_every_trial_and_the_front(invoke_again: Any):
    found = json.loads(invoke_again("--json").stdout)
    assert len(found["trials"]) == 8
    assert found["best"] == found["pareto"][0]
    assert found["seconds"] == pytest.approx(sum(one["seconds"] for one in found["trials"]), abs=0.01)


def test_the_table_shows_intervals_and_which_trials_cannot_be_told_from_the_best(invoke_again: Any):
    found = json.loads(invoke_again("--json").stdout)
    best = found["trials"][found["best"]]
    assert (best["standing"], best["p"], best["n"]) == ("best", None, 8)
    assert all(one["low"] <= one["values"]["quality"] <= one["high"] for one in found["trials"])
    assert {one["standing"] for one in found["trials"]} <= {"best", "not distinguishable", "behind"}
    assert found["final"] is None
    table = invoke_again().stdout
    assert "95 % interval" in table.splitlines()[0] and "not distinguishable" in table
    assert "was measured on no other: divide them (`scoville cases split`)" in table


def test_a_trial_that_is_surely_worse_stands_behind_and_one_that_is_not_is_named(sweeping: Sweeping):
    sweeping.sweep(space={"search.passages": [1, 3]}, prune=False)
    sweeping.cases = fish_cases(36)
    sweeping.run()
    (sweep,) = list_sweeps(sweeping.folder)
    worse = Run(sweep.runs / sweep.trials()[1].run)
    for lost, place in ((30, "behind"), (1, "not distinguishable")):
        scores = {case: [Score(metric="quality", value=1.0)] for case in worse.scores()}
        Run(sweep.runs / sweep.trials()[0].run).write_scores(scores, {})
        worse.write_scores(scores | {case: [Score(metric="quality", value=0.0)] for case in [*scores][:lost]}, {})
        trials = [trial(0, {"quality": 1.0}), trial(1, {"quality": 1 - lost / 36})]
        runs = [replace(one, run=known.run) for one, known in zip(trials, sweep.trials(), strict=True)]
        found = standings(sweep, runs)
        assert (found[0].place, found[1].place) == ("best", place)


class TestUntouched:
    @pytest.fixture
    def parts(self, sweeping: Sweeping, invoke: Any) -> Path:
        """Give a file of which half is dev and half test, by animal, with a case of test that would leak."""
        from scoville.cases.files import write_cases

        cases = [replace(case, split="dev" if case.evidence[0].document < "docs/l" else "test") for case in fish_cases(12)]  # fmt: skip  # noqa: E501
        leak = replace(cases[1], id="leak", split="test")
        path = sweeping.bench.workspace.root / "cases.jsonl"
        write_cases(path, [*cases, leak])
        return path

    def test_the_best_is_measured_once_on_the_part_that_chose_nothing(
        self, parts: Path, invoke: Any, sweeping: Sweeping
    ):
        costly = ("--set", "evaluate.wrong_costs=3")
        done = invoke("--split", "dev", "--trials", "2", *costly)
        assert done.exit_code == 0
        (sweep,) = list_sweeps(sweeping.folder)
        (final_run,) = list_runs(sweep.final)
        assert final_run.summary()["weights"]["wrong_costs"] == 3
        assert {case.split for case in sweep.cases()} == {"dev"} and len(sweep.cases()) == 4
        assert len(sweep.untouched()) == 8 and "leak" not in {case.id for case in sweep.untouched()}
        found = json.loads(invoke("--split", "dev", "--trials", "2", *costly, "--json").stdout)
        final = found["final"]
        assert (final["trial"], final["found"]["quality"]["n"]) == (found["best"], 8)
        assert f"On the untouched part, cases that chose nothing, trial {final['trial']}: quality" in done.stdout
        assert "On the untouched part" in invoke("--best").stdout
        assert [run.id for run in list_runs(sweep.final)] == [final["run"]]  # asked once, whatever comes after
        invoke("--split", "dev", "--trials", "8", *costly)
        assert [run.id for run in list_runs(sweep.final)] == [final["run"]]

    def test_that_run_is_shown_in_trackers_once_and_in_the_lineage(
        self, parts: Path, invoke: Any, sweeping: Sweeping, shown: Shown
    ):
        from scoville.track.lineage import find_artifact, lineage
        from scoville.track.store import Store

        invoke("--split", "dev", "--trials", "2", *TRACKED)
        (sweep,) = list_sweeps(sweeping.folder)
        (run,) = list_runs(sweep.final)
        assert shown.names == ["trial 0", "trial 1", f"trial {run.header['trial']}, untouched cases", "sweep"]
        final = shown.runs[2]
        assert (final.run.kind, final.sweep and final.sweep.id, len(final.cases)) == ("evaluation", sweep.name, 8)
        invoke("--split", "dev", "--trials", "2", *TRACKED)
        assert len(shown.runs) == 4
        with Store(sweeping.bench.workspace.folder / "track.db") as store:
            assert run.id in {one.name for one in lineage(store, find_artifact(store, sweep.name)).built_from}

    def test_a_part_that_is_not_there_is_refused(self, parts: Path, invoke: Any):
        with pytest.raises(UsageError, match="none of 13 cases"):
            invoke("--split", "train")


def test_sweeps_are_listed_and_resumed_as_they_were_begun(invoke: Any, sweeping: Sweeping):
    assert "No sweeps yet" in invoke("--list").stderr
    invoke("--trials", "2")
    (sweep,) = list_sweeps(sweeping.folder)
    assert sweep.name in invoke("--list").stdout
    (sweeping.bench.workspace.root / "recipe.yaml").write_text("sweep: {space: {split.size: [60]}}")
    invoke("--resume", sweep.name, "--trials", "3")
    assert len(sweep.trials()) == 3
    assert len(list_sweeps(sweeping.folder)) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [(("--best",), "none yet"), (("--resume", "x"), "none yet"), (("--cases", "no.jsonl"), "no.jsonl")],
)
def test_what_is_not_there_is_named(invoke: Any, words: tuple[str, ...], told: str):
    with pytest.raises(UsageError, match=told):
        invoke(*words)


def test_hosted_models_over_the_limit_need_a_yes(invoke: Any):
    with pytest.raises(UsageError, match="--yes"):
        invoke("--set", "sweep.space.llm.model=['openai:no-such-model']")


def test_without_cases_the_command_says_what_to_set(invoke: Any, sweeping: Sweeping):
    (sweeping.bench.workspace.root / "recipe.yaml").write_text("sweep: {space: {split.size: [60]}}")
    with pytest.raises(UsageError, match=r"sweep\.cases"):
        invoke()


def test_latest_is_the_sweep_that_was_worked_on_last(sweeping: Sweeping):
    import os

    sweeping.sweep(space={"search.passages": [1]})
    sweeping.run()
    (first,) = list_sweeps(sweeping.folder)
    sweeping.sweep(space={"search.passages": [2]})
    sweeping.run()
    os.utime(first.folder / "trials.jsonl", (4e9, 4e9))
    assert find_sweep(sweeping.folder, "latest").name == first.name
