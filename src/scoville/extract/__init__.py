"""An extractive reader: where in some texts the very words stand that answer a question, and how likely they do.

    windows   a question and a text -> token ids, in stretches that overlap
    reader    an encoder with three outputs a token -> spans with a probability

Knows no passages, no prompt and no files of users.
"""

from scoville.extract.reader import Reader, Span, is_reader, open_reader

__all__ = ["Reader", "Span", "is_reader", "open_reader"]
