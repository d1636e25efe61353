"""Texts become the terms that BM25 counts: one analysis for every backend.

Enters: a text and its language. Leaves: terms, without white space. Knows no index.

A word is folded (compatibility forms, case, accents) and cut to its stem by the Snowball rules of its language. Scripts
without spaces become pairs of neighbouring signs. What is joined by signs, like ``ISO/IEC-27001``, is a term as a whole
and in its parts, so that it is found by either. Common words are terms too: questions leave them out, unless they hold
nothing else.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from functools import cache, lru_cache
from itertools import permutations
from typing import Any

from scoville.language import COMMON_WORDS, detect_language

ANALYSER_VERSION = 1
"""Part of the build: raise it when the terms of a text change."""
MAX_TERM_CHARACTERS = 64
"""What is longer is no word: it is cut."""
MAX_ACRONYM = 5
PART_CHARACTERS = 4
MAX_RUNS = 4
"""`ISO27001` has two runs of letters and digits, a hash has more and no parts worth finding."""

STEMMERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "eo": "esperanto", "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish",
    "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch", "no": "norwegian", "nb": "norwegian",
    "nn": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
"""The Snowball rules of each language; a text of no known language is taken for English."""

MORE_COMMON_WORDS = {
    "en": "a about am any because being between both could d did doing don down during each few he her here hers him "
    "his i into itself just ll m me most must no nor off once only other ours out over own re s same shall she "
    "should so some such t them then these those through too under until up us ve very where while whom why yours",
    "de": "ab alle ander bin bist da damit dann dein denn dich dir doch du eines einige euch gegen habe hatte hin "
    "hinter ihm ihn ihnen in jede jeder jedes jetzt man mein mich mir muss müssen sein seine solche soll sollen "
    "waren warum weil welche welcher welches werde wieder will wo während würde würden zwischen",
    "fr": "ai as aurait avons comment elles eu j lui m ma mes moi mon pourquoi quand quelles quels s sera serait suis "
    "t ta te tes toi ton très vos y à",
    "es": "algo antes e eso esos estas estos he les mi mis mucho ni otra otro poco pues si solo te ti tu tus u unos "
    "vosotros",
    "it": "avere c chi ci coi col d dagli dai dalle fra ho l lei lui m mi mia mio n ne né quali quanto quello s sia "
    "siamo sua sue sugli sui sulla suo suoi t tu v vi",
    "pt": "elas eles era essa estas este fosse lhe meu minha num numa pelas te teu tu às",
    "nl": "al alles andere ben bent daar doch dus haar had heb hebt hem hier hun iets ik jullie kon men mij mijn na "
    "niets nu omdat ons onze reeds toch toen veel want waren wil zal zelf zich zij zo zonder zou",
}
"""Beside those that tell a language: what a question may hold and is not about."""

JOINED_BY = {
    "de": ("", "s", "es", "n", "en", "er"), "nl": ("", "s", "en", "e"), "sv": ("", "s"), "da": ("", "s", "e"),
    "no": ("", "s", "e"), "fi": ("", "n"), "hu": ("",), "et": ("",),
}  # fmt: skip
"""Languages that write compounds as one word, and what joins the parts."""
SHORTEST_PART = 4
MAX_JOINED = 6
"""Words of a question that are joined in pairs."""
MAX_SPLIT = 20

# Signs that are no letters and still belong to a word: accents, vowel signs and points.
MARKS = "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
INDIC = "\u0900-\u0963\u0966-\u0dff"
PAIRED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
"""Thai, Lao, Burmese, Khmer, kana, Han: scripts without spaces; and Hangul, whose particles are joined to words."""
BELOW_OR_ABOVE = "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u17b6-\u17d3"
WORD = rf"(?:[^\W_{PAIRED}]|[{MARKS}{INDIC}])+"
TOKEN = re.compile(
    rf"[{PAIRED}]+"
    r"|(?:\d{1,3}(?:[.,']\d{3})+|\d+[.,]\d+)(?![-.,/:_]?\w)"
    rf"|{WORD}(?:[-‐‑–./_:@&+'’]{WORD})*(?:\+\+|#)?"
)
PAIRED_SIGN = re.compile(f"[{PAIRED}]")
THOUSANDS = re.compile(r"\d{1,3}(?:[.,']\d{3})+")
DECIMAL = re.compile(r"\d+[.,]\d+")
PART = re.compile(WORD)
JOINT = re.compile(r"[-‐‑–/_:@&+#'’]|(?<!\d)\.|\.(?!\d)")
APOSTROPHES = re.compile(r"[^-‐‑–./_:@&]*")
RUN = re.compile(r"\d+|\D+")
SIGN = re.compile(f"[^{BELOW_OR_ABOVE}][{BELOW_OR_ABOVE}]*|[{BELOW_OR_ABOVE}]+")
POINTS = re.compile("[\u00ad\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]")
ACCENTED = re.compile("[\u00c0-\u024f\u0300-\u036f\u0370-\u03ff\u0451\u1e00-\u1fff]")
UNACCENTED = {"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ħ": "h"}


def analyse(text: str, language: str = "") -> list[str]:
    """Give the terms of a text in their order, as they repeat."""
    return [term for token in _tokens(text) for term in _terms(token, language)]


@lru_cache(maxsize=1000)
def distinct_terms(text: str, language: str) -> frozenset[str]:
    """Give the terms of a text, each once; of texts that are found again and again they are remembered."""
    return frozenset(analyse(text, language))


def word_parts(terms: Iterable[str]) -> set[str]:
    """Give the parts of terms, four characters each, by which a word meets its forms and the compounds it is in."""
    return {term[at : at + PART_CHARACTERS] for term in terms for at in range(max(1, len(term) - PART_CHARACTERS + 1))}


def question_terms(question: str, languages: Collection[str]) -> list[str]:
    """Give the terms to search a question by, each once: those of every language that the index holds.

    Common words are left out, unless they are all there is: in each language its own and those of the language of the
    question, or, where that cannot be told, those of all languages.
    """
    tokens = list(_tokens(question))
    held = dict.fromkeys(language or "en" for language in languages or ("en",))
    asked_in = detect_language(question)
    spoken = (asked_in,) if asked_in else tuple(held)
    terms: dict[str, None] = {}
    for language in held:
        common = _common_words(language).union(*map(_common_words, spoken))
        wanted = (token for token in tokens if token.casefold() not in common or _is_acronym(token))
        terms |= dict.fromkeys(term for token in wanted for term in _question_terms(token, language, common))
    return list(terms) or list(dict.fromkeys(term for token in tokens for term in _terms(token, "")))


def search_terms(question: str, languages: Collection[str]) -> list[str]:
    """Give the terms of a question, and behind them those of compounds that it may mean."""
    terms = question_terms(question, languages)
    words = [token.casefold() for token in _tokens(question) if token.isalpha()]
    for language in languages:
        common = _common_words(language)
        if language in JOINED_BY:
            terms += _compounds([word for word in words if word not in common], language)
    return list(dict.fromkeys(terms))


def _compounds(words: list[str], language: str) -> Iterator[str]:
    """Give the compounds that words of a question may make, and the words that a compound of it may be made of.

    Most of them stand in no document and find nothing: what there is decides, and no list of words.
    """
    joints = JOINED_BY[language]
    for first, second in permutations(words[:MAX_JOINED], 2):
        yield from (_stem(f"{stump}{joint}{second}", language) for stump in _stumps(first) for joint in joints)
    for word in words[:MAX_SPLIT]:
        for at in range(SHORTEST_PART, len(word) - SHORTEST_PART + 1):
            first = word[:at]
            endings = (joint for joint in joints if first.endswith(joint) and at - len(joint) >= SHORTEST_PART)
            yield from (_stem(first.removesuffix(joint), language) for joint in endings)
            yield _stem(word[at:], language)


def _stumps(word: str) -> tuple[str, ...]:
    """Give what a word leaves in a compound: ``Schule`` in ``Schulweg``."""
    return (word, word[:-1]) if word.endswith("e") else (word,)


def _tokens(text: str) -> Iterator[str]:
    return (match[0] for match in TOKEN.finditer(POINTS.sub("", unicodedata.normalize("NFKC", text))))


@lru_cache(maxsize=200_000)
def _terms(token: str, language: str) -> tuple[str, ...]:
    """Give the terms of a token: its whole and its parts; of scripts in pairs, its signs and its pairs."""
    if _is_paired(token):
        return (*SIGN.findall(token), *_pairs(token))
    if token[0].isdecimal() and not token.isalnum() and (number := _number(token)):
        return (number,)
    folded = token.casefold().replace("i\u0307", "i")  # what becomes of a Turkish capital
    parts = PART.findall(folded)
    terms = [_stem(part, language) for part in parts]
    if len(parts) > 1 and not APOSTROPHES.fullmatch(folded):
        terms.append(_stem(JOINT.sub("", folded), language))
    elif len(parts) == 1 and 1 < len(runs := RUN.findall(parts[0])) <= MAX_RUNS:
        terms += runs
    if folded[-1] in "+#":
        terms.append(folded)
    if _is_acronym(token) and folded in _common_words(language or "en"):
        terms.append(token)
    return tuple(filter(None, terms))


def _question_terms(token: str, language: str, common: Collection[str]) -> Iterator[str]:
    """Give the terms of a token that a question is searched by: pairs without their signs, and no common parts."""
    if _is_paired(token):
        yield from _pairs(token) or SIGN.findall(token)
    elif _is_acronym(token) and token.casefold() in _common_words(language):
        yield token
    else:
        left_out = {_stem(part, language) for part in PART.findall(token.casefold()) if part in common}
        yield from (term for term in _terms(token, language) if term not in left_out)


def _is_paired(token: str) -> bool:
    return bool(PAIRED_SIGN.match(token))


def _is_acronym(token: str) -> bool:
    """Say whether a word is written like ``IT`` or ``WHO``, which are common words when written small."""
    return 1 < len(token) <= MAX_ACRONYM and token.isalpha() and token.isupper()


def _pairs(token: str) -> list[str]:
    signs = SIGN.findall(token)
    return [first + second for first, second in zip(signs, signs[1:], strict=False)]


def _number(token: str) -> str:
    """Write a number in one way, without separators of thousands; empty for what is more than a number."""
    if THOUSANDS.fullmatch(token):
        return re.sub(r"\D", "", token)
    return token.replace(",", ".") if DECIMAL.fullmatch(token) else ""


@lru_cache(maxsize=200_000)
def _stem(word: str, language: str) -> str:
    stem = _stemmer(language).stemWord(word) if language not in ("", "en") or word.isalpha() else word
    return ACCENTED.sub(lambda sign: _without_accent(sign[0]), stem)[:MAX_TERM_CHARACTERS]


@cache
def _stemmer(language: str) -> Any:
    import Stemmer

    return Stemmer.Stemmer(STEMMERS.get(language, "english"))


@cache
def _without_accent(sign: str) -> str:
    plain = "".join(part for part in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(part))
    return UNACCENTED.get(sign, plain)


@cache
def _common_words(language: str) -> frozenset[str]:
    words = f"{COMMON_WORDS.get(language, '')} {MORE_COMMON_WORDS.get(language, '')}".replace("'", " ")
    return frozenset(words.split())
