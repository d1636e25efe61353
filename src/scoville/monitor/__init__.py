"""What became of the questions that people asked. Enters: traces, feedback, vectors of questions. Leaves: figures,
questions that no case is like, what documents lack. Knows no bot and no terminal; nothing is computed while people ask.
"""

from scoville.monitor.asked import Asked, Cited, asked_between
from scoville.monitor.figures import Figures, by_day, by_release, figures_of
from scoville.monitor.report import Monitored, monitored, new_share, no_vectors
from scoville.monitor.topics import Topic, new_among, topics_of

__all__ = [
    "Asked",
    "Cited",
    "Figures",
    "Monitored",
    "Topic",
    "asked_between",
    "by_day",
    "by_release",
    "figures_of",
    "monitored",
    "new_among",
    "new_share",
    "no_vectors",
    "topics_of",
]
