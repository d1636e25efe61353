"""Sentences and content words: what focusing and grounding compare. Pure functions over text."""

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

# An end of sentence that is no abbreviation, initial or decimal point; or a line end.
SENTENCE_END = re.compile(
    r"(?<=[.!?؟।])(?:\s*\[\d+\]|[\"'”’)])*\.?(?=\s|$)"
    r"(?<!\b[A-Z]\.)(?<!\b(?:Mr|Ms|Dr|No|St|Nr|Hr|Sr|ca)\.)(?<!\b(?:Mme|Sra|Abs|bzw)\.)(?<!e\.g\.)(?<!i\.e\.)"
    r"(?<!\b[zdu]\.)(?!(?<=\d\.)\s(?:Januar|Februar|März|Mars|Marts|April|Ma[ij]|Juni|Juli|August|September|Oktober"
    r"|November|De[zsc]ember)\b)|\n+"  # z. B., 31. März
    r"|(?<=[。！？])(?:\s*\[\d+\]|[。！？」』”’）)])*"  # no space follows in Chinese and Japanese
)
LIST_NUMBER = re.compile(r"[-*•(\s]*\d{1,2}\.")
# A code such as B2 or P11D, a number, or a word.
WORD = re.compile(r"[^\W\d_]{1,4}\d[^\W_]*|(?<![^\W\d_])\d+(?:[.,:/]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?")
GRADE_A = re.compile(r"(?<=[^\W_] )A\b|\bA\b(?!\s+[^\W\d_])")  # no article
SPELLED = {
    name: number
    for number, name in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
} | {name: ten * 10 for ten, name in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_SPELLED_WORDS = frozenset([*SPELLED, *SCALES])
_NAME = "|".join([*SPELLED, *SCALES])
NUMBER_IN_WORDS = re.compile(
    rf"(?:\b(?:{_NAME})|\b\d{{1,12}}(?:,\d{{3}}){{0,4}}(?:\.\d{{1,6}})?(?=[ ](?:{'|'.join(SCALES)})\b))"
    rf"(?:(?:[ -]|(?<=hundred) and |(?<=thousand) and )(?:{_NAME})){{0,9}}\b"
    r"(?!-(?:way|fold|sided|step|tier|party|off)\b)",
    re.IGNORECASE,
)
STOP_WORDS = frozenset(
    "a about above according after again all also am an and answer any are as at be because been before being "
    "below between both but by can cannot could did do document documents does doing down during each few for from "
    "further had has have having he her here hers him his how i if in into is it its itself just may me might "
    "more most must my never no nor not of off on once only or other our ours out over own passage passages per "
    "question same shall she should so some such than that the their theirs them then there these they this those "
    "through to too under until up upon us very was we were what when where which while who whom why will with "
    "within would you your yours".split()
)

ENDINGS = ("ations", "ation", "ings", "ing", "ies", "ied", "ed", "es")
IRREGULAR = {
    form: base
    for base, forms in {
        "pay": "paid", "send": "sent", "keep": "kept", "hold": "held", "make": "made making", "come": "came coming",
        "give": "gave given giving", "take": "took taken taking", "lose": "lost losing", "steal": "stole stolen",
        "tell": "told", "buy": "bought", "sell": "sold", "write": "wrote written", "begin": "began begun",
        "say": "said", "spend": "spent", "choose": "chose chosen", "know": "knew known", "find": "found",
        "leave": "left",
    }.items()
    for form in forms.split()
}  # fmt: skip
"""Forms of verbs that have another stem."""


class Sentence(NamedTuple):
    """A sentence, and where it stands in the text it was found in."""

    start: int
    end: int
    text: str


def sentences(text: str) -> Iterator[Sentence]:
    """Split a text into sentences, stripped of white space; line ends always end one, and a row of a table is one."""
    start = 0
    for mark in [*(match.end() for match in SENTENCE_END.finditer(text)), len(text)]:
        piece = text[start:mark]
        stripped = piece.strip()
        goes_on = mark < len(text) and piece[-1:] != "\n"
        if goes_on and (stripped.startswith("|") or LIST_NUMBER.fullmatch(stripped)):
            continue
        if stripped:
            first = start + len(piece) - len(piece.lstrip())
            yield Sentence(first, first + len(stripped), stripped)
        start = mark


def content_words(text: str) -> set[str]:
    """Give the words that carry content: lower case, plural and verb endings cut, stop words left out."""
    return set(word_list(text))


def word_list(text: str) -> list[str]:
    """Give the content words in their order. Numbers are written in digits, without thousands separators."""
    plain = text.casefold().replace("’", "'")
    found = WORD.findall(plain)
    if not _SPELLED_WORDS.isdisjoint(found):
        found = WORD.findall(in_digits(plain))
    words = [term for word in found if (term := _term(word))]
    return [*words, "a"] if "A" in text and GRADE_A.search(text) else words


@lru_cache(maxsize=16384)
def _term(word: str) -> str:
    """Give the form of a word that is compared; nothing for a stop word."""
    if word[0].isdecimal():
        return _number(word)
    plain = word.removesuffix("'s")
    return "" if plain in STOP_WORDS or plain.endswith("n't") else stem(plain)


def numbers(text: str) -> set[str]:
    """Give the numbers of a text, without thousands separators; ``[n]`` markers and a lone "one" are no numbers."""
    plain = in_digits(re.sub(r"\[\d+\]", " ", text))
    return {_number(match.group()) for match in WORD.finditer(plain) if match.group()[0].isdecimal()}


def in_digits(text: str) -> str:
    """Write the numbers of a text that stand in words in digits; "one" alone stays, it is rarely a number.

    Nor is the "two" of a two-way talk one, other than that of a two-week course.
    """
    return NUMBER_IN_WORDS.sub(lambda match: _digits(match.group()), text)


def _digits(spelled: str) -> str:
    """Write ``two hundred and five`` as ``205``; words that make no number together, as several."""
    words = re.split(r"[ -](?:and )?", spelled.casefold())
    if words == ["one"]:
        return spelled
    done: list[Fraction] = []  # finished numbers
    whole, part = Fraction(0), Fraction(-1)  # thousands so far, and what stands below them; -1: nothing yet
    for word in words:
        if word == "hundred":
            part = abs(part) * 100
        elif word in SCALES:
            whole, part = whole + abs(part) * SCALES[word], Fraction(0)
        else:
            value = Fraction(SPELLED[word]) if word in SPELLED else Fraction(word.replace(",", ""))
            room = 100 if part % 100 == 0 else 10 if part >= 20 and part % 10 == 0 else 0
            if part < 0 or (0 < value < room) or (part == 0 and whole):
                part = max(part, Fraction(0)) + value
            else:
                done.append(whole + part)
                whole, part = Fraction(0), value
    return " ".join(str(number) for number in [*done, whole + part])


def _number(word: str) -> str:
    return re.sub(r",(?=\d{3})", "", word).rstrip(".,:")


def stem(word: str) -> str:
    """Cut common English endings; crude, but the same on both sides of a comparison."""
    word = IRREGULAR.get(word, word)
    if len(word) > 5 and word.endswith("ly") and not word.endswith(("ily", "ply")):
        word = word[:-2]
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    if len(word) > 3 and word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    return word.rstrip("e") if len(word) > 4 else word
