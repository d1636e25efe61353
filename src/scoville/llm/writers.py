"""The models that write while documents are added: what they may cost is said before, and what they cost is counted.

Enters: a recipe. Leaves: the ``Writers`` of `add` and `sync`. No reply is paid for twice: it is kept in the workspace,
for a run that was interrupted and for documents that are read again. Nor is it foreseen twice: beside the replies
stands what each document looked like when the last of them was there.
"""

import json
import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

from scoville.cost import Budget, fee_usd
from scoville.errors import UsageError
from scoville.index import Workspace, Writers
from scoville.index.workspace import Seen
from scoville.llm import Generation, open_llm
from scoville.llm.kept import KeptReplies, cache_key
from scoville.metadata import LONGEST_PROMPT
from scoville.metadata.model import PROMPT
from scoville.prompt import SUMMARISE, summary_messages
from scoville.read import READER_VERSION
from scoville.recipe import INDEX, Llm, Recipe, WritingModel, deciding
from scoville.recipe.model import is_hosted
from scoville.split import SPLITTER_VERSION
from scoville.types import Message

logger = logging.getLogger("scoville")

FOLDER = "written"
"""In the workspace: the replies."""
MILLION = 1_000_000
MESSAGE_TOKENS = 16
"""What a message takes besides its text, at most."""
PATIENCE = "give --yes to pay for it, or set metadata.max_usd higher"


def open_paid_writers(workspace: Workspace, recipe: Recipe, *, no_limit: bool = False) -> Writers:
    """Open the models that the recipe names for reading; each is loaded when it is first asked."""
    if not (recipe.metadata.model or recipe.split.summary_model):
        return Writers(foresee=lambda items: None if items == 0 else _say_prices(recipe))

    budget = Budget(None if no_limit else recipe.metadata.max_usd)
    forecast = _Forecast(recipe, budget)
    cache = KeptReplies(workspace.folder / FOLDER)
    written = _Written(recipe, cache)

    def open_asker(
        model: WritingModel | None, write: Callable[[str], Sequence[Message]]
    ) -> Callable[[str], str] | None:
        return _asker(recipe.llm.for_model(model), write, budget, cache, forecast) if model else None

    return Writers(
        summarise=open_asker(recipe.split.summary_model, summary_messages),
        describe=open_asker(recipe.metadata.model, lambda text: (Message(role="user", content=text),)),
        foresee=forecast.foresee,
        wrote=written.put,
        written=written.get,
        spent_usd=lambda: budget.spent_usd,
    )


class _Written:
    """What items looked like when all was written about them, under the settings that decide what is asked."""

    def __init__(self, recipe: Recipe, cache: KeptReplies) -> None:

        read, split = recipe.read, recipe.split
        llm = recipe.llm.model_dump(mode="json", include={"base_url", "max_tokens", "temperature", "seed"})
        describes = deciding(recipe.metadata, INDEX)["model"]
        asked = [READER_VERSION, deciding(read, INDEX), llm, describes, PROMPT]
        self._asked = asked + ([recipe.build_hash, SPLITTER_VERSION, SUMMARISE] if split.summary_model else [])
        self._cache = cache
        self._reads_alike = not any(model and is_hosted(model.model) for model in (read.pdf, read.audio))
        """A model that reads pages may read them otherwise the next time, and then other prompts follow."""

    def get(self, name: str) -> Seen | None:
        """Give what an item looked like."""
        kept = self._cache.get(self._key(name)) if self._reads_alike else None
        return Seen(*json.loads(kept)) if kept else None

    def put(self, name: str, seen: Seen) -> None:
        """Keep what an item looks like."""
        if self.get(name) != seen:
            self._cache.put(self._key(name), json.dumps(seen[:2]), replace=True)

    def _key(self, name: str) -> str:

        return cache_key(item=name, asked=self._asked)


def _asker(
    settings: Llm,
    write: Callable[[str], Sequence[Message]],
    budget: Budget,
    cache: KeptReplies,
    forecast: "_Forecast",
) -> Callable[[str], str]:
    """Give a function that asks a model, where it was not asked the same before and the budget holds."""
    llm = open_llm(settings)
    generation = Generation(max_tokens=settings.max_tokens, temperature=settings.temperature, seed=settings.seed)

    def ask(text: str) -> str:
        messages = write(text)
        key = cache_key(
            model=settings.model, url=settings.base_url, messages=[(one.role, one.content) for one in messages],
            longest=settings.max_tokens, temperature=settings.temperature, seed=settings.seed,
        )  # fmt: skip
        if (known := cache.get(key)) is not None:
            return known
        forecast.announce()
        # No tokenizer makes more tokens of a text than it has bytes.
        tokens = sum(len(one.content.encode(errors="replace")) + MESSAGE_TOKENS for one in messages)
        most = cost = fee_usd(settings.model, tokens, settings.max_tokens, settings.base_url)
        try:
            budget.hold(most)
        except UsageError as error:
            raise UsageError(f"{error}: what was read is in the index; to go on, {PATIENCE}") from None
        try:
            reply = llm.generate(messages, generation)
            cost = reply.cost_usd
        finally:  # a reply that broke off may be paid for, too
            budget.settle(most, cost)
        cache.put(key, reply.text)
        return reply.text

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


class _Share(NamedTuple):
    """What one of the models may take."""

    line: str
    most_usd: float | None
    """For all that is foreseen, or for one reply where nothing is."""


class _Forecast:
    """Says once what the models may cost, before the first is asked."""

    def __init__(self, recipe: Recipe, budget: Budget) -> None:
        self.recipe = recipe
        self.budget = budget
        self._is_said = False

    def foresee(self, items: int | None) -> None:
        """Say what so many items may cost; UsageError where that is over the limit. Nothing is said of none."""
        shares = self._shares(items)
        limit = self.budget.limit_usd
        if items == 0 or self._is_said:
            return
        self._say(shares)
        if limit is None:
            return
        named = f"metadata.max_usd is ${limit:g}; nothing was sent"
        if any(share.most_usd is None for share in shares):
            raise UsageError(f"the price of a model is unknown, and {named}: {PATIENCE}")
        if (most := sum(share.most_usd or 0.0 for share in shares)) > limit:
            raise UsageError(f"the replies could cost up to ${most:.2f}, and {named}: {PATIENCE}")

    def announce(self) -> None:
        """Say what a reply may cost, unless more than that was said."""
        if not self._is_said:
            self._say(self._shares(None))

    def _say(self, shares: Sequence[_Share]) -> None:
        self._is_said = True
        _say_prices(self.recipe)
        for share in shares:
            logger.info(share.line)
        if any(share.most_usd != 0 for share in shares) and self.budget.limit_usd is not None:
            limit = f"${self.budget.limit_usd:g}"
            logger.info(f"  it ends before {limit} is crossed (metadata.max_usd), and keeps what was read")

    def _shares(self, items: int | None) -> list[_Share]:

        metadata, split = self.recipe.metadata, self.recipe.split
        shares: list[_Share] = []
        if metadata.model:
            what = f"{items:,} files" if items else "each new or changed file"
            shares.append(self._share("metadata.model", metadata.model, what, items or 1, LONGEST_PROMPT))
        if split.summary_model:
            what = f"each section of over {split.size} tokens (how many is known when they are read)"
            shares.append(self._share("split.summary_model", split.summary_model, what, 1, 2 * split.parent_size))
        return shares

    def _share(self, key: str, named: WritingModel, what: str, count: int, prompt: int) -> _Share:

        settings = self.recipe.llm.for_model(named)
        model, reply = settings.model, settings.max_tokens
        most = fee_usd(model, count * prompt, count * reply, settings.base_url)
        price = "price unknown" if most is None else f"at most ${most:.4f}" if most else "local, $0 in fees"
        tokens = f"up to {count * prompt:,} prompt and {count * reply:,} completion tokens"
        return _Share(f"{key} {model} is asked about {what}: {tokens}, {price}", most)
