"""Cases from the user's own documents: passages → drafts → checks → cases.

    english    word lists, in english.toml
    draft      what a generator writes, and the protocol of generators
    scopes     which documents are made alike, and what tells them apart
    clauses    sentence → subject, verb, rest
    facts      clause → questions that it answers and that are understood alone
    tables     passage → cells that a question can name
    asked      cell → its question
    entries    headings that ask, labels, lists → questions
    singles    questions that one place answers, and turns of a conversation
    pairs      questions that need two places: hops and comparisons
    premises   the opposite of what is said, supposed
    near       questions close to what is said, that nothing answers
    misfits    nonsense, other subjects, what must be refused, what needs eyes and ears
    rules      the generator that asks no model
    prompts    what a model is asked
    model      the generator that asks one
    checks     is it fit to be a case, and why not
    ledger     what was tried, on disk
    generate   the loop: every kind, document and section gets its share

Knows no system that will answer the cases, and no metric.
"""

from scoville.cases.generate.checks import Checks, find_by_words
from scoville.cases.generate.draft import KINDS, UNANSWERABLE, Kind
from scoville.cases.generate.generate import Generated, generate_cases
from scoville.cases.generate.ledger import Ledger
from scoville.cases.generate.model import ModelGenerator
from scoville.cases.generate.rules import Rules

__all__ = [
    "KINDS", "UNANSWERABLE", "Checks", "Generated", "Kind", "Ledger", "ModelGenerator", "Rules", "find_by_words",
    "generate_cases",
]  # fmt: skip
