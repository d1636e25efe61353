"""The values that flow from file to answer.

Everything here is a frozen value without behaviour beyond small derived properties. Nothing here knows where it is
stored or which library made it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from scoville.errors import UsageError
from scoville.html import Quoted, answer_html, citation_html, place

if TYPE_CHECKING:
    from PIL.Image import Image

ElementKind = Literal[
    "title", "heading", "paragraph", "list_item", "table", "code", "figure", "caption", "footnote", "form_field",
    "callout", "chart", "header", "footer",
]  # fmt: skip
Scalar = str | int | float | bool
Metadata = Mapping[str, Scalar]


class Box(NamedTuple):
    """A rectangle on a page, in PDF points (1/72 inch), origin at the top left."""

    page: int
    """Page number, counted from 1."""
    x0: float
    y0: float
    x1: float
    y1: float


class Region(NamedTuple):
    """Where the characters ``[start, end)`` of a document's text stand on a page (one line of print, usually)."""

    start: int
    end: int
    box: Box


class Merged(NamedTuple):
    """A table's cell that takes several places.

    ``rows`` repeats its text in each row it takes, and along a header row in each column, so that a row can be
    understood alone.
    """

    row: int
    """From 0, header rows counted."""
    column: int
    rows: int
    """How many rows it takes."""
    columns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Element:
    """One typed piece of a document; ``document.text[start:end]`` is its text."""

    kind: ElementKind
    start: int
    end: int
    page: int | None = None
    """First page it stands on, from 1; None where the format has no pages."""
    level: int | None = None
    """Heading level from 1, or nesting depth of a list item."""
    headings: tuple[str, ...] = ()
    """The path of headings above it, outermost first; a heading does not contain itself."""
    regions: tuple[Region, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    """A table's cells, header rows first."""
    row_spans: tuple[tuple[int, int], ...] = ()
    """For each row of a table, its span in the document's text."""
    header_rows: int = 0
    merged: tuple[Merged, ...] = ()
    """A table's cells that take more than one place."""
    anchor: str | None = None
    """Where it stands in formats without pages: an HTML id, ``paragraph 12``, ``Sheet1!A2:C9``, ``0:03:20``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """What was read from one file or URL.

    ``text`` holds the texts of all elements in reading order, joined by blank lines; every span in the document and
    in its passages counts characters of this text.
    """

    id: str
    """SHA-256 of the file's bytes."""
    source: str
    """The path relative to the workspace, absolute where it lies outside the project (`Workspace.source_of`); or the
    URL."""
    media_type: str
    """What the content is, e.g. ``application/pdf``, whatever the name says."""
    title: str
    text: str
    elements: tuple[Element, ...]
    pages: int = 0
    """Number of pages; 0 where the format has none."""
    metadata: Metadata = field(default_factory=dict[str, Scalar])
    warnings: tuple[str, ...] = ()
    """What could not be read, e.g. ``page 3: no text (an image?)``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """A part of a document that can be found and cited: ``document.text[start:end] == text``."""

    id: str
    """Hash of source, document id, span and prefix."""
    source: str
    document_id: str
    title: str
    media_type: str
    start: int
    end: int
    text: str
    prefix: str = ""
    """What a reader needs to understand it: the heading path, a cut table's header. Embedded and prompted with it."""
    headings: tuple[str, ...] = ()
    page: int | None = None
    anchor: str | None = None
    """Where it begins in formats without pages, as its first element says."""
    anchors: tuple[tuple[int, str], ...] = ()
    """Where later elements begin in the document, and what they say of their place."""
    regions: tuple[Region, ...] = ()
    tokens: int = 0
    """Tokens of prefix and text, by the embedder's tokenizer, without special tokens."""
    metadata: Metadata = field(default_factory=dict[str, Scalar])
    number: int = 0
    """Its place among the passages of its document, from 0."""
    joint: str = ""
    """The document's characters between the passage before and this one, so that neighbours join to one slice."""
    section: str = ""
    """Neighbouring passages with the same section are parts of one; empty where sections do not matter."""
    summary: str = ""
    """What is embedded and indexed in place of ``content``, where there is one."""
    language: str = ""
    """ISO 639-1 code of the text's language; empty where it could not be told."""
    groups: tuple[str, ...] = ()
    """Who may read it; empty: everyone."""

    @property
    def content(self) -> str:
        """Prefix and text: what is put into the prompt and, without a summary, embedded and indexed."""
        return f"{self.prefix}\n{self.text}" if self.prefix else self.text

    @property
    def searched(self) -> str:
        """What is embedded and indexed."""
        return self.summary or self.content

    def anchor_at(self, place: int) -> str | None:
        """Say where a place of the document stands, in formats without pages."""
        return next((anchor for start, anchor in reversed(self.anchors) if start <= place), self.anchor)

    def boxes(self, start: int | None = None, end: int | None = None) -> tuple[Box, ...]:
        """Give the boxes of the document span ``[start, end)``, by default the whole passage's."""
        first = self.start if start is None else start
        last = self.end if end is None else end
        return tuple(region.box for region in self.regions if region.start < last and region.end > first)


class Leg(NamedTuple):
    """How one way of searching ranked a passage."""

    rank: int
    """From 1."""
    score: float
    """Cosine similarity for ``dense``, BM25 for ``bm25``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A passage that was found, with its fused score and the legs that found it."""

    passage: Passage
    score: float
    legs: Mapping[str, Leg]


Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


FinishReason = Literal["stop", "length", "content_filter"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What a model wrote, and what it took."""

    text: str
    model: str
    runtime: str
    """The backend that ran it: ``openvino``, ``llamacpp``, ``openai``, ``fake``."""
    prompt_tokens: int
    completion_tokens: int
    first_token_seconds: float
    total_seconds: float
    cost_usd: float | None = 0.0
    """None when the price of a hosted model is not known."""
    finish_reason: FinishReason = "stop"
    messages: tuple[Message, ...] = field(default=(), compare=False, repr=False)
    """What the model was given, for the trace; empty where nobody noted it."""


CitationMethod = Literal["model", "aligned"]
CitationState = Literal["supported", "unchecked", "unsupported"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Citation:
    """The evidence for one marker of an answer."""

    marker: int
    """The n of ``[n]`` in the answer: the number of the passage, from 1."""
    passage_id: str | None
    """None when the model cited a passage that it was not given."""
    document: str | None
    page: int | None
    boxes: tuple[Box, ...]
    quote: str
    state: CitationState
    """``supported``: the quote holds all that the sentence claims; ``unchecked``: it stands in the passage, holds much
    of the sentence and says nothing else, but not every word could be checked; ``unsupported``: neither."""
    reason: str = ""
    """What speaks against it: a key of ``html.DOUBTS``."""
    anchor: str | None = None
    """Where the quote stands in formats without pages: ``Sheet1!A2:C9``, ``0:03:20``."""
    method: CitationMethod
    """``model``: the model wrote the marker; ``aligned``: found by matching the sentence with the passages."""
    pointer: str = ""
    """Of a structured answer: the value that it is the evidence for, as a JSON pointer: ``/price``."""
    opener: Callable[["Citation"], Any] | None = field(default=None, compare=False, repr=False)
    """Draws its page: of answers that a Bot gave. No part of what a citation says, nor of its JSON."""

    @property
    def verified(self) -> bool:
        """Whether it is supported."""
        return self.state == "supported"

    @property
    def quoted(self) -> Quoted:
        """What a notebook shows of it."""
        return Quoted(self.marker, self.document, place(self.page, self.anchor), self.quote, self.state, self.reason)

    def image(self) -> "Image":
        """Give the page as a picture (PIL) with the quote boxed; UsageError where it cannot be drawn."""
        if self.opener is None:
            raise UsageError("this citation does not know where its document is; ask a Bot: scoville.open(...).ask")
        return self.opener(self)

    def _repr_html_(self) -> str:
        return citation_html(self.quoted)


RefusalReason = Literal[
    "no_documents", "weak_evidence", "low_support", "model_declined", "ungrounded", "cut_off", "conflict",
    "false_premise", "underspecified", "blocked",
]  # fmt: skip
"""Which part of the system refused."""


RefusalKind = Literal[
    "nothing_found", "out_of_scope", "not_permitted", "not_answered", "conflict", "false_premise", "underspecified",
    "blocked",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """What a refusal means to who asked, and what the documents do say."""

    reason: RefusalKind
    """``nothing_found``: no passage at all. ``out_of_scope``: none is about the question. ``not_permitted``: none of
    either kind that the reader may read. ``not_answered``: some are, and none answers. ``conflict``: documents say
    different things. ``false_premise``: they say other than the question supposes. ``underspecified``: the answer
    depends on what the question leaves open."""
    citations: tuple[Citation, ...] = ()
    """What comes closest; of documents that disagree each, the newest first, as far as their dates are known."""
    choices: tuple[str, ...] = ()
    """Of an underspecified question: what it may be about."""


GuardedPlace = Literal["question", "passages", "answer"]


class Finding(NamedTuple):
    """What a guard found."""

    place: GuardedPlace
    """In what: a question is refused, passages and answers lose the words."""
    guard: str
    """As the recipe names it."""
    what: str
    """In words."""
    text: str
    """The words that were found."""
    document: str | None = None
    """That the passage is of."""
    page: int | None = None


class Stage(NamedTuple):
    """One stage of an answer: what was done, and when."""

    name: str
    """``search``, ``prompt``, ``generate``, ``ground``, and for guards ``guard_question``, ``guard_passages`` and
    ``guard_answer``; what is done within another follows it after a slash: ``search/dense``,
    ``guard_passages/injection``."""
    started: float
    """Seconds after the question."""
    seconds: float
    note: str = ""
    """As in the steps of a search."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer with its citations, or a refusal with its reason."""

    question: str
    text: str
    refused: bool
    reason: RefusalReason | None
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    """The passages in the order of their numbers in the prompt."""
    left_out: tuple[str, ...] = field(default=(), kw_only=True)
    """The sentences of the reply that no passage supports."""
    ranking: tuple[Hit, ...] = field(default=(), kw_only=True)
    """What the search found, deeper than what was given: for measuring it; empty outside of evaluations."""
    reply: Reply | None
    """None when the question was refused before a model was asked."""
    similarity: float | None = None
    """The best cosine similarity of any passage to the question; None without the dense leg."""
    searched: str = field(default="", kw_only=True)
    """What was searched: the question, or the one of its own that was made of a question which leans on the
    conversation; empty where that is not known."""
    probability: float | None = None
    """That the passages answer the question, of ``signals``; None where no reader was asked."""
    signals: Mapping[str, float] = field(default_factory=dict[str, float], kw_only=True)
    """What the probability was made of, by name (`scoville.answer.support`)."""
    refusal: Refusal | None = field(default=None, kw_only=True)
    """What a refusal means; None of an answer."""
    search_replies: tuple[Reply, ...] = field(default=(), kw_only=True)
    """What the model wrote to rewrite the question and to rank passages."""
    step_replies: tuple[Reply, ...] = field(default=(), kw_only=True)
    """What it wrote before its reply: the steps of the prompt, JSON that was no answer."""
    data: Any = field(default=None, kw_only=True)
    """Of a structured answer: what its JSON says, or an instance of the class that was asked for."""
    search_seconds: float
    first_token_seconds: float | None
    """From the question to the model's first token; None when no model was asked."""
    total_seconds: float
    started_at: float = 0.0
    """When it was asked, in Unix time."""
    stages: tuple[Stage, ...] = ()
    """What was done, and when; one that holds others stands before them."""
    findings: tuple[Finding, ...] = ()
    """What guards found in the question, in passages and in what the model wrote."""
    notes: tuple[str, ...] = field(default=(), kw_only=True)
    """What is to be known of how it was made: languages that a model does not know."""
    golden: str = field(default="", kw_only=True)
    """The case whose answer this is, which a person has checked; empty where a model answered."""

    @property
    def replies(self) -> tuple[Reply, ...]:
        """All that the model wrote, in its order."""
        return (*self.search_replies, *self.step_replies, *((self.reply,) if self.reply else ()))

    @property
    def asks_back(self) -> bool:
        """Whether it asks which of some things is meant: the next question may name it alone."""
        return self.refusal is not None and bool(self.refusal.choices)

    @property
    def withheld(self) -> str:
        """What the model wrote that is no part of the answer: no passage supports it, or the model declined."""
        if self.refused:
            return self.reply.text if self.reply else ""
        return "\n".join(self.left_out)

    @property
    def steps(self) -> tuple[str, ...]:
        """The questions that it was taken apart into, with their answers, and what was calculated; mostly none.

        What was tried and led to nothing stands in ``stages`` alone: the answer does not rest on it.
        """
        if not any(stage.name == "calculate" for stage in self.stages):
            return ()
        return tuple(stage.note for stage in self.stages if stage.name.startswith(("hop", "calculate")) and stage.note)

    def __str__(self) -> str:
        """Give the text."""
        return self.text

    def __repr__(self) -> str:
        """Give the text, and how it came about, in a line: all fields would fill a screen."""
        end = f"refused: {self.reason}" if self.refused else f"{len(self.citations)} citations"
        return f"<Answer {self.text!r} ({end}, {self.total_seconds:.2f} s)>"

    def _repr_html_(self) -> str:
        reason = (self.reason or self.text) if self.refused else None
        cited = self.refusal.citations if self.refusal else self.citations
        return answer_html(self.text, reason, [one.quoted for one in cited])


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """Where the answer of a case stands."""

    document: str
    """As the index names it, or the end of that: a file's name is enough."""
    page: int | None = None
    quote: str = ""

    def is_in(self, document: str) -> bool:
        """Say whether a document of an index is the one meant: by its whole name, or the end of it behind a slash.

        The index may be another than the one that the case was made on, its workspace in another place beside the
        documents, or of a version that named what lies outside the workspace by its whole path.
        """
        found, wanted = _comparable(document), _comparable(self.document)
        if found == wanted or found.endswith(f"/{wanted}"):
            return True
        return wanted.startswith("/") and "/" in found and wanted.endswith(f"/{found}")


def _comparable(document: str) -> str:
    name = document.replace("\\", "/").casefold()
    while name.startswith("../"):
        name = name[3:]
    return name


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A question with what is known of its answer."""

    id: str
    question: str
    history: tuple[Message, ...] = ()
    expected: tuple[str, ...] = ()
    """Answers of which each is right; empty where only the evidence, or only that there is none, is known."""
    facts: tuple[str, ...] = ()
    """What a right answer must say, point by point, whichever expected answer it is like."""
    evidence: tuple[Evidence, ...] = ()
    answerable: bool = True
    """False: the right answer is a refusal."""
    tags: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    """Of a multiple-choice question; ``expected`` then holds the letter, from A."""
    split: str = ""
    """``train``, ``dev`` or ``test``; empty where the cases were never divided."""
    where: str = ""
    """A filter that holds while this case is asked: what it keeps out, no answer may rest on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """What one metric says of one answer."""

    metric: str
    value: float | None
    """None: unscored, for the reason given. Never NaN or infinite, and always a float, whatever kind of number it was
    given as."""
    reason: str = ""
    version: int = 1
    """Of the metric: values of different versions are never compared."""
    judge: str = ""
    """The model that judged; empty where none did."""
    rounds: tuple[float, ...] = ()
    """What it said each time, where it was asked more than once: ``value`` is their mean."""

    def __post_init__(self) -> None:
        """Refuse a value that could not be averaged, and a missing one without a reason."""
        if self.value is not None and not isfinite(self.value):
            raise ValueError(f"{self.metric}: {self.value} is no score; give None and the reason")
        if self.value is not None:
            object.__setattr__(self, "value", float(self.value))
        if self.value is None and not self.reason:
            raise ValueError(f"{self.metric}: an unscored answer needs a reason")
