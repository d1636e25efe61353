"""`scoville evaluate`: ask a system every case, keep what it said, and score it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.common import common_options, open_bot, plain, say, write, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoville.evaluate.runs import Run

LISTED = ("id", "system", "status", "started", "cases", "cases_digest", "recipe_hash", "quality")
FAILED_SHARE = 0.1
"""With errors in more of its cases a run says little of its system, and the exit code is 1."""


@click.command("evaluate")
@click.argument("cases", required=False, type=click.Path(path_type=Path))
@click.option(
    "--system",
    "spec",
    default="",
    help="A recipe's file, file.py:function, http(s)://… or cheat:NAME; default: this workspace.",
)
@click.option("--release", default="", metavar="NAME", help="Ask a release, or what an alias stands for.")
@click.option("--name", default="", help="What the run is called in tables, and may be named by.")
@click.option("--split", default="", help="Only the cases of this part: train, dev or test.")
@click.option("--tag", "tags", multiple=True, help="Only cases with one of these tags; may be given several times.")
@click.option("--limit", type=click.IntRange(1), default=None, help="Only the first so many cases.")
@click.option(
    "--against", type=click.Path(path_type=Path), multiple=True, help="Training cases: refuse to run on a leak."
)
@click.option("--timeout", type=click.FloatRange(0.1), default=120.0, show_default=True, help="Seconds for each case.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=None,
    help="How many cases are asked at once. Default: llm.concurrency, or 8 for a hosted model and 1 for a local one.",
)
@click.option("--resume", default="", metavar="RUN", help="Go on with a run that was interrupted.")
@click.option("--score", "rescore", default="", metavar="RUN", help="Score a run again, without asking the system.")
@click.option("--judge", is_flag=True, help="Let the judge of the recipe decide what comparing words leaves open.")
@click.option("--semantic", is_flag=True, help="Compare answers with questions and expected answers by embeddings.")
@click.option("--perplexity", is_flag=True, help="Ask the local model how likely it holds the expected answers.")
@click.option("--baseline", default="", metavar="RUN", help="Compare with an earlier run on the same cases.")
@click.option(
    "--metric",
    default="quality",
    show_default=True,
    help="What is compared with the baseline; All: docs/metrics.md.",
)
@click.option(
    "--max-drop",
    type=click.FloatRange(0, 1),
    default=None,
    help="Exit 1 when the metric really fell by more, e.g. .02, or fewer cases have a score.",
)
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the summary there too, e.g. for a CI job.")
@click.option("--all", "every", is_flag=True, help="Show every measure, under the name that it has in JSON.")
@click.option("--yes", is_flag=True, help="Go on beyond cost.limit_usd.")
@common_options
def command(cases: Path | None, folder: Path | None, flags: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Ask a system all CASES, and score its answers.

    CASES is a file of JSON lines or CSV; without it, the runs are listed. RUN is the id of a run, its beginning, its
    end, its name (of several the newest), or `latest`. The exit code is 1 when over a tenth of the cases failed, or
    when the run does worse than --max-drop allows; where the cases are too few to tell, it is 0.

    \b
    scoville evaluate cases/dev.jsonl
    scoville evaluate cases/dev.jsonl --system http://localhost:8000/ask
    scoville evaluate cases/dev.jsonl --baseline RUN --max-drop .02
    """  # noqa: D301
    from dataclasses import asdict

    from scoville.bot.score import judges_of
    from scoville.evaluate.show_run import (
        check_scored,
        comparison_text,
        failed_text,
        gate_text,
        judges_text,
        summary_markdown,
        summary_text,
    )

    _check_options(cases, options)
    bot = open_bot(folder, flags)
    if options["release"]:
        bot = click.get_current_context().with_resource(bot.open_release(options["release"]))
    baseline = bot.run(options["baseline"]) if options["baseline"] else None
    if baseline and baseline.scores():
        check_scored([baseline], options["metric"])
    given = {name: options[name] for name in ("judge", "semantic", "perplexity")} | {"no_limit": options["yes"]}
    asked = {
        "system": options["spec"], "timeout_seconds": options["timeout"], "workers": options["workers"],
        "baseline": baseline,
    }  # fmt: skip
    if options["rescore"]:
        run = bot.score(options["rescore"], **given)
    elif options["resume"]:
        run = bot.resume(options["resume"], **asked, **given)
    elif cases:
        choice = {name: options[name] for name in ("name", "split", "tags", "limit", "against")}
        run = bot.evaluate(cases, **asked, **choice, **given)
    else:
        _list(bot.runs(), as_json)
        return
    compared = run.compare(baseline, options["metric"]) if baseline else None
    parts = run.compare_parts(baseline) if baseline and options["metric"] == "quality" else {}
    judges = judges_of(bot, run)
    most = options["max_drop"]
    gate = run.gate(baseline, options["metric"], most) if baseline and most is not None else None
    differs = {**({options["metric"]: compared} if compared else {}), **parts}
    against = "\n".join(comparison_text(name, one) for name, one in differs.items())
    notes = "\n\n".join(filter(None, (judges_text(judges), against)))
    decided = [gate_text(gate)] if gate else []
    if options["markdown"]:
        options["markdown"].write_text(summary_markdown(run, "\n\n".join([notes, *decided])), encoding="utf-8")
    if as_json:
        more: dict[str, Any] = {
            name: asdict(value) for name, value in (("baseline", compared), ("gate", gate)) if value
        }
        more |= {"baseline_parts": {name: asdict(one) for name, one in parts.items()}} if parts else {}
        write_json({"run": run.id, "status": run.header["status"], **run.summary(), "judges": judges, **more})
    else:
        write(f"{summary_text(run, every=options['every'])}\n\n{notes}".strip())
    failed = run.summary()["counts"]["errors"]
    for reason in [*decided, *([failed_text(run)] if failed else [])]:
        say(plain(reason))
    if (gate and gate.verdict == "fails") or failed > FAILED_SHARE * run.header["cases"]:
        raise SystemExit(1)


def _check_options(cases: Path | None, options: Mapping[str, Any]) -> None:
    from scoville.errors import UsageError

    given = [name for name, value in (("CASES", cases), ("--resume", options["resume"]), ("--score", options["rescore"])) if value]  # fmt: skip  # noqa: E501
    if len(given) > 1:
        raise UsageError(f"got {' and '.join(given)}: expected one of them; a run has its own cases")
    needless = [name for name in ("baseline", "judge", "semantic", "perplexity") if options[name] and not given]
    if needless:
        raise UsageError(f"--{needless[0]}: expected CASES to ask, or --score RUN for a saved run")
    if options["release"] and options["spec"]:
        raise UsageError("got --release and --system: expected one of them")
    if options["max_drop"] is not None and not options["baseline"]:
        raise UsageError("--max-drop: expected --baseline RUN, to compare with")


def _list(runs: "Sequence[Run]", as_json: bool) -> None:
    from scoville.evaluate.shown import unit_of, written

    headers = [
        run.header | {"quality": run.summary().get("metrics", {}).get("quality", {}).get("mean")} for run in runs
    ]
    if as_json:
        write_json([{key: header.get(key) for key in LISTED} for header in headers])
        return
    for header in headers:
        value = (
            "not scored" if header["quality"] is None else f"quality {written(header['quality'], unit_of('quality'))}"
        )
        write(f"{header['id']}  {header['status']:<9} {header['cases']:5} cases  {value}  {header.get('system', '')}")
    if not headers:
        say("No runs yet: scoville evaluate CASES")
