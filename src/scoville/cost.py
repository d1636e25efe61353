"""What a reply cost, and whether another may be asked for.

Enters: a model's name and its tokens. Leaves: US dollars. Does not know who asked or why. Prices come with the
``genai-prices`` package and are never fetched.
"""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

from scoville.endpoint import endpoint_url, is_loopback
from scoville.errors import OverBudget
from scoville.recipe.model import is_hosted, name_of

LOCAL_RUNTIMES = frozenset({"openvino", "llamacpp", "fake"})


def price_usd(model: str, prompt_tokens: int, completion_tokens: int, *, provider: str | None = None) -> float | None:
    """Give the price of one reply in US dollars; None when the price of a hosted model is not known.

    ``provider`` is a local runtime (always 0.0), a provider's id (``openai``, ``groq``) or the address of its
    endpoint; without one, the provider is the one that the model is known for.
    """
    if provider in LOCAL_RUNTIMES:
        return 0.0
    from genai_prices import Usage, calc_price

    place: dict[str, str] = {}
    if provider:
        place = {"provider_api_url" if "://" in provider else "provider_id": provider}
    try:
        usage = Usage(input_tokens=prompt_tokens, output_tokens=completion_tokens)
        return float(calc_price(usage, model, **place).total_price)  # pyright: ignore[reportCallIssue, reportArgumentType]
    except LookupError:
        return None


def fee_usd(model: str, prompt_tokens: int, completion_tokens: int, base_url: str | None) -> float | None:
    """Give what a model, as a recipe names it, charges for tokens; 0 on this machine, None where it is not known."""
    if not is_hosted(model) or is_loopback(url := endpoint_url(model, base_url)):
        return 0.0
    return price_usd(name_of(model), prompt_tokens, completion_tokens, provider=url)


def is_deprecated(model: str, base_url: str | None) -> bool:
    """Say whether the provider of a hosted model is known to give it up, so that another must soon take its place."""
    from genai_prices.data_snapshot import get_snapshot

    url = endpoint_url(model, base_url)
    try:
        return bool(get_snapshot().find_provider_model(name_of(model), None, None, url)[1].deprecated)
    except LookupError:
        return False


class Budget:
    """The most that one piece of work may pay for replies, what it paid, and what is held for replies on their way.

    Safe for threads. None is no limit.
    """

    def __init__(self, limit_usd: float | None) -> None:
        self.limit_usd = limit_usd
        self.spent_usd: float | None = 0.0
        """For replies; None once a price was not known."""
        self._embedded_usd = 0.0
        self._held_usd = 0.0
        self._lock = threading.Lock()

    def hold(self, most_usd: float | None) -> None:
        """Hold the most that a reply can cost; OverBudget, and nothing is held, where that could cross the limit."""
        with self._lock:
            if self.limit_usd is not None and most_usd != 0:
                if most_usd is None or self.spent_usd is None:
                    raise OverBudget(f"the price of the next reply is not known, and {self.advice}")
                paid = self.spent_usd + self._embedded_usd
                if paid + self._held_usd + most_usd > self.limit_usd:
                    raise OverBudget(f"${paid:.4f} is paid, the next reply could cost too much, and {self.advice}")
            self._held_usd += most_usd or 0.0

    def settle(self, most_usd: float | None, cost_usd: float | None, *, embedded: bool = False) -> None:
        """Put what a reply, or what was ``embedded``, cost in the place of what was held for it."""
        with self._lock:
            self._held_usd -= most_usd or 0.0
            if embedded:
                self._embedded_usd += cost_usd or 0.0
                return
            known = cost_usd is not None and self.spent_usd is not None
            self.spent_usd = (self.spent_usd or 0.0) + (cost_usd or 0.0) if known else None

    @contextmanager
    def paying(self) -> Generator[None]:
        """Pay for what is read and embedded in this thread meanwhile, and in threads that get its context."""
        before = _PAYING.set(self)
        try:
            yield
        finally:
            _PAYING.reset(before)

    @property
    def advice(self) -> str:
        """Say what the limit is, and what to do about it."""
        limit = f"cost.limit_usd is ${self.limit_usd or 0:g}"
        return f"{limit}; to go on give --yes (in Python no_limit=True), or raise it"

    def at_most(self, most_usd: float | None) -> str:
        """Say what work may cost at most that would cost ``most_usd`` (None: not known) without a limit."""
        if self.limit_usd is None or (most_usd is not None and most_usd <= self.limit_usd):
            return "no limit to what is paid" if most_usd is None else f"at most ${most_usd:.4f}"
        whole = "" if most_usd is None else f" of up to ${most_usd:.4f}"
        return f"it ends before ${self.limit_usd:g}{whole} is paid (cost.limit_usd), and keeps what was done"


_PAYING: ContextVar[Budget | None] = ContextVar("paying", default=None)
"""What the work in hand is paid from: readers of pages and sounds stand too deep to be given it."""

Tell = Callable[[int, int], None]
"""Told the tokens of a prompt and of its reply."""


@contextmanager
def charged(
    model: str, base_url: str | None, prompt_tokens: int, completion_tokens: int = 0, *, embedded: bool = False
) -> Generator[Tell]:
    """Ask a hosted model that reads or embeds, at most these tokens, and tell what it took.

    OverBudget before anything is asked where that could cross the limit of the budget that pays, or where the price is
    not known; only what is embedded at a price that is not known is not held back.
    """
    budget, named = _PAYING.get(), model.removeprefix("auto+")
    most = cost = fee_usd(named, prompt_tokens, completion_tokens, base_url) if budget else 0.0

    def tell(prompt: int, completion: int) -> None:
        nonlocal cost
        cost = fee_usd(named, prompt, completion, base_url)

    if budget is None or most == 0 or (most is None and embedded):
        yield lambda *_: None
        return
    budget.hold(most)
    try:
        yield tell
    finally:
        budget.settle(most, cost, embedded=embedded)
