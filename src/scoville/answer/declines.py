"""Whether a reply says that it cannot answer.

Enters: a reply. Leaves: whether its first sentence declines, as small and large models word it in English; other
languages stand in ``declines_abroad``. What only sounds like it ("the documents do not cover passengers") is an answer,
and left to grounding. Knows no passages.
"""

import re

from scoville.answer.declines_abroad import declines_abroad
from scoville.sentences import content_words, sentences

_NOT = "(?:do not|does not|did not|don't|doesn't|didn't|cannot|can not|can't|could not|couldn't)"
_TEXTS = (
    "(?:(?:the|these|this|those|any of the) )?(?:[a-z]+ ){0,2}(?:passage|document|context|text|source|excerpt)s?"
    "(?: (?:provided|given|above))?"
)
_INFORMATION = "(?:[a-z]+ )?(?:information|answer|mention|detail|indication|passage)s?"
_FEW = "(?:any|the|this|that|an?|enough|sufficient|specific|clear|direct|relevant|more|further|no)"
# What texts do to a question. That they "do not cover" something may be the answer.
_TELL = "(?:mention|say|stat|specif|indicat|address|discuss|describ|tell|explain|clarif|answer)[a-z]*"
_HOLD = rf"(?:contain|provid|giv|includ|ha[sv]|offer|list|mak)[a-z]* (?:{_FEW} ){{0,2}}{_INFORMATION}\b"
_HOLD_NO = rf"(?:contain|provid|giv|includ|ha[sv]|offer|list|mak)[a-z]* no {_INFORMATION}\b"
_DO = rf"(?:know|find|answer|determine|say|tell(?: from|[. ]*$)|see|locate|confirm|help|be (?:sure|certain)|{_HOLD})\b"
_TOLD = "(?:(?:mention|stat|specifi|indicat|address|discuss|describ|provid|answer|list)ed|given|found|available)"
_END = r"(?:[. ]*$|,| (?:in|by|from|with|using|based|anywhere|here|what|when|where|who|how|whether|if)\b)"
_ABLY = "(?:[a-z]+ly )?"

# What may stand before it: "Sorry, but", "Answer:", "Based on the passages,".
LEAD = re.compile(
    "(?:answer: |(?:(?:i'm|i am|we're|we are) )?(?:very |so )?(?:sorry|afraid)[,.]? ?(?:but |that )?|unfortunately,? "
    r"|as an? (?:ai|language)[^,.]{0,30}, "
    rf"|however,? |it (?:seems|appears) that |in {_TEXTS},? |(?:based on|according to|from|given) [^,.]{{1,60}}, )*"
)
PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        # I do not know; we were unable to find it; I am not sure.
        rf"(?:i|we) {_NOT} {_ABLY}(?:{_DO}|have (?:any|enough|sufficient|access)\b)",
        rf"(?:i|we)(?:'m|'re| am| are| was| were) (?:not (?:sure|certain|aware)\b|(?:not able|unable) to {_ABLY}{_DO})",
        # The passages do not say; passage [1] contains no information; none of the documents answers it.
        rf"{_TEXTS} {_NOT} {_ABLY}(?:{_TELL}|{_HOLD})",
        rf"{_TEXTS} (?:{_HOLD_NO}|(?:say|tell)s? nothing\b)",
        rf"(?:none of|neither of|nothing in) {_TEXTS} {_ABLY}(?:{_TELL}|{_HOLD})",
        # There is no mention of it; no information is given; not enough information.
        rf"there(?:'s| is| are| was| were)(?: no|n't any| not (?:any|enough)) {_INFORMATION}"
        r"(?: (?:of|about|on|that|in|for|regarding|to)\b|[. ]*$)",
        rf"no {_INFORMATION} (?:(?:is|are|was|were|can be) {_TOLD}|about|on|regarding|in|found|given|available)\b",
        rf"(?:no|not enough|insufficient) {_INFORMATION}[. ]*$",
        # It is not mentioned; the answer is not in the passages; the question cannot be answered.
        r"it(?:'s| is) (?:not clear|unclear) (?:from|whether|what|when|where|who|how|if|which)\b",
        rf"(?:(?:it|this|that)(?:'s| is| was) )?not {_ABLY}(?:mentioned|stated|specified|indicated|known){_END}",
        r"(?:the|this|that|your) (?:[a-z]+ )?(?:answer|question|information|detail)s? [^,.]{0,60}?"
        rf"(?:not|n't) (?:be )?{_ABLY}(?:{_TOLD}|determined|known|in {_TEXTS}){_END}",
        rf"[^,.]{{1,80}} (?:not|n't) {_ABLY}{_TOLD} (?:in|by|from) {_TEXTS}[. ]*$",
        r"(?:unknown|n/a|unanswerable|(?:it )?cannot be determined)[. ]*$",
    )
)
MARKERS = re.compile(r"(?<!\s)\s*\[[\d,\s]+\](?: and \[[\d,\s]+\])*")
ASKS = re.compile(r"\b(?:who|whom|whose|what|when|where|which|why|how)\b", re.IGNORECASE)
GOES_ON = re.compile(",? (?:but|however) ")


def declines(reply: str) -> bool:
    """Say whether a reply declines; one whose first sentence goes on (", but ...") is an answer."""
    first = next((sentence.text for sentence in sentences(reply)), "")
    plain = MARKERS.sub("", first).casefold().replace("’", "'").strip(" \t*_\"'“”‘`>-")
    said = LEAD.sub("", " ".join(plain.split()), count=1)
    if not said.strip(" ."):
        return True
    found = next((match for pattern in PATTERNS if (match := pattern.match(said))), None)
    if found is None:
        return declines_abroad(said)
    return not GOES_ON.search(said, found.end())


def repeats(reply: str, question: str) -> bool:
    """Say whether a reply to a question that asks for something says nothing that the question does not.

    What ends in a colon leads to a list that the model did not come to: a pointer to its place, with a citation.
    """
    plain = MARKERS.sub("", reply).strip()
    says_so = re.match(r"\W*(?:yes|no)\b", plain, re.IGNORECASE) or plain.endswith(":")
    return bool(ASKS.search(question)) and not says_so and content_words(plain) <= content_words(question)
