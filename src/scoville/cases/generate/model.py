"""Cases written by a model, from sentences of the passages and a few examples.

Enters: passages, a model, cases that people wrote. Leaves: drafts. Which sentence is asked about is not the model's
choice, so that every page gets its share and the quote is right. After Honovich et al., Unnatural Instructions (2022),
and Wang et al., Self-Instruct (2022): a few examples are shown, others for each draft, and what is written is filtered
afterwards.
"""

import json
import random
import re
from collections.abc import Mapping, Sequence

from scoville.cases.generate.checks import Ask
from scoville.cases.generate.draft import DraftCase, Kind, Place, Slot, Written, slot_id, without
from scoville.cases.generate.prompts import FIELDS, PAIRED, case_messages, schema
from scoville.cases.generate.tables import cells
from scoville.llm import Generation
from scoville.sentences import content_words, sentences
from scoville.types import Case, Message, Passage, Reply

SENTENCE_WORDS = (6, 40)
"""Content words of a sentence that is worth a question."""
EXAMPLES = 3
MOST_TOKENS = 200
MOST_CHARACTERS = 300
LOOKED_AT = 300
"""Among so many sentences the one that goes with another is looked for."""
RELATED = (0.2, 0.9)
"""Two sentences that share this part of their words go together, and are not the same."""


class ModelGenerator:
    """Writes drafts by asking a model."""

    def __init__(
        self, passages: Sequence[Passage], ask: Ask, name: str, *, examples: Sequence[Case] = (), seed: int = 0
    ) -> None:
        self.passages = passages
        self.ask = ask
        self.name = f"model:{name}"
        self.questions = sorted(case.question for case in examples)
        self.seed = seed

    def slots(self, kind: Kind) -> Sequence[Slot]:
        """Take a sentence of each passage, or a row of its table; kinds that need two take a related one with it."""
        chosen = [place for passage in self.passages if (place := self._choose(kind, passage))]
        ordered = random.Random(f"{self.seed} {kind}").sample(chosen, len(chosen))  # noqa: S311
        paired = kind in PAIRED
        near = random.Random(self.seed).sample(chosen, min(LOOKED_AT, len(chosen)))  # noqa: S311
        groups = [(place, *(_related(place, near) if paired else ())) for place in ordered]
        return [
            Slot(slot_id(kind, *(part for place in group for part in (place.passage.id, place.quote))), kind, group)
            for group in groups
            if len(group) == 1 + paired
        ]

    def write(self, slot: Slot) -> Written:
        """Ask for one draft."""
        reply = self.ask(self.messages(slot), generation(slot.kind, self.seed))
        said = _read(reply, slot.kind)
        return Written(draft_of(slot, said) if said else None, "" if said else "the reply is of no use", (reply,))

    def messages(self, slot: Slot) -> list[Message]:
        """Write what the model is asked."""
        source = random.Random(f"{self.seed} {slot.id}")  # noqa: S311
        shown = [_shown(place) for place in slot.places]
        return case_messages(slot.kind, shown, source.sample(self.questions, min(EXAMPLES, len(self.questions))))

    def _choose(self, kind: Kind, passage: Passage) -> Place | None:
        least, most = SENTENCE_WORDS
        if kind == "table":
            found = [cell.place for cell in cells(passage)]
        else:
            found = [
                Place(passage, sentence.start, sentence.end)
                for sentence in sentences(passage.text)
                if sentence.text[-1] in ".!" and least <= len(content_words(sentence.text)) <= most
            ]
        return random.Random(f"{self.seed} {passage.id}").choice(found) if found else None  # noqa: S311


def generation(kind: Kind, seed: int) -> Generation:
    """Say how a draft is written: always the likeliest words, since each draft has a sentence of its own."""
    return Generation(max_tokens=MOST_TOKENS, seed=seed, json_schema=schema(kind))


def draft_of(slot: Slot, said: Mapping[str, str]) -> DraftCase:
    """Make a draft of what the model said."""
    answer, second = said.get("answer", ""), said.get("second_answer", "")
    history: tuple[Message, ...] = ()
    if slot.kind == "follow_up":
        asked, told = said["first_question"], said["first_answer"]
        history = (Message(role="user", content=asked), Message(role="assistant", content=told))
    held = (answer, second) if second else ()
    if slot.kind == "multi_hop":
        held = _halves(answer, said["question"], slot.places)
    is_left_out = slot.kind == "left_out"
    return DraftCase(
        kind=slot.kind, question=said["question"], places=slot.places, held=held, history=history,
        expected=(f"{answer}; {second}" if second else answer,) if answer and not is_left_out else (),
        original=answer if is_left_out else _whole(said), subject=said.get("subject", ""),
        where=without(slot.places[0].passage) if is_left_out else "",
    )  # fmt: skip


def _whole(said: Mapping[str, str]) -> str:
    """Name the subject of a second question, for a reader who knows no first one."""
    if "first_question" not in said:
        return ""
    return re.sub(r"\b(?:it|they)\b", said["subject"], said["question"], count=1)


def _halves(answer: str, question: str, places: Sequence[Place]) -> tuple[str, ...]:
    """Say what each place gives: the last that holds the answer that, the others what the question says of them."""
    holders = [number for number, place in enumerate(places) if content_words(answer) <= content_words(place.quote)]
    asked = content_words(question)
    return tuple(
        answer if number in holders[-1:] or not holders else " ".join(sorted(content_words(place.quote) & asked))
        for number, place in enumerate(places)
    )


def _related(place: Place, others: Sequence[Place]) -> tuple[Place, ...]:
    """Find the sentence of another passage that shares most words with one."""
    words = content_words(place.quote)
    least, most = RELATED
    shares = [
        (len(words & theirs) / len(words | theirs), number)
        for number, other in enumerate(others)
        if other.passage.id != place.passage.id and (theirs := content_words(other.quote))
    ]
    fitting = [(share, -number) for share, number in shares if least <= share <= most]
    return (others[-max(fitting)[1]],) if fitting else ()


def _shown(place: Place) -> str:
    """Show a sentence, or a row with the names of its columns."""
    row = [cell for cell in cells(place.passage) if cell.place == place]
    named = "; ".join([f"{one.label}: {one.row}" for one in row[:1]] + [f"{one.column}: {one.value}" for one in row])
    heading = place.passage.headings[-1] if place.passage.headings else place.passage.title
    return f"{heading}: {named or place.quote}" if heading else named or place.quote


def _read(reply: Reply, kind: Kind) -> dict[str, str] | None:
    """Read the fields; None where one is missing, empty or endless."""
    try:
        value = json.loads(reply.text)
    except ValueError:
        return None
    fields = FIELDS[kind]
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) for name in fields):
        return None
    said = {name: " ".join(value[name].split()) for name in fields}
    return said if all(0 < len(text) <= MOST_CHARACTERS for text in said.values()) else None
