"""`scoville compare`: ask several systems the same cases, and say which is better, surely or not, and at what price."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.common import common_options, open_bot, say, write, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoville.bot import Bot
    from scoville.bot.compare import Named
    from scoville.track.limit import Planned
    from scoville.types import Case


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
    from scoville.bot.compare import Asking, ask_systems
    from scoville.bot.forecast import check_cost
    from scoville.compare.show_compare import compare_html, compare_json, compare_text
    from scoville.compare.systems import check_metric, compare_systems
    from scoville.storage import storage_errors

    bot = open_bot(folder, flags)
    named = _named(bot, systems, flags, options["timeout"])
    compared_with = _baseline(named, baseline)
    check_metric(metric)
    cases = _cases(named, cases_file, options["split"], options["limit"])
    check_cost(bot, _planned(bot, named, cases, judged), yes=options["yes"])
    compared = ask_systems(bot, named, cases, Asking(
        fresh=options["fresh"], judged=judged, timeout_seconds=options["timeout"], no_limit=options["yes"],
        cases_file=cases_file.name if cases_file else "",
    ))  # fmt: skip
    table = compare_systems(
        compared, baseline=compared_with, metric=metric, usd_per_hour=bot.recipe.cost.hardware_usd_per_hour
    )
    if out:
        with storage_errors(out.parent):
            out.write_text(compare_html(table, compared), encoding="utf-8")
        say(f"Wrote {out}: open it in a browser.")
    if as_json:
        write_json({**compare_json(table, compared), "file": str(out) if out else None})
    else:
        write(compare_text(table, compared))


def _named(bot: "Bot", specs: tuple[str, ...], flags: tuple[str, ...], timeout: float) -> "list[Named]":
    """Open what is asked for, under names that differ."""
    from scoville.bot.compare import Named
    from scoville.bot.systems import open_system
    from scoville.errors import UsageError
    from scoville.evaluate.runs import find_run
    from scoville.evaluate.system import without_secrets
    from scoville.recipe.file import load_recipe

    if len(set(specs)) < max(2, len(specs)):
        raise UsageError(f"{', '.join(specs)}: name at least two systems, each once")
    found: list[Named] = []
    for spec in specs:
        path = Path(spec)
        if path.is_file() or path.suffix in (".yaml", ".yml"):
            if not path.is_file():
                raise UsageError(f"{spec}: there is no such recipe")
            one = Named(path.stem, spec, load_recipe(path, flags=flags).recipe)
        elif ":" in spec:
            known = without_secrets(spec) if "://" in spec else spec
            one = Named(known, known, open_system(bot, spec, timeout))
        else:
            run = find_run(bot.workspace.folder / "runs", spec)
            one = Named(f"{run.header.get('system', 'run')} {run.id[-4:]}", spec, run)
        taken = {other.name for other in found}
        found.append(one._replace(name=spec) if one.name in taken else one)
    return found


def _baseline(named: "Sequence[Named]", given: str) -> str:
    """Give the name of the baseline, which may be named as on the command line; UsageError before anything is asked."""
    from scoville.errors import UsageError

    found = next(
        (system.name for system in named if given in (system.name, system.spec)), "" if given else named[0].name
    )
    if not found:
        raise UsageError(f"--baseline {given!r} is none of the systems: {', '.join(system.name for system in named)}")
    return found


def _cases(named: "Sequence[Named]", path: Path | None, split: str, limit: int | None) -> "Sequence[Case]":
    from scoville.cases.files import cases_of
    from scoville.errors import UsageError
    from scoville.evaluate.runs import Run

    if path is None:
        run = next((system.of for system in named if isinstance(system.of, Run)), None)
        if run is None:
            raise UsageError("no cases to ask: give --cases FILE, or name a run whose cases are taken")
        read = run.cases()
    else:
        read = cases_of(path)
    chosen = [case for case in read if not split or case.split == split][:limit]
    if not chosen:
        raise UsageError(f"none of {len(read)} cases is in the split {split!r}")
    return chosen


def _planned(bot: "Bot", named: "Sequence[Named]", cases: "Sequence[Case]", judged: bool) -> "list[Planned]":
    """Plan what asking and judging the systems takes, as if no run were there but those that are named."""
    from scoville.bot.forecast import answering, judging
    from scoville.evaluate.runs import Run
    from scoville.recipe import Recipe

    found = [planned for system in named if isinstance(system.of, Recipe) for planned in answering(system.of, cases)]
    for system in named if judged else ():
        recipe = system.of if isinstance(system.of, Recipe) else bot.recipe
        found += judging(bot, recipe, cases, system.of.results() if isinstance(system.of, Run) else {})
    return found
