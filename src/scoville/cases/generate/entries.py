"""What stands below headings in a form of its own: questions with answers, `Label: value` lines, lists with a label.

Enters: passages in their order. Leaves: questions, each with the part of a passage that answers it. Knows no kinds of
cases.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scoville.cases.generate.asked import UNCLEAN
from scoville.cases.generate.draft import Place
from scoville.cases.generate.facts import VAGUE
from scoville.sentences import content_words, sentences
from scoville.types import Passage

HEADING = re.compile(r"(?:\d[\d.]* )?[A-Z][^.:;!|\n]{1,70}")
HEADING_WORDS = 8
ASKED = re.compile(r"(?:What|Who|When|Where|Which|How|Why|Can|Do|Does|Is|Are|May|Must|Will|I) .+\?|.+\. .+\?")
LEAST_ASKED = 2
"""Content words of a heading that is understood without the headings above it."""
LABELLED = re.compile(r"(?:[-*•] )?(?P<label>[A-Z][A-Za-z' -]{2,30}): (?P<value>[^\n|:]{2,80})")
LISTED = re.compile(r"(?P<label>[A-Z][a-z]+(?: [a-z]+)?):")
PERSON = re.compile(r"[A-Z][a-z]+ [A-Z][a-z]+")
STEM = re.compile(r"\.\w{1,5}$")
YES_NO = re.compile(r"(?:yes|no|none|n/?a)\.?", re.IGNORECASE)
FIELD = re.compile(r"(?:[A-Z][a-z]+)(?: [a-z]+){0,2}(?<!ed): (?:\S+ ?){1,6}")
FORM = 2
"""So many fields in one passage are a form that somebody filled in."""
ITEM = re.compile(r"[-*•] (?P<text>.+)")
ITEMS = (2, 7)
ANSWER_WORDS = 40
LISTED_WORDS = 60
SHORT = 3
"""An answer of so few words needs the sentence behind it: "No. You pay the hire company first."."""
FOR = ("qualifications", "requirements", "skills")
OFTEN = 2
"""A label of so many sections says what each of them has."""


class Entry(NamedTuple):
    """A question with its answer, in a form of its own."""

    question: str
    answer: str
    place: Place
    subject: str
    """The section that it is about; empty where a heading asks it."""
    label: str


def entries(passages: Sequence[Passage]) -> list[Entry]:
    """Give all of them; labels count where several sections have them, since one alone may be any line with a colon.

    An empty answer is there and no question can be made of it.
    """
    found = [entry for number, passage in enumerate(passages) for entry in _of(passage, passages[number + 1 :][:1])]
    sections = Counter((passage, label) for passage, label, _ in {_key(entry) for entry in found})
    values = defaultdict[tuple[str, str], set[str]](set)
    for entry in found:
        values[_key(entry)[:2]] |= {entry.answer} - {""}
    forms = Counter(entry.place.passage.id for entry in found if FIELD.fullmatch(entry.place.quote))
    kept: list[Entry] = []
    for entry in found:
        source, label, _ = _key(entry)
        count, title = sections[source, label], entry.place.passage.title
        is_field = forms[entry.place.passage.id] >= FORM and FIELD.fullmatch(entry.place.quote)
        if not label or (count >= OFTEN and len(values[source, label]) > 1):
            kept.append(entry)
        elif count == 1 and title and entry.answer and is_field:
            who = "Who" if PERSON.fullmatch(entry.answer) else "What"
            form = title if re.match(r"\S+ [A-Z]", title) else f"{title[:1].lower()}{title[1:]}"
            kept.append(entry._replace(question=f"{who} is the {label.lower()} in the {form}?", subject=form))
    return kept


def _key(entry: Entry) -> tuple[str, str, str]:
    return entry.place.passage.source, entry.label, entry.subject


def label_question(label: str, subject: str) -> str:
    """Ask for what a label says of a section."""
    lowered = label.lower()
    many = re.search(r"[^sui]s$", lowered)
    return f"What {'are' if many else 'is'} the {lowered} {'for' if lowered in FOR else 'of'} the {subject}?"


def _of(passage: Passage, following: Sequence[Passage]) -> Iterator[Entry]:
    lines = list(_lines(passage.text))
    section = passage.headings[-1] if passage.headings else ""
    for number, (start, text) in enumerate(lines):
        behind = lines[number + 1 :]
        if _is_heading(text):
            section = re.sub(r"^\d[\d.]* ", "", text)
            if ASKED.fullmatch(text) and behind and not VAGUE.search(text):
                yield from _below(passage, text, behind, following)
        elif not section or _unfit(section):
            continue
        elif match := LABELLED.fullmatch(text):
            said = match["value"]
            says_nothing = section.casefold() in said.casefold() or YES_NO.fullmatch(said)
            value = "" if says_nothing else said.rstrip(".")
            place = Place(passage, start, start + len(text))
            yield Entry(label_question(match["label"], section), value, place, section, match["label"])
        elif match := LISTED.fullmatch(text):
            yield from _listed(passage, start, match["label"], section, behind, following)


def _listed(
    passage: Passage, start: int, label: str, section: str, behind: Sequence[tuple[int, str]],
    following: Sequence[Passage],
) -> Iterator[Entry]:  # fmt: skip
    """Read a list; its answer is empty where it is long or goes on in the next passage."""
    items: list[str] = []
    end = start
    for first, text in behind:
        if not (match := ITEM.fullmatch(text)):
            break
        items.append(match["text"])
        end = first + len(text)
    goes_on = len(items) == len(behind) and any(ITEM.match(one.text) for one in following)
    least, most = ITEMS
    words = sum(len(item.split()) for item in items)
    is_cut = len({item[-1:] in ".;" for item in items}) > 1
    fits = not is_cut and least <= len(items) <= most and words <= LISTED_WORDS and not goes_on
    answer = "; ".join(item.rstrip(".;") for item in items) if fits else ""
    yield Entry(label_question(label, section), answer, Place(passage, start, max(end, start + 1)), section, label)


def _below(
    passage: Passage, heading: str, behind: Sequence[tuple[int, str]], following: Sequence[Passage]
) -> Iterator[Entry]:
    """Read what stands below a heading that asks; one that says little is asked of its document."""
    question, document = heading, STEM.sub("", passage.source.rpartition("/")[2])
    if len(content_words(heading)) < LEAST_ASKED:
        question = f"In {document}, {heading[:1].lower()}{heading[1:].lower()}"
        if not document[:1].isupper():
            return
    start, text = behind[0]
    if text.endswith(":"):
        found = _listed(passage, start, "", "", behind[1:], following)
        yield from (entry._replace(question=question) for entry in found if entry.answer)
        return
    parts = [] if ITEM.match(text) else list(sentences(text))[:2]
    if parts and len(parts[0].text.split()) > SHORT:  # a shorter one only says yes or no
        parts = parts[:1]
    end = parts[-1].end if parts else 0
    answer = text[:end]
    if answer.endswith(".") and SHORT < len(answer.split()) <= ANSWER_WORDS:
        yield Entry(question, " ".join(answer.split()), Place(passage, start, start + end), "", "")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Give the paragraphs and lines of a list, each with its place."""
    for match in re.finditer(r"\S[^\n]*(?:\n(?![-*•\n|])[^\n]+)*", text):
        yield match.start(), match[0]


def _is_heading(text: str) -> bool:
    return bool(HEADING.fullmatch(text) or ASKED.fullmatch(text)) and "\n" not in text and (
        len(text.split()) <= HEADING_WORDS or text.endswith("?")
    )  # fmt: skip


def _unfit(section: str) -> bool:
    """Say whether a heading names no one thing."""
    return section.endswith("?") or bool(UNCLEAN.search(section)) or section[:1].islower() or len(section.split()) > 5
