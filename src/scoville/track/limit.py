"""What a command will cost, said before it starts; and refused where that is more than the recipe allows.

Enters: how often which model is going to be asked, with how much. Leaves: an estimate, or a refusal. Knows no command.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scoville.cost import fee_usd
from scoville.errors import UsageError
from scoville.track.ledger import SECONDS_PER_HOUR, Activity

LOCAL_TOKENS_PER_SECOND = 60
"""What two cores write with a model of 135 million parameters; they read twenty times as fast."""
LOCAL_READ_PER_SECOND = 1200


class Planned(NamedTuple):
    """Work that a command is about to do."""

    activity: Activity
    model: str
    """As a recipe names it."""
    replies: int
    prompt_tokens: int
    """Of one reply, estimated rather too high."""
    completion_tokens: int
    base_url: str | None = None
    """The model's endpoint; None: the one that the model is known for."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What planned work will take, about."""

    replies: int
    tokens: int
    fee_usd: float
    """Of the models whose price is known."""
    hardware_usd: float
    unpriced: tuple[str, ...]
    """Hosted models whose price is not known."""

    @property
    def text(self) -> str:
        """Say it in one line."""
        unpriced = f", and what {', '.join(self.unpriced)} charges, which is not known" if self.unpriced else ""
        return (
            f"about {self.replies:,} replies, {self.tokens:,} tokens: ${self.fee_usd:.2f} in fees and "
            f"${self.hardware_usd:.2f} of this machine's time{unpriced}"
        )


def preview(planned: Sequence[Planned], hardware_usd_per_hour: float) -> Estimate:
    """Estimate what work will cost. Local seconds are guessed from a small model's speed on two cores."""
    fee, seconds = 0.0, 0.0
    unpriced: dict[str, None] = {}
    for one in planned:
        read, written = one.replies * one.prompt_tokens, one.replies * one.completion_tokens
        price = fee_usd(one.model, read, written, one.base_url)
        if price == 0:
            seconds += read / LOCAL_READ_PER_SECOND + written / LOCAL_TOKENS_PER_SECOND
        elif price is None:
            unpriced[one.model] = None
        else:
            fee += price
    return Estimate(
        replies=sum(work.replies for work in planned),
        tokens=sum(work.replies * (work.prompt_tokens + work.completion_tokens) for work in planned),
        fee_usd=fee,
        hardware_usd=seconds * hardware_usd_per_hour / SECONDS_PER_HOUR,
        unpriced=tuple(unpriced),
    )


def check_limit(estimate: Estimate, limit_usd: float | None, *, yes: bool) -> str:
    """Give what is to be said before work starts; empty below the limit. UsageError above it, without ``yes``.

    A price that is not known counts as above any limit; ``limit_usd`` None is no limit.
    """
    spent = estimate.fee_usd + estimate.hardware_usd
    if limit_usd is None or (spent <= limit_usd and not estimate.unpriced):
        return ""
    if yes:
        return f"This takes {estimate.text}."
    over = (
        f"over cost.limit_usd = {limit_usd:g}"
        if spent > limit_usd
        else f"so cost.limit_usd = {limit_usd:g} cannot hold"
    )
    raise UsageError(f"this takes {estimate.text}, {over}: give --yes to go on, or raise the limit (null: none)")
