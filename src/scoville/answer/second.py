"""A second opinion on the numbers of a claim: the reader, asked what they count, is to find them in the cited passage.

Enters: a claim, the passage that it cites, a reader. Leaves: whether the reader finds another number. It is a hint and
no proof, so that what it doubts is called unchecked, not unsupported.
"""

from collections.abc import Callable, Sequence

from scoville.answer.checks import Claim
from scoville.answer.figures import Figure, figures, same_measure
from scoville.extract import Span
from scoville.quantities import plain
from scoville.types import Passage

Read = Callable[[str, Sequence[str]], Sequence[Span]]
"""Gives the spans of texts that may answer a question, the likeliest first."""
NEAR = 1.0
"""How much less (in logits) than the best another span may score to count as found."""
ASKS = {"second": "how long", "month": "how long", "working day": "how long", "date": "when"}
"""What takes the place of a number; else "how much"."""


def finds_another(claim: Claim, passage: Passage, read: Read) -> bool:
    """Say whether a reader surely finds another number of the same unit in the place of one that is claimed."""
    return any(_another(claim, one, passage, read) for one in claim.figures)


def _another(claim: Claim, one: Figure, passage: Passage, read: Read) -> bool:
    before, _, behind = plain(claim.text).partition(one.written)
    question = f"{before}{ASKS.get(one.quantity.unit.base, 'how much')}{behind.rstrip('. ')}?"
    spans = read(question, [passage.content])
    if not spans or spans[0].score <= 0:
        return False
    near = (span for span in spans if span.score >= spans[0].score - NEAR)
    found = [figure.quantity for span in near for figure in figures(passage.content[span.start : span.end])]
    alike = [quantity for quantity in found if quantity.unit.base == one.quantity.unit.base]
    return bool(alike) and not any(same_measure(one.quantity, quantity) for quantity in alike)
