"""A question becomes an Answer: search, prompt, model, grounding; or a refusal with its reason.

Enters: a question and the turns before it. Leaves: an Answer whose every citation was checked against its passage.
An answer that no passage supports is a refusal. Knows no files and no screens.
"""

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

from scoville.answer.declines import declines, repeats
from scoville.answer.grounding import MARKER, Grounded, ground
from scoville.answer.pointed import point, supported
from scoville.answer.write_prompt import SMALL_RUNTIMES, PromptWriter
from scoville.errors import EmptyIndex, ScovilleError
from scoville.guards import Guards
from scoville.index import Workspace
from scoville.llm import Generation, Llm, open_llm
from scoville.llm.reader import ReaderLlm
from scoville.prompt import Rendered
from scoville.recipe import Recipe
from scoville.search import Found, Searcher, check_question, open_searcher
from scoville.search.legs import Scope
from scoville.types import Answer, Citation, Finding, Hit, Message, RefusalReason, Reply, Stage

BLANK_LINE = "\n\n"
DEFAULT_EMBEDDER = "all-minilm-l6-v2"


BLOCKED = "I don't answer this: it looks like an attempt to change what I am told to do."
NOTHING = Found(hits=(), similarity=None, seconds=0.0, scope=Scope(count=0))


class Answerer:
    """Answers questions from one index with one model; several threads may ask at once."""

    def __init__(self, searcher: Searcher, llm: Llm, recipe: Recipe) -> None:
        self.searcher = searcher
        self.llm = llm
        self.recipe = recipe
        self._small = llm.runtime in SMALL_RUNTIMES
        self._write = PromptWriter(llm, searcher.embedder, recipe)
        self._guards = Guards(recipe.guards, searcher.embedder)

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Message] = (),
        where: Sequence[str] = (),
        groups: Sequence[str] | None = None,
        on_text: Callable[[str], None] | None = None,
        on_found: Callable[[Found], None] | None = None,
    ) -> Answer:
        """Answer a question.

        ``groups`` are the reader's: passages that have groups are found only by readers of one of them; None: no
        restriction. ``on_text`` is given the model's text as it comes, before it is checked; ``on_found`` what the
        search found.
        """
        clock = _Clock()
        question = check_question(question)
        with clock.stage("guard_question"):
            clock.findings += self._guards.check(question, clock.stage)
        if clock.findings:
            return self._answer(question, NOTHING, (), clock, reason="blocked")
        found = self.searcher.search(question, where=where, groups=groups, history=history, ask=self.think)
        with clock.stage("guard_passages"):
            hits, findings = self._guards.clean_hits(found.hits, clock.stage)
            found = replace(found, hits=hits)
            clock.findings += findings
        if on_found:
            on_found(found)
        refusal = self._refuse_early(found)
        if refusal:
            return self._answer(question, found, found.hits, clock, reason=refusal)
        if isinstance(self.llm, ReaderLlm):
            return self._point(self.llm, question, found, clock, on_text)
        settings = self.recipe.llm
        with clock.stage("prompt"):
            found, rendered = self._render(question, found, history)
        generation = Generation(
            max_tokens=settings.max_tokens,
            temperature=settings.temperature,
            top_p=settings.top_p,
            seed=settings.seed,
            stop=settings.stop if settings.stop is not None else (BLANK_LINE,) * self._small,
        )
        with clock.stage("generate"), self._guards.streaming(on_text) as write:
            reply = self.llm.generate(rendered.messages, generation, write)
        cut_off = reply.finish_reason == "length"
        if declines(reply.text) or not reply.text.strip():
            reason = "cut_off" if cut_off and not reply.text.strip() else "model_declined"
            return self._answer(question, found, rendered.hits, clock, reason=reason, reply=reply)
        with clock.stage("ground"):
            grounded = ground(reply.text, rendered.hits, self.recipe.answer.min_support, question)
        if not grounded.verified or repeats(reply.text, question):
            reason = "cut_off" if cut_off else "ungrounded"
            return self._answer(question, found, rendered.hits, clock, reason=reason, reply=reply)
        return self._answer(question, found, rendered.hits, clock, reply=reply, grounded=grounded)

    def _point(
        self, llm: ReaderLlm, question: str, found: Found, clock: "_Clock", on_text: Callable[[str], None] | None
    ) -> Answer:
        """Answer in words of the passages, or refuse where it is too unlikely that they hold an answer."""
        with clock.stage("generate"):
            started = time.perf_counter()
            pointed = point(found.question or question, found.hits, llm)
            words = sum(len(hit.passage.content.split()) for hit in found.hits)
            reply = llm.reply(pointed.text if pointed else "", words, time.perf_counter() - started)
        similarity = found.similarity if self.searcher.embedder.name.startswith(f"{DEFAULT_EMBEDDER}@") else None
        probability = supported(pointed.probability, similarity) if pointed else 0.0
        likely = pointed is not None and probability >= self.recipe.answer.min_probability
        if pointed and likely:
            with self._guards.streaming(on_text) as write:
                if write:
                    write(pointed.text)
        answer = self._answer(
            question,
            found,
            found.hits,
            clock,
            reason=None if likely else "model_declined",
            reply=reply,
            grounded=Grounded(text=pointed.text, citations=pointed.citations) if pointed and likely else None,
        )
        return replace(answer, probability=probability)

    def prompt(self, question: str, *, history: Sequence[Message] = ()) -> Rendered:
        """Write what ``ask`` would give the model, where it does not refuse before.

        Raises EmptyIndex where no passage is found.
        """
        found = self.searcher.search(check_question(question), history=history)
        if not found.hits:
            raise EmptyIndex("no passage is found, so that there is no prompt")
        return self._render(question, found, history)[1]

    def think(self, messages: Sequence[Message]) -> Reply:
        """Ask the model on behalf of the search: to rewrite a question, or to rank passages."""
        settings = self.recipe.llm
        return self.llm.generate(messages, Generation(max_tokens=settings.max_tokens, seed=settings.seed))

    def _render(self, question: str, found: Found, history: Sequence[Message]) -> tuple[Found, Rendered]:
        """Write the prompt; looking for the nearest sentences counts as searching."""
        started = time.perf_counter()
        rendered = self._write(question, found.hits, history, found.question)
        if self._write.shows_sentences:
            found = replace(found, seconds=found.seconds + time.perf_counter() - started)
        return found, rendered

    def _refuse_early(self, found: Found) -> RefusalReason | None:
        if not found.hits:
            return "no_documents"
        weak = found.similarity is not None and found.similarity < self.recipe.answer.min_similarity
        return "weak_evidence" if weak else None

    def _answer(
        self,
        question: str,
        found: Found,
        hits: tuple[Hit, ...],
        clock: "_Clock",
        *,
        reason: RefusalReason | None = None,
        reply: Reply | None = None,
        grounded: Grounded | None = None,
    ) -> Answer:
        text, citations = self.recipe.answer.refusal, ()
        if grounded:
            with clock.stage("guard_answer"):
                written = [grounded.text, *(citation.quote for citation in grounded.citations)]
                (text, *quotes), findings = self._guards.clean_answer(written, hits, clock.stage)
                clock.findings += findings
            citations = tuple(map(_quoting, grounded.citations, quotes))
        total = time.perf_counter() - clock.started
        return Answer(
            question=question,
            text=BLOCKED if reason == "blocked" else text,
            refused=grounded is None,
            reason=reason,
            citations=citations,
            hits=hits,
            reply=reply,
            similarity=found.similarity,
            searched=found.question,
            search_replies=tuple(asked.reply for asked in found.asked),
            search_seconds=found.seconds,
            first_token_seconds=total - reply.total_seconds + reply.first_token_seconds if reply else None,
            total_seconds=total,
            started_at=time.time() - total,
            stages=tuple(stage._replace(started=stage.started - clock.started) for stage in _stages(found, clock)),
            findings=tuple(clock.findings),
        )


class _Clock:
    """The stages of one question, as they pass."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.stages: list[Stage] = []
        """With ``started`` by ``time.perf_counter``."""
        self.findings: list[Finding] = []
        """Of guards."""

    @contextmanager
    def stage(self, name: str) -> Generator[None]:
        started, place = time.perf_counter(), len(self.stages)
        yield
        self.stages.insert(place, Stage(name, started, time.perf_counter() - started))  # before those within it


def _quoting(citation: Citation, quote: str) -> Citation:
    return replace(citation, quote=quote)


def _stages(found: Found, clock: _Clock) -> Iterator[Stage]:
    """Give the stages of the search, with what the model was asked within each step, and those after it."""
    started = min((step.started for step in found.steps), default=time.perf_counter())
    yield from (stage for stage in clock.stages if stage.started < started)
    if found.steps:
        ended = max(step.started + step.seconds for step in found.steps)
        yield Stage("search", started, ended - started)
    for step in found.steps:
        name = f"search/{step.name}"
        yield Stage(name, step.started, step.seconds, step.note)
        within = (asked for asked in found.asked if step.started <= asked.started <= step.started + step.seconds)
        yield from (Stage(f"{name}/generate", asked.started, asked.seconds) for asked in within)
    yield from (stage for stage in clock.stages if stage.started >= started)


def open_answerer(
    workspace: Workspace, recipe: Recipe, *, llm: Llm | None = None, load: bool = True
) -> Answerer:  # fmt: skip
    """Open the index and the model of a workspace; the model loads while the index opens and the first search runs.

    Without ``load`` it loads when it is first asked. ``llm`` is the model where it is open already.
    """
    model = llm or open_llm(recipe.llm)

    def load_model() -> None:
        with suppress(ScovilleError):  # said again when the first reply is asked for, which waits for the loading
            model.load()

    if load:
        threading.Thread(target=load_model).start()
    searcher = open_searcher(workspace, recipe, lambda messages: answerer.think(messages).text)
    answerer = Answerer(searcher, model, recipe)
    return answerer


def history_of(answers: Sequence[Answer]) -> list[Message]:
    """Write earlier answers as turns for the next question, without their markers."""
    turns: list[Message] = []
    for answer in answers:
        turns.append(Message(role="user", content=answer.question))
        turns.append(Message(role="assistant", content=MARKER.sub("", answer.text)))
    return turns
