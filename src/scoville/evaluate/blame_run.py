"""What went wrong in a run, stage by stage. Enters: a scored run, the index it answered from. Leaves: blames."""

from collections.abc import Sequence
from typing import Any

from scoville.evaluate.blame import Blame, Library, blame
from scoville.evaluate.rightness import ANSWERED, REFUSED
from scoville.evaluate.runs import Run
from scoville.search import Searcher
from scoville.types import Passage

OVERRULED = ("exact_match", "numeric_match", "choice_match", "final_number")


def blame_run(run: Run, searcher: Searcher) -> list[Blame]:
    """Find the stage to blame for each wrong answer; those that could not be scored are left out."""

    def search(question: str, limit: int) -> Sequence[Passage]:
        return [hit.passage for hit in searcher.search(question, limit=limit).hits]

    library = Library(searcher.index, search)
    results, scores = run.results(), run.scores()
    found: list[Blame] = []
    for case in run.cases():
        values: dict[str, Any] = {name: score.value for name, score in scores.get(case.id, {}).items()}
        right = values.get(ANSWERED.name if case.answerable else REFUSED.name)
        wrong = case.id in results and (results[case.id].error or right == 0)
        if wrong:
            judged_wrong = values.get("correctness") is not None
            overruled = judged_wrong and any(values.get(name) == 1.0 for name in OVERRULED)
            found.append(blame(case, results[case.id], library, overruled=overruled))
    return found
