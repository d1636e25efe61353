"""Cases from the user's own documents: passages → drafts → checks → cases.

    draft      what a generator writes, and the protocol of generators
    sample     every document and page gets its share
    scopes     which documents are made alike, and what tells them apart
    clauses    sentence → subject, verb, rest
    context    is a question understood without its passage
    facts      clause → questions that it answers
    tables     passage → cells that a question can name
    cell_questions  cell → its question
    reword     other words, and the opposite
    pairs      turns of a conversation
    hops       questions over two passages
    conflicts  questions that two places answer differently
    unanswerable    questions that none answers
    templates  the generator that asks no model
    prompts    what a model is asked
    model      the generator that asks one
    checks     is it fit to be a case, and why not
    ledger     what was tried, on disk
    generate   the loop

Knows no system that will answer the cases, and no metric.
"""

from scoville.cases.generate.checks import Checks, find_by_words
from scoville.cases.generate.draft import KINDS, Kind
from scoville.cases.generate.generate import Generated, generate_cases
from scoville.cases.generate.ledger import Ledger
from scoville.cases.generate.model import ModelGenerator
from scoville.cases.generate.templates import Templates

__all__ = [
    "KINDS", "Checks", "Generated", "Kind", "Ledger", "ModelGenerator", "Templates", "find_by_words", "generate_cases",
]  # fmt: skip
