"""`scoville judge`: how far a judge can be trusted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from scoville.cli.common import common_options, open_bot, plain, say, write, write_json

NAMES = {
    "agreement": "agreement", "kappa": "Cohen's kappa", "weighted_kappa": "quadratic kappa", "spearman": "Spearman",
}  # fmt: skip
READ = """Agreement: the share of labels on which both say the same. Kappa: how much more than chance that is, up to 1;
quadratic kappa counts near misses in part. Spearman: whether both order answers alike, up to 1."""


@click.group("judge")
def command() -> None:
    """Measure the model that judges answers."""


@command.command("check")
@click.argument("labels", type=click.Path(path_type=Path))
@click.option("--model", default="", help="Another judge, named like llm.model. Default: the recipe's judge.model.")
@click.option("--base-url", default=None, help="The endpoint of a hosted model.")
@click.option("-n", "--limit", type=click.IntRange(1), default=None, help="Only this many labels, drawn by the seed.")
@click.option(
    "--repeat", type=click.IntRange(1, 20), default=None, help="Ask this often, to measure the judge's noise."
)
@click.option(
    "--temperature", type=click.FloatRange(0, 2), default=None, help="Of the judge; above 0 where --repeat is given."
)
@click.option("--reasons/--no-reasons", default=None, help="Whether it writes a reason first. Default: hosted ones do.")
@click.option("--yes", is_flag=True, help="Go on beyond cost.limit_usd.")
@common_options
def check_command(labels: Path, folder: Path | None, flags: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Compare the judge with people's judgements of answers.

    The judge is asked as the recipe says, and labels are sent nowhere else. The numbers are kept, and shown beside its
    scores. LABELS is JSONL with question, answer, label (right, partly,
    wrong, or 0 to 1) and, where known, expected and context; or answers graded 1 to 5; or MT-bench's human judgments.
    """
    from scoville.bot.check_judge import judge_of

    bot = open_bot(folder, flags)
    named = {name: options[name] for name in ("model", "base_url", "repeat", "temperature", "reasons")}
    settings = judge_of(bot.recipe, **named)
    judge, metrics, path, seconds = bot.check_judge(labels, settings, limit=options["limit"], no_limit=options["yes"])
    asked = {
        "asked": len(judge.replies),
        "cached": judge.cached,
        "seconds": round(seconds, 3),
        "prompt_tokens": sum(reply.prompt_tokens for reply in judge.replies),
        "completion_tokens": sum(reply.completion_tokens for reply in judge.replies),
        "cost_usd": judge.cost_usd,
    }
    if as_json:
        write_json({"judge": judge.label, "labels": str(labels), **asked, "metrics": metrics, "saved": str(path)})
        return
    for metric, numbers in metrics.items():
        write(_table(metric, numbers))
    write(READ)
    write(_spent(asked))
    say(f"Kept in {path}; `scoville evaluate` shows it beside this judge's scores.")


def _table(metric: str, numbers: Mapping[str, Any]) -> str:
    lines = [f"{metric}: {numbers['n']} labels by {numbers['by']}, {numbers['unscored']} not scored, "
             f"{numbers['decided_without_judge']} decided without the judge"]  # fmt: skip
    for which, of in (("all", numbers), ("the judge alone", numbers["judge_alone"])):
        if of["n"]:
            lines.append(f"  {which} ({of['n']})")
            lines += [f"    {name:<16} {_number(of[key], of[f'{key}_interval'])}" for key, name in NAMES.items()]
    if numbers["noise"] is not None:
        lines.append(f"  noise of one verdict: {numbers['noise']:.3f} (standard deviation)")
    lines += [f"  {numbers['reason']}"] if numbers["reason"] else []
    lines += [f"  not scored: {plain(reason)[:200]}" for reason in numbers["unscored_reasons"]]
    return "\n".join(lines)


def _number(value: float | None, interval: list[float] | None) -> str:
    if value is None:
        return "not defined"
    return f"{value:.3f}" + (f"  ({interval[0]:.3f} to {interval[1]:.3f})" if interval else "")


def _spent(asked: Mapping[str, Any]) -> str:
    cost = "unknown" if asked["cost_usd"] is None else f"${asked['cost_usd']:.4f}"
    each = f", {asked['seconds'] / asked['asked']:.2f} s each" if asked["asked"] else ""
    return (
        f"{asked['asked']} asked{each}, {asked['cached']} from the cache; "
        f"{asked['prompt_tokens']} + {asked['completion_tokens']} tokens, cost {cost}"
    )
