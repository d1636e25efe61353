"""A question becomes an Answer: search, prompt, model, grounding; or a refusal with its reason.

Enters: a question and the turns before it. Leaves: an Answer whose every citation was checked against its passage.
An answer that no passage supports is a refusal. Knows no files and no screens.
"""

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from scoville.answer.abroad import nearest_support
from scoville.answer.calibration import calibration_of
from scoville.answer.declines import declines, repeats
from scoville.answer.doubt import find_doubt, nearest
from scoville.answer.fields import fill
from scoville.answer.golden import golden_answer, looked_for
from scoville.answer.grounding import MARKER, Grounded
from scoville.answer.pointed import Pointed, point
from scoville.answer.shots import Shots
from scoville.answer.structured import IN_WORDS, Shape, open_shape, read_json
from scoville.answer.support import Calibration, Support, is_default, is_readable, languages_of, read_hits, support_of
from scoville.answer.unbroken import unbroken
from scoville.answer.write_prompt import SMALL_RUNTIMES, PromptWriter
from scoville.answer.writing import Writing, Written, noted
from scoville.answer.yes_no import opposed
from scoville.embed import Embedder
from scoville.errors import EmptyIndex, ScovilleError
from scoville.guards import Guards
from scoville.index import Workspace
from scoville.llm import Generation, Llm, open_llm
from scoville.llm.reader import ReaderLlm, shipped_reader
from scoville.models.languages import unknown_to
from scoville.prompt import Rendered
from scoville.recipe import Recipe
from scoville.search import Found, Searcher, check_question, open_searcher
from scoville.search.legs import Scope
from scoville.sentences import content_words
from scoville.types import (
    Answer,
    Case,
    Citation,
    Finding,
    Hit,
    Message,
    Passage,
    Refusal,
    RefusalKind,
    RefusalReason,
    Reply,
    Stage,
)  # fmt: skip

CHECKED = "this answer was checked by a person"
NAMES_NOTHING = "What is it about? The question names nothing."
UNREAD_RUNTIMES = ("fake", "quote")
"""Of models beside which the shipped reader does not say how likely the passages answer."""


NEARLY = 0.5
"""What a reader points at is shown as close from this part of the threshold on. Of 13 questions that people put, read
and refused wrongly, 10 show the answer so, 7 by the line that shares most words alone."""
BLOCKED = "I don't answer this: it looks like an attempt to change what I am told to do."
NOTHING = Found(hits=(), similarity=None, seconds=0.0, scope=Scope(count=0))


class Answerer:
    """Answers questions from one index with one model; several threads may ask at once."""

    def __init__(
        self, searcher: Searcher, llm: Llm, recipe: Recipe, calibration: Calibration | None = None,
        shots: Shots | None = None,
    ) -> None:  # fmt: skip
        """``calibration`` is by default the shipped one, with ``answer.min_probability`` as its threshold; ``shots``
        gives the examples that are chosen for a question.
        """
        self.searcher = searcher
        self.shots = shots
        self.llm = llm
        self.recipe = recipe
        self.calibration = calibration or Calibration.shipped(searcher.embedder.name, recipe.answer.min_probability)
        self._reader = llm if isinstance(llm, ReaderLlm) else shipped_reader(recipe.llm.threads)
        self._small = llm.runtime in SMALL_RUNTIMES
        implied = "citations" if recipe.prompt.template in ("json", "citations") else None
        schema = recipe.answer.json_schema or implied
        self.shape = open_shape(schema) if schema else None
        self.writing = Writing(llm, PromptWriter(llm, searcher.embedder, recipe, shots), recipe)
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
        shape: Shape | None = None,
        golden: Sequence[Case] = (),
    ) -> Answer:
        """Answer a question, in the form of ``shape``, by default the recipe's; for one the question may be empty.

        ``groups`` are the reader's: passages that have groups are found only by readers of one of them; None: no
        restriction. What one of the ``golden`` cases asks is answered as that says, if its evidence is still there.
        ``on_text`` is given the model's text as it comes, before it is checked; ``on_found`` what the
        search found.
        """
        shape = self.shape if shape is None else shape if shape.schema else None
        if shape and isinstance(self.llm, ReaderLlm):
            return self._cleaned(fill(shape, question, lambda one, only: self.ask(
                one, history=history, where=[*where, *only], groups=groups, on_found=on_found, shape=IN_WORDS
            )))  # fmt: skip
        clock = _Clock()
        asks = bool(question) or shape is None
        question = check_question(question if shape is None else question or shape.title)
        with clock.stage("guard_question"):
            clock.findings += self._guards.check(question, clock.stage)
        if clock.findings:
            return self._answer(
                question, NOTHING, (), clock, said=_Refused("blocked", Refusal(reason="blocked"), BLOCKED)
            )
        found = self.find(question, where=where, groups=groups, history=history, clock=clock)
        found = self._with_opposite(found, question, clock)
        if on_found:
            on_found(found)
        if told := self._golden(question, golden if shape is None else (), found, clock):
            return told
        if refused := self._refuse_early(question, found):
            return self._answer(question, found, found.hits, clock, said=refused)
        if isinstance(self.llm, ReaderLlm) and not self._knows(question, found):
            return self._quote(self.llm, question, found, clock, on_text)
        support = self._read(question, found, clock) if asks and self._is_read(question, found) else None
        if refused := self._refuse_read(question, found, support):
            return self._answer(question, found, found.hits, clock, said=refused, support=support)
        if support and isinstance(self.llm, ReaderLlm):
            return self._point(self.llm, question, found, support, clock, on_text)
        with unbroken(on_text) as whole, self._guards.streaming(whole, found.hits) as write:
            written = self.writing.write(question, found, history, shape, clock.stage, write)
        found, hits, reply = written.found, written.rendered.hits, written.reply
        clock.replies += written.before
        said = self._check(question, written, clock)
        answer = self._answer(question, found, hits, clock, said=said, reply=reply, support=support)
        if shape and isinstance(said, Grounded):
            return replace(answer, data=_data(answer.text, said.text, written.data))
        return answer

    def _check(self, question: str, written: Written, clock: "_Clock") -> "Grounded | _Refused":
        """Give what passages support of a reply, or why that is nothing."""
        found, reply = written.found, written.reply
        cut_off = reply.finish_reason == "length"
        if declines(reply.text) or not reply.text.strip():
            reason = "cut_off" if cut_off and not reply.text.strip() else "model_declined"
            return _unanswered(reason, question, found)
        with clock.stage("ground"):
            read = self._reader.read if self._is_read(question, found) else None
            grounded = written.ground(question, self.recipe.answer.min_support, read)
        if not grounded.found or repeats(reply.text, question):
            return _unanswered("cut_off" if cut_off else "ungrounded", question, found)
        return grounded

    def _golden(self, question: str, cases: Sequence[Case], found: Found, clock: "_Clock") -> Answer | None:
        """Answer as a person said that it is right, where what that rests on is still there for who asks."""

        def find(case: Case) -> list[Passage]:
            if found.scope.where:  # what a filter keeps out is not looked for behind its back
                return []
            return looked_for(case, lambda quote: self.searcher.search(quote, groups=found.scope.groups).hits)

        first = [hit.passage for hit in (*found.hits, *found.pool)] if cases else []
        told = golden_answer(found.question or question, cases, find, first)
        if told is None:
            return None
        hits = tuple(Hit(passage=passage, score=1.0, legs={}) for passage in told.passages)
        said = Grounded(text=told.text, citations=told.citations)
        answer = self._answer(question, found, hits, clock, said=said)
        return replace(answer, golden=told.case.id, notes=(*answer.notes, CHECKED))

    def _knows(self, question: str, found: Found) -> bool:
        """Say whether the reader knows the languages of the question and of what was found."""
        return is_readable(found.question or question, found.hits, self._reader.name)

    def _unknown(self, question: str, found: Found) -> tuple[str, ...]:
        """Say which languages the models do not know, where most of what was found is not in English."""
        if self._knows(question, found):
            return ()
        languages = languages_of(found.question or question, found.hits)
        return unknown_to(self.searcher.embedder.name.partition("@")[0], self.llm.name, languages)

    def _is_read(self, question: str, found: Found) -> bool:
        """Say whether it can be told how likely the passages answer.

        Beside a model that writes, the shipped reader shares the words of the default embedder, and the languages that
        it reads; a calibration says what it is worth elsewhere.
        """
        if isinstance(self.llm, ReaderLlm) or self.calibration.own:
            return True
        beside = self.llm.runtime not in UNREAD_RUNTIMES and is_default(self.searcher.embedder.name)
        return beside and self._knows(question, found)

    def _read(self, question: str, found: Found, clock: "_Clock") -> Support:
        """Say how likely the passages answer."""
        if not self._knows(question, found):
            return self._nearest(question, found, clock)[0]
        with clock.stage("generate" if self._reader is self.llm else "read"):
            asked = found.question or question
            return support_of(asked, found.hits, found.similarity, self._reader, self.calibration)

    def _nearest(self, question: str, found: Found, clock: "_Clock") -> tuple[Support, Pointed | None]:
        """Find the sentence nearest to a question in a language that the reader does not know."""
        with clock.stage("nearest"):
            asked, embedder = found.question or question, self.searcher.embedder
            return nearest_support(asked, found.hits, found.similarity, embedder, self.calibration)

    def _point(
        self, llm: ReaderLlm, question: str, found: Found, support: Support, clock: "_Clock",
        on_text: Callable[[str], None] | None,
    ) -> Answer:  # fmt: skip
        """Answer in words of the passages, or refuse where it is too unlikely that they hold an answer."""
        pointed = point(found.question or question, found.hits, support.spans)
        return self._show(llm, question, found, support, pointed, clock, on_text)

    def _quote(
        self, llm: ReaderLlm, question: str, found: Found, clock: "_Clock", on_text: Callable[[str], None] | None
    ) -> Answer:
        """Answer with the sentence nearest to the question, or refuse where it is too unlikely that it answers."""
        support, nearest_one = self._nearest(question, found, clock)
        return self._show(llm, question, found, support, nearest_one, clock, on_text)

    def _show(
        self, llm: ReaderLlm, question: str, found: Found, support: Support, pointed: Pointed | None, clock: "_Clock",
        on_text: Callable[[str], None] | None,
    ) -> Answer:  # fmt: skip
        """Show what was pointed at, or refuse."""
        words = sum(len(hit.passage.content.split()) for hit in found.hits)
        reply = llm.reply(pointed.text if pointed else "", words, clock.stages[-1].seconds)
        given = (found.question or question, *(hit.passage.content for hit in found.hits))
        reply = replace(reply, messages=tuple(Message(role="user", content=one) for one in given))
        likely = pointed is not None and support.probability >= self.calibration.threshold
        if pointed and likely:
            with self._guards.streaming(on_text, found.hits) as write:
                if write:
                    write(pointed.text)
        answered = Grounded(text=pointed.text, citations=pointed.citations) if pointed and likely else None
        nearly = pointed is not None and support.probability >= NEARLY * self.calibration.threshold
        near = pointed.citations[:1] if pointed and nearly else ()
        said = answered or _unanswered("model_declined", question, found, near)
        return self._answer(question, found, found.hits, clock, said=said, reply=reply, support=support)

    def support(
        self, question: str, *, history: Sequence[Message] = (), where: Sequence[str] = ()
    ) -> Support | None:  # fmt: skip
        """Say how likely the documents answer, without answering; None where they are refused before they are read."""
        clock = _Clock()
        found = self.find(check_question(question), where=where, history=history, clock=clock)
        return None if self._refuse_early(question, found) else self._read(question, found, clock)

    def _cleaned(self, answer: Answer) -> Answer:
        """Give a form that was filled without what guards keep back: its values come straight from the passages."""
        written = [answer.text, *(citation.quote for citation in answer.citations)]
        (text, *quotes), found = self._guards.clean_answer(written, answer.hits, _Clock().stage)
        if answer.refused or not found:
            return answer
        citations = tuple(map(_quoting, answer.citations, quotes))
        data = _data(text, answer.text, answer.data)
        return replace(answer, text=text, data=data, citations=citations, findings=(*answer.findings, *found))

    def prompt(self, question: str, *, history: Sequence[Message] = ()) -> Rendered:
        """Write what ``ask`` would give the model, where it does not refuse before.

        Raises EmptyIndex where no passage is found.
        """
        found = self.find(check_question(question), history=history)
        if not found.hits:
            raise EmptyIndex("no passage is found, so that there is no prompt")
        return self.writing.prompts(question, found.hits, history, found.question)

    def think(self, messages: Sequence[Message]) -> Reply:
        """Ask the model on behalf of the search: to rewrite a question, or to rank passages."""
        settings = self.recipe.llm
        return noted(self.llm, messages, Generation(max_tokens=settings.max_tokens, seed=settings.seed))

    def find(
        self, question: str, *, where: Sequence[str] = (), groups: Sequence[str] | None = None,
        history: Sequence[Message] = (), clock: "_Clock | None" = None,
    ) -> Found:  # fmt: skip
        """Find passages, without what guards keep from models."""
        clock = clock or _Clock()
        found = self.searcher.search(question, where=where, groups=groups, history=history, ask=self.think)
        with clock.stage("guard_passages"):
            hits, findings = self._guards.clean_hits(found.hits, clock.stage)
        clock.findings += findings
        return replace(found, hits=hits)

    def _with_opposite(self, found: Found, question: str, clock: "_Clock") -> Found:
        """Add what was found less near and says no where another passage says yes, or yes where it says no."""
        given = {found.origins.get(hit.passage.id, hit.passage.id) for hit in found.hits}
        others = [hit for hit in found.pool if hit.passage.id not in given]
        both = opposed(found.question or question, [*found.hits, *others])
        added = [others[one.hit - len(found.hits)] for one in both or () if one.hit >= len(found.hits)]
        hits, findings = self._guards.clean_hits(added, clock.stage) if added else ((), ())
        clock.findings += findings
        return replace(found, hits=(*found.hits, *hits))

    def _refuse_early(self, question: str, found: Found) -> "_Refused | None":
        """Refuse what asks for nothing, and that for which nothing is found."""
        if not content_words(found.question or question):
            return _Refused("underspecified", Refusal(reason="underspecified"), NAMES_NOTHING)
        if found.hits:
            return None
        why = f"{self.recipe.answer.refusal} ({'; '.join(found.notes)})" if found.scope.where else ""
        return _Refused("no_documents", Refusal(reason=_far(found)), why)

    def _refuse_read(self, question: str, found: Found, support: Support | None) -> "_Refused | None":
        """Refuse what no passage is near to, unless a reader is sure; what was read and has no one answer; and what a
        small model would only make up.
        """
        likely = support is not None and support.probability >= self.calibration.threshold
        far = found.similarity is not None and found.similarity < self.recipe.answer.min_similarity
        if far and not likely and self._knows(question, found):  # in other languages a cosine says less
            return _Refused("weak_evidence", Refusal(reason=_far(found)))
        if support is None:
            return None
        asked = found.question or question
        read = partial(read_hits, hits=found.hits, reader=self._reader)
        if doubt := find_doubt(asked, found.hits, support.spans, read, likely=likely):
            return _Refused(doubt.reason, doubt.refusal, doubt.text)
        gated = self._small or self.recipe.answer.max_error is not None
        if likely or not gated or isinstance(self.llm, ReaderLlm):  # what a reader points at is shown as withheld
            return None
        return _unanswered("low_support", question, found)

    def _answer(
        self,
        question: str,
        found: Found,
        hits: tuple[Hit, ...],
        clock: "_Clock",
        *,
        said: "Grounded | _Refused",
        support: Support | None = None,
        reply: Reply | None = None,
    ) -> Answer:
        text, citations = said.text or self.recipe.answer.refusal, said.citations
        refused = said if isinstance(said, _Refused) else None
        if citations:
            with clock.stage("guard_answer"):
                written = [text, *(citation.quote for citation in citations)]
                (text, *quotes), findings = self._guards.clean_answer(written, hits, clock.stage)
                clock.findings += findings
            citations = tuple(map(_quoting, citations, quotes))
        total = time.perf_counter() - clock.started
        return Answer(
            question=question,
            text=text,
            refused=refused is not None,
            reason=refused.reason if refused else None,
            refusal=replace(refused.refusal, citations=citations) if refused else None,
            citations=() if refused else citations,
            left_out=said.left_out if isinstance(said, Grounded) else (),
            hits=hits,
            reply=reply,
            similarity=found.similarity,
            searched=found.question,
            probability=support.probability if support else None,
            signals=support.signals._asdict() if support else {},
            search_replies=tuple(asked.reply for asked in found.asked),
            step_replies=tuple(clock.replies),
            search_seconds=found.seconds,
            first_token_seconds=total - reply.total_seconds + reply.first_token_seconds if reply else None,
            total_seconds=total,
            started_at=time.time() - total,
            stages=tuple(stage._replace(started=stage.started - clock.started) for stage in _stages(found, clock)),
            findings=tuple(clock.findings),
            notes=self._unknown(question, found),
        )


def _far(found: Found) -> RefusalKind:
    """Say what it means that nothing found is near to the question.

    A reader with groups is always told the same, whether or not others may read more: what is kept from them must leave
    no trace.
    """
    if found.scope.groups is not None:
        return "not_permitted"
    return "out_of_scope" if found.hits else "nothing_found"


def _unanswered(
    reason: RefusalReason, question: str, found: Found, pointed: tuple[Citation, ...] = ()
) -> "_Refused":  # fmt: skip
    """Refuse what no passage answers, with what comes closest: the line that shares most words with the question, at
    least one, and what a reader pointed at.
    """
    if closest := nearest(found.question or question, found.hits):
        closest += tuple(one for one in pointed if one.quote not in closest[0].quote)
    return _Refused(reason, Refusal(reason="not_answered" if closest else _far(found), citations=closest))


class _Refused(NamedTuple):
    """Why there is no answer."""

    reason: RefusalReason
    refusal: Refusal
    text: str = ""
    """What is said; empty for the words of the recipe."""

    @property
    def citations(self) -> tuple[Citation, ...]:
        return self.refusal.citations


class _Clock:
    """The stages of one question, as they pass."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.stages: list[Stage] = []
        """With ``started`` by ``time.perf_counter``."""
        self.findings: list[Finding] = []
        """Of guards."""
        self.replies: list[Reply] = []
        """Those before the last."""

    @contextmanager
    def stage(self, name: str) -> Generator[None]:
        started, place = time.perf_counter(), len(self.stages)
        yield
        self.stages.insert(place, Stage(name, started, time.perf_counter() - started))  # before those within it


def _data(text: str, before: str, data: Any) -> Any:
    """Give the data of a structured answer: what its JSON says where a guard took something out of it."""
    return data if text == before else read_json(text)


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
    workspace: Workspace, recipe: Recipe, *, llm: Llm | None = None, load: bool = True,
    cases: Callable[[], Sequence[Case]] = tuple, embedder: Embedder | None = None,
) -> Answerer:  # fmt: skip
    """Open the index and the model of a workspace; the model loads while the index opens and the first search runs.

    Without ``load`` it loads when it is first asked. ``llm`` and ``embedder`` are the models where they are open
    already; ``cases`` gives those that examples are chosen of.
    """
    model = llm or open_llm(recipe.llm)

    def load_model() -> None:
        # Said again when the first reply is asked for, which waits for the loading. A process that ends meanwhile, as
        # something else is wrong, lets no thread begin other work.
        with suppress(ScovilleError, RuntimeError):
            model.load()

    if load:
        threading.Thread(target=load_model).start()
    searcher = open_searcher(
        workspace, recipe, lambda messages: answerer.think(messages).text, embedder=embedder
    )  # fmt: skip
    calibration = calibration_of(workspace, recipe, searcher.embedder.name)
    answerer = Answerer(searcher, model, recipe, calibration, Shots(cases, searcher.embedder))
    return answerer


def history_of(answers: Sequence[Answer]) -> list[Message]:
    """Write earlier answers as turns for the next question, without their markers."""
    turns: list[Message] = []
    for answer in answers:
        turns.append(Message(role="user", content=answer.question))
        turns.append(Message(role="assistant", content=MARKER.sub("", answer.text)))
    return turns
