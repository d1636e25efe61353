"""Which words of a text are names or codes.

Enters: a text, and all that was given to read. Leaves: capitalised words that are written small nowhere, and words with
digits. English, where a capital is the sign of a name.
"""

import re
from itertools import zip_longest

from scoville.sentences import STOP_WORDS, WORD, content_words, stem

WITHIN = set(",;'’)&/-")  # a word behind these does not begin a sentence


def names(text: str, given: str) -> frozenset[str]:
    """Give the names and codes of a text: capitalised words that ``given`` does not write small, words with digits.

    The first word of a sentence is capitalised anyway: it is a name if ``given`` has it so or another follows.
    """
    found = list(WORD.finditer(text))
    kept: set[str] = set()
    for match, following in zip_longest(found, found[1:]):
        word = match.group().replace("’", "'").removesuffix("'s")
        if not word[0].isalpha() or word.endswith("n't"):
            continue
        before = text[: match.start()].rstrip()[-1:]
        first = not (before.isalnum() or before in WITHIN)
        if any(sign.isdigit() for sign in word) or (
            word[0].isupper() and word.casefold() not in STOP_WORDS and _is_name(word, first, following, given)
        ):
            kept.add(stem(word.casefold()))
    return frozenset(kept | ({"a"} & content_words(text)))


def initials(text: str) -> str:
    """Give the short forms of names in a text: CEO of Chief Executive Officer."""
    return " ".join(
        "".join(word[0] for word in name.split()) for name in re.findall(r"(?:[A-Z]\w+ ){1,5}[A-Z]\w+", text)
    )


def _is_name(word: str, first: bool, following: re.Match[str] | None, given: str) -> bool:
    capitalised = re.search(rf"\b{re.escape(word)}\b", given)
    small = re.search(rf"\b{re.escape(stem(word.casefold()))}", given)
    if not first:
        return bool(capitalised) or not small
    return not small and bool(capitalised or (following and following.group()[0].isupper()))
