"""Stage 6: questions, passages and answers in, what is wrong with them out; and the same without it.

A guard finds: an attack, an instruction that stands in a document, a key, a number that names a person. The place that
it stands in decides what follows (:mod:`scoville.guards.apply`): a question is refused, a passage loses the words
before any model reads it, an answer loses them before anyone reads it.
"""

from scoville.guards.apply import Guards
from scoville.guards.guard import Guard, Span

__all__ = ["Guard", "Guards", "Span"]
