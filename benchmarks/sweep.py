"""What a sweep of 24 recipes takes, beside its distinct stages and beside 24 separate evaluations.

    python benchmarks/sweep.py --data DATA --out benchmarks/results/sweep.json

Splitter × size × top_k × prompt over the six HR documents, with the sentence quoter and with SmolLM2-135M. Everything is
measured three ways in one process, one after the other: the sweep; each stage alone, by plain objects that remember nothing
(`distinct`: each distinct stage counted once); and the sum of what 24 separate evaluations take (`separate`).
"""

import argparse
import json
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from scoville.answer import open_answerer
from scoville.cases.importers.formats import import_cases
from scoville.comparison.space import grid
from scoville.comparison.stages import SharedStages
from scoville.comparison.sweep import best_trials, run_sweep
from scoville.comparison.trials import open_sweep
from scoville.embed import Embedder, open_embedder
from scoville.evaluate.run_cases import run_cases
from scoville.evaluate.runs import create_run
from scoville.evaluate.score_run import score_run
from scoville.evaluate.system import RecipeSystem
from scoville.index import ReadingCache, Workspace, add_paths, build_again, build_hash
from scoville.read.reader import read_file
from scoville.recipe import Embed, Recipe
from scoville.recipe.file import with_values

SPACE = {
    "split.by": ["section", "sentence"],
    "split.size": [100, 200],
    "search.passages": [3, 5],
    "prompt": [{"style": "sentences", "sentences": 3}, {"style": "sentences", "sentences": 6}, {"style": "passages"}],
}
CASES = {"quote": 8, "smollm2-135m-instruct": 2}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results/sweep.json")
    parser.add_argument("--models", nargs="*", default=list(CASES))
    given = parser.parse_args()
    result: dict[str, Any] = json.loads(given.out.read_text()) if given.out.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        alone = Alone(given.data.resolve(), Path(folder) / "alone")
        for model in given.models:
            result[model] = measure(given.data.resolve(), Path(folder) / model, model, alone)
            given.out.write_text(json.dumps(result, indent=1))
            print(
                model, json.dumps({key: value for key, value in result[model].items() if key != "trials"}), flush=True
            )
    given.out.with_suffix(".md").write_text(report(result), encoding="utf-8")


def measure(data: Path, folder: Path, model: str, alone: "Alone") -> dict[str, Any]:
    values = {"llm": {"model": model}, "sweep": {"space": SPACE, "objectives": ["quality", "seconds", "tokens"]}}
    recipe = Recipe.model_validate_json(json.dumps(values))
    cases = every(list(import_cases(data / "qa/qa.jsonl").cases), CASES[model])
    plain = separately(alone, folder / "runs", recipe, cases)
    swept = sweep(data, folder / "sweep", recipe, cases)
    return {
        "cases": len(cases), **swept, **plain,
        "to_distinct": round(swept["sweep_seconds"] / plain["distinct_seconds"], 3),
        "to_separate": round(swept["sweep_seconds"] / plain["separate_seconds"], 3),
    }  # fmt: skip


def every(cases: list[Any], count: int) -> list[Any]:
    """Take cases from all over the file."""
    return cases[:: max(1, len(cases) // count)][:count]


def sweep(data: Path, folder: Path, recipe: Recipe, cases: list[Any]) -> dict[str, Any]:
    """Time a sweep in a workspace that holds the documents in the form of another recipe, which helps with nothing."""
    folder.mkdir(parents=True)
    workspace = Workspace(folder)
    add_paths(workspace, with_values(recipe, {"embed.model": "fake"}), [data / "data"])
    started = time.perf_counter()
    stages = SharedStages(workspace, recipe)
    sweep = open_sweep(workspace.folder / "sweeps", recipe, cases, stages.content)
    stages.replies = sweep.replies
    trials = run_sweep(sweep, recipe, cases, stages)
    seconds = time.perf_counter() - started
    stages.close()
    return {
        "sweep_seconds": round(seconds, 2),
        "states": {state: sum(one.state == state for one in trials) for state in ("complete", "pruned", "failed")},
        "front": [one.number for one in best_trials(recipe.sweep, trials)],
        "trials": [{"choices": dict(one.choices), "values": dict(one.values), "seconds": one.seconds} for one in trials],
    }  # fmt: skip


def separately(alone: "Alone", runs: Path, recipe: Recipe, cases: list[Any]) -> dict[str, Any]:
    """Time every recipe alone; and of all that, each distinct stage once."""
    searches: dict[Any, float] = {}
    prompts: dict[Any, float] = {}
    replies: dict[Any, float] = {}
    builds: dict[str, float] = {}
    rest = separate = load = 0.0
    for choices in grid(recipe.sweep):
        one = with_values(recipe, choices)
        workspace, builds[build_hash(one)] = alone.build(one)
        started = time.perf_counter()
        answerer = open_answerer(workspace, one)
        answerer.llm.load()
        opened = time.perf_counter() - started
        load = load or opened
        took = record(answerer, replies)
        started = time.perf_counter()
        run = create_run(runs, cases, {"system": "alone"})
        run_cases(RecipeSystem(answerer), cases, run)
        score_run(run)
        wall = rest_of = time.perf_counter() - started
        for name, saved in run.saved().items():
            for stage in saved["stages"]:
                key = build_hash(one), one.search.passages, name
                if stage["stage"] == "search":
                    searches.setdefault(key, stage["seconds"])
                elif stage["stage"] == "prompt":  # how many of the nearest sentences are taken costs nothing
                    prompts.setdefault((*key, one.prompt.style), stage["seconds"])
                else:
                    continue
                rest_of -= stage["seconds"]
        rest += rest_of - sum(took)
        separate += builds[build_hash(one)] + opened + wall
        answerer.llm.close()
    distinct = {
        "read": alone.read_seconds,
        "split, embed, write": sum(builds.values()),
        "load": load,
        "search": sum(searches.values()),
        "prompt": sum(prompts.values()),
        "generate": sum(replies.values()),
        "ground, save, score": rest,
    }
    return {
        "distinct": {stage: round(seconds, 2) for stage, seconds in distinct.items()},
        "distinct_counts": {"builds": len(builds), "searches": len(searches), "replies": len(replies)},
        "distinct_seconds": round(sum(distinct.values()), 2),
        "separate_seconds": round(separate, 2),
    }


def record(answerer: Any, replies: dict[Any, float]) -> list[float]:
    """Note what every reply took, and the first of each prompt."""
    generate, took = answerer.llm.generate, []

    def recorded(messages: Any, generation: Any, on_text: Any = None) -> Any:
        reply = generate(messages, generation, on_text)
        replies.setdefault(repr((messages, generation)), reply.total_seconds)
        took.append(reply.total_seconds)
        return reply

    answerer.llm.generate = recorded
    return took


class Alone:
    """Reading alone, and building alone from what was read, with an embedder that is loaded and remembers nothing."""

    def __init__(self, data: Path, folder: Path) -> None:
        self.folder = folder
        self.paths = sorted((data / "data").iterdir())
        self.readings = ReadingCache()
        self.embedder = open_embedder(Recipe().embed)
        self.embedder.embed(["warm up"])
        self.built: dict[str, float] = {}
        started = time.perf_counter()
        with ThreadPoolExecutor(2) as readers:  # as `add` reads
            list(readers.map(lambda path: read_file(path, source=path.name, settings=Recipe().read), self.paths))
        self.read_seconds = time.perf_counter() - started
        self._build(with_values(Recipe(), {"embed.model": "fake"}), "read", open_embedder(Embed(model="fake")))

    def build(self, recipe: Recipe) -> tuple[Workspace, float]:
        """Give an index without what reading takes, and its seconds."""
        build = build_hash(recipe)
        if build not in self.built:
            self.built[build] = self._build(recipe, build, self.embedder)
        return Workspace(self.folder / build), self.built[build]

    def _build(self, recipe: Recipe, name: str, embedder: Embedder) -> float:
        workspace = Workspace(self.folder / name)
        workspace.root.mkdir(parents=True)
        items = {workspace.source_of(path): "" for path in self.paths}
        return build_again(workspace, recipe, items, embedder=embedder, readings=self.readings).seconds


def report(result: dict[str, Any]) -> str:
    lines = [
        "# A sweep of 24 recipes\n",
        "2 splitters × 2 sizes × 2 top_k × 3 prompts over six PDF files (contoso_hr). `distinct`: each distinct stage alone,",
        "counted once, by objects that remember nothing. `separate`: 24 evaluations, each with its own index (reading not counted).\n",
        "| model | cases | sweep s | distinct s | separate s | sweep / distinct | sweep / separate | distinct builds, searches, replies |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for model, one in result.items():
        counts = ", ".join(str(count) for count in one["distinct_counts"].values())
        lines.append(
            f"| {model} | {one['cases']} | {one['sweep_seconds']} | {one['distinct_seconds']} | {one['separate_seconds']} "
            f"| {one['to_distinct']:.2f} | {one['to_separate']:.2f} | {counts} |"
        )
    for model, one in result.items():
        stages = "; ".join(f"{stage} {seconds}" for stage, seconds in one["distinct"].items())
        lines.append(f"\n{model}: alone: {stages}. Trials: {one['states']}.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
