"""What is searched in place of a question: a question of its own, other phrasings, its parts, a passage that answers.

Enters: a question, the turns before it, and perhaps a model. Leaves: questions to search. What a model writes is only
searched for, never shown or believed. Knows no index.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scoville.errors import UsageError
from scoville.personal import HIDDEN
from scoville.recipe import Rewrite
from scoville.sentences import content_words
from scoville.types import Message

Ask = Callable[[Sequence[Message]], str]
"""Asks a model: messages → its reply."""
MAX_QUESTION_CHARACTERS = 20_000
MAX_CHARACTERS = 1000
"""Of what a model writes; more is no question."""
TURNS = 6
TURN_CHARACTERS = 600
FEW_WORDS = 3
"""With fewer content words a question leans on what was said before."""
LEANING = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|she|him|her|his|hers|this|that|these|those|there|one|ones|such|same|former|"
    r"latter|another|others?|both|either)\b|^\s*(?:and|but|so|or|then|also|(?:what|how) about|why|what else|anything|"
    r"any|more|tell me more|ok|okay|yes|no)\b",
    re.IGNORECASE,
)
"""Pronouns, and beginnings of questions that go on with something."""
WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
HOW = re.compile(r"\bhow (?:many|much|long|often|soon|old|far)\b", re.IGNORECASE)
PLACES = r"(?:for|of|in|on|under|by|with|at|to|from)"
CONTRAST = re.compile(
    rf"^(?:and|but|or|(?:and\s+)?(?:what|how)\s+about)\s+(?:(?P<place>{PLACES})\s+)?(?P<thing>[^?]+?)\s*\?*$",
    re.IGNORECASE,
)
"""``And for a family?``, ``What about Larkspur Freight?``"""
TURNS_KEPT = 2
"""Of so many turns words are added. Of 44 conversations over HR documents, pages are found with nDCG@10 .93 instead of
.79 with one turn; of 159 of MTRAG-UN passages with .92 instead of .93, and with all turns .916 (benchmarks/results)."""
LONGEST_CONTRAST = 6
"""Words; longer ones are questions of their own."""
NAME = re.compile(r"(?<![.!?:] )(?<!^)(?<!\n)\b[A-Z][\w-]+(?: [A-Z][\w-]+)*")
BULLET = re.compile(r"^\s*(?:[-*•]|\(?\d{1,2}[.):]|(?:question|query)(?: \d+)?:)\s*", re.IGNORECASE)
ASKS_BACK = "Which is meant:"
"""So begins what is said of a question that leaves open what it is about."""
TASKS = {
    "standalone": "Rewrite the last question so that it can be understood without the conversation. Keep its meaning "
    "and its language, replace pronouns by what they stand for, and do not answer it. Reply with the question only.",
    "phrasings": "Write {count} other phrasings of the question, with other words where there are such, in its "
    "language. Do not answer it. One on each line, nothing else.",
    "parts": "Take the question apart into at most {count} simpler questions that together answer it, in its language. "
    "Where it is simple already, repeat it. Do not answer it. One on each line, nothing else.",
    "passage": "Write a short passage, as it might stand in a company's documents, that answers the question, in its "
    "language. Two or three sentences, nothing else.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rewritten:
    """What to search."""

    question: str
    """The question, able to stand on its own."""
    others: tuple[str, ...] = ()
    """Other phrasings and parts, searched beside it."""
    passage: str = ""
    """What an answer may look like; the dense leg looks for its like too."""

    @property
    def questions(self) -> tuple[str, ...]:
        """The question first, then the others."""
        return (self.question, *self.others)


class Rewriter:
    """Rewrites questions as the recipe says."""

    def __init__(self, settings: Rewrite, ask: Ask | None = None) -> None:
        if settings.asks_model and ask is None:
            raise UsageError(
                "rewrite: standalone: model, phrasings, parts and passage need a model, and none was given; "
                "leave them out, or ask with one"
            )
        self.settings = settings
        self._ask = ask

    def rewrite(self, question: str, history: Sequence[Message] = ()) -> Rewritten:
        """Rewrite a question; what a model writes in vain leaves the question as it is."""
        settings = self.settings
        match settings.standalone:
            case "words":
                question = add_words(question, history)
            case "model" if history:
                question = (self._lines("standalone", question, history=history) or [question])[0]
            case _:
                pass
        others: list[str] = []
        if settings.parts:
            others += self._lines("parts", question, settings.parts)
        if settings.phrasings:
            others += self._lines("phrasings", question, settings.phrasings)
        passage = " ".join(self._reply("passage", question).split())[:MAX_CHARACTERS] if settings.passage else ""
        new = dict.fromkeys(other for other in others if other.casefold() != question.casefold())
        return Rewritten(question=question, others=tuple(new), passage=passage)

    def _lines(self, task: str, question: str, count: int = 1, history: Sequence[Message] = ()) -> list[str]:
        return read_lines(self._reply(task, question, count, history), count)

    def _reply(self, task: str, question: str, count: int = 1, history: Sequence[Message] = ()) -> str:
        assert self._ask
        return self._ask(rewrite_messages(task, question, count, history))


def rewrite_messages(task: str, question: str, count: int = 1, history: Sequence[Message] = ()) -> list[Message]:
    """Write the prompt of a task: ``standalone``, ``phrasings``, ``parts`` or ``passage``."""
    turns = "\n".join(
        f"{'Question' if turn.role == 'user' else 'Answer'}: {' '.join(turn.content.split())[:TURN_CHARACTERS]}"
        for turn in history[-TURNS:]
    )
    asked = f"{turns}\nLast question: {question}" if turns else f"Question: {question}"
    return [
        Message(role="system", content=TASKS[task].replace("{count}", str(count))),
        Message(role="user", content=asked),
    ]


def read_lines(reply: str, count: int) -> list[str]:
    """Read the questions that a model wrote, one on a line, without numbers and quotation marks; at most ``count``."""
    lines = (BULLET.sub("", line).strip().strip("\"'“”") for line in reply.splitlines())
    return [line for line in lines if content_words(line) and len(line) <= MAX_CHARACTERS][:count]


def leans(question: str) -> bool:
    """Say whether a question cannot be understood without the one before it: English pronouns, or few words."""
    return bool(LEANING.search(question)) or len(content_words(question)) < FEW_WORDS


def add_words(question: str, history: Sequence[Message]) -> str:
    """Make a question that leans on the ones before it stand alone, without a model.

    ``And for a family?`` takes the place of the like in the question before, ``for an individual``. To others that
    one's content words are added, and the names of its answer; it was made to stand alone itself first.
    """
    asked = answered = ""
    for turn in history[-2 * TURNS_KEPT :]:
        content = HIDDEN.sub("", turn.content)
        if turn.role == "user":
            asked = _lean(content, asked, answered)
        elif turn.role == "assistant":
            answered = content
    return _lean(question, asked, answered)


def _lean(question: str, asked: str, answered: str) -> str:
    if not asked or not leans(question):
        return question
    if answered.startswith(ASKS_BACK):
        if _is_choice(question, answered):
            return f"{asked.rstrip('? ')}: {question}"[:MAX_QUESTION_CHARACTERS]
        answered = ""
    if swapped := _swap(question, asked):
        return swapped
    words = [word for word in WORD.findall(HOW.sub("", asked)) if content_words(word)]
    names = [name for name in NAME.findall(answered) if not set(name.split()) <= {*words}]
    known = question.casefold()
    added = dict.fromkeys(word for word in [*words, *names] if word.casefold() not in known)
    return " ".join([question, *added])[:MAX_QUESTION_CHARACTERS]


def _swap(question: str, asked: str) -> str:
    """Put what a question asks about instead into the question before; empty where its place there is not plain."""
    contrast = CONTRAST.match(question)
    if not contrast or len(contrast["thing"].split()) > LONGEST_CONTRAST:
        return ""
    place, thing = contrast["place"], contrast["thing"]
    behind = re.compile(rf"\b{place}\s+.+?(?=\s+{PLACES}\s|[?.,]|$)", re.IGNORECASE)
    ways = [(behind, f"{place} {thing}")] if place else []
    ways += [(NAME, thing)] if thing[0].isupper() else []  # `of Northwind Standard?` and then `And for Health Plus?`
    for old, new in ways:
        found = list(old.finditer(asked))
        if len(found) == 1:
            whole = f"{asked[: found[0].start()]}{new}{asked[found[0].end() :]}"
            return whole if len(whole) <= MAX_QUESTION_CHARACTERS else ""
    return ""


def _is_choice(question: str, answered: str) -> bool:
    """Say whether what comes after `Which is meant: A or B?` speaks of one of them, and is no new question."""
    choices = answered.partition("\n")[0]
    return not {*content_words(question)}.isdisjoint(content_words(choices))
