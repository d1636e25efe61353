"""How likely the model that answers holds what was expected.

Enters: what answers, a case, an answer that it gave. Leaves: log-probabilities of an expected answer, as the reply to
the prompt of that case. The passages are searched again: where the index gives others than the answer was made of,
nothing can be said. Knows no run.
"""

from collections.abc import Sequence

from scoville.answer import Answerer
from scoville.errors import StaleIndex, UsageError
from scoville.evaluate.metrics.perplexity import LogProbabilities
from scoville.evaluate.result import Result
from scoville.evaluate.system import count_asked
from scoville.llm import LikelihoodLlm
from scoville.prompt import Rendered
from scoville.types import Case


def likelihood_of(answerer: Answerer) -> LogProbabilities:
    """Give what says how likely the model of an answerer holds a text; UsageError for a model that does not tell."""
    llm = answerer.llm
    if not isinstance(llm, LikelihoodLlm):
        raise UsageError(f"perplexity: {llm.name} does not say how likely it holds a text; expected a local model")
    prompts: dict[str, Rendered] = {}

    def log_probabilities(case: Case, result: Result, text: str) -> Sequence[float]:
        if case.id not in prompts:
            prompts[case.id] = _prompt(answerer, case, result)
        return llm.log_probabilities(prompts[case.id].messages, text)

    return log_probabilities


def _prompt(answerer: Answerer, case: Case, result: Result) -> Rendered:
    if count_asked(case) > 1:
        raise StaleIndex("a turn of its conversation has no reply, and what was replied in the run is not kept")
    rendered = answerer.prompt(case.question, history=case.history)
    given, now = [passage.id for passage in result.passages], [hit.passage.id for hit in rendered.hits]
    if not given or now[: len(given)] != given[: len(now)]:
        raise StaleIndex("the index gives other passages now than the answer was made of: ask again")
    return rendered
