"""Whether a draft is fit to be a case; what is not is dropped for a reason that is counted.

Enters: a draft, the passages, a way to search them, and a model where one is to be asked. Leaves: the reason why the
draft is dropped, or none. A case is answerable from its evidence, not answerable from nothing, unlike the others, and
of its kind. Words are compared, not meanings, so what passes may still be odd: people should look at it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from scoville.answer.declines import declines
from scoville.answer.evidence import Claim, Evidence, support
from scoville.answer.grounding import quote_stands_in
from scoville.answer.polarity import DENIAL
from scoville.cases.generate.draft import ANSWERABLE, KINDS, DraftCase, Place, is_kept_out
from scoville.cases.generate.premises import OPPOSITES
from scoville.cases.generate.prompts import PROMPTS
from scoville.cases.generate.tables import cells
from scoville.llm import Generation
from scoville.search.rewrite import leans
from scoville.sentences import content_words, numbers, sentences
from scoville.types import Case, Message, Passage, Reply

ALIKE = 0.8
"""Questions of one kind that share this part of their content words are the same."""
ANSWERED = 0.75
"""A part of a passage that holds this much of a question may hold its answer."""
SUPPORTED = 0.8
"""A part of a passage that holds this much of an answer gives it."""
HOLDS = 0.9
"""A part of another passage that holds this much of a premise may make it true."""
WHOLE = 0.95
"""An answer with more of its evidence's words answers nothing in particular."""
ASKED = 0.4
"""A question shares at least this much of its words with its evidence and the headings above it."""
ABOUT = 0.6
"""A premise shares at least this much with the sentence that contradicts it."""
REPRODUCED = 0.6
"""A reply that holds this much of the expected answer gives it."""
SEARCHED = 20
"""So many passages are looked at before a question counts as unanswerable."""
ALL_BUT = 0.9
"""A part of a passage that holds this much of a question answers it, whatever the answer was elsewhere."""
HALF = 0.5
UNIT = re.compile(r"[$€£%]|[a-z]+$")
ONE_SUFFICES, ANSWERED_ELSEWHERE = "one passage suffices", "a passage may answer it"
NOT_HELD = "the evidence does not hold the answer"

Ask = Callable[[Sequence[Message], Generation], Reply]
Point = Callable[[str, str], Sequence[str]]
"""Gives the words of a text that may answer a question, best first."""
Find = Callable[[str], Sequence[Passage]]
"""Gives the passages nearest to a question, best first."""


class Checked(NamedTuple):
    """What came of checking a draft."""

    reason: str
    """Why it is dropped; empty when it is fit."""
    replies: tuple[Reply, ...] = ()


class Checks:
    """Checks drafts against the passages and the cases that are there already."""

    def __init__(
        self, find: Find, *, search: Find | None = None, ask: Ask | None = None, reproduces: bool = False,
        point: Point | None = None,
    ) -> None:  # fmt: skip
        self.find = find
        self.point = point
        """Is expected to find the answer in the evidence."""
        self.search = search or find
        """What the system finds: its reader gets no more."""
        self.ask = ask
        """Must not know the answers without documents."""
        self.reproduces = reproduces
        """Whether the model is good enough to be expected to give the answer when it reads the evidence."""
        self._seen: dict[str, list[frozenset[str]]] = {}
        self._ids: set[str] = set()

    def accept(self, case: Case) -> None:
        """Remember a case: what is like it is not wanted."""
        self._seen.setdefault(_kind(case), []).append(_words(case))
        self._ids.add(case.id)

    def repeats(self, case: Case) -> str:
        """Say whether it is like a case that is remembered, of its kind or of none."""
        words = _words(case)
        is_like = case.id in self._ids or any(
            len(words & seen) >= ALIKE * len(words | seen)
            and numbers(case.question) == {word for word in seen if word.isdecimal()}
            for seen in (*self._seen.get(_kind(case), ()), *self._seen.get("", ()))
        )
        return "like another case" if is_like else ""

    def check(self, draft: DraftCase) -> Checked:
        """Say why a draft is to be dropped, if it is; a model is asked last."""
        check = KIND_CHECKS.get(draft.kind)
        reason = _form(draft) or (check(draft, self.find) if check else "") or self._pointed(draft)
        if reason or self.ask is None:
            return Checked(reason)
        if draft.kind in ANSWERABLE:
            return self._asked(draft, self.ask)
        return self._declined(draft, self.ask) if self.reproduces else Checked("")

    def _pointed(self, draft: DraftCase) -> str:
        """Say whether a reader points at other words than the answer; it reads one place, without turns before."""
        if self.point is None or draft.kind not in ANSWERABLE or draft.history or len(draft.places) != 1:
            return ""
        found = map(content_words, self.point(draft.question, draft.places[0].passage.content))
        wanted = [content_words(answer) for answer in draft.expected]
        met = any(len(words & some) >= HALF * min(len(words), len(some)) > 0 for words in found for some in wanted)
        return "" if met else "a reader does not find the answer in its evidence"

    def _asked(self, draft: DraftCase, ask: Ask) -> Checked:
        generation = Generation(max_tokens=64, stop=("\n\n",))
        system = Message(role="system", content=PROMPTS["from_nothing"])
        blind = ask((system, *draft.history, Message(role="user", content=draft.question)), generation)
        # A turn before says what was asked; who answers a definition in other words does not know this document's.
        if gives(blind.text, draft):
            return Checked("answered without documents", (blind,))
        if not self.reproduces:
            return Checked("", (blind,))
        found = list(self.search(draft.original if draft.history else draft.question))
        evidence = [place.passage for place in draft.places]
        if not {passage.id for passage in evidence} <= {passage.id for passage in found}:
            return Checked("search does not find its evidence", (blind,))
        read = self._read(draft, found, ask)
        if not gives(read.text, draft):
            return Checked("not answered from its evidence", (blind, read))
        left = [passage for passage in found if not is_kept_out(passage, draft.places)]
        bare = self._read(draft, left, ask)
        return Checked("answered without its evidence" if gives(bare.text, draft) else "", (blind, read, bare))

    def _declined(self, draft: DraftCase, ask: Ask) -> Checked:
        """Have the reader look for an answer that must not be there; who corrects a premise has not answered."""
        if draft.kind in ("false_premise", "underspecified", "safety"):
            return Checked("")
        found = [one for one in self.search(draft.question) if not draft.where or not is_kept_out(one, draft.places)]
        read = self._read(draft, found, ask)
        return Checked("" if declines(read.text) else "the reader answers it", (read,))

    def _read(self, draft: DraftCase, passages: Sequence[Passage], ask: Ask) -> Reply:
        text = "\n\n".join(passage.content for passage in passages)
        shown = f"Text:\n{text}\n\nQuestion: {draft.original if draft.history else draft.question}"
        messages = (Message(role="system", content=PROMPTS["from_evidence"]), Message(role="user", content=shown))
        return ask(messages, Generation(max_tokens=64, stop=("\n\n",)))


def _form(draft: DraftCase) -> str:
    """Say what is wrong with a draft of whatever kind."""
    if not draft.question.strip().endswith("?") or not content_words(draft.question):
        return "no question"
    fits = all(place.quote and quote_stands_in(place.quote, place.passage.text) for place in draft.places)
    if not fits or not (draft.places or draft.kind == "out_of_scope"):
        return "quote does not stand in the passage"
    return _answer(draft) if draft.kind in ANSWERABLE else ""


def _answer(draft: DraftCase) -> str:
    """Say what is wrong with the expected answer, if there is something."""
    said = content_words(draft.expected[0]) if draft.expected else set[str]()
    if not said:
        return "no answer"
    if said <= content_words(draft.question):
        return "the question gives the answer"
    quoted = content_words(" ".join(place.quote for place in draft.places))
    known = quoted.union(*(_named_above(place) for place in draft.places))
    is_plain = draft.kind in ("fact", "follow_up")
    # A list or a value below a label is all answer, and so is what stands below a heading that asks.
    is_listed = any("\n" in place.quote or re.match(r"[^:]{3,40}:", place.quote) for place in draft.places)
    is_headed = any(draft.question in f"{place.passage.prefix}\n{place.passage.text}" for place in draft.places)
    if is_listed:
        known |= content_words(" ".join(place.passage.text[: place.start] for place in draft.places))
    if is_plain and not (is_listed or is_headed) and len(said & quoted) > WHOLE * len(quoted):
        return "the answer is the whole sentence"
    asked = content_words(draft.question)
    if draft.kind in ("fact", "multi_hop") and not is_headed and len(asked & known) < ASKED * len(asked):
        return "the question is not about its evidence"
    if is_listed and draft.kind == "fact":
        return "" if said <= quoted else NOT_HELD
    held = draft.held or tuple(draft.expected[0] for _ in draft.places)
    fine = not is_plain or len(said & quoted) >= SUPPORTED * len(said)
    fine &= all(_supports(place.passage, each, draft) for place, each in zip(draft.places, held, strict=True))
    return "" if fine else NOT_HELD


def gives(reply: str, draft: DraftCase) -> bool:
    """Say whether a reply gives an expected answer: all of its numbers, and most of its other words."""
    told = content_words(reply)
    for answer in draft.expected:
        wanted = content_words(answer) - content_words(draft.question)
        if wanted and numbers(answer) <= told and len(wanted & told) >= REPRODUCED * len(wanted):
            return True
    return False


def find_by_words(passages: Iterable[Passage]) -> Find:
    """Search passages by the share of the question's words that they hold; needs no index and no model."""
    known = [(passage, frozenset(content_words(passage.content))) for passage in passages]

    def find(question: str) -> list[Passage]:
        wanted = content_words(question)
        ranked = sorted(known, key=lambda one: -len(wanted & one[1]))
        return [passage for passage, _ in ranked[:SEARCHED]]

    return find


def _named_above(place: Place) -> set[str]:
    """Give the words of the headings above a place, and of the names of a row's columns."""
    columns = (f"{cell.label} {cell.column}" for cell in cells(place.passage) if cell.place == place)
    return content_words(" ".join([place.passage.prefix, *columns]))


def _supports(passage: Passage, answer: str, draft: DraftCase) -> bool:
    given = f"{passage.content}\n{draft.question}"
    return support(Claim(answer, "", given), Evidence(passage)).share >= SUPPORTED


def _needs_both(draft: DraftCase, find: Find) -> str:
    """Say whether one passage gives all; two rows of one table are two places, a sentence that says both is one."""
    of_one = len({place.passage.id for place in draft.places}) < 2
    are_rows = all(any(cell.place == place for cell in cells(place.passage)) for place in draft.places)
    if are_rows and (of_one or draft.kind == "comparison"):
        return "" if len({place.id for place in draft.places}) > 1 else ONE_SUFFICES
    near = [*(place.passage for place in draft.places), *find(draft.question)]
    one_gives = any(all(_supports(passage, said, draft) for said in draft.held) for passage in near)
    return ONE_SUFFICES if of_one or one_gives else ""


def _in_a_cell(draft: DraftCase, _find: Find) -> str:
    found = [cell for place in draft.places for cell in cells(place.passage)]
    answers = [cell for cell in found if cell.value.casefold() == draft.expected[0].casefold()]
    if not answers:
        return "the answer is no cell of a table"
    asked = content_words(draft.question)
    return "" if any(asked & content_words(cell.row) for cell in answers) else "the question does not name its row"


def _leans(draft: DraftCase, _find: Find) -> str:
    missing = content_words(draft.subject)
    if not draft.history or not leans(draft.question) or missing <= content_words(draft.question):
        return "understood without the turns before"
    if not missing <= content_words(" ".join(turn.content for turn in draft.history)):
        return "the turns before do not help"
    told = content_words(" ".join(turn.content for turn in draft.history if turn.role == "assistant"))
    return "the turns before give the answer" if content_words(draft.expected[0]) <= told else ""


def _disputed(draft: DraftCase, find: Find) -> str:
    """Say whether another sentence of the document answers with another number of the same unit."""
    answer, place = draft.expected[0], draft.places[0]
    told, unit = numbers(answer), UNIT.search(answer)
    asked = content_words(draft.question) - content_words(place.passage.prefix)
    if not told or not unit:
        return ""
    for passage in find(draft.question):
        for sentence in sentences(passage.text) if passage.source == place.passage.source else ():
            others = numbers(sentence.text)
            is_other = others and not told & others and unit[0] in sentence.text
            if is_other and len(asked & content_words(sentence.text)) >= ABOUT * len(asked):
                return "another sentence says otherwise"
    return ""


def _is_left_out(draft: DraftCase, find: Find) -> str:
    """Say whether what is left still answers: the question with the answer, or most of the question alone."""
    for passage in find(draft.question):
        if not is_kept_out(passage, draft.places) and _holds(passage, draft.question, draft.original, ALL_BUT):
            return ANSWERED_ELSEWHERE
    return ""


def _holds(passage: Passage, question: str, answer: str, least: float) -> bool:
    """Say whether a part of a passage holds so much of a question, or half of it with an answer."""
    asked, told = content_words(question), content_words(answer) - content_words(question)
    shares = ((len(asked & held) / max(len(asked), 1), held) for held in _parts(passage))
    return any(share >= least or (told and told <= held and share >= HALF) for share, held in shares)


def _parts(passage: Passage) -> Iterator[set[str]]:
    """Give the words of each part of a passage that can be one evidence, with those above it."""
    above = content_words(passage.prefix)
    for part in Evidence(passage).spans():
        yield above.union(*(sentence.words for sentence in part))


def _unanswered(draft: DraftCase, find: Find) -> str:
    """Say whether a passage speaks of the subject of a question and holds half of the rest of it, or most of it."""
    asked, about = content_words(draft.question), content_words(draft.subject)
    if about and not about & asked:
        return "the question is not about its subject"
    near = [*find(draft.question), *find(draft.subject)]
    if draft.kind == "missing_attribute" and draft.original:  # what the twin says does not answer it
        near = [passage for passage in near if passage.source == draft.original]
    for passage in near:
        for held in _parts(passage):
            rest = asked - about
            if about <= held and len(rest & held) >= (HALF if about else ANSWERED) * len(rest):
                return ANSWERED_ELSEWHERE
    return ""


def _out_of_scope(draft: DraftCase, find: Find) -> str:
    about = content_words(draft.subject) or content_words(draft.question)
    for passage in find(draft.subject or draft.question):
        if about & content_words(passage.content) if draft.subject else _holds(passage, draft.question, "", HALF):
            return ANSWERED_ELSEWHERE
    return ""


def _contradicted(draft: DraftCase, find: Find) -> str:
    place = draft.places[0]
    row = " ".join(f"{cell.label} {cell.row} {cell.column}" for cell in cells(place.passage) if cell.place == place)
    asked, said = content_words(draft.question), content_words(f"{place.passage.prefix} {row} {place.quote}")
    if len(asked & said) < ABOUT * len(asked):
        return "the evidence is not about the premise"
    if not contradicts(draft.question, place):
        return "the premise holds"
    claim = Claim(draft.question, "", f"{draft.question}\n{place.passage.content}")
    for passage in find(draft.question):
        found = support(claim, Evidence(passage))
        itself = passage.id == place.passage.id and found.start < place.end and found.end > place.start
        if found.share >= HOLDS and not itself:
            return "the premise may hold elsewhere"
    return ""


def contradicts(question: str, place: Place) -> bool:
    """Say whether a question supposes what a sentence rules out: another number, the opposite, what it denies."""
    quote = place.quote
    if numbers(question) - numbers(quote):
        return True
    asked, said = question.casefold(), quote.casefold()
    if len(DENIAL.findall(asked)) < len(DENIAL.findall(said)):
        return True
    ours, theirs = (set(re.findall(r"[\w-]+", text)) for text in (asked, said))
    return any({one} <= theirs - ours and {other} <= ours - theirs for one, other in OPPOSITES.items())


KIND_CHECKS: dict[str, Callable[[DraftCase, Find], str]] = {
    "fact": _disputed, "table": _in_a_cell, "multi_hop": _needs_both, "comparison": _needs_both, "follow_up": _leans,
    "left_out": _is_left_out, "missing_attribute": _unanswered, "unknown_entity": _unanswered, "edited": _unanswered,
    "false_premise": _contradicted, "out_of_scope": _out_of_scope,
}  # fmt: skip
"""The other kinds need none."""


def _words(case: Case) -> frozenset[str]:
    asked = (turn.content for turn in case.history if turn.role == "user")
    return frozenset(content_words(" ".join([case.question, *asked])))


def _kind(case: Case) -> str:
    return next((tag for tag in case.tags if tag in KINDS), "")
