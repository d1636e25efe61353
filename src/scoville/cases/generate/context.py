"""Whether a question can be understood without the passage that it was made of.

Enters: a question, the clause that it was made of. Leaves: yes or no, by word lists for English. Knows no answers.
"""

import re

from scoville.cases.generate.clauses import Clause
from scoville.metadata.text import MONTH
from scoville.sentences import content_words
from scoville.types import Passage

QUESTION_WORDS = (4, 22)
BARE = re.compile(r"(?:the|your|a|an) [a-z]+")
"""A subject that says too little outside its section, unless it is being defined or a condition goes with it."""
VAGUE = re.compile(
    r"\b(?:it|they|them|this|these|those|he|she|his|her|hers|him|such|its|their|above|below|following|former"
    r"|latter)\b",
    re.IGNORECASE,
)
DANGLING = re.compile(
    r"(?<!responsible )(?<!based )\b(?:and|or|of|the|a|an|to|in|with|for|by|as|on|at|that|which|from|than|only|just"
    r"|one)$"
)
LEANS_BACK = re.compile(
    r"\b(?:the|your|these|those|same) (?:request|decision|form|application|process|procedure|study|studie|patient"
    r"|method|letter|notice|case|information|result|data|finding|analysis|section|table|figure|event|issue|matter|treatment"
    r"|emergency|group|sample|participant|subject|model|effect|person|individual)s?\b"
    r"(?! (?:of|for|to|from|that|in|about|on|by|with|who|which|[a-z]+ing)\b)(?! [a-z]+(?: [a-z]+)?\?)"
)
"""Words for what a sentence before was about."""
NAME = re.compile(rf"(?<=[a-z,] )(?!(?:I|{MONTH})\b)(?:[A-Z][\w-]*[a-z0-9][\w-]*|[A-Z]{{2,}}\b)")
"""A name inside a sentence."""
GENERIC = frozenset(
    content_words(
        "service benefit risk information example factor option item cost thing cover covered potential common other "
        "additional plan document medical program policy coverage result method study data limitation finding aim "
        "feature participant source patient subject"
    )
)
"""Words of which a subject alone says nothing definite."""
WEAK = GENERIC | content_words("receive obtain get continue need require question help assistance provide request find")
"""Words of which a condition alone says nothing definite."""
PEOPLE = re.compile(
    r"(?:you|(?:the |an? |your |all )?(?:[a-z-]+ )?(?:employee|member|customer|manager|applicant|tenant|patient|student"
    r"|user|driver|visitor|guest|passenger|claimant|insured|worker|staff|physician|doctor|provider|supervisor|team)s?)"
)
PAST = frozenset({"was", "were", "did"})


def stands_alone(question: str, subject: str) -> bool:
    """Say whether a question can be understood without the section that it comes from."""
    least, most = QUESTION_WORDS
    return (
        least <= len(question.split()) <= most
        and not VAGUE.search(question)
        and not DANGLING.search(question.rstrip("?"))
        and not BARE.fullmatch(subject)
    )


def is_placed(clause: Clause, question: str) -> bool:
    """Say whether it is clear of whom or of which time a question speaks: what happened once needs a name."""
    if LEANS_BACK.search(question):
        return False
    told = question.replace(clause.subject, clause.subject.partition(" ")[2])  # a sentence's first word may be no name
    return clause.auxiliary not in PAST or bool(NAME.search(told))


def is_on_topic(passage: Passage, question: str) -> bool:
    """Say whether a question shares a word with the heading that it stands below, and so does not need it."""
    topic = content_words(passage.headings[-1]) - GENERIC if passage.headings else set[str]()
    return not topic or bool(topic & content_words(question))


def is_name(subject: str) -> bool:
    """Say whether a subject is a name, with or without an article."""
    return bool(re.fullmatch(r"(?:the )?[A-Z]\S*(?: (?:of|and|for|the|[A-Z]\S*))*", subject))
