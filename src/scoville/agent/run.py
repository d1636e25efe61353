"""Single-shot first; where that has little support and the question has the form of several, its plan.

Enters: a question. Leaves: an answer whose every step is cited and stands in its stages. Each search is answered by the
same answerer, so that it works with the reader alone; numbers and dates are worked out, never guessed. Where a step
finds nothing that is sure enough, the single-shot answer stands.
"""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, NamedTuple

from scoville.agent import calculate
from scoville.agent.calculate import Amount, amount_of, find_clock, find_date, write_amount, write_date
from scoville.agent.plan import FIRST, Plan, plan
from scoville.answer import Answerer
from scoville.answer.calibration import Calibration
from scoville.answer.grounding import MARKER
from scoville.answer.shots import Shots
from scoville.html import BOLD
from scoville.llm import Llm
from scoville.quantities import quantities
from scoville.recipe import Recipe
from scoville.search import Searcher
from scoville.sentences import content_words
from scoville.types import Answer, Citation, Hit, Reply, Stage

CLAUSE = re.compile(r"[;.]\s|,\s(?!\d{3})|\s(?:and|while|but)\s")
ASKING = frozenset({"many", "much", "long"})
LEAST_SHARE = 0.5
"""Of the words that a question of a comparison or a sum asks about, in its evidence."""
NAME_SIGNS = re.compile(r"[_./-]")
PER = r"(?:\b(?:an?|per|each|every)\b|/) ?(?:\w+ ){0,2}?"


class Hop(NamedTuple):
    """One question of a plan, answered."""

    question: str
    answer: Answer
    started: float
    """By ``time.perf_counter``."""

    @property
    def value(self) -> str:
        """The words that answer: what is in bold, or else the whole text."""
        bold = BOLD.search(self.answer.text)
        return bold[1] if bold else MARKER.sub("", self.answer.text).strip()

    @property
    def text(self) -> str:
        """The whole answer without signs."""
        return BOLD.sub(r"\1", MARKER.sub("", self.answer.text)).strip()


@dataclass(frozen=True, kw_only=True)
class Worked:
    """What came of a plan: a text in which ``{1}``, ``{2}`` stand for the citations of the hops."""

    text: str
    note: str = ""
    """What was calculated."""


class AgentAnswerer(Answerer):
    """Answers like any other, and takes several steps where a question needs them and one has too little support."""

    def ask(self, question: str, *, on_text: Callable[[str], None] | None = None, **how: Any) -> Answer:
        """Answer a question; where it could be taken apart, ``on_text`` is given the whole text at the end."""
        made = plan(question)
        if made is None:
            return super().ask(question, on_text=on_text, **how)
        began = time.perf_counter()
        answer = single = super().ask(question, **how)
        if self._has_little_support(single):
            hops: list[Hop] = []
            same = {name: how[name] for name in ("history", "where", "groups") if name in how}
            worked = self._work(made, hops, single, same)
            answer = _joined(single, hops, worked, began)
        if on_text and not answer.refused:
            on_text(answer.text)
        return answer

    def _has_little_support(self, single: Answer) -> bool:
        if single.refused:
            return single.reason != "blocked"
        return single.probability is not None and single.probability < self.recipe.agent.below

    def _work(self, made: Plan, hops: list[Hop], single: Answer, how: dict[str, Any]) -> Worked | None:
        """Ask what the plan asks, within the limits; None where an answer is missing or nothing can be made of them."""
        settings = self.recipe.agent
        spent = _tokens(single)
        for ask in made.asks[: settings.max_steps]:
            if spent >= settings.max_tokens:
                return None
            started = time.perf_counter()
            question = ask.replace(FIRST, hops[0].value) if hops else ask
            answer = super().ask(question, **how)
            hops.append(Hop(question, answer, started))
            spent += _tokens(answer)
            if answer.refused:
                return None
        return OPERATIONS[made.kind](made, hops) if len(hops) == len(made.asks) else None


def make_answerer(
    searcher: Searcher, llm: Llm, recipe: Recipe, calibration: Calibration | None = None, shots: Shots | None = None
) -> Answerer:
    """Give what answers as a recipe says."""
    takes_apart = recipe.agent.use and recipe.answer.max_error is None
    return (AgentAnswerer if takes_apart else Answerer)(searcher, llm, recipe, calibration, shots)


def _tokens(answer: Answer) -> int:
    return sum(reply.prompt_tokens + reply.completion_tokens for reply in answer.replies)


def _joined(single: Answer, hops: Sequence[Hop], worked: Worked | None, began: float) -> Answer:
    """Make one answer of the hops, with all their citations; of none but their costs where nothing came of them."""
    stages = [*single.stages]
    for number, hop in enumerate(hops, start=1):
        note = f"{hop.question} → {'nothing' if hop.answer.refused else hop.value}"
        stages.append(Stage(f"hop{number}", hop.started - began, hop.answer.total_seconds, note))
    total = time.perf_counter() - began
    if worked:
        stages.append(Stage("calculate", total, 0.0, worked.note))
    replies = tuple(hop.answer.reply for hop in hops if hop.answer.reply)
    common = replace(
        single,
        stages=tuple(stages),
        findings=(*single.findings, *(finding for hop in hops for finding in hop.answer.findings)),
        total_seconds=total,
        search_seconds=single.search_seconds + sum(hop.answer.search_seconds for hop in hops),
        search_replies=(*single.search_replies, *(reply for hop in hops for reply in hop.answer.search_replies)),
        reply=_added(([single.reply] if single.reply else []) + list(replies)),
    )
    if worked is None:
        return common
    hits: dict[str, Hit] = {}
    citations: dict[tuple[int, str], Citation] = {}
    text = worked.text
    for number, hop in enumerate(hops, start=1):
        markers: list[int] = []
        for citation in hop.answer.citations:
            if citation.passage_id is None:
                continue
            hits.setdefault(citation.passage_id, hop.answer.hits[citation.marker - 1])
            marker = list(hits).index(citation.passage_id) + 1
            citations.setdefault((marker, citation.quote), replace(citation, marker=marker))
            markers.append(marker)
        text = text.replace(f"{{{number}}}", "".join(f"[{marker}]" for marker in dict.fromkeys(markers)))
    probabilities = [hop.answer.probability for hop in hops if hop.answer.probability is not None]
    others = [hit for hop in hops for hit in hop.answer.hits if hit.passage.id not in hits]
    return replace(
        common,
        text=text,
        refused=False,
        reason=None,
        refusal=None,
        citations=tuple(citations.values()),
        hits=(*hits.values(), *{hit.passage.id: hit for hit in others}.values()),
        probability=min(probabilities, default=None),
    )


def _added(replies: Sequence[Reply]) -> Reply | None:
    if not replies:
        return None
    costs = [reply.cost_usd for reply in replies]
    return replace(
        replies[-1],
        prompt_tokens=sum(reply.prompt_tokens for reply in replies),
        completion_tokens=sum(reply.completion_tokens for reply in replies),
        first_token_seconds=replies[0].first_token_seconds,
        total_seconds=sum(reply.total_seconds for reply in replies),
        cost_usd=None if None in costs else sum(cost or 0.0 for cost in costs),
    )


def _amount(hop: Hop, about: frozenset[str] = frozenset()) -> Amount | None:
    """The quantity that answers: the one beside the words that it is ``about``; that in bold; the only one."""
    near = [part for part in CLAUSE.split(hop.text) if about & content_words(part) and quantities(part)]
    for text in (*near[:1], hop.value):
        if clock := find_clock(text):
            return clock
        if found := quantities(text):
            return amount_of(found[0])
    only = quantities(hop.text)
    return amount_of(only[0]) if len(only) == 1 else None


def _is_about(hop: Hop, own: frozenset[str]) -> bool:
    """Say whether the evidence names what this question asks and the other does not, and enough of all that it asks.

    The name of the document tells the questions apart, and says nothing of the rest.
    """
    cited = {one.passage_id for one in hop.answer.citations}
    passages = [hit.passage for hit in hop.answer.hits if hit.passage.id in cited]
    named = content_words(" ".join(f"{one.title} {NAME_SIGNS.sub(' ', one.source)}" for one in passages))
    quotes = (one.quote for one in hop.answer.citations)
    held = content_words(" ".join((hop.text, *(one.prefix for one in passages), *quotes)))
    asked = content_words(hop.question) - named - ASKING
    return len(asked & held) >= LEAST_SHARE * len(asked) and (not own or bool(own & (held | named)))


def _amounts(hops: Sequence[Hop]) -> list[Amount] | None:
    """The amounts of two hops, where both have one, of one kind."""
    first, second = (frozenset(content_words(hop.question)) for hop in hops)
    found = [
        amount
        for hop, own in zip(hops, (first - second, second - first), strict=True)
        if _is_about(hop, own) and (amount := _amount(hop, own))
    ]
    bases = {amount.base for amount in found if amount.base}
    if len(found) < len(hops) or len(bases) > 1:
        return None
    unit = next((amount for amount in found if amount.base), None)
    return [a if a.base or not unit else Amount(a.value * unit.size, unit.base, unit.size) for a in found]


def _difference(made: Plan, hops: Sequence[Hop]) -> Worked | None:
    amounts = _amounts(hops)
    if not amounts or amounts[0].value == amounts[1].value:  # two readings of the same words, most often
        return None
    high, low = sorted((0, 1), key=lambda n: -amounts[n].value)
    return _arithmetic(amounts, f"{_number(amounts[high])} - {_number(amounts[low])}", "difference", made, hops)


def _sum(made: Plan, hops: Sequence[Hop]) -> Worked | None:
    amounts = _amounts(hops)
    return _arithmetic(amounts, " + ".join(map(_number, amounts)), "sum", made, hops) if amounts else None


def _arithmetic(
    amounts: Sequence[Amount], expression: str, what: str, made: Plan, hops: Sequence[Hop]
) -> Worked | None:
    if amounts[0].base == "clock":
        return None
    result = write_amount(amounts[0]._replace(value=calculate.calculate(expression)))
    return Worked(text=f"The {what} is **{result}**: {_told(made, hops)}.", note=f"{expression} = {result}")


def _told(made: Plan, hops: Sequence[Hop]) -> str:
    named = enumerate(zip(made.names, hops, strict=True), start=1)
    return "; ".join(f"{name}: {hop.value} {{{n}}}" for n, (name, hop) in named)


def _number(amount: Amount) -> str:
    return f"{float(amount.value):.10g}"


def _compare(made: Plan, hops: Sequence[Hop]) -> Worked | None:
    amounts = _amounts(hops)
    if not amounts or amounts[0].value == amounts[1].value:
        return None
    best = min((0, 1), key=lambda n: amounts[n].value if made.least else -amounts[n].value)
    verdict = ("Yes" if best == 0 else "No") if made.unit == "yes" else f"**{made.names[best]}**"
    sign = "<" if amounts[0].value < amounts[1].value else ">"
    return Worked(text=f"{verdict}. {_told(made, hops)}.", note=f"{_number(amounts[0])} {sign} {_number(amounts[1])}")


def _both(made: Plan, hops: Sequence[Hop]) -> Worked | None:
    if hops[0].value == hops[1].value:
        return None
    told = (f"{MARKER.sub('', hop.answer.text).strip()} {{{n}}}" for n, hop in enumerate(hops, 1))
    return Worked(text="\n\n".join(told))


def _times(made: Plan, hops: Sequence[Hop]) -> Worked | None:
    """Multiply a rate: what the answer says is for each of the unit."""
    hop, amount = hops[0], _amount(hops[0])
    if amount is None or amount.base == "clock" or not re.search(rf"{PER}{made.unit}\b", hop.text, re.I):
        return None
    expression = f"{made.count:.10g} * {_number(amount)}"
    result = write_amount(amount._replace(value=calculate.calculate(expression)))
    told = f"**{result}**: {made.count:.10g} times what the documents say. {hop.text} {{1}}"
    return Worked(text=told, note=f"{expression} = {result}")


def _after(made: Plan, hops: Sequence[Hop]) -> Worked | None:
    hop = hops[0]
    if made.duration:
        start, lasts = find_date(hop.value) or find_date(hop.text), quantities(made.duration)
        amount = amount_of(lasts[0]) if lasts else None
    else:
        start, amount = made.start, _amount(hop)
    end = start and amount and calculate.shift(start, amount, -1 if made.before else 1)
    if not start or not amount or not end:
        return None
    first, last, long = write_date(start), write_date(end), write_amount(amount)
    told = f"**{last}**: {long} {'before' if made.before else 'after'} {first}. {hop.text} {{1}}"
    return Worked(text=told, note=f"{first} {'-' if made.before else '+'} {long} = {last}")


def _dates(made: Plan, hops: Sequence[Hop]) -> Worked | None:
    first, second = (find_date(hop.value) or find_date(hop.text) for hop in hops)
    if not first or not second or not all(_is_about(hop, frozenset()) for hop in hops):
        return None
    start, end = sorted((first, second))
    if made.kind == "age":
        result = f"{calculate.years_between(start, end)} years"
    else:
        sizes = {"days": 1, "weeks": 7}
        if made.unit not in sizes:
            return None
        amount = Amount(Fraction((end - start).days, sizes[made.unit]), "")
        result = f"{write_amount(amount)} {made.unit}"
    told = "; ".join(f"{hop.text.rstrip('.')} {{{n}}}" for n, hop in enumerate(hops, start=1))
    text = f"**{result}**, from {write_date(start)} to {write_date(end)}: {told}."
    return Worked(text=text, note=f"{write_date(end)} - {write_date(start)} = {result}")


def _chain(made: Plan, hops: Sequence[Hop]) -> Worked | None:
    first, last = hops
    return Worked(text=f"{MARKER.sub('', last.answer.text).strip()} {{2}} ({made.names[0]}: {first.value} {{1}})")


OPERATIONS: dict[str, Callable[[Plan, Sequence[Hop]], Worked | None]] = {
    "difference": _difference, "sum": _sum, "compare": _compare, "both": _both, "times": _times, "after": _after,
    "between": _dates, "age": _dates, "chain": _chain,
}  # fmt: skip
