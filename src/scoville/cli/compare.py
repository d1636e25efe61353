"""`scoville compare`: ask several systems the same cases, and say which is better, surely or not, and at what price."""

from pathlib import Path
from typing import Any

import click

from scoville.cli.common import common_options, open_bot, plain, say, write, write_json


@click.command("compare")
@click.argument("systems", nargs=-1, metavar="[SYSTEM]...")
@click.option("--phases", default="", metavar="PHASE,PHASE...", help="Instead of systems: prompt, rag, finetune, finetune+rag, pretrain; finetune=NAME for a model trained here, rag=MODEL for another.")  # fmt: skip  # noqa: E501
@click.option("--rows", type=click.IntRange(1), default=1000, show_default=True, help="With --phases: how many rows a model is trained on where none is named.")  # fmt: skip  # noqa: E501
@click.option("--floor", type=click.FloatRange(0, 1), default=None, help="With --phases: the quality from which on a phase may be the cheapest. Default: not surely behind the best.")  # fmt: skip  # noqa: E501
@click.option("--change-a-fact", "change", default="", metavar="OLD=NEW", help="With --phases: change a text of the documents in a copy, and measure what each phase takes until it answers anew.")  # fmt: skip  # noqa: E501
@click.option("--forgetting", is_flag=True, help="With --phases: ask each tuned model beside its base what it forgot, and when it declines.")  # fmt: skip  # noqa: E501
@click.option("--cases", "cases_file", type=click.Path(path_type=Path), default=None, help="Default: those of the first run that is named.")  # fmt: skip  # noqa: E501
@click.option("--split", default="", help="Only the cases of this part: train, dev or test.")
@click.option("--limit", type=click.IntRange(1), default=None, help="Only the first so many cases.")
@click.option("--baseline", default="", metavar="NAME", help="Which system the others are tested against. Default: the first.")  # fmt: skip  # noqa: E501
@click.option("--metric", default="quality", show_default=True, help="What systems are ranked by. All: docs/metrics.md.")  # fmt: skip  # noqa: E501
@click.option("--fresh", is_flag=True, help="Ask every system again, even where a run of it is there.")
@click.option("--judge", "judged", is_flag=True, help="Let the judge of the recipe decide what comparing words leaves open.")  # fmt: skip  # noqa: E501
@click.option("--timeout", type=click.FloatRange(0.1), default=120.0, show_default=True, help="Seconds for each case.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Write the comparison there as an HTML page.")  # fmt: skip  # noqa: E501
@click.option("--all", "every", is_flag=True, help="Show all columns and the statistics of every test.")
@click.option("--preference", is_flag=True, help="Have the judge of the recipe say which answers it prefers to the baseline's, each pair in both orders.")  # fmt: skip  # noqa: E501
@click.option("--questions", is_flag=True, help="Show every question whose score differs from the baseline's, what got worse first.")  # fmt: skip  # noqa: E501
@click.option("--yes", is_flag=True, help="Go on beyond cost.limit_usd.")
@common_options
def command(
    systems: tuple[str, ...], cases_file: Path | None, baseline: str, metric: str, judged: bool, out: Path | None,
    folder: Path | None, flags: tuple[str, ...], as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """Ask every SYSTEM the same cases and compare the answers.

    A SYSTEM is a recipe's file, file.py:function, http(s)://…, the id or the name of a run, which is taken as it is, or
    cheat:NAME, an answer without reading to measure the measure by: echo, first-passage, all-passages,
    random-sentence, always-refuse, quote. Runs are kept, and used again where recipe, cases and index are the same.
    A recipe that needs another index than the workspace's has one built beside it.

    \b
    scoville compare a.yaml b.yaml my_bot.py:answer --cases cases/dev.jsonl
    scoville compare before after --questions
    scoville compare --phases prompt,rag,finetune+rag=claims --cases cases/test.jsonl
    """  # noqa: D301
    from scoville.bot.compare import compare
    from scoville.bot.phases import compare_phases
    from scoville.errors import UsageError

    if bool(systems) == bool(options["phases"]):
        raise UsageError("expected the systems to compare, or --phases with theirs")
    bot = open_bot(folder, flags)
    if options["phases"]:
        if cases_file is None:
            raise UsageError("--phases: expected --cases FILE, the questions that all are asked")
        names = [name.strip() for name in options["phases"].split(",")]
        phases = compare_phases(
            bot, cases_file, names, rows=options["rows"], floor=options["floor"], change=options["change"],
            forgetting=options["forgetting"],
            split=options["split"], limit=options["limit"], judge=judged, fresh=options["fresh"],
            timeout_seconds=options["timeout"], no_limit=options["yes"],
        )  # fmt: skip
        if out:
            say(f"Wrote {phases.write(out)}: open it in a browser.")
        write_json({**phases.json(), "file": str(out) if out else None}) if as_json else write(str(phases))
        return
    found = compare(
        systems, cases_file, baseline=baseline, metric=metric, judge=judged, split=options["split"],
        limit=options["limit"], fresh=options["fresh"], timeout_seconds=options["timeout"], no_limit=options["yes"],
        preference=options["preference"], bot=bot,
    )  # fmt: skip
    if out:
        say(f"Wrote {found.write(out)}: open it in a browser.")
    if as_json:
        write_json({**found.json(), "file": str(out) if out else None})
        return
    write(found.all_text() if options["every"] else str(found))
    if options["questions"]:
        write("\n" + plain(found.questions_text(), keep="\n"))
