"""Rude, threatening and degrading expressions in a text.

The list is short, English and our own. It finds plain insults, swearing and threats. It cannot find what is meant but
not said, irony, misspelt words, other languages, or hatred that uses polite words, and it lists no slurs against
groups; a quoted insult, as in a policy on harassment, counts like one that is meant.
"""

import re
from collections.abc import Sequence

from scoville.embed import Embedder
from scoville.guards.fold import fold
from scoville.guards.guard import Span, apart

_YOU = r"you(?:'re| are)?(?: (?:all|such|really|just|so|nothing but))*(?: an?)?"
_INSULT = (
    "idiot|moron|imbecile|cretin|dimwit|halfwit|numbskull|scumbag|loser|pathetic|worthless|stupid|dumb|ugly|disgusting"
)
_NOUN = "idiot|moron|imbecile|cretin|dimwit|halfwit|numbskull|scumbag|dumbass|dickhead|asshole|arsehole|bastard|bitch"
_KILL = "kill|murder|strangle|stab|shoot|beat|hurt|destroy|hunt"
_HURT_YOU = rf"(?:{_KILL})(?: down)? (?:you|him|her|them|your family)"
EXPRESSIONS = {
    category: re.compile(rf"(?<!\w)(?:{pattern})(?!\w)")
    for category, pattern in {
        "insult": rf"(?:{_NOUN})(?:s|es)?|{_YOU} (?:{_INSULT})|shut up|(?:drop dead|get lost|go to hell)",
        "profanity": r"(?:mother)?fuck(?:s|ed|er|ers|ing)?|(?:bull)?shit(?:s|ty)?|cunts?|pricks?|crappy|goddamn(?:ed)?",
        "threat": rf"(?:i|we)(?:'ll| will| am going to|'m going to|'re going to) {_HURT_YOU}"
        r"|you(?:'ll| will) (?:regret|pay for) (?:this|that|it)|you (?:deserve|ought) to die|kill yourself",
        "degrading": r"sub-?humans?|(?:are|is) (?:all )?(?:vermin|parasites|filth|scum|garbage)"
        r"|(?:do|does)(?:n't| not) deserve to (?:live|exist)|go back to (?:your|their) (?:own )?countr(?:y|ies)",
    }.items()
}
"""Categories, each with what it is known by; compared with the folded text (fold)."""


class Toxicity:
    """Finds listed expressions."""

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """Give the expressions, with their categories."""
        return [toxic_spans(text) for text in texts]


def toxic_spans(text: str) -> list[Span]:
    """Give the listed expressions of a text."""
    folded, places = fold(text)
    return apart(
        [
            Span(places[match.start()], places[match.end() - 1] + 1, f"an expression ({category})")
            for category, expression in EXPRESSIONS.items()
            for match in expression.finditer(folded)
        ]
    )


def toxic_categories(text: str) -> list[str]:
    """Name the categories of which a text holds an expression."""
    folded, _ = fold(text)
    return [category for category, expression in EXPRESSIONS.items() if expression.search(folded)]


def open_toxicity(name: str, embedder: Embedder) -> Toxicity:
    """Open ``guards.answer: [toxicity]``."""
    return Toxicity()
