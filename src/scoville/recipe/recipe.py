"""The recipe: every choice from reader to answer, with its default and what is valid.

Enters: values. Leaves: a validated :class:`Recipe`. Does not know what the choices do, nor where they are written down.
Secrets are never part of a recipe: they are read from the environment where they are used.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from scoville.recipe.agent import Agent
from scoville.recipe.automations import On, is_private
from scoville.recipe.guards import Guards
from scoville.recipe.memory import Memory
from scoville.recipe.model import Model, Named, PageModel, SpeechModel, WritingModel, provider_of
from scoville.recipe.observers import Cost, Evaluate, Judge, Sweep, Track, read_track
from scoville.recipe.prompt import Prompt
from scoville.recipe.schema import JsonSchema
from scoville.recipe.section import ANSWERS, INDEX, OPERATIONAL, PositiveInt, Section, deciding
from scoville.recipe.serve import Serve
from scoville.recipe.sources import Sources
from scoville.registry import Kind, has, plugged_in, unknown

FILE_NAME = "recipe.yaml"

BUCKETS = ("s3", "gs", "az")
"""The schemes of object storage."""
Share = Annotated[float, Field(ge=0, le=1)]
SPLIT_OPTIONS = {
    "overlap": ("fixed",), "overlap_sentences": ("sentence",), "parent_size": ("parent", "summary"),
    "buffer": ("semantic",), "percentile": ("semantic",), "summary_model": ("summary",),
}  # fmt: skip
"""Which ways of splitting take which options."""


def _known(kind: Kind) -> AfterValidator:
    """Refuse a name that is neither built in nor plugged in."""

    def check(name: str) -> str:
        if not has(kind, name):
            from pydantic_core import PydanticCustomError

            raise PydanticCustomError("unknown_name", "{reason}", {"reason": str(unknown(kind, name))})
        return name

    return AfterValidator(check)


def _always_or_never(value: Any) -> Any:
    return {True: "always", False: "never"}[value] if isinstance(value, bool) else value


class Read(Section):
    """How files become documents."""

    decides = INDEX
    max_megabytes: PositiveInt = 200
    """Larger files are refused, with their reason."""
    max_characters: PositiveInt = 50_000_000
    """Files with more text than this are refused, with their reason."""
    timeout_seconds: Annotated[PositiveInt, OPERATIONAL] = 300
    """The longest that one file may take; pages read by OCR or a model do not count, they have a limit each."""
    page_timeout_seconds: Annotated[PositiveInt, OPERATIONAL] = 60
    """The longest that a page may take; one that takes longer is left out with a warning."""
    processes: Annotated[int, Field(ge=0), OPERATIONAL] = 0
    """How many processes read pages side by side; 0 takes a process for each core."""
    ocr: Literal["auto", "always", "never"] = "auto"
    """Which PDF pages are read as pictures: those whose text layer is missing, broken or far less than what is
    drawn, all, or none. Pictures on pages, in documents, books and on slides are read where they are large enough to
    hold text, unless it is `never`."""
    ocr_engine: Literal["auto", "tesseract", "rapidocr"] = "auto"
    """`auto`: Tesseract where its language data is installed, else RapidOCR."""
    ocr_languages: Annotated[tuple[str, ...], Field(min_length=1)] = ("eng",)
    """For Tesseract: its codes, e.g. `[eng, deu]`."""
    scan_layout: Annotated[Literal["auto", "always", "never"], BeforeValidator(_always_or_never)] = "auto"
    """Whether two small models tell the headings, figures, captions and tables of pages that are pictures: 0.2 s a
    page for better tables and headings. `auto`: where they are in the cache (`scoville models pull scan-regions` and
    `scan-tables`). `always`: they are fetched when the first such page is read (14 MB)."""
    pdf: Named[PageModel] = PageModel(model="auto")
    """What reads PDFs. `auto`: geometry and OCR. `openai:MODEL`: a model that sees each page. `auto+openai:MODEL`:
    that model for the pages that geometry cannot read (flow charts, text over pictures), `auto` for the others.
    `docling`: docling, which you install with its models."""
    audio: Named[SpeechModel] | None = None
    """What writes down speech: `whisper-tiny-en` (English, on this machine), `path:FOLDER` with a Whisper model in
    CTranslate2's or OpenVINO's form, or `openai:MODEL`. CTranslate2's takes `pip install "scoville[audio]"`."""


class Split(Section):
    """How documents become passages. Sizes are tokens of the embedder."""

    decides = INDEX
    by: Annotated[str, _known("splitter")] = "section"
    """`section`: whole paragraphs, below the path of their headings. `parent`: the same, but the model is given the
    section of what was found. `summary`: a summary of each section is searched, the section is given to the model.
    `sentence`: whole sentences. `semantic`: cut where neighbouring sentences are least alike. `fixed`: windows. Or a
    way that a plugin adds."""
    size: Annotated[int, Field(ge=16, le=8192)] = 200
    """The most tokens of a passage; for `summary` of a section's summary."""
    overlap: Annotated[int, Field(ge=0)] = 0
    """Tokens that `fixed` repeats from the passage before."""
    overlap_sentences: Annotated[int, Field(ge=0, le=20)] = 0
    """Sentences that `sentence` repeats from the passage before, where they leave room for another."""
    parent_size: Annotated[int, Field(ge=16, le=32768)] = 600
    """For `parent` and `summary`: the most tokens of a section."""
    buffer: Annotated[int, Field(ge=0, le=10)] = 1
    """For `semantic`: how many sentences on either side are compared along with a sentence."""
    percentile: Annotated[float, Field(gt=0, lt=100)] = 95.0
    """For `semantic`: a passage ends where neighbours differ more than at this share of a document's places."""
    summary_model: Named[WritingModel] | None = None
    """For `summary`: what writes the summaries, named like `llm.model`; a name alone is asked where `llm` is. Default:
    no model; the most central sentences are taken."""
    tags: tuple[str, ...] = ()
    """Keys of a document's metadata that stand in the prefix of its passages, and are so searched and prompted."""

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        for option, ways in SPLIT_OPTIONS.items():
            if getattr(self, option) != Split.model_fields[option].default and self.by not in ways:
                raise ValueError(
                    f"{option}: only {_ways(ways)} takes it, and by is {self.by!r}; leave {option} out or change by"
                )
        if self.overlap >= self.size:
            raise ValueError(f"overlap: {self.overlap} must be smaller than size {self.size}")
        if self.by in SPLIT_OPTIONS["parent_size"] and self.parent_size < self.size:
            raise ValueError(f"parent_size: {self.parent_size} must not be smaller than size {self.size}")
        return self


class MetadataRule(Section):
    """One rule that gives a document keys and values."""

    match: Annotated[str, Field(min_length=1, max_length=1000)]
    """A Python regular expression, searched for; its named groups are the keys."""
    on: Literal["source", "text"] = "source"
    """What it is searched in: the document's path or URL, or its text."""

    @model_validator(mode="after")
    def _names_keys(self) -> Self:
        try:
            keys = re.compile(self.match).groupindex
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"match: {self.match!r} is no regular expression: {error}") from None
        if not keys:
            raise ValueError(f"match: {self.match!r} has no named group; write e.g. policies/(?P<year>\\d{{4}})/")
        return self


class Metadata(Section):
    """What is known of a document besides its text: searched with `--where`, and shown with `split.tags`."""

    decides = INDEX
    rules: tuple[MetadataRule, ...] = ()
    """Custom keys; a later rule beats an earlier one, and all beat what the file and its text say."""
    text: bool = True
    """Whether date, author, language and entities are sought in the text."""
    entities: Annotated[int, Field(ge=0, le=100)] = 10
    """The most names, amounts and identifiers to keep, each by frequency."""
    model: Named[WritingModel] | None = None
    """What is asked for author, date, subject and entities, named like `llm.model`; a name alone is asked where `llm`
    is. Default: no model."""


class Embed(Model):
    """What turns text into vectors."""

    decides = ANSWERS
    model: Annotated[str, INDEX] = "all-minilm-l6-v2"
    """A name from `scoville models`, `hf:ORG/NAME`, `path:FOLDER`, `openai:NAME`, `ollama:NAME`, `vllm:NAME` or
    `fake`."""
    threads: Annotated[int, Field(ge=0), OPERATIONAL] = 0
    """CPU threads; 0 takes all."""


class Index(Section):
    """Where passages are kept, and how they are searched."""

    decides = ANSWERS
    recall: Annotated[float, Field(ge=0.5, le=1)] = 0.97
    """What share of the ten nearest passages a vector index must find; 1 compares with every passage. Measured when it
    is built; below `exact_below` passages every search is exact."""
    exact_below: Annotated[int, Field(ge=0)] = 20_000
    """With fewer passages no vector index is built: all of 20,000 are compared in 25 ms, which an index does in 5."""
    url: Annotated[str | None, OPERATIONAL] = None
    """`postgres://USER@HOST/DATABASE` keeps the index there, without a password: that is read from
    `PGPASSWORD`; the variable `SCOVILLE_POSTGRES_URL` takes the place of the whole. `s3://BUCKET/PATH`, `gs://…` and
    `az://…` keep it in object storage, with the credentials of the environment. Default: in the workspace."""
    name: Annotated[Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,40}$")] | None, OPERATIONAL] = None
    """For an index in PostgreSQL: its schema there. Default: one made from the folder of the workspace."""

    @model_validator(mode="after")
    def _url_is_complete(self) -> Self:
        if self.url is None:
            if self.name is not None:
                raise ValueError("name: only an index in PostgreSQL has one; set url too, or leave name out")
            return self
        scheme, _, rest = self.url.partition("://")
        if scheme in BUCKETS:
            if self.name is not None:
                raise ValueError("name: only an index in PostgreSQL has one; leave it out")
            if not re.fullmatch(r"[\w.-]+(/[\w.=+-]+)*/?", rest, re.ASCII):
                raise ValueError(
                    f"url: expected {scheme}://BUCKET/PATH of letters, digits and . _ - = +; credentials are read from "
                    "the environment"
                )
            return self
        if scheme == "lance" or not has("index", scheme):
            others = "".join(f", {name}://..." for name in plugged_in("index"))
            raise ValueError(
                f"url: expected postgres://USER@HOST/DATABASE, s3://BUCKET/PATH, gs://..., az://...{others}, "
                f"got one that begins with {scheme[:20]!r}"
            )
        if ":" in rest.rpartition("@")[0] or re.search(r"[?&]password=", rest):
            raise ValueError("url: holds a password; leave it out and set PGPASSWORD or SCOVILLE_POSTGRES_URL")
        return self


class Search(Section):
    """How passages are found."""

    decides = ANSWERS
    passages: Annotated[int, Field(ge=1, le=100)] = 5
    """How many passages an answer is built from."""
    candidates: Annotated[int, Field(ge=1, le=1000)] = 50
    """How many passages each leg brings."""
    dense_weight: Annotated[float, Field(ge=0)] = 1.0
    """What the nearness of vectors counts; 0 leaves it out."""
    bm25_weight: Annotated[float, Field(ge=0)] = 1.0
    """What shared words count; 0 leaves it out."""
    graph_weight: Annotated[float, Field(ge=0)] = 0.0
    """Of the passages that name what the best of the other legs name."""
    fusion: Literal["rrf", "weighted"] = "weighted"
    """`rrf`: by the ranks of the legs. `weighted`: by their scores, the cosine as it is and the others' scaled to their
    best. Against `rrf` it is better on abstracts (SciFact nDCG@10 .75 and .73) and on reports that look alike, and the
    same on handbooks."""
    rrf_k: Annotated[int, Field(ge=1)] = 60
    """The constant of reciprocal rank fusion."""
    rerank: str = "none"
    """What reads the best candidates again: `none`; `llm`, the model of `llm`; or a cross-encoder, `path:FOLDER` or
    `hf:ORG/NAME`."""
    rerank_candidates: Annotated[int, Field(ge=1, le=200)] = 20
    """How many it reads; those behind keep their order."""
    rerank_weight: Share = 1.0
    """How much its score counts beside the one before it, both scaled to 0..1."""
    min_score: float | None = None
    """Leaves out what has a lower score in the last ranking: the reranker's own, or else the fused one."""
    max_overlap: Share = 0.9
    """Leaves out a passage that has more than this share of its runs of words in common with a better one; 1 keeps
    all."""
    mmr: Share = 1.0
    """Below 1 passages unlike those before them are preferred: the weight of relevance against novelty."""
    neighbours: Annotated[int, Field(ge=0, le=10)] = 0
    """How many passages before and after each that was found are given with it."""

    @model_validator(mode="after")
    def _legs_stand(self) -> Self:
        if self.dense_weight == 0 and self.bm25_weight == 0:
            raise ValueError("dense_weight, bm25_weight: both are 0, so nothing would be found; set one above 0")
        if self.passages > self.candidates:
            raise ValueError(f"passages: {self.passages} is more than candidates {self.candidates}")
        if self.rerank == "late":
            raise ValueError("rerank: late is no reranker any more: it found no better than none; take it out")
        provider = self.rerank.partition(":")[0]
        if self.rerank != "none" and (not has("reranker", provider) or self.rerank in ("path", "path:", "hf", "hf:")):
            others = [f", {name}" for name in plugged_in("reranker")]
            expected = f"none, llm{''.join(others)}, path:FOLDER or hf:ORG/NAME"
            raise ValueError(f"rerank: {self.rerank!r}; expected {expected}")
        return self


class Rewrite(Section):
    """What is made of a question before it is searched."""

    decides = ANSWERS
    standalone: Literal["none", "words", "model"] = "words"
    """How a question that leans on the conversation becomes one of its own: not; by the words of the two questions
    before it; or by the model of `llm`. Of 44 last questions of conversations on HR documents, those with words find
    their page among the first five always, those without in half; of 159 of MTRAG-UN nDCG@10 is .92 and .85."""
    phrasings: Annotated[int, Field(ge=0, le=5)] = 0
    """How many other phrasings the model writes; all are searched and what they find is fused."""
    parts: Annotated[int, Field(ge=0, le=5)] = 0
    """Into how many simpler questions at most the model takes a composite one apart; all are searched."""
    passage: bool = False
    """Whether the model writes a passage that could answer the question, and the dense leg looks for its like
    (HyDE)."""

    @property
    def asks_model(self) -> bool:
        """Whether a model is asked."""
        return self.standalone == "model" or bool(self.phrasings or self.parts or self.passage)


class Llm(WritingModel):
    """What writes the answer."""

    decides = ANSWERS
    model: str = "reader"
    """`reader` (points at the words of the documents that answer) or `reader:FOLDER`, a name from `scoville models` or
    of a model that was trained, `hf:ORG/NAME/FILE.gguf`, `path:FILE.gguf`, `openai:NAME`, `anthropic:NAME`,
    `ollama:NAME`, `vllm:NAME`, `quote` (no model: the nearest sentence) or `fake`."""
    threads: Annotated[int, Field(ge=0), OPERATIONAL] = 0
    """CPU threads of a local model; 0 takes all (llamacpp: all but one)."""
    context_tokens: Annotated[int, Field(ge=256)] | None = None
    """The context to use; default the model's own, at most 8192 for a local one."""
    max_tokens: PositiveInt = 192
    """The longest answer."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    """0 takes the likeliest token each time; above it tokens are drawn."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Above temperature 0 only the likeliest tokens are drawn from that together have this probability."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """For what is drawn: the same seed, the same answer."""
    stop: tuple[str, ...] | None = None
    """An answer ends before any of these. Default: for local models its first blank line, where small ones begin to
    ramble (a list may follow a colon), and for hosted ones nothing."""

    def for_model(self, other: WritingModel) -> "Llm":
        """Give these settings for another model; one that is only named is asked as this one is."""
        own = type(other)(model=other.model) != other or provider_of(other.model) != provider_of(self.model)
        taken = WritingModel.model_fields if own else ("model", "runtime")
        return self.model_copy(update={name: getattr(other, name) for name in taken})


class Answering(Section):
    """When to answer, and when to say "I don't know"."""

    decides = ANSWERS
    min_similarity: Annotated[float, Field(ge=-1, le=1)] = 0.3
    """Refuse without asking the model when no passage is at least this similar (cosine) to the question and no reader
    is sure."""
    min_support: Share = 0.5
    """The share of a sentence's content words that one passage must hold to be its evidence."""
    min_probability: Share = 0.4
    """Refuse when it is less likely that the passages answer the question: the best score of the reader and the best
    cosine make the probability. Hosted models decide for themselves, until there is a `max_error`."""
    max_error: Annotated[float, Field(gt=0, lt=1)] | None = None
    """The share of the answers that may be to questions which the documents do not answer: takes the place of
    `min_probability` by what `scoville calibrate` measured on your cases. Refused where they are too few to say."""
    json_schema: JsonSchema = None
    """Answers are JSON of this schema: `citations`, `fields`, the path of a JSON file, or a schema. The reader fills
    texts, numbers, dates and truth values; for lists and objects a model must write."""
    refusal: str = "I don't know: I found no answer in the documents."
    """What is said where nothing answers."""


class Recipe(Section):
    """Every choice from reader to answer."""

    version: Annotated[Literal[1], ANSWERS] = 1
    """Of the form of the recipe."""
    read: Read = Read()
    sources: Sources = Sources()
    metadata: Metadata = Metadata()
    split: Split = Split()
    embed: Embed = Embed()
    index: Index = Index()
    search: Search = Search()
    rewrite: Rewrite = Rewrite()
    prompt: Prompt = Prompt()
    llm: Llm = Llm()
    answer: Answering = Answering()
    agent: Agent = Agent()
    memory: Memory = Memory()
    guards: Guards = Guards()
    evaluate: Evaluate = Evaluate()
    judge: Judge = Judge()
    track: Annotated[Track, BeforeValidator(read_track)] = Track()
    cost: Cost = Cost()
    serve: Serve = Serve()
    on: On = On()
    sweep: Sweep = Sweep()

    @model_validator(mode="after")
    def _has_sources(self) -> Self:
        if self.on.source_changed and not self.sources.entries:
            raise ValueError("on.source_changed: the recipe names no sources, e.g. `sources: [{path: docs}]`")
        return self

    @model_validator(mode="after")
    def _webhook_may_be_told(self) -> Self:
        webhook = self.on.webhook
        if webhook and is_private(webhook.host) and webhook.host not in map(str.casefold, self.sources.private_hosts):
            raise ValueError(
                f"on.webhook.url: {webhook.host} is no public address; if it is yours, name it: "
                f"`sources.private_hosts: [{webhook.host}]`"
            )
        return self

    @property
    def hash(self) -> str:
        """Name the system that this recipe makes: 16 hex digits of the SHA-256 of what decides what it says."""
        return _digest(deciding(self, INDEX, ANSWERS))

    @property
    def build_hash(self) -> str:
        """Name the index: the hash of the choices that decide what is in it."""
        return _digest(deciding(self, INDEX))


def _digest(values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def _ways(ways: Sequence[str]) -> str:
    return " or ".join(f"`by: {way}`" for way in ways)
