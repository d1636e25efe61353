"""Stage 8: question → Answer with citations, or a refusal."""

from scoville.answer.answerer import Answerer, history_of, open_answerer
from scoville.answer.contract import answer_json, hit_json

__all__ = ["Answerer", "answer_json", "history_of", "hit_json", "open_answerer"]
