"""A model that is asked only while a budget holds. Enters: a model, a budget. Leaves: the same, which refuses the rest.

What a reply can cost at most is held before it is asked for, and what it did cost takes its place, so that questions on
their way at once cannot cross the limit together.
"""

import logging
from collections.abc import Sequence

from scoville.cost import Budget, fee_usd
from scoville.errors import OverBudget
from scoville.llm.protocol import Generation, Llm, OnText, Wrapped
from scoville.recipe import Llm as Settings
from scoville.types import Message, Reply

logger = logging.getLogger("scoville")

MILLION = 1_000_000
MESSAGE_TOKENS = 16
"""What a message takes besides its text, at most."""


class PaidLlm(Wrapped):
    """A hosted model within a budget."""

    def __init__(self, llm: Llm, settings: Settings, budget: Budget) -> None:
        super().__init__(llm)
        self._settings = settings
        self._budget = budget

    def generate(self, messages: Sequence[Message], generation: Generation, on_text: OnText | None = None) -> Reply:
        """Write the next turn; OverBudget, and nothing is sent, where that could cross the limit."""
        # No tokenizer makes more tokens of a text than it has bytes.
        tokens = sum(len(message.content.encode(errors="replace")) + MESSAGE_TOKENS for message in messages)
        longest = generation.max_tokens + self._settings.thinking_tokens
        most = cost = fee_usd(self._settings.model, tokens, longest, self._settings.base_url)
        self._budget.hold(most)
        try:
            reply = self._llm.generate(messages, generation, on_text)
            cost = reply.cost_usd
            return reply
        finally:  # a reply that broke off may be paid for, too
            self._budget.settle(most, cost)


def within(llm: Llm, settings: Settings, budget: Budget | None) -> Llm:
    """Give a model that keeps to a budget; one that charges nothing is given as it is."""
    if budget is None or fee_usd(settings.model, MILLION, MILLION, settings.base_url) == 0:
        return llm
    return PaidLlm(llm, settings, budget)


def announce(
    what: str, settings: Settings, budget: Budget, *, replies: int | None = None, prompt_tokens: int = 0
) -> None:
    """Say in one line what a model may be paid at most, before it is asked; nothing of one that charges nothing.

    ``replies`` is how many at most, with ``prompt_tokens`` each; None: not known. OverBudget where the price is not
    known and there is a limit, since that could not be kept.
    """
    price = fee_usd(settings.model, MILLION, MILLION, settings.base_url)
    if price == 0 or replies == 0:
        return
    if price is None:
        if budget.limit_usd is not None:
            raise OverBudget(f"{what} {settings.model}: its price is not known, and {budget.advice}")
        logger.info(f"{what} {settings.model}: at a price that is not known, without a limit")
        return
    most = None
    if replies is not None:
        each = fee_usd(settings.model, prompt_tokens, settings.max_tokens, settings.base_url) or 0.0
        if budget.limit_usd is not None and each > budget.limit_usd:
            raise OverBudget(f"{what} {settings.model}: a single reply may cost ${each:.6f}, and {budget.advice}")
        most = replies * each
    logger.info(f"{what} {settings.model}: {budget.at_most(most)}")
