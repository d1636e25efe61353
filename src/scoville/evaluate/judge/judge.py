"""A model that judges answers, pinned apart from the one that answers.

Enters: a task and the texts to judge. Leaves: a :class:`Verdict` in the task's words, or the reason why there is none.
Knows no cases and no metrics. A verdict is one of a few words, which the model's grammar enforces, so it is never NaN;
what cannot be had after a bounded number of tries is unscored. An endpoint that is down is given up after three
requests, not asked for each answer of a run.
"""

import json
import logging
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from scoville import recipe
from scoville.answer.contract import total_cost
from scoville.cost import Budget
from scoville.endpoint import endpoint_url
from scoville.errors import (
    ContextTooLong,
    OverBudget,
    ProviderAuth,
    ProviderError,
    ProviderNotFound,
    ScovilleError,
    UnknownModel,
    UsageError,
)
from scoville.evaluate.judge.prompts import (
    JSON_FORM,
    PROMPTS_VERSION,
    Material,
    Task,
    judge_messages,
    read_verdicts,
    verdict_schema,
)
from scoville.llm import FakeLlm, Generation, Llm, open_llm
from scoville.llm.kept import KeptReplies, cache_key
from scoville.llm.paid import within
from scoville.models.locate import weights_identity
from scoville.recipe.model import is_hosted
from scoville.types import Message, Reply

TRIES = 3
"""How often a judge is asked for one verdict when its replies cannot be read."""
FAILURES_IN_A_ROW = 3
RETRY_TEMPERATURE = 0.5
"""At 0 a model that said nothing readable would say the same again."""
WORD_TOKENS, REASON_TOKENS = 24, 200
REMOTE_TOKENS = 1024
"""For hosted models, some of which think before they write."""
LLM_KEY = re.compile(r"\bllm\.(?=base_url|model|timeout_seconds|runtime)")
REFUSED_SCHEMA = re.compile(r"response_format|output_config|json_schema|structured output", re.IGNORECASE)

logger = logging.getLogger("scoville")


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a judge said, once."""

    words: Mapping[str, str] = field(default_factory=dict[str, str])
    """A word of the task for each key; empty where there is no verdict."""
    reason: str = ""
    """The judge's own, where it was asked for one; without a verdict why there is none."""


class Judge:
    """Asks models for verdicts; several threads may use it at once."""

    def __init__(
        self,
        llm: Llm,
        *,
        workers: int = 1,
        place: str = "",
        cache: Path | None = None,
        repeat: int = 1,
        temperature: float = 0.0,
        seed: int = 0,
        reasons: bool = False,
    ) -> None:
        """Judge with ``llm``, which may be asked ``workers`` times at once.

        ``place`` tells models of one name apart in the cache.
        """
        self.name = llm.name
        self.version = PROMPTS_VERSION
        self.workers = workers
        self.repeat = repeat
        self.replies: list[Reply] = []
        """What was asked and not cached, with its tokens and cost: for whoever keeps the ledger."""
        self.cached = 0
        """How many verdicts were there before."""
        self._remote = llm.runtime in ("openai", "anthropic")
        self._identity = {"model": self.name, "runtime": llm.runtime, "place": place}
        self._llm = llm
        self._cache = KeptReplies(cache)
        self._temperature, self._seed, self._reasons = temperature, seed, reasons
        self._lock = threading.Lock()
        self._takes_schema = True
        self._failures = 0
        self.down = ""
        """Why it is asked no more; empty while it is."""

    @property
    def label(self) -> str:
        """Name the judge and the version of its prompts."""
        return f"{self.name} v{self.version}"

    @property
    def cost_usd(self) -> float | None:
        """What the replies cost; None where the price of one is not known."""
        return total_cost(self.replies)

    def load(self) -> None:
        """Load the model, which finds a missing key or damaged weights before anything is judged."""
        self._llm.load()

    def close(self) -> None:
        """Free the model and close the cache."""
        self._llm.close()
        self._cache.close()

    def verdicts(self, task: Task, material: Material, keys: Sequence[str] = ("verdict",)) -> list[Verdict]:
        """Ask for a verdict on each key, as often as the judge repeats, each time with another seed."""
        messages = judge_messages(task, material, keys, reason=self._reasons)
        return [self._verdict(task, messages, keys, self._seed + number) for number in range(self.repeat)]

    def _verdict(self, task: Task, messages: Sequence[Message], keys: Sequence[str], seed: int) -> Verdict:
        key = cache_key(
            **self._identity, version=self.version, messages=[[message.role, message.content] for message in messages],
            words=list(task.verdicts), temperature=self._temperature, seed=seed,
        )  # fmt: skip
        if kept := self._cache.get(key):
            try:
                words, reason = read_verdicts(task, keys, kept)
            except ValueError:
                pass  # of another version of this package
            else:
                with self._lock:
                    self.cached += 1
                return Verdict(words=words, reason=reason)
        return self._ask(task, messages, keys, seed, key)

    def _ask(self, task: Task, messages: Sequence[Message], keys: Sequence[str], seed: int, key: str) -> Verdict:
        schema = verdict_schema(task, keys, reason=self._reasons, bounded=not self._remote)
        room = REMOTE_TOKENS if self._remote else WORD_TOKENS * (1 + len(keys)) + REASON_TOKENS * self._reasons
        why, temperature = "", self._temperature
        for number in range(TRIES):
            generation = Generation(
                max_tokens=room,
                temperature=temperature,
                seed=seed + 1000 * number,
                json_schema=schema if self._takes_schema else None,
            )
            reply, why = self._generate(messages, generation)
            if reply is None:
                break
            if reply.finish_reason == "content_filter":
                why = f"{self.name} refused: its content filter stopped the reply"
                break
            try:
                words, reason = read_verdicts(task, keys, reply.text)
            except ValueError as error:
                why = str(error)
            else:
                self._cache.put(key, reply.text)
                return Verdict(words=words, reason=reason)
            if reply.finish_reason == "length":
                room, why = 4 * room, f"the judge's reply was cut off at {room} tokens"
            else:
                temperature = max(self._temperature, RETRY_TEMPERATURE)
        return Verdict(reason=why)

    def _generate(self, messages: Sequence[Message], generation: Generation) -> tuple[Reply | None, str]:
        """Give a reply, or why there is none."""
        if self.down:
            return None, self.down
        try:
            reply = self._reply(messages, generation)
        except ContextTooLong:
            return None, f"the answer and its passages are too long for {self.name}, which judges them"
        except OverBudget as error:
            with self._lock:
                if not self.down:
                    logger.warning("The judge is asked no more, the rest stays unscored: %s", error)
                self.down = str(error)
            return None, self.down
        except Exception as error:  # a judge that crashes costs a verdict, never the run
            if isinstance(error, ScovilleError) and not isinstance(error, ProviderError):
                raise  # it cannot be loaded, or is not what it was said to be: nothing will be judged
            return None, self._note(error)
        with self._lock:
            self._failures = 0
            self.replies.append(reply)
        return reply, ""

    def _reply(self, messages: Sequence[Message], generation: Generation) -> Reply:
        try:
            return self._llm.generate(messages, generation)
        except ProviderError as error:
            if generation.json_schema is None or not REFUSED_SCHEMA.search(str(error)):
                raise
            if self._takes_schema:
                logger.warning("%s takes no JSON schema; it is asked without, and more verdicts may fail", self.name)
            self._takes_schema = False
            return self._llm.generate(messages, replace(generation, json_schema=None))

    def _note(self, error: Exception) -> str:
        """Give the reason of a failure, and give the judge up when another request cannot do better."""
        why = f"the judge gave no verdict: {_of_judge(error) or type(error).__name__}"
        hopeless = isinstance(error, ProviderAuth | ProviderNotFound)
        about_this_text = isinstance(error, ProviderError) and not error.retryable
        with self._lock:
            self._failures += not about_this_text
            if hopeless or self._failures >= FAILURES_IN_A_ROW:
                if not self.down:
                    logger.warning("The judge is given up, the rest stays unscored: %s", _of_judge(error))
                self.down = why
        return why


def open_judge(
    settings: recipe.Judge, *, answering_model: str = "", cache: Path | None = None, budget: Budget | None = None
) -> Judge:
    """Open the model that ``settings.model`` names, as ``llm.model`` does; the caller closes it.

    It is asked for several verdicts side by side, as long as ``budget`` holds. Raises UsageError for a judge that would
    judge itself, and for repetitions that would all say the same.
    """
    if settings.model is None:
        raise UsageError("the recipe names no judge: set judge.model, e.g. --set judge.model=openai:NAME")
    check_apart(settings.model, answering_model, allow_same=settings.allow_same)
    remote = is_hosted(settings.model)
    if settings.repeat > 1 and settings.temperature == 0 and not remote:
        raise UsageError(
            f"judge.repeat: {settings.repeat} times at temperature 0 a local model says the same; "
            "set judge.temperature to 0.7"
        )
    llm = recipe.Llm().for_model(settings)
    return Judge(
        within(_open(llm), llm, budget), workers=settings.at_once, place=_place(llm), cache=cache,
        repeat=settings.repeat, temperature=settings.temperature,
        seed=settings.seed, reasons=remote if settings.reasons is None else settings.reasons,
    )  # fmt: skip


def check_apart(model: str, answering_model: str, *, allow_same: bool = False) -> None:
    """Refuse a judge that judges its own answers, which it favours; ``allow_same`` announces it instead."""
    if model != answering_model:
        return
    if not allow_same:
        raise UsageError(
            f"judge.model: {model!r} also writes the answers, and models favour their own; name another model, "
            "or set judge.allow_same"
        )
    logger.warning("%s judges its own answers: read its scores with care", model)


def _open(settings: recipe.Llm) -> Llm:
    try:
        return FakeLlm(_first_words) if settings.model == "fake" else open_llm(settings)
    except UnknownModel as error:
        raise UnknownModel(_of_judge(error)) from None


def _place(settings: recipe.Llm) -> str:
    """Tell models of one name apart: by the endpoint, or by the files that the name stands for now."""
    if is_hosted(settings.model):
        return endpoint_url(settings.model, settings.base_url)
    return weights_identity(settings.model)


def _of_judge(error: Exception) -> str:
    """Give an error's text with the keys of the judge's section."""
    return LLM_KEY.sub("judge.", str(error))


def _first_words(messages: Sequence[Message]) -> str:
    """Reply with the first of the words for each key: what `fake` says as a judge."""
    form = json.loads(messages[0].content.rpartition(JSON_FORM)[2])
    return json.dumps({key: words.partition("|")[0] for key, words in form.items()})
