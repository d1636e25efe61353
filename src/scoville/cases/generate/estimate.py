"""What a generation will cost, before it begins.

Enters: the messages of a few slots, a way to count tokens, a price. Leaves: tokens and dollars, rather too many. Knows
no generator.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scoville.cases.generate.checks import FROM_EVIDENCE
from scoville.types import Message

KEPT = 0.4
"""The share of drafts that is thought to become cases."""
CHECK_TOKENS = 64

CountTokens = Callable[[Sequence[Message]], int]
Price = Callable[[int, int], float | None]
"""Prompt tokens and completion tokens → dollars; None when the price is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """What is to be expected."""

    drafts: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    """None: the price of the model is not known."""
    slot_usd: float
    """The most that one draft with its checks may cost; 0 where the price is not known."""


def estimate(
    count: int, samples: Sequence[Sequence[Message]], count_tokens: CountTokens, price: Price, longest: int
) -> Estimate:
    """Estimate ``count`` cases from the prompts of a few; ``longest`` is the most tokens of one written draft."""
    sizes = [count_tokens(messages) for messages in samples] or [0]
    checks = 2 * (count_tokens([Message(role="system", content=FROM_EVIDENCE)]) + 200)
    drafts = math.ceil(count / KEPT)
    prompt, completion = round(sum(sizes) / len(sizes)) + checks, longest + 2 * CHECK_TOKENS
    return Estimate(
        drafts=drafts,
        prompt_tokens=drafts * prompt,
        completion_tokens=drafts * completion,
        cost_usd=price(drafts * prompt, drafts * completion),
        slot_usd=price(max(sizes) + checks, completion) or 0.0,
    )
