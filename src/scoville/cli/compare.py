"""`scoville compare`: ask several systems the same cases, and say which is better, surely or not, and at what price."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from scoville.cli.common import (
    common_options,
    fetch_models,
    open_session,
    open_tracker,
    progress_bar,
    say,
    write,
    write_json,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoville.cli.common import Session
    from scoville.compare.side_by_side import BuiltStages, Compared
    from scoville.evaluate.runs import Run
    from scoville.evaluate.system import OnAnswer
    from scoville.index import Writers
    from scoville.recipe import Recipe
    from scoville.types import Case


class Named(NamedTuple):
    """A system as it was asked for, and what is compared under its name."""

    name: str
    spec: str
    of: "Recipe | Run | None"
    """None: a function or a server."""


@click.command("compare")
@click.argument("systems", nargs=-1, required=True, metavar="SYSTEM...")
@click.option("--cases", "cases_file", type=click.Path(path_type=Path), default=None, help="Default: those of the first run that is named.")  # fmt: skip  # noqa: E501
@click.option("--split", default="", help="Only the cases of this part: train, dev or test.")
@click.option("--limit", type=click.IntRange(1), default=None, help="Only the first so many cases.")
@click.option("--baseline", default="", metavar="NAME", help="Which system the others are tested against. Default: the first.")  # fmt: skip  # noqa: E501
@click.option("--metric", default="quality", show_default=True, help="What systems are ranked by.")
@click.option("--fresh", is_flag=True, help="Ask every system again, even where a run of it is there.")
@click.option("--judge", "judged", is_flag=True, help="Have the judge of the recipe decide what comparison leaves open.")  # fmt: skip  # noqa: E501
@click.option("--timeout", type=click.FloatRange(0.1), default=120.0, show_default=True, help="Seconds for each case.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Write the comparison there as an HTML page.")  # fmt: skip  # noqa: E501
@click.option("--yes", is_flag=True, help="Go on where it may cost more than cost.limit_usd.")
@common_options
def command(
    systems: tuple[str, ...], cases_file: Path | None, baseline: str, metric: str, judged: bool, out: Path | None,
    folder: Path | None, flags: tuple[str, ...], as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """Ask every SYSTEM the same cases and compare the answers.

    A SYSTEM is a recipe's file, file.py:function, http(s)://… or the id of a run, which is taken as it is. Runs are
    kept, and taken again where recipe, cases and index are the same. Another index than the workspace's is built
    beside it.
    """
    from scoville.cli.show_compare import compare_html, compare_json, compare_text
    from scoville.compare.systems import compare_systems
    from scoville.index.workspace import storage_errors

    session = open_session(folder, flags)
    named = _named(session, systems, flags)
    cases = _cases(named, cases_file, options["split"], options["limit"])
    compared = _compare(session, named, cases, judged=judged, options=options)
    table = compare_systems(
        compared, baseline=baseline, metric=metric, usd_per_hour=session.recipe.cost.hardware_usd_per_hour
    )
    if out:
        with storage_errors(out.parent):
            out.write_text(compare_html(table, compared), encoding="utf-8")
        say(f"Wrote {out}: open it in a browser.")
    if as_json:
        write_json({**compare_json(table, compared), "file": str(out) if out else None})
    else:
        write(compare_text(table, compared))


def _named(session: "Session", specs: tuple[str, ...], flags: tuple[str, ...]) -> "list[Named]":
    """Open what is asked for, under names that differ."""
    from scoville.errors import UsageError
    from scoville.evaluate.runs import find_run
    from scoville.recipe_file import load_recipe

    if len(set(specs)) < max(2, len(specs)):
        raise UsageError(f"{', '.join(specs)}: name at least two systems, each once")
    found: list[Named] = []
    for spec in specs:
        path = Path(spec)
        if spec.startswith(("http://", "https://")):
            one = Named(spec.partition("?")[0], spec, None)
        elif path.is_file() or path.suffix in (".yaml", ".yml"):
            if not path.is_file():
                raise UsageError(f"{spec}: there is no such recipe")
            one = Named(path.stem, spec, load_recipe(path, flags=flags).recipe)
        elif ":" in spec:
            one = Named(spec, spec, None)
        else:
            run = find_run(session.workspace.folder / "runs", spec)
            one = Named(f"{run.header.get('system', 'run')} {run.id[-4:]}", spec, run)
        taken = {other.name for other in found}
        found.append(one._replace(name=spec) if one.name in taken else one)
    return found


def _cases(named: "Sequence[Named]", path: Path | None, split: str, limit: int | None) -> "Sequence[Case]":
    from scoville.errors import UsageError
    from scoville.evaluate.cases import cases_of
    from scoville.evaluate.runs import Run

    if path is None:
        run = next((one.of for one in named if isinstance(one.of, Run)), None)
        if run is None:
            raise UsageError("no cases to ask: give --cases FILE, or name a run whose cases are taken")
        read = run.cases()
    else:
        read = cases_of(path)
    chosen = [case for case in read if not split or case.split == split][:limit]
    if not chosen:
        raise UsageError(f"none of {len(read)} cases is in the split {split!r}")
    return chosen


def _compare(
    session: "Session", named: "Sequence[Named]", cases: "Sequence[Case]", *, judged: bool, options: Mapping[str, Any]
) -> "list[Compared]":
    """Ask, score and blame, one system after the other."""
    from scoville.compare.side_by_side import BuiltStages, check_given
    from scoville.evaluate.runs import Run
    from scoville.recipe import Recipe

    for one in named:
        if isinstance(one.of, Run):
            check_given(one.of, cases)
    recipes = [one.of for one in named if isinstance(one.of, Recipe)]
    _check_cost(session, recipes, cases, options["yes"])
    stages = BuiltStages(session.workspace, session.recipe, writers=_writers(session, options["yes"])) if recipes else None  # fmt: skip  # noqa: E501
    try:
        return [_one(session, one, stages, cases, judged=judged, options=options) for one in named]
    finally:
        if stages:
            stages.close()


def _one(
    session: "Session", named: Named, stages: "BuiltStages | None", cases: "Sequence[Case]", *, judged: bool,
    options: Mapping[str, Any],
) -> "Compared":  # fmt: skip
    """Give one system with its answers, scored, and the stages to blame."""
    from scoville.cli.report import blame_answers
    from scoville.compare.side_by_side import BuildCost, Compared
    from scoville.evaluate.blame_run import blame_run
    from scoville.evaluate.runs import Run
    from scoville.recipe import Recipe

    asking: dict[str, Any] = {"fresh": options["fresh"], "timeout_seconds": options["timeout"]}
    build = BuildCost()
    if isinstance(named.of, Run):
        run, origin = named.of, "given"
    elif isinstance(named.of, Recipe) and stages:
        run, origin, build = _ask_recipe(session, named.name, named.spec, named.of, stages, cases, asking)
    else:
        run, origin = _ask_other(session, named, cases, asking)
    said = {"reused": "is taken (--fresh asks again)", "resumed": "was finished", "given": "is taken as it is"}
    say(f"{named.name}: run {run.id} of {run.header['started'][:16]} {said.get(origin, 'is new')}")
    _score(session, run, judged=judged, is_new=origin in ("asked", "resumed"))
    if isinstance(named.of, Recipe) and stages:
        blamed = blame_run(run, stages.searcher(named.of))
    elif run.header.get("build_hash", session.recipe.build_hash) == session.recipe.build_hash:
        blamed = blame_answers(session, run)
    else:
        say(f"No stage is blamed in {run.id}: it answered from another index than the workspace's.")
        blamed = []
    return Compared(name=named.name, run=run, origin=origin, build=build, blamed=blamed)


def _ask_recipe(
    session: "Session", name: str, spec: str, recipe: "Recipe", stages: "BuiltStages", cases: "Sequence[Case]",
    asking: Mapping[str, Any],
) -> Any:  # fmt: skip
    """Ask the system of a recipe, on an index that was built with it."""
    from scoville.cli.evaluate import _commit  # pyright: ignore[reportPrivateUsage]
    from scoville.compare.side_by_side import ask_cases
    from scoville.recipe_file import LoadedRecipe

    fetch_models(session._replace(loaded=LoadedRecipe(recipe, ())), llm=True)
    system = stages.system(recipe)
    header = {
        "system": name, "spec": spec, "seed": recipe.llm.seed, "commit": _commit(session.workspace.root),
        "index": stages.index_digest(recipe),
    }  # fmt: skip
    tracked = _tracked(session, stages, stages.embedder(recipe.embed).name)
    with progress_bar("cases") as progress:
        run, origin = ask_cases(
            system, cases, session.workspace.folder / "runs", header, **asking, on_answer=tracked,
            on_case=lambda done, total: progress(name, done, total),
        )  # fmt: skip
    return run, origin, stages.build_cost(recipe, open_tracker(session).ledger)


def _ask_other(session: "Session", named: Named, cases: "Sequence[Case]", asking: Mapping[str, Any]) -> Any:
    """Ask a function or a server; never taken from an earlier run, as nobody can tell whether it is the same."""
    from scoville.cli.evaluate import _commit, open_system  # pyright: ignore[reportPrivateUsage]
    from scoville.compare.side_by_side import ask_cases

    system = open_system(session, named.spec, asking["timeout_seconds"])
    header = {"system": named.name, "spec": named.spec, "commit": _commit(session.workspace.root)}
    with progress_bar("cases") as progress:
        return ask_cases(
            system, cases, session.workspace.folder / "runs", header, **asking,
            on_case=lambda done, total: progress(named.name, done, total),
        )  # fmt: skip


def _tracked(session: "Session", stages: "BuiltStages", embedder: str) -> "OnAnswer":
    """Give what keeps the cost and the trace of each answer that was really written, and not remembered."""
    tracker = open_tracker(session)
    spared = [stages.work.spared["generate"]]

    def answered(case: Any, answer: Any) -> str:
        before, spared[0] = spared[0], stages.work.spared["generate"]
        return tracker.answered(answer, embedder, case_id=case.id) if spared[0] == before else ""

    return answered


def _score(session: "Session", run: "Run", *, judged: bool, is_new: bool) -> None:
    """Score a run that is new, or was not scored as is asked for; write a new one down where runs are kept."""
    from scoville.cli.evaluate import open_recipe_judge
    from scoville.cli.publish import publish_run
    from scoville.evaluate.score_run import score_run

    judge = open_recipe_judge(session) if judged else None
    if judge or is_new or not run.scores():
        with progress_bar("verdicts") as progress:
            score_run(run, judge=judge, on_case=lambda done, total: progress(run.id, done, total))
    for reply in judge.replies if judge else ():
        open_tracker(session, run.id).replied("judging", reply)
    if is_new:
        publish_run(session, run)


def _writers(session: "Session", no_limit: bool) -> "Any":
    """Give what opens the models that write while another index is built."""
    from scoville.cli.writers import open_paid_writers
    from scoville.recipe_file import LoadedRecipe

    def writers(recipe: "Recipe") -> "Writers":
        return open_paid_writers(session._replace(loaded=LoadedRecipe(recipe, ())), no_limit=no_limit)

    return writers


def _check_cost(session: "Session", recipes: "Sequence[Recipe]", cases: "Sequence[Case]", yes: bool) -> None:
    """Say what hosted models may cost, and refuse what is over the limit."""
    from scoville.track.ledger import HOSTED
    from scoville.track.limit import Planned, check_limit, preview

    planned = [
        Planned("generation", one.llm.model, len(cases), one.prompt.context_tokens + 400, one.llm.max_tokens, one.llm.base_url)  # noqa: E501
        for one in recipes
        if one.llm.model.startswith(HOSTED)
    ]  # fmt: skip
    if planned and (said := check_limit(preview(planned, 0.0), session.recipe.cost.limit_usd, yes=yes)):
        say(said)
