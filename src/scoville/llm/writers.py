"""The models that write while documents are added.

Enters: a recipe, a budget. Leaves: the ``Writers`` of `add` and `sync`. No reply is paid for twice: it is kept in the
workspace, for a run that was interrupted and for documents that are read again.
"""

import logging
from collections.abc import Callable, Sequence

from scoville.cost import Budget, fee_usd
from scoville.index import Workspace, Writers
from scoville.llm import Generation, open_llm
from scoville.llm.kept import KeptReplies, cache_key
from scoville.llm.paid import MILLION, announce, within
from scoville.metadata import LONGEST_PROMPT
from scoville.models.locate import weights_identity
from scoville.prompt import summary_messages
from scoville.recipe import Llm, Recipe
from scoville.types import Message

logger = logging.getLogger("scoville")

FOLDER = "written"
"""In the workspace: the replies."""


def open_writers(workspace: Workspace, recipe: Recipe, budget: Budget) -> Writers:
    """Open the models that the recipe names for reading; each is loaded when it is first asked."""
    describes, summarises = recipe.metadata.model, recipe.split.summary_model
    cache = KeptReplies(workspace.folder / FOLDER if describes or summarises else None)

    def foresee(items: int | None) -> None:
        if items == 0:
            return
        _say_prices(recipe)
        if describes:
            what = f"{items:,} files" if items else "new and changed files"
            announce(f"{what} are described by", recipe.llm.for_model(describes), budget, replies=items,
                     prompt_tokens=LONGEST_PROMPT)  # fmt: skip
        if summarises:
            announce(f"sections of over {recipe.split.size} tokens are summed up by", recipe.llm.for_model(summarises),
                     budget)  # fmt: skip

    return Writers(
        summarise=_asker(recipe.llm.for_model(summarises), summary_messages, budget, cache) if summarises else None,
        describe=_asker(recipe.llm.for_model(describes), _as_question, budget, cache) if describes else None,
        foresee=foresee,
        budget=budget,
    )


def _as_question(text: str) -> Sequence[Message]:
    return (Message(role="user", content=text),)


def _asker(
    settings: Llm, write: Callable[[str], Sequence[Message]], budget: Budget, cache: KeptReplies
) -> Callable[[str], str]:
    """Give a function that asks a model, where it was not asked the same before."""
    llm = within(open_llm(settings), settings, budget)
    weights = {"weights": known} if (known := weights_identity(settings.model)) else {}
    generation = Generation(max_tokens=settings.max_tokens, temperature=settings.temperature, seed=settings.seed)

    def ask(text: str) -> str:
        messages = write(text)
        key = cache_key(
            model=settings.model, url=settings.base_url,
            messages=[(message.role, message.content) for message in messages],
            longest=settings.max_tokens, temperature=settings.temperature, seed=settings.seed, **weights,
        )  # fmt: skip
        if (known := cache.get(key)) is None:
            known = llm.generate(messages, generation).text
            cache.put(key, known)
        return known

    return ask


def _say_prices(recipe: Recipe) -> None:
    """Say what hosted models charge that read and embed; how much they will be given is known when files are read."""
    for key, named, given in (
        ("read.pdf", recipe.read.pdf, "pages that cannot be read otherwise"),
        ("read.audio", recipe.read.audio, "every sound file"),
        ("embed.model", recipe.embed, "every new passage"),
    ):
        model = named.model.removeprefix("auto+") if named else ""
        if (price := fee_usd(model, MILLION, 0, named.base_url if named else None)) != 0:
            charge = "a price that is not known" if price is None else f"${price:.2f} for a million tokens"
            logger.info(f"{key} {model} is given {given}, at {charge}")
