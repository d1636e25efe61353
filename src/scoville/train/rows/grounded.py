"""A question with the passages that it is asked on becomes an example: the very prompt of asking, and what to say.

Enters: questions, and what writes prompts. Leaves: examples, or the reason why there is none. An answer ends in the
number of the passage that holds it, where the prompt numbers passages; where they do not hold it, the model declines.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from scoville.prompt import DECLINE, Rendered
from scoville.sentences import content_words, numbers, sentences
from scoville.train.examples import Example
from scoville.types import Hit, Message, Passage

HELD = 0.8
"""What has this share of the words of an answer, and its numbers, gives it."""
HINTED = 0.6
"""What has this share may give it."""
NOT_SHOWN = "what the prompt shows does not hold the answer"
TOO_MANY = "more that decline than are wanted"
Write = Callable[[str, Sequence[Hit], Sequence[Message], str], Rendered]
"""Writes a prompt: the question, hits, the turns before, what was searched."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question, with passages."""

    id: str
    question: str
    answer: str = ""
    """Empty: the passages do not answer it, and the right reply declines."""
    evidence: Sequence[Passage] = ()
    """They hold the answer: each is given."""
    distractors: Sequence[Passage] = ()
    """They do not; as many are given as there is room for."""
    history: Sequence[Message] = ()
    searched: str = ""
    """What the search was made with, where that is not the question."""
    kind: Literal["grounded", "table", "refusal"] = "grounded"
    source: str = ""
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """How the prompts are written."""

    write: Write
    passages: int
    """The most that are given."""
    numbered: bool
    """Whether the prompt numbers them, so that the answer can cite."""
    seed: int = 0

    def example_of(self, asked: Question) -> Example | str:
        """Write the example of a question, the passages in an order that tells nothing.

        Sentences of the answer that what is shown does not hold are left out, as the bot leaves them out of a reply;
        where that is more than half, there is no example.
        """
        rendered = self._render(asked)
        reply = DECLINE
        if asked.answer:
            told = list(sentences(asked.answer))
            shown = rendered.messages[-1].content
            held = [one for one in told if may_hold(shown, one.text, asked.question)]
            if 2 * len(held) < len(told) or not held:
                return NOT_SHOWN if self.numbered else f"{NOT_SHOWN} (prompt.style: passages shows more)"
            cites = _Citing(asked, rendered.hits).cite if self.numbered else str
            reply = " ".join(cites(" ".join(one.text.split())) for one in held)
        messages = (*rendered.messages, Message(role="assistant", content=reply))
        return Example(id=asked.id, messages=messages, source=asked.source, group=asked.group, kind=asked.kind)

    def _render(self, asked: Question) -> Rendered:
        """Write the prompt with so many distractors that they leave room for the evidence."""
        wanted = {passage.id for passage in asked.evidence}
        count = min(len(asked.distractors), self.passages - len(asked.evidence))
        while True:
            given = [*asked.evidence, *asked.distractors[:count]]
            random.Random(f"{self.seed}:{asked.question}").shuffle(given)
            hits = [Hit(passage=passage, score=0.0, legs={}) for passage in given]
            rendered = self.write(asked.question, hits, asked.history, asked.searched)
            if count <= 0 or wanted <= {hit.passage.id for hit in rendered.hits}:
                return rendered
            count -= 1


def examples_of(
    questions: Sequence[Question], prompts: Prompts, *, refusals: float, seed: int
) -> Iterator[Example | str]:
    """Write the examples of questions, of which a share of ``refusals`` declines, as far as there are so many.

    Those are questions without an answer and then answered ones without their evidence: RAFT keeps the answer there,
    for a model that knows its documents by heart (Zhang et al., 2024). Too many teach a model to decline everything.
    A question that makes no example gives the reason.
    """
    draw = random.Random(seed)
    written = [prompts.example_of(one) for one in questions if one.answer]
    yield from written
    answered = sum(isinstance(one, Example) for one in written)
    open_ones = [one for one in questions if not one.answer]
    bare = [other for one in questions if one.answer and (other := _without_evidence(one)).distractors]
    draw.shuffle(open_ones)
    draw.shuffle(bare)
    wanted = round(refusals / (1 - refusals) * answered) if answered else len(open_ones)
    yield from map(prompts.example_of, [*open_ones, *bare][:wanted])
    yield from (TOO_MANY for _ in open_ones[wanted:])


def may_hold(text: str, answer: str, question: str, least: float = HELD) -> bool:
    """Say whether a text has most words of an answer that the question does not give, and all its numbers."""
    wanted = content_words(answer) - content_words(question) or content_words(answer)
    held = content_words(text)
    return numbers(answer) <= held and len(wanted & held) >= least * len(wanted)


def may_answer(text: str, answers: Sequence[str], question: str) -> bool:
    """Say whether a text may give a sentence of an answer, also in other words."""
    told = (one.text for answer in answers for one in sentences(answer))
    return any(may_hold(text, one, question, HINTED) for one in told)


def _without_evidence(asked: Question) -> Question:
    """Ask the same on what is found beside the evidence, and not on the same page or in the same section."""
    near = {_place(one) for one in asked.evidence}
    others = [one for one in asked.distractors if _place(one) not in near]
    return replace(asked, id=f"{asked.id}-without", answer="", evidence=(), distractors=others, kind="refusal")


def _place(passage: Passage) -> tuple[str, object]:
    return passage.source, passage.page or passage.headings


class _Citing:
    """Writes the numbers of the passages that hold it behind a sentence: as many as it takes, the best first."""

    def __init__(self, asked: Question, hits: Sequence[Hit]) -> None:
        evidence = {passage.id for passage in asked.evidence}
        self._held = {
            number: content_words(hit.passage.content)
            for number, hit in enumerate(hits, start=1)
            if hit.passage.id in evidence
        }

    def cite(self, sentence: str) -> str:
        missing, markers = content_words(sentence), list[int]()
        while best := max(self._held, key=lambda number: (len(missing & self._held[number]), -number), default=0):
            gained = missing & self._held[best]
            if markers and not gained:
                break
            markers.append(best)
            missing -= gained
        return f"{sentence} {''.join(f'[{number}]' for number in sorted(markers))}".rstrip()
