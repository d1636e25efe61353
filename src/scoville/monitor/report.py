"""All that is said of a stretch of time. Enters: its questions, the cases, the documents. Leaves: one value."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from scoville.monitor.asked import Asked
from scoville.monitor.figures import Figures, Shadow, by_day, by_release, figures_of, shadows_of
from scoville.monitor.topics import Topic, new_among, topics_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LACKING = {"no_documents", "weak_evidence", "low_support", "model_declined", "ungrounded"}
"""Reasons of refusals that documents could mend."""


@dataclass(frozen=True, kw_only=True)
class Monitored:
    """What became of the questions of a stretch of time."""

    total: Figures
    days: Sequence[Figures]
    releases: Sequence[Figures]
    likeness: float | None
    """How like the cases the questions are: the mean cosine with the nearest case. None without cases or questions."""
    new: float
    """The share of the questions that no case is like."""
    new_topics: Sequence[Topic]
    lacking: Sequence[Topic]
    """Questions without an answer, by what they are about: what the documents lack."""
    disliked: Sequence[Asked]
    """What was judged bad, the newest first."""
    cited: Sequence[tuple[str, int]]
    """How many answers cite each document, the most cited first."""
    never_cited: Sequence[str]
    outdated: Sequence[str] = ()
    """Questions that a person has answered, whose documents no longer say so: the answer is not given."""
    shadows: Sequence[Shadow] = ()
    """How releases answer that nobody is shown. What they were asked counts nowhere else."""

    def json(self) -> dict[str, Any]:
        """Give plain values."""
        return asdict(self)


def monitored(
    asked: Sequence[Asked],
    cases: Sequence[str],
    documents: Collection[str],
    embed: "Callable[[Sequence[str]], NDArray[np.float32]]",
) -> Monitored:
    """Look at questions: ``cases`` are those that are tested with, ``documents`` the sources in the index."""
    shadows, asked = shadows_of(asked), [one for one in asked if not one.shadows]
    questions = list(dict.fromkeys(one.question for one in asked if one.question))
    vectors = embed(questions)
    places = {question: place for place, question in enumerate(questions)}
    is_new, likeness = new_among(vectors, embed(list(dict.fromkeys(cases))))
    fresh = [place for place, new in enumerate(is_new.tolist()) if new]
    unanswered = list(dict.fromkeys(places[one.question] for one in asked if one.reason in LACKING))
    cited = Counter(document for one in asked for document in {cited.document for cited in one.citations})
    new_asked = sum(bool(is_new[places[one.question]]) for one in asked if one.question)

    def grouped(chosen: list[int]) -> list[Topic]:
        return topics_of([questions[place] for place in chosen], vectors[chosen])

    return Monitored(
        total=figures_of(asked), days=by_day(asked), releases=by_release(asked),
        likeness=likeness if cases and questions else None, new=new_asked / len(asked) if asked else 0.0,
        new_topics=grouped(fresh) if cases else [], lacking=grouped(unanswered),
        disliked=[one for one in reversed(asked) if one.rating == "down"], cited=cited.most_common(),
        never_cited=sorted(set(documents) - cited.keys()), shadows=shadows,
    )  # fmt: skip


def new_share(
    asked: Sequence[Asked], cases: Sequence[str], embed: "Callable[[Sequence[str]], NDArray[np.float32]]"
) -> float | None:
    """Say which share of questions no case is like; None without cases."""
    questions = [one.question for one in asked if one.question]
    if not cases or not questions:
        return None
    is_new, _ = new_among(embed(questions), embed(list(dict.fromkeys(cases))))
    return float(is_new.sum()) / len(asked)


def no_vectors(texts: Sequence[str]) -> "NDArray[np.float32]":
    """Stand for an embedder where there is nothing to embed, so that none is opened."""
    import numpy as np

    return np.zeros((len(texts), 1), np.float32)
