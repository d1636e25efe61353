"""Document → the same document, with what is known of it besides its text. Contents:

describe    describe_document: file, text, model and rules, one over the other
rules       the recipe's regular expressions, with a time limit
text        date, author, names, amounts and identifiers, without a model
model       what a model is asked, and what of its reply stands in the text
"""

from scoville.metadata.describe import Ask, describe_document
from scoville.metadata.model import LONGEST_PROMPT

__all__ = ["LONGEST_PROMPT", "Ask", "describe_document"]
