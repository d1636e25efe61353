"""What a passage names: the nodes of the graph. Two of them in one passage are joined by an edge.

Enters: a passage. Leaves: entities in the form in which they are compared. No model: names are told by their capitals,
codes by their digits, terms by standing in a passage twice. What a model or a rule found of the document is an entity
of those passages in which it stands. An entity depends on its passage alone, so the graph of an index is that of its
rows: it changes with them, and there is no second store that could disagree. Knows no index.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from scoville.sentences import STOP_WORDS
from scoville.types import Passage

MAX_ENTITIES = 24
"""Of one passage; those named most, then those named first."""
GIVEN = ("entities", "identifiers")
"""Keys of a document's metadata that hold what rules, patterns or a model found in it, joined by ``;``."""
MAX_WORDS = 6
"""A longer run of capitals is a headline."""
CAPITAL = r"[^\W\d_a-z][\w’'-]*"
JOINED = r"(?:of|for|de|du|der|von|van|la|&)"
NAME = re.compile(rf"(?<![\w/@.-]){CAPITAL}(?:[ \t](?:{JOINED}[ \t])?(?:{CAPITAL}|\d+))*+(?![\w’'/-])")
TOKEN = re.compile(r"(?<![\w@.-])[^\W_]+(?:[./-][^\W_]+)*(?![\w@-])")
DIGIT = re.compile(r"\d")
LETTER = re.compile(r"[^\W\d_]")
ENTITY_WORD = re.compile(r"[^\W_]+(?:[./@&+-][^\W_]+)*")
JOINT = re.compile(rf" {JOINED} ")
MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
PHRASE_WORD = re.compile(r"[^\W\d_]+(?:-[^\W_]+)*|[.,;:!?()\[\]|\"“”/]|\n")
LIST_NUMBER = re.compile(r"(?:^|\n)\s*\d+\)$")
UNIT = re.compile(r"\d+(?:[./-]\d+)*(?:st|nd|rd|th|s|am|pm|[a-z]|[kmg]b|mg|ml|kg|km|cm|mm|hz|kwh?)", re.IGNORECASE)
LEADS = frozenset(
    "the a an your our their its this these any each every no all of for by with about under and or".split()
)
"""A term must stand behind one of them once: "make sure" and "health plus covers" never do."""
FOLLOWED = 20
"""Characters before a name in which the end of the sentence before it is sought."""


def entities(passage: Passage) -> tuple[str, ...]:
    """Give the entities of a passage, each once, those it names most first."""
    text = "\n".join([*passage.headings[-1:], passage.text])  # titles stand before every passage, and tell none apart
    counted = Counter([*_names(text), *_codes(text), *_terms(text)])
    given = {entity_of(name) for key in GIVEN for name in str(passage.metadata.get(key, "")).split(";")} - {""}
    folded = f" {entity_of(text)} " if given else ""
    counted.update(name for name in sorted(given) if f" {name} " in folded)
    return tuple(name for name, _ in counted.most_common(MAX_ENTITIES))


def question_entities(question: str) -> tuple[str, ...]:
    """Give what a question may name, however it is written: its codes, and each run of up to three words."""
    words = entity_of(question).split()
    runs = [words[at : at + size] for size in (3, 2, 1) for at in range(len(words) - size + 1)]
    wanted = [run for run in runs if run[0] not in STOP_WORDS and run[-1] not in STOP_WORDS]
    return tuple(dict.fromkeys([*_codes(question), *(form for run in wanted for form in entity_forms(" ".join(run)))]))


def entity_of(name: str) -> str:
    """Write a name in the form in which entities are compared: folded, and single-spaced."""
    return " ".join(ENTITY_WORD.findall(name.casefold().replace("’s", "").replace("'s", "")))


def entity_forms(name: str) -> tuple[str, ...]:
    """Give what a name may be compared as: as it is, and as a term, without the endings of plurals."""
    entity = entity_of(name)
    return tuple(dict.fromkeys((entity, " ".join(map(_singular, entity.split())))))


def _names(text: str) -> Iterator[str]:
    """Find names: runs of capitalised words, and the names of several words that they join.

    One that begins a sentence must be more than its first word.
    """
    for match in NAME.finditer(text):
        words = match[0].split()
        if _opens_sentence(text, match.start()) and not _is_acronym(words[0]):
            capitals = [word for word in words if word.casefold() not in STOP_WORDS]
            words = words[1:] if len(capitals) < 2 else words
        while words and words[0].casefold() in STOP_WORDS:
            words = words[1:]
        while words and words[-1].casefold() in STOP_WORDS:
            words = words[:-1]
        if words and len(words) <= MAX_WORDS and (len(words) > 1 or len(words[0]) > 1):
            yield entity_of(" ".join(words))
            parts = JOINT.split(" ".join(words))
            yield from (entity_of(part) for part in parts if len(parts) > 1 and " " in part)


def _codes(text: str) -> Iterator[str]:
    """Find codes such as ``ISO-27001`` and ``P11D``, and mail addresses; a number with its unit is none."""
    for match in MAIL.finditer(text):
        yield match[0].casefold()
    for word in TOKEN.findall(text):
        if DIGIT.search(word) and LETTER.search(word) and not UNIT.fullmatch(word):
            yield entity_of(word)


def _terms(text: str) -> Iterator[str]:
    """Find terms: two or three content words that stand next to each other at least twice, and once behind a LEAD."""
    found = PHRASE_WORD.findall(text.casefold())
    words = [_singular(word) if _carries(word) else "" for word in found]
    led = {tuple(words[at + 1 : at + 1 + size]) for at, word in enumerate(found) if word in LEADS for size in (2, 3)}
    pairs = Counter(pair for pair in zip(words, words[1:], strict=False) if all(pair))
    often = {pair for pair, count in pairs.items() if count > 1}
    triples = Counter(
        (one, two, three)
        for one, two, three in zip(words, words[1:], words[2:], strict=False)
        if (one, two) in often and (two, three) in often
    )
    for (one, two, three), count in triples.items():
        if count > 1 and (one, two, three) in led:
            pairs.subtract({(one, two): count, (two, three): count})
    for term, count in [*triples.items(), *pairs.items()]:
        if count > 1 and term in led:
            yield from [" ".join(term)] * count


def _carries(word: str) -> bool:
    return len(word) > 2 and word not in STOP_WORDS and word[0].isalpha()


def _opens_sentence(text: str, start: int) -> bool:
    before = text[max(start - FOLLOWED, 0) : start].rstrip(" \t\"'“(*#-")
    return not before or before[-1] in ".!?:|•\n" or bool(LIST_NUMBER.search(before))


def _is_acronym(word: str) -> bool:
    return 1 < len(word) <= 6 and word.isupper()


@lru_cache(maxsize=50_000)
def _singular(word: str) -> str:
    if len(word) > 3 and word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] not in "sui" else word
