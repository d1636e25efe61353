"""Stage 15: everything of one workspace behind one object, for Python and for the commands alike.

bot       Bot: it searches and answers                      open      sc.open: a folder and values → Bot
opened    what it owns: recipe, models, trackers            records   traces, costs, lineage
documents what is added, kept up to date and removed        measured  what is evaluated, tried and reported
stream    an answer as it is written
hits      what was found, as a list                         images    a citation → its page with the words boxed
systems   what answers the questions of an evaluation       evaluate  cases → a run
score     a run → its scores                                run       what it came to and what to blame
compare   systems → a comparison                            ask_systems  each is asked, scored and blamed
sweep     recipes are tried                                 generate  documents → cases
check_judge  how far a judge can be trusted             check_cases  what is wrong with files of cases
report    runs as one HTML page                           train     what is made of documents and cases to learn from
score_reading  a model answers from one text each        train_reader  files of questions → a reader
training_rows  documents, cases, files → rows           training_questions  the same → questions with passages
train_ranker   questions → an embedder, a reranker      tune      rows → a model that writes
doctor    what works here                               watch     what changes comes in by itself
inspect   what a file is read as                        inspect_page  the same, drawn over its pages
"""

from scoville.bot.bot import Bot
from scoville.bot.hits import HitList
from scoville.bot.open import open
from scoville.bot.stream import Stream

__all__ = ["Bot", "HitList", "Stream", "open"]
