"""Whether a form of a model says what the trained model says.

Enters: replies of the trained model and of a form to the same prompts. Leaves: how far they agree, and a verdict. Knows
no runtime. Replies are greedy, so they part where rounding decides between two tokens that are as likely: a reply that
parts there is a tie and no drift.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

TIE_NATS = 0.1
"""Two tokens are as likely when the trained model holds their log-probabilities no further apart than this."""
LEAST = {"f32": 0.98, "f16": 0.98, "bf16": 0.95, "q8_0": 0.95}
"""The share of replies that must be the same, or part at a tie, by the precision of the weights."""
LEAST_SMALL = 0.5
"""Of forms with five bits and fewer, which change many replies and are chosen for their size."""
IGNORED = 0.5
"""A form whose log-probabilities are further off than this part of what training changed has lost the training."""
NO_EFFECT_NATS = 0.005
"""A training that changes the log-probabilities by less does not show on these prompts."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What the trained model replied to a prompt."""

    prompt: tuple[int, ...]
    """Tokens of the rendered prompt."""
    ids: tuple[int, ...]
    text: str
    logs: tuple[float, ...]
    """The log-probability of each token of the reply."""
    near: tuple[Mapping[int, float], ...]
    """For each place of the reply, its end too, the likeliest tokens with their log-probabilities."""
    ends: frozenset[int]
    """Tokens that end a reply."""
    untrained: tuple[float, ...] = ()
    """What the base without training held of each token of the reply; empty where it is not known."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What a form did with the same prompt."""

    prompt_tokens: int
    ids: tuple[int, ...]
    text: str
    logs: tuple[float, ...]
    """What it held of each token of the trained model's reply; empty where no tokenizer makes these of its text."""


@dataclass(frozen=True, kw_only=True)
class Hop:
    """How far one form agrees with the trained model."""

    name: str
    """``merged``, ``quantised``, or ``served`` and by what."""
    precision: str
    prompts: int
    same: int
    """Replies with the same text."""
    ties: int
    """Replies that part where the trained model holds two tokens as likely."""
    tokens: float
    """The share of tokens that are the same in the same place, of the longer reply."""
    mean_nats: float
    """The mean difference of the log-probabilities of the trained model's replies."""
    largest_nats: float
    misread: int
    """Prompts or replies that the form cuts into other tokens."""
    untrained_nats: float | None
    """The mean difference between the trained model and its base, on the same replies."""
    seconds: float

    @property
    def answers(self) -> float:
        """The share of replies that are the same or part at a tie."""
        return (self.same + self.ties) / self.prompts

    @property
    def least(self) -> float:
        """The share that must be."""
        return LEAST.get(self.precision, LEAST_SMALL)

    def faults(self) -> list[str]:
        """Say what is wrong; empty where nothing is."""
        found: list[str] = []
        if self.misread:
            found.append(f"{self.misread} of {self.prompts} prompts are cut into other tokens than in training")
        if self.untrained_nats is not None and self.untrained_nats >= NO_EFFECT_NATS:
            if self.mean_nats >= IGNORED * self.untrained_nats:
                found.append(
                    f"the training is lost: log-probabilities are {self.mean_nats:.3f} nats off the trained model's, "
                    f"and training changed them by {self.untrained_nats:.3f}"
                )
        if self.answers < self.least:
            found.append(f"{self.answers:.0%} of the replies agree, expected {self.least:.0%} with {self.precision}")
        return found


@dataclass(frozen=True, kw_only=True)
class Parity:
    """How far each form on the way from training to serving agrees with the trained model."""

    hops: tuple[Hop, ...]

    def faults(self) -> list[str]:
        """Say what is wrong, hop by hop; empty where what is served is what was trained."""
        found = [f"{hop.name}: {fault}" for hop in self.hops for fault in hop.faults()]
        known = [hop.untrained_nats for hop in self.hops if hop.untrained_nats is not None]
        if known and max(known) < NO_EFFECT_NATS:
            found.append(
                "the training does not show on these prompts, so that its loss would not either: give prompts that it "
                "was made for"
            )
        return found

    def json(self) -> dict[str, Any]:
        """Give it as JSON holds it."""
        rows = [{**asdict(hop), "answers": hop.answers, "faults": hop.faults()} for hop in self.hops]
        return {"agrees": not self.faults(), "faults": self.faults(), "hops": rows}

    def __str__(self) -> str:
        """Write a table."""
        head = f"{'':<28} {'PROMPTS':>7} {'SAME':>5} {'TIES':>5} {'TOKENS':>7} {'NATS':>7} {'MOST':>7} {'SECONDS':>8}"
        lines = [
            f"{hop.name:<28} {hop.prompts:>7} {hop.same:>5} {hop.ties:>5} {hop.tokens:>7.1%} {hop.mean_nats:>7.4f} "
            f"{hop.largest_nats:>7.3f} {hop.seconds:>8.1f}"
            for hop in self.hops
        ]
        known = next((hop.untrained_nats for hop in self.hops if hop.untrained_nats is not None), None)
        note = [] if known is None else [f"What training changed: {known:.3f} nats per token."]
        return "\n".join([head, *lines, *note])


def compare(
    name: str, precision: str, trained: Sequence[Reference], tried: Sequence[Tried], seconds: float
) -> Hop:  # fmt: skip
    """Compare what a form did with what the trained model did, prompt by prompt."""
    same = [_text(one.text) == _text(other.text) for one, other in zip(trained, tried, strict=True)]
    ties = [
        not equal and _parts_at_tie(one, other.ids) for equal, one, other in zip(same, trained, tried, strict=True)
    ]  # fmt: skip
    pairs = list(zip(trained, tried, strict=True))
    cut_alike = [not other.logs or len(one.logs) == len(other.logs) for one, other in pairs]
    misread = sum(
        not alike or len(one.prompt) != other.prompt_tokens
        for alike, (one, other) in zip(cut_alike, pairs, strict=True)
    )
    offs = [
        abs(own - their)
        for alike, (one, other) in zip(cut_alike, pairs, strict=True) if alike
        for own, their in zip(one.logs, other.logs, strict=False)
    ]  # fmt: skip
    hits = sum(own == their for one, other in pairs for own, their in zip(one.ids, other.ids, strict=False))
    longest = sum(max(len(one.ids), len(other.ids)) for one, other in pairs)
    before = [abs(own - base) for one in trained for own, base in zip(one.logs, one.untrained, strict=False)]
    return Hop(
        name=name,
        precision=precision,
        prompts=len(pairs),
        same=sum(same),
        ties=sum(ties),
        tokens=hits / longest if longest else 1.0,
        mean_nats=_mean(offs),
        largest_nats=max(offs, default=0.0),
        misread=misread,
        untrained_nats=_mean(before) if before else None,
        seconds=seconds,
    )


def _parts_at_tie(trained: Reference, ids: Sequence[int]) -> bool:
    """Say whether the first token that differs is one that the trained model holds as likely as its own."""
    for place, near in enumerate(trained.near):
        own = trained.ids[place] if place < len(trained.ids) else None
        their = ids[place] if place < len(ids) else None
        if own != their:
            chosen = trained.ends if their is None else {their}
            return max(near.values()) - max(near.get(token, -math.inf) for token in chosen) <= TIE_NATS
    return False


def _text(text: str) -> str:
    return text.strip()


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
