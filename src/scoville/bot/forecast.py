"""What a command will ask of models that charge a fee, said before it starts; refused where that is over the limit.

Enters: recipes, cases, the answers that are there already. Leaves: planned work, rather too much than too little: every
answer and verdict as long as it may be, none refused, none tried again. What a Python function or a server pays is not
known here. Knows no command.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from scoville.bot.opened import Opened
from scoville.bot.score import open_recipe_judge
from scoville.errors import ProviderError
from scoville.evaluate.judge.metrics import judge_all
from scoville.evaluate.result import Result, Retrieved
from scoville.evaluate.system import count_asked
from scoville.llm import Generation
from scoville.llm import Llm as LlmProtocol
from scoville.llm.openai import OpenAILlm
from scoville.recipe import Llm, Recipe
from scoville.recipe.model import is_hosted
from scoville.recipe.observers import Judge
from scoville.search.rerank import LISTED_CHARACTERS
from scoville.track.ledger import CHARACTERS_PER_TOKEN
from scoville.track.limit import Planned, check_limit, preview
from scoville.types import Case, Message, Reply

logger = logging.getLogger("scoville")

PROMPT_TOKENS = 400
"""What a prompt has besides its passages and the conversation, rather too many."""
REWRITE_TOKENS = 1000
"""What a prompt has that asks for other questions: six turns and an instruction."""


def check_cost(bot: Opened, planned: Sequence[Planned], *, yes: bool) -> None:
    """Say what hosted models may cost; UsageError over ``cost.limit_usd``, without ``yes``. Local work is left out."""
    hosted = [one for one in planned if one.replies and is_hosted(one.model)]
    if hosted and (said := check_limit(preview(hosted, 0.0), bot.recipe.cost.limit_usd, yes=yes)):
        logger.info(said)


def answering(recipe: Recipe, cases: Sequence[Case]) -> list[Planned]:
    """Plan what asking a recipe's system all cases takes."""
    llm, rewrite = recipe.llm, recipe.rewrite
    asked = sum(map(count_asked, cases))
    talk = _mean(_tokens(case.question, *(turn.content for turn in case.history)) for case in cases)
    thoughts = sum(map(bool, (rewrite.standalone == "model", rewrite.phrasings, rewrite.parts, rewrite.passage)))
    listed = recipe.search.rerank_candidates * LISTED_CHARACTERS // CHARACTERS_PER_TOKEN
    asks = (
        (asked, recipe.prompt.context_tokens + PROMPT_TOKENS + talk),
        (asked * thoughts, REWRITE_TOKENS + talk),
        (asked * (recipe.search.rerank == "llm"), PROMPT_TOKENS + talk + listed),
    )
    searching = Planned("search", recipe.embed.model, asked, talk, 0, recipe.embed.base_url)
    return [
        *(Planned("generation", llm.model, replies, prompt, llm.max_tokens, llm.base_url) for replies, prompt in asks),
        searching,
    ]


def judging(bot: Opened, recipe: Recipe, cases: Sequence[Case], results: Mapping[str, Result]) -> list[Planned]:
    """Plan what the judge takes: of the answers that are there exactly what was not judged before."""

    def judge_with(stand_in: LlmProtocol) -> None:
        judge = open_recipe_judge(bot, stand_in=stand_in)
        judge_all(judge, cases, {case.id: results.get(case.id) or _imagined(recipe, case) for case in cases})
        judge.close()

    return verdicts(bot.recipe.judge, judge_with)


def verdicts(settings: Judge, judge_with: Callable[[LlmProtocol], object]) -> list[Planned]:
    """Plan what a hosted judge is asked, by judging with a model in its place that only counts."""
    if not settings.model or not is_hosted(settings.model):
        return []
    counting = _CountingLlm(Llm().for_model(settings))
    judge_with(counting)
    prompt, reply = _mean(counting.prompts), _mean(counting.replies)
    return [Planned("judging", settings.model, len(counting.prompts), prompt, reply, settings.base_url)]


def embedding(bot: Opened, recipe: Recipe, cases: Sequence[Case], results: Mapping[str, Result]) -> list[Planned]:
    """Plan what embedding answers, questions and expected answers takes."""
    settings = bot.recipe.embed
    given = (results.get(case.id) or _imagined(recipe, case) for case in cases)
    tokens = sum(_tokens(one.text, case.question, *case.expected) for case, one in zip(cases, given, strict=True))
    return [Planned("judging", settings.model, 1, tokens, 0, settings.base_url)]


class _CountingLlm:
    """Stands in for a hosted judge: notes what it would be asked, and gives no reply."""

    runtime = "openai"

    def __init__(self, settings: Llm) -> None:
        hosted = OpenAILlm(settings)
        self.name, self.context_tokens, self.count_tokens = hosted.name, hosted.context_tokens, hosted.count_tokens
        self.prompts: list[int] = []
        """Tokens of each."""
        self.replies: list[int] = []
        """The most tokens of each."""

    def generate(self, messages: Sequence[Message], generation: Generation, on_text: object = None) -> Reply:
        self.prompts.append(self.count_tokens(messages))
        self.replies.append(generation.max_tokens)
        raise ProviderError("this only counts what a judge would be asked")

    def load(self) -> None: ...

    def close(self) -> None: ...


def _imagined(recipe: Recipe, case: Case) -> Result:
    """Give an answer as long as it may be, from as many passages, which nothing but a judge can tell to be right."""
    count = recipe.search.passages
    text = "new " * (recipe.prompt.context_tokens // count)
    passages = tuple(Retrieved(id=str(number), document="", pages=(), text=text) for number in range(count))
    return Result(case_id=case.id, text="say " * recipe.llm.max_tokens, refused=False, passages=passages)


def _tokens(*texts: str) -> int:
    return sum(-(-len(text.encode(errors="replace")) // CHARACTERS_PER_TOKEN) for text in texts)


def _mean(values: Iterable[int]) -> int:
    given = list(values)
    return -(-sum(given) // len(given)) if given else 0
