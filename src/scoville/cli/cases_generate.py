"""`scoville cases generate`: cases from the workspace's own documents."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.common import (
    common_options,
    open_bot,
    progress_bar,
    say,
    write_json,
)  # fmt: skip

if TYPE_CHECKING:
    from scoville.bot import Bot
    from scoville.cases.generate import Estimate, Generated, Kind
    from scoville.cases.generate.checks import Ask
    from scoville.cases.generate.draft import Generator
    from scoville.llm import Llm
    from scoville.types import Case, Passage

LIMIT_USD = 0.05
"""What may be spent without being asked."""
DEFAULT_OUT = Path("cases/generated.jsonl")


@click.command("generate")
@click.option("-n", "--count", type=click.IntRange(1, 100_000), default=40, show_default=True, help="How many cases.")
@click.option("--kinds", default="", metavar="KIND,...", help="Of which kinds, by default of every one: fact, table, "
              "multi-hop, paraphrase, follow-up, unanswerable, false-premise, conflicting.")  # fmt: skip
@click.option("--seed-cases", "seed_file", type=click.Path(path_type=Path), default=None,
              help="Cases that people wrote: a model is shown some of them, and none is repeated.")  # fmt: skip
@click.option("--generator", type=click.Choice(["auto", "model", "templates"]), default="auto", show_default=True,
              help="`templates` asks no model, `model` asks that of the recipe, `auto` takes `model` for `openai:` "
              "models and else `templates`, and has the model say what it knows without documents.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=DEFAULT_OUT, show_default=True,
              help="Where the cases go. What was tried is kept beside it: the same command goes on.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Another seed, other cases.")
@click.option("--max-usd", type=click.FloatRange(0), default=None, help="Stop before more than this is spent.")
@click.option("--yes", is_flag=True, help=f"Do not ask before spending more than {LIMIT_USD} USD.")
@common_options
def command(
    count: int,
    kinds: str,
    seed_file: Path | None,
    generator: str,
    out: Path,
    seed: int,
    max_usd: float | None,
    yes: bool,
    folder: Path | None,
    flags: tuple[str, ...],
    as_json: bool,
) -> None:
    """Write test cases from the documents: checked, of several kinds, some without an answer."""
    from scoville.cases.files import cases_of, write_cases
    from scoville.cases.generate import Checks, Ledger, find_by_words, generate_cases

    wanted = _kinds(kinds)
    seeds = cases_of(seed_file) if seed_file else []
    bot = open_bot(folder, flags)
    bot.check()
    if generator != "templates":
        bot.fetch_models(llm=True)
    passages = _passages(bot)
    llm = None if generator == "templates" else _open(bot)
    hosted = llm is not None and llm.runtime == "openai"
    author = _generator(generator, hosted, llm, passages, seeds, seed)
    expected = _estimate(author, llm, wanted, count)
    _agree_to(expected, hosted, max_usd, yes)
    settings = {
        "seed": seed, "generator": author.name, "kinds": list(wanted), "model": llm.name if llm else "",
        "passages": _digest(passages), "seed_cases": [case.id for case in seeds],
    }  # fmt: skip
    checks = Checks(find_by_words(passages), ask=_asker(llm) if llm else None, reproduces=hosted)
    state = out.with_name(f"{out.name}.state")
    with progress_bar("cases") as progress:
        made = generate_cases(
            author, checks, Ledger(state, settings), wanted, count, seeds=seeds, max_usd=max_usd,
            slot_usd=expected.slot_usd if expected else 0.0, on_case=progress,
        )  # fmt: skip
    write_cases(out, made.cases)
    if as_json:
        write_json(_report(made, out))
    else:
        _tell(made, out)


def _kinds(text: str) -> tuple["Kind", ...]:
    from scoville.cases.generate import KINDS, Kind
    from scoville.errors import UsageError

    known: dict[str, Kind] = {kind.replace("_", "-"): kind for kind in KINDS}
    names = [name.strip().replace("_", "-") for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise UsageError(f"--kinds: {name!r} is no kind; the kinds are {', '.join(known)}")
    chosen: tuple[Kind, ...] = tuple(dict.fromkeys(known[name] for name in names))
    return chosen or KINDS


def _passages(bot: "Bot") -> list["Passage"]:
    """Read all passages."""
    from scoville.search.hybrid import open_current_index

    index = open_current_index(bot.workspace, bot.recipe)
    states = index.documents()
    return [passage for source in sorted(states) for passage in index.neighbours(source, 0, 2**31 - 1)]


def _open(bot: "Bot") -> "Llm":
    from scoville.llm import open_llm

    return open_llm(bot.recipe.llm)


def _asker(llm: "Llm") -> "Ask":
    return lambda messages, generation: llm.generate(messages, generation)


def _generator(
    name: str, hosted: bool, llm: "Llm | None", passages: Sequence["Passage"], seeds: Sequence["Case"], seed: int
) -> "Generator":
    from scoville.cases.generate import ModelGenerator, Templates

    if llm is not None and (name == "model" or hosted):
        return ModelGenerator(passages, _asker(llm), llm.name, examples=seeds, seed=seed)
    return Templates(passages, seed)


def _estimate(author: "Generator", llm: "Llm | None", kinds: Sequence["Kind"], count: int) -> "Estimate | None":
    """Estimate what the model will take; None where none is asked."""
    from scoville.cases.generate import ModelGenerator, estimate
    from scoville.cases.generate.model import MOST_TOKENS
    from scoville.cost import price_usd
    from scoville.recipe.model import name_of

    if llm is None:
        return None
    name, provider = name_of(llm.name), _provider(llm)
    slots = [slot for kind in kinds for slot in author.slots(kind)[:3]]
    samples = [author.messages(slot) for slot in slots] if isinstance(author, ModelGenerator) else []
    longest = MOST_TOKENS if isinstance(author, ModelGenerator) else 0
    return estimate(
        count, samples, llm.count_tokens,
        lambda prompt, completion: price_usd(name, prompt, completion, provider=provider), longest,
    )  # fmt: skip


def _provider(llm: "Llm") -> str:
    """Name who is paid: a local runtime, of which an endpoint on this machine is one, or the endpoint's address."""
    from scoville.endpoint import is_loopback

    address = getattr(llm, "base_url", "")
    return address if address and not is_loopback(address) else llm.runtime if not address else "llamacpp"


def _agree_to(expected: "Estimate | None", hosted: bool, max_usd: float | None, yes: bool) -> None:
    """Say what it will cost, and go on only where that was agreed to."""
    from scoville.errors import UsageError

    if expected is None or not hosted:
        return
    price = "an unknown price" if expected.cost_usd is None else f"about {expected.cost_usd:.2f} USD"
    say(
        f"Up to {expected.drafts} drafts: {expected.prompt_tokens:,} prompt and {expected.completion_tokens:,} "
        f"completion tokens, {price}{'' if max_usd is None else f'; stops at {max_usd:g} USD'}."
    )
    if max_usd is not None and expected.cost_usd is None:
        raise UsageError(
            "--max-usd: the price of this model is not known, so that the cap cannot be kept: leave it out"
        )
    limit = LIMIT_USD if max_usd is None else max_usd
    if yes or (expected.cost_usd is not None and min(expected.cost_usd, limit) <= LIMIT_USD):
        return
    click.confirm("Go on?", abort=True, err=True)


def _digest(passages: Sequence["Passage"]) -> str:
    import hashlib

    return hashlib.sha256("\n".join(sorted(passage.id for passage in passages)).encode()).hexdigest()[:16]


def _report(made: "Generated", out: Path) -> dict[str, Any]:
    return {
        "out": str(out), "cases": len(made.cases), "tried": dict(made.tried), "accepted": dict(made.accepted),
        "dropped": {kind: dict(reasons) for kind, reasons in made.dropped.items()}, "stopped": made.stopped,
        "cost_usd": made.cost_usd, "prompt_tokens": made.prompt_tokens, "completion_tokens": made.completion_tokens,
    }  # fmt: skip


def _tell(made: "Generated", out: Path) -> None:
    for kind, tried in made.tried.items():
        reasons = ", ".join(f"{count} {reason}" for reason, count in made.dropped.get(kind, {}).items())
        kept = made.accepted.get(kind, 0)
        say(f"{kind.replace('_', '-'):<14}{kept:5} of {tried} kept{f'; dropped: {reasons}' if reasons else ''}")
    spent = f", {made.cost_usd:.4f} USD" if made.cost_usd else ""
    say(f"{len(made.cases)} cases in {out}{spent}. Look at them: scoville cases review {out}")
    if made.stopped:
        say(f"Fewer than were asked for: {made.stopped}.")
