"""Counts of what is served, for Prometheus. Enters: requests and answers. Leaves: its text format."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from scoville.types import Answer


class Metrics:
    """The counts of one service."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter(
            "scoville_requests", "Requests, by what came of them.", labels, registry=self._registry
        )
        self._seconds = Histogram(
            "scoville_request_seconds", "From the request to the end of the reply.", ("route",), registry=self._registry
        )
        self._answers = Counter(
            "scoville_answers", "Answers; of refusals with the reason.", ("model", "reason"), registry=self._registry
        )
        self._answer_seconds = Histogram(
            "scoville_answer_seconds", "From the question to the whole answer.", ("model",), registry=self._registry
        )
        self._support = Histogram(
            "scoville_support", "How likely the passages answer a question.", ("model",), registry=self._registry,
            buckets=[tenth / 10 for tenth in range(1, 11)],
        )  # fmt: skip
        self._citations = Counter(
            "scoville_citations", "Citations, by whether the quote holds what is claimed.", ("model", "state"),
            registry=self._registry,
        )  # fmt: skip
        self._findings = Counter("scoville_guard_findings", "What guards found.", ("model",), registry=self._registry)
        self._feedback = Counter("scoville_feedback", "Judgements of answers.", ("rating",), registry=self._registry)
        self._tokens = Counter("scoville_tokens", "Tokens of replies.", ("model", "kind"), registry=self._registry)
        self._under_way = Gauge("scoville_under_way", "Requests in hand or waiting.", registry=self._registry)

    def served(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; ``route`` is the pattern, so that there are few."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def answered(self, model: str, answer: Answer) -> None:
        """Count an answer."""
        self._answers.labels(model, answer.reason or "").inc()
        self._answer_seconds.labels(model).observe(answer.total_seconds)
        if answer.probability is not None:
            self._support.labels(model).observe(answer.probability)
        for cited in answer.citations:
            self._citations.labels(model, cited.state).inc()
        self._findings.labels(model).inc(len(answer.findings))
        for kind, count in zip(("prompt", "completion"), usage_of(answer), strict=True):
            self._tokens.labels(model, kind).inc(count)

    def judged(self, rating: str) -> None:
        """Count a judgement of an answer."""
        self._feedback.labels(rating).inc()

    def text(self, under_way: int) -> bytes:
        """Give all counts, with how many requests are under way."""
        self._under_way.set(under_way)
        return generate_latest(self._registry)


def usage_of(answer: Answer) -> tuple[int, int]:
    """Count the tokens of prompts and of replies."""
    replies = [*answer.search_replies, *([answer.reply] if answer.reply else [])]
    return sum(one.prompt_tokens for one in replies), sum(one.completion_tokens for one in replies)
