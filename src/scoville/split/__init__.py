"""Stage 2: Document → passages. Contents:

splitter    split_document: chooses the way, makes the passages                 ways     what a recipe can name
sections    section, parent, summary: whole elements below their headings      table    rows and records
windows     fixed, sentence, semantic: the text, whatever its elements are      summary  of long sections
join        neighbouring passages become one slice again
draft       a passage in the making, and its prefix                             tokens   where text may be cut
"""

from scoville.split.draft import DraftPassage
from scoville.split.join import join_passages
from scoville.split.splitter import SPLITTER_VERSION, split_document
from scoville.split.summary import Summarise
from scoville.split.ways import Material

__all__ = ["SPLITTER_VERSION", "DraftPassage", "Material", "Summarise", "join_passages", "split_document"]
