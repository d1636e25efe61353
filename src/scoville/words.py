"""Words as metrics compare them: in any script, whatever their case, width and punctuation.

Enters: texts. Leaves: tokens, and whether one text stands in another. Knows no case and no score.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from scoville.html import not_bold
from scoville.sentences import word_list

ARTICLES = frozenset({"a", "an", "the"})
FUNCTION_WORDS = frozenset(
    "a an the and or but if as at by for from in into of on to with without is are was were be been being am do does "
    "did has have had it its this that these those they them their you your we our us he she his her i my me may can "
    "will would should could must not no so such than then there which who whom what when where how also any "
    "all".split()
)
"""Those of benchmarks/measure.py, so that its numbers and these can be set side by side."""
SPACELESS = (
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Kana and Han
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
)
"""Scripts that put no spaces between words: each of their characters is a token."""
SPACELESS_CHARACTER = re.compile(f"[{SPACELESS}]")
TYPOGRAPHY = str.maketrans(dict.fromkeys("‘’‚‛´`", "'") | dict.fromkeys("“”„‟«»", '"') | dict.fromkeys("‐‑‒–—―−", "-"))
SHORTEST_WORD, SAME_START, LONGEST_ENDING = 5, 0.75, 3
COMPOUND = re.compile(
    r"\b(in|out)[- ](?:of[- ])?(network)\b|(?<![\w-])(non|on|off|in|out-of|self|pre|co)-(?=[^\W\d_])([^\W\d_]+)", re.I
)
"""What a small word in front turns round: ``out-of-network`` is neither ``in-network`` nor ``network``."""
BRACKET = re.compile(r"(?<!\s)\s*\[([^\[\]]*)\]")
REFERENCE = re.compile(r"[^\[\],;#]+\.\w+(?:\s*#\s*(?:page\s*=\s*)?\d+)?", re.IGNORECASE)
MARKER = re.compile(r"\d+(?:\s*[,;-]\s*\d+)*")


def strip_citations(text: str) -> str:
    """Remove markers like ``[2]`` or ``[1, 3]``, cited files like ``[plan.pdf#page=7]``, and the signs of bold."""

    def cites(inside: str) -> bool:
        return bool(MARKER.fullmatch(inside.strip()) or REFERENCE.search(inside))

    return BRACKET.sub(lambda match: "" if cites(match[1]) else match[0], not_bold(text)).strip()


def fold(text: str) -> str:
    """Make texts that differ in case, width and typographic signs the same (Unicode NFKC and case folding)."""
    return unicodedata.normalize("NFKC", text).translate(TYPOGRAPHY).casefold()


def squad_tokens(text: str) -> list[str]:
    """Split into tokens as SQuAD does: without case, punctuation and articles (Rajpurkar et al., 2016).

    Beyond that: citations, typographic punctuation and forms of width count nothing, and scripts without spaces are
    split into characters.
    """
    folded = fold(strip_citations(text))
    kept = "".join(sign for sign in folded if unicodedata.category(sign)[0] != "P" and sign not in "$+<=>^`|~")
    return [token for token in _spaced(kept).split() if token not in ARTICLES]


def content_tokens(text: str) -> set[str]:
    """Give the distinct tokens that are no function words."""
    return set(squad_tokens(text)) - FUNCTION_WORDS


def word_tokens(text: str) -> list[str]:
    """Split into words and numbers, articles too, as rouge-score does for English."""
    return re.findall(r"[^\W_]+", _spaced(fold(strip_citations(text))))


def space_characters(text: str) -> str:
    """Put spaces around the characters of scripts without spaces."""
    return " ".join(_spaced(text).split())


def contains(text: str, expected: str) -> bool:
    """Say whether a text holds another, and not only as a part of a longer word or number; thousands commas aside."""
    wanted = _plain(expected).strip(" .;:!?\"'")
    if not wanted:
        return False
    before = "" if SPACELESS_CHARACTER.match(wanted) else r"(?<!\w)"
    after = "" if SPACELESS_CHARACTER.match(wanted[-1]) else r"(?!\w|[.,]\d)"
    return bool(re.search(f"{before}{re.escape(wanted)}{after}", _plain(text)))


@lru_cache(maxsize=16384)
def stems(text: str) -> frozenset[str]:
    """Give the content words of a text as they are compared: stems without accents, numbers in digits."""
    return frozenset(stem_list(text))


def stem_list(text: str) -> list[str]:
    """Give the same words in their order."""
    plain = COMPOUND.sub(_compound, space_characters(strip_citations(text)))
    return [without_accents(word) for word in word_list(plain)]


def held(words: Iterable[str], others: Iterable[str]) -> set[str]:
    """Give the words that others hold: the same, or of words a long common start (Himalaya, Himalayan)."""
    known = set(others)
    starts: dict[str, list[str]] = {}
    for other in known:
        starts.setdefault(other[:SHORTEST_WORD], []).append(other)
    return {
        word for word in words
        if word in known or any(_same_start(word, other) for other in starts.get(word[:SHORTEST_WORD], ()))
    }  # fmt: skip


@lru_cache(maxsize=65536)
def without_accents(word: str) -> str:
    """Write a word without the accents of its letters."""
    if word.isascii():
        return word
    return "".join(sign for sign in unicodedata.normalize("NFKD", word) if not unicodedata.combining(sign))


def _same_start(word: str, other: str) -> bool:
    short, longest = sorted((len(word), len(other)))
    if short < SHORTEST_WORD or word[0].isdecimal():
        return False
    if longest - short <= LONGEST_ENDING and (word.startswith(other) or other.startswith(word)):
        return True
    alike = next((at for at, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), min(len(word), len(other)))
    return alike >= SAME_START * longest


def _plain(text: str) -> str:
    return re.sub(r"[\s,]+", " ", re.sub(r"(?<=\d),(?=\d{3})", "", fold(strip_citations(text))))


def _compound(match: re.Match[str]) -> str:
    first, rest = (match[1], match[2]) if match[2] else (match[3], match[4])
    return f"{first.replace('-', '')}{rest} {rest}"


def _spaced(text: str) -> str:
    return SPACELESS_CHARACTER.sub(r" \g<0> ", text)
