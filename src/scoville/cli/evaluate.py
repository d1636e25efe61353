"""`scoville evaluate`: ask a system every case, keep what it said, and score it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.common import (
    common_options,
    open_bot,
    progress_bar,
    say,
    write,
    write_json,
)  # fmt: skip
from scoville.cli.forecast import answering, check_cost, embedding, judging

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoville.bot import Bot
    from scoville.evaluate.paired import Comparison
    from scoville.evaluate.runs import Run
    from scoville.evaluate.system import System
    from scoville.recipe import Recipe
    from scoville.types import Case

SCHEMES = ("http://", "https://")
LISTED = ("id", "system", "status", "started", "cases", "cases_digest", "recipe_hash", "quality")


@click.command("evaluate")
@click.argument("cases", required=False, type=click.Path(path_type=Path))
@click.option(
    "--system", "spec", default="", help="A recipe's file, file.py:function or http(s)://…; default: this workspace."
)
@click.option("--name", default="", help="What the run is called in tables.")
@click.option("--split", default="", help="Only the cases of this part: train, dev or test.")
@click.option("--tag", "tags", multiple=True, help="Only cases with one of these tags; may be given several times.")
@click.option("--limit", type=click.IntRange(1), default=None, help="Only the first so many cases.")
@click.option(
    "--against", type=click.Path(path_type=Path), multiple=True, help="Training cases: refuse to run on a leak."
)
@click.option("--timeout", type=click.FloatRange(0.1), default=120.0, show_default=True, help="Seconds for each case.")
@click.option("--resume", default="", metavar="RUN", help="Go on with a run that was interrupted.")
@click.option("--score", "rescore", default="", metavar="RUN", help="Score a run again, without asking the system.")
@click.option("--judge", is_flag=True, help="Have the judge of the recipe decide what comparison leaves open.")
@click.option("--semantic", is_flag=True, help="Compare answers with questions and expected answers by embeddings.")
@click.option("--perplexity", is_flag=True, help="Ask the local model how likely it holds the expected answers.")
@click.option("--baseline", default="", metavar="RUN", help="Compare with an earlier run on the same cases.")
@click.option("--metric", default="quality", show_default=True, help="What is compared with the baseline.")
@click.option("--max-drop", type=click.FloatRange(0, 1), default=None, help="Exit 1 when the metric fell by more.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the summary there too, e.g. for a CI job.")
@click.option("--yes", is_flag=True, help="Go on where it may cost more than cost.limit_usd.")
@common_options
def command(cases: Path | None, folder: Path | None, flags: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Ask a system all CASES (JSONL, CSV) and score its answers; without CASES: list the runs.

    RUN is the id of a run, a part of it, or `latest`.
    """
    from dataclasses import asdict

    from scoville.cli.scoring import Measures, judges_of, open_recipe_judge, recipe_of, score
    from scoville.cli.show_run import comparison_text, judges_text, summary_markdown, summary_text
    from scoville.evaluate.compare_runs import compare_runs
    from scoville.evaluate.runs import find_run, list_runs
    from scoville.evaluate.score_run import score_run

    _check_options(cases, options)
    bot = open_bot(folder, flags)
    runs = bot.workspace.folder / "runs"
    baseline = find_run(runs, options["baseline"]) if options["baseline"] else None
    judge = open_recipe_judge(bot) if options["judge"] else None
    if options["rescore"]:
        run = find_run(runs, options["rescore"])
        _check(bot, recipe_of(run) if options["perplexity"] else None, run.cases(), run, options)
    elif options["resume"] or cases:
        run = _ask(bot, runs, cases, options, baseline)
    else:
        _list(list_runs(runs), as_json)
        return
    score(bot, run, judge, Measures(options["semantic"], options["perplexity"]))
    if baseline and not baseline.scores():
        score_run(baseline)
    compared = compare_runs(baseline, run, options["metric"]) if baseline else None
    judges = judges_of(bot, run)
    notes = "\n\n".join(filter(None, (judges_text(judges), compared and comparison_text(options["metric"], compared))))
    if options["markdown"]:
        options["markdown"].write_text(summary_markdown(run, notes), encoding="utf-8")
    if as_json:
        more = {"baseline": asdict(compared)} if compared else {}
        write_json({"run": run.id, "status": run.header["status"], **run.summary(), "judges": judges, **more})
    else:
        write(f"{summary_text(run)}\n\n{notes}".strip())
    if baseline and compared and options["max_drop"] is not None:
        worse = _worse(baseline, run, compared, options)
        for reason in worse:
            say(reason)
        if worse:
            raise SystemExit(1)


def _check_options(cases: Path | None, options: Mapping[str, Any]) -> None:
    from scoville.errors import UsageError

    given = [name for name, value in (("CASES", cases), ("--resume", options["resume"]), ("--score", options["rescore"])) if value]  # fmt: skip  # noqa: E501
    if len(given) > 1:
        raise UsageError(f"got {' and '.join(given)}: expected one of them; a run has its own cases")
    needless = [name for name in ("baseline", "judge", "semantic", "perplexity") if options[name] and not given]
    if needless:
        raise UsageError(f"--{needless[0]}: expected CASES to ask, or --score RUN for a saved run")
    if options["max_drop"] is not None and not options["baseline"]:
        raise UsageError("--max-drop: expected --baseline RUN, to compare with")


def _worse(baseline: "Run", run: "Run", compared: "Comparison", options: Mapping[str, Any]) -> list[str]:
    """Say why a run may not take the place of its baseline: it fell, it cannot be told, or it fails more often."""
    metric, limit = options["metric"], options["max_drop"]
    failed, before = (found["errors"] + found["missing"] for found in (run.summary()["counts"], baseline.summary()["counts"]))  # fmt: skip  # noqa: E501
    found: list[str] = []
    if compared.difference is None:
        found.append(f"{metric} is scored in both runs for no case: --max-drop cannot be told")
    elif -compared.difference > limit + 1e-9:  # 0.7 - 0.68 is a little over 0.02
        found.append(f"{metric} fell by {-compared.difference:.3f}, more than --max-drop {limit:g}")
    if failed > before:
        found.append(f"{failed} cases have no answer, in the baseline {before}: they are in no comparison")
    return found


def _ask(bot: "Bot", runs: Path, path: Path | None, options: Mapping[str, Any], baseline: "Run | None") -> "Run":
    """Ask the system, in a new run or on with an old one."""
    from scoville.cli.publish import note_index
    from scoville.evaluate.run_cases import run_cases, same_cases
    from scoville.evaluate.runs import create_run, find_run
    from scoville.evaluate.system import without_secrets

    given = find_run(runs, options["resume"]) if options["resume"] else None
    spec = options["spec"] or (given.header.get("spec", "") if given else "")
    chosen = given.cases() if given else _cases(path or Path(), options)
    if baseline:
        same_cases(baseline.cases(), chosen)  # before anything is asked
    _check(bot, answering_recipe(bot, spec), chosen, given, options)
    system = open_system(bot, spec, options["timeout"])
    if given and given.header.get("recipe_hash") != system.describe().get("recipe_hash"):
        say(f"The recipe is not the one that run {given.id} began with: its answers will be of both.")
    run = given or create_run(runs, chosen, {
        "system": options["name"] or system.name, "spec": without_secrets(spec) if "://" in spec else spec,
        "cases_file": path.name if path else "", "seed": bot.recipe.llm.seed,
        "commit": commit_of(bot.workspace.root), "index": note_index(bot, system), **system.describe(),
    })  # fmt: skip
    say(f"Run {run.id}: {len(chosen)} cases; after an interruption: scoville evaluate --resume {run.id}")
    tracker = bot.tracker(run.id)
    embedder = str(system.describe().get("models", {}).get("embedder", ""))
    with progress_bar("cases") as progress:
        run_cases(system, chosen, run, timeout_seconds=options["timeout"],
                  on_case=lambda done, total: progress(run.id, done, total),
                  on_answer=lambda case, answer: tracker.answered(answer, embedder, case_id=case.id))  # fmt: skip
    return run


def _check(
    bot: "Bot", recipe: "Recipe | None", cases: "Sequence[Case]", run: "Run | None", options: Mapping[str, Any]
) -> None:
    """Refuse what ``recipe``, which answers, cannot do or may cost, before anything is asked; ``run`` has answers."""
    from scoville.cli.scoring import check_likelihood
    from scoville.evaluate.run_cases import waiting_cases

    if options["perplexity"]:
        check_likelihood(recipe)
    waiting = [] if options["rescore"] else waiting_cases(cases, run) if run else cases
    asked = {case.id for case in waiting}
    results = {name: one for name, one in (run.results() if run else {}).items() if name not in asked}
    scored = [case for case in cases if case.id in results or case.id in asked]
    planned = answering(recipe, waiting) if recipe else []
    for plan, wanted in ((judging, options["judge"]), (embedding, options["semantic"])):
        planned += plan(bot, recipe or bot.recipe, scored, results) if wanted else []
    check_cost(bot, planned, yes=options["yes"])


def _cases(path: Path, options: Mapping[str, Any]) -> "Sequence[Case]":
    """Read the cases and keep those that are asked for."""
    from scoville.cases.files import cases_of
    from scoville.cases.parts import check_leakage
    from scoville.errors import UsageError

    read = cases_of(path)
    chosen = [
        case
        for case in read
        if (not options["split"] or case.split == options["split"])
        and (not options["tags"] or set(options["tags"]) & set(case.tags))
    ][: options["limit"]]
    if not chosen:
        raise UsageError(f"{path}: none of {len(read)} cases is asked for; look at --split, --tag and --limit")
    for other in options["against"]:
        check_leakage(cases_of(other), chosen)
    return chosen


def open_system(bot: "Bot", spec: str, timeout_seconds: float) -> "System":
    """Open what answers: the workspace, another recipe over its index, a Python function, a server."""
    from scoville.answer import open_answerer
    from scoville.evaluate.system import FunctionSystem, RecipeSystem, ServerSystem, named_function

    recipe = answering_recipe(bot, spec)
    if recipe is None:
        if spec.startswith(SCHEMES):
            return ServerSystem(spec, timeout_seconds=timeout_seconds)
        return FunctionSystem(named_function(spec), spec)
    bot.with_recipe(recipe).fetch_models(llm=True)
    return RecipeSystem(open_answerer(bot.workspace, recipe), Path(spec).stem if spec else "recipe")


def answering_recipe(bot: "Bot", spec: str) -> "Recipe | None":
    """Give the recipe that answers, in which what --set says holds too; None where a function or a server does."""
    from scoville.errors import UsageError
    from scoville.recipe.file import load_recipe, with_values

    path = Path(spec)
    if not spec:
        return bot.recipe
    if spec.startswith(SCHEMES) or (":" in spec and not path.is_file()):
        return None
    if not path.is_file():
        raise UsageError(f"--system {path}: no such file; expected a recipe, file.py:function or http(s)://…")
    flags = {setting.key: setting.value for setting in bot.loaded.settings if setting.source == "flag"}
    return with_values(load_recipe(path).recipe, flags)


def commit_of(folder: Path) -> str:
    """Give the commit of the folder's Git repository; empty where there is none."""
    import subprocess

    try:
        asked = ["git", "-C", str(folder), "rev-parse", "HEAD"]
        return subprocess.run(asked, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _list(runs: "Sequence[Run]", as_json: bool) -> None:
    headers = [
        run.header | {"quality": run.summary().get("metrics", {}).get("quality", {}).get("mean")} for run in runs
    ]
    if as_json:
        write_json([{key: header.get(key) for key in LISTED} for header in headers])
        return
    for one in headers:
        value = "not scored" if one["quality"] is None else f"{one['quality']:.3f}"
        write(f"{one['id']}  {one['status']:<9} {one['cases']:5} cases  quality {value}  {one.get('system', '')}")
    if not headers:
        say("No runs yet: scoville evaluate CASES")
