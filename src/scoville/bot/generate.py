"""Cases out of the workspace's own documents. Enters: a bot and how many are wanted. Leaves: checked cases, in a file.

What was tried is kept beside the file, so that the same call goes on where it was interrupted.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from scoville.answer import Answerer
from scoville.bot.opened import Opened
from scoville.bot.systems import quoting_recipe
from scoville.cases.files import write_cases
from scoville.cases.generate import (
    KINDS,
    UNANSWERABLE,
    Checks,
    Generated,
    Kind,
    Ledger,
    ModelGenerator,
    Rules,
    find_by_words,
    generate_cases,
)
from scoville.cases.generate.checks import Ask
from scoville.cases.generate.draft import Generator
from scoville.errors import UsageError
from scoville.llm import open_llm
from scoville.llm.paid import announce, within
from scoville.llm.reader import shipped_reader
from scoville.recipe.model import is_hosted
from scoville.types import Case, Passage

Author = Literal["auto", "model", "templates"]


def generate(
    bot: Opened, out: Path, names: Sequence[str], *, count: int, seeds: Sequence[Case], generator: Author, seed: int,
    no_limit: bool,
) -> Generated:  # fmt: skip
    """Write cases of the kinds that are named and check them, until there are enough or no more are to be had."""
    kinds = kinds_of(names)
    bot.check()
    settings = bot.recipe.llm
    hosted = is_hosted(settings.model)
    passages = _passages(bot)
    ask: Ask | None = None
    points = settings.model.partition(":")[0] in ("reader", "quote")  # they know nothing without documents
    if points and generator == "model":
        raise UsageError(f"generator: {settings.model} writes no questions; for them name a model that does: llm.model")
    if generator != "templates" and not points:
        bot.fetch_models(llm=True)
        budget = bot.budget(no_limit=no_limit)
        announce(f"{count:,} cases are written and checked by", settings, budget)
        ask = within(open_llm(settings), settings, budget).generate
    author: Generator = Rules(passages, seed)
    if ask and (generator == "model" or hosted):
        author = ModelGenerator(passages, ask, settings.model, examples=seeds, seed=seed)
    state = {
        "seed": seed, "generator": author.name, "kinds": list(kinds), "model": settings.model if ask else "",
        "passages": _digest(passages), "seed_cases": [case.id for case in seeds],
    }  # fmt: skip
    quoted = quoting_recipe(bot.recipe)  # what the nearest sentence answers is easy
    quoting = Answerer(bot.searcher(), open_llm(quoted.llm), quoted)

    def found(question: str) -> list[Passage]:
        return [hit.passage for hit in bot.searcher().search(question).hits]

    def quote(case: Case) -> str:
        return quoting.ask(case.question, history=case.history).text

    reader = shipped_reader(settings.threads)

    def point(question: str, text: str) -> list[str]:
        return [text[one.start : one.end] for one in reader.read(question, [text])]

    checks = Checks(
        find_by_words(passages), search=found, ask=ask, reproduces=hosted and ask is not None, point=point
    )  # fmt: skip
    ledger = Ledger(out.with_name(f"{out.name}.state"), state)
    with bot.bars("cases") as progress:
        made = generate_cases(author, checks, ledger, kinds, count, seeds=seeds,
                              workers=settings.at_once if ask else 1, quote=quote, on_case=progress)  # fmt: skip
    write_cases(out, made.cases)
    return made


def kinds_of(names: Sequence[str]) -> tuple[Kind, ...]:
    """Find kinds by their names, written with ``-`` or ``_``; every one where none is named."""
    known: dict[str, tuple[Kind, ...]] = {kind.replace("_", "-"): (kind,) for kind in KINDS}
    known["unanswerable"] = UNANSWERABLE
    wanted = [name.strip().replace("_", "-") for name in names if name.strip()]
    for name in wanted:
        if name not in known:
            raise UsageError(f"kinds: {name!r} is no kind; the kinds are {', '.join(known)}")
    chosen: tuple[Kind, ...] = tuple(dict.fromkeys(kind for name in wanted for kind in known[name]))
    return chosen or KINDS


def _passages(bot: Opened) -> list[Passage]:
    """Read all passages."""
    index = bot.open_index()
    states = index.documents()
    return [passage for source in sorted(states) for passage in index.neighbours(source, 0, 2**31 - 1)]


def _digest(passages: Sequence[Passage]) -> str:
    return hashlib.sha256("\n".join(sorted(passage.id for passage in passages)).encode()).hexdigest()[:16]
