"""Clean characters: what a file holds in, what people would call its text out.

Knows Unicode, not documents. Both functions are idempotent.
"""

import re
import unicodedata

_REPLACED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u2028\u2029\u2060\ufeff\ufffe\uffff\ud800-\udfff]")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_SYMBOLS = re.compile("[\uf020-\uf0ff]")  # the private codes of the Symbol and Wingdings fonts: bullets, mostly
_FORMS = re.compile("[\ufb00-\ufb06\ufb1d-\ufd3d\ufd50-\ufdff\ufe70-\ufefc]")  # letters as they are printed in a word
_SURROGATES = re.compile("[\ud800-\udfff]")
UNSEEN = re.compile(r"page (\d+): text that cannot be seen was left out: (.*)", re.DOTALL)
"""The warning about it: the page, and the beginning of the text."""
UNSEEN_CHARACTERS = 300
_LONG_WORD = 1_000  # characters; see _normalise


def clean(text: str) -> str:
    r"""Normalise to NFC and line ends to ``\n``, and drop control characters, soft hyphens and zero-width spaces.

    Tabs, joiners, direction marks and emoji stay. Symbol-font characters become bullets, ligatures and the forms of
    Arabic and Hebrew letters become letters, halves of surrogate pairs are joined, single halves become U+FFFD.
    """
    if text.isascii() and text.isprintable():
        return text
    if _REPLACED.search(text):
        text = _LINE_ENDS.sub("\n", text)
        if _SURROGATES.search(text):
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        text = _REPLACED.sub("", text)
    text = _SYMBOLS.sub("\u2022", text)
    if _FORMS.search(text):
        text = _FORMS.sub(lambda form: unicodedata.normalize("NFKC", form[0]).strip() or form[0], text)
    return text if unicodedata.is_normalized("NFC", text) else _normalise(text)


def unseen_warning(page: int, text: str) -> str:
    """Say that a page has text that nobody sees."""
    text = text if len(text) <= UNSEEN_CHARACTERS else f"{text[:UNSEEN_CHARACTERS]}…"
    return f"page {page}: text that cannot be seen was left out: {text}"


def clean_line(text: str) -> str:
    """Clean text and collapse its white space, no-break spaces and line ends included, to single spaces."""
    return " ".join(clean(text).split())


def _normalise(text: str) -> str:
    # Sorting a run of n combining marks takes Python n² steps (40,000 marks: over a second). No language stacks more
    # than a few on a letter, so a word this long stays as it is.
    if len(text) <= _LONG_WORD:
        return unicodedata.normalize("NFC", text)
    words = re.split(r"(\s+)", text)
    return "".join(unicodedata.normalize("NFC", word) if len(word) <= _LONG_WORD else word for word in words)
