"""The systems of the case study: the same model, asked in other ways, with other texts.

Enters: a recipe, what its systems share. Leaves: systems that `scoville.comparison` asks. Knows no cases and no scores.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scoville.answer.declines import declines
from scoville.comparison.stages import SharedStages
from scoville.evaluate.system import System
from scoville.index import Index
from scoville.llm import Generation, Llm
from scoville.llm.gguf import read_metadata
from scoville.llm.openvino import OpenVINOLlm
from scoville.models import locate_model
from scoville.prompt import render_prompt
from scoville.recipe import Llm as LlmSettings
from scoville.recipe import Prompt, Recipe
from scoville.recipe.file import with_values
from scoville.search import Searcher
from scoville.types import Answer, Box, Case, Hit, Message, Passage, Region

NO_TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
"""The message as it is: nothing tells the model that it is spoken to."""
STOP = ("\n\n",)
"""As in the default recipe: small models begin to ramble at the first blank line."""
QUESTION_TOKENS = 160
"""What the longest question of the set may take of a context."""

Find = Callable[[Case], tuple[Sequence[Hit], float | None, float]]
"""Gives the passages for a case, how similar the best is, and the seconds that took."""
Write = Callable[[str, Sequence[Hit]], Sequence[Message]]


@dataclass
class Unchecked:
    """Finds passages, writes a prompt and takes the reply as it is: no citations, no check against the passages."""

    concurrency = 1
    name: str
    llm: Llm
    find: Find
    write: Write
    max_tokens: int = 192

    def describe(self) -> Mapping[str, Any]:
        """Say what it is; the prompt counts, so that a changed one is asked again."""
        prompt = repr((self.name, self.llm.name, self.max_tokens, self.write("?", ())))
        digest = hashlib.sha256(prompt.encode()).hexdigest()[:16]
        return {"kind": "unchecked", "recipe_hash": digest, "models": {"llm": self.llm.name}}

    def ask(self, case: Case) -> Answer:
        """Answer a case; what a reply says in the first sentence decides whether it is a refusal."""
        hits, similarity, seconds = self.find(case)
        started = time.perf_counter()
        reply = self.llm.generate(
            self.write(case.question, hits), Generation(max_tokens=self.max_tokens, stop=STOP)
        )  # fmt: skip
        total = seconds + time.perf_counter() - started
        refused = not reply.text.strip() or declines(reply.text)
        return Answer(
            question=case.question, text=reply.text, refused=refused, reason="model_declined" if refused else None,
            citations=(), hits=tuple(hits), reply=reply, similarity=similarity, search_seconds=seconds,
            first_token_seconds=total - reply.total_seconds + reply.first_token_seconds, total_seconds=total,
        )  # fmt: skip


def open_systems(stages: SharedStages, recipe: Recipe, document_tokens: int) -> list[System]:
    """Open the systems, in the order of the story."""
    passages = with_values(recipe, {"prompt.style": "passages"})
    searcher, llm = stages.searcher(passages), stages.llm(recipe.llm)
    found, document = in_passages(searcher, llm, recipe.prompt), in_document(searcher, llm, document_tokens)
    grounded = grounded_prompt(llm, recipe.prompt)
    checked, default = stages.system(passages), stages.system(recipe)
    checked.name, default.name = "grounded prompt, checked", "Scoville's default"
    return [
        Unchecked("base-like prompt", open_without_template(recipe.llm), found, completion_prompt),
        Unchecked("bare prompt", llm, found, bare_prompt),
        Unchecked("grounded prompt", llm, found, grounded),
        checked,
        default,
        Unchecked(
            f"grounded prompt, {document_tokens:,} tokens of the document", llm, document,
            grounded_prompt(llm, recipe.prompt.model_copy(update={"context_tokens": llm.context_tokens})),
        ),
    ]  # fmt: skip


def open_without_template(settings: LlmSettings) -> Llm:
    """Open the model without its chat template, to complete a text as a base model does."""
    files = locate_model(settings.model, kind="llm")
    metadata = read_metadata(files.weights)
    plain = replace(metadata.template, source=NO_TEMPLATE)
    return OpenVINOLlm(settings, files, replace(metadata, template=plain))


def completion_prompt(question: str, hits: Sequence[Hit]) -> Sequence[Message]:
    """Write a text that an answer would continue; no instructions, no turns."""
    texts = "\n\n".join(hit.passage.content for hit in hits)
    return (Message(role="user", content=f"{texts}\n\nQuestion: {question}\nAnswer:"),)


def bare_prompt(question: str, hits: Sequence[Hit]) -> Sequence[Message]:
    """Write one turn with the passages and the question; no instructions."""
    texts = "\n\n".join(hit.passage.content for hit in hits)
    return (Message(role="user", content=f"{texts}\n\n{question}"),)


def grounded_prompt(llm: Llm, settings: Prompt) -> Write:
    """Give what writes Scoville's prompt for passages: numbered, with instructions to cite, and to decline."""

    def write(question: str, hits: Sequence[Hit]) -> Sequence[Message]:
        return render_prompt(
            question, hits, settings, count_tokens=llm.count_tokens, room=llm.context_tokens - QUESTION_TOKENS
        ).messages

    return write


def in_passages(searcher: Searcher, llm: Llm, settings: Prompt) -> Find:
    """Give what finds the passages that the grounded prompt has room for: all systems get the same."""

    def find(case: Case) -> tuple[Sequence[Hit], float | None, float]:
        found = searcher.search(case.question)
        room = llm.context_tokens - QUESTION_TOKENS
        rendered = render_prompt(case.question, found.hits, settings, count_tokens=llm.count_tokens, room=room)
        return rendered.hits, found.similarity, found.seconds

    return find


def in_document(searcher: Searcher, llm: Llm, tokens: int) -> Find:
    """Give what finds the right document, as much of its beginning as fits; of an unanswerable case the nearest.

    Which document is right is told, not found: no whole document could be searched for in less.
    """
    cut: dict[str, Hit] = {}

    def find(case: Case) -> tuple[Sequence[Hit], float | None, float]:
        found = searcher.search(case.question)
        name = case.evidence[0].document if case.evidence else found.hits[0].passage.source
        if name not in cut:
            whole = Hit(passage=whole_document(searcher.index, name), score=1.0, legs={})
            settings = Prompt(context_tokens=tokens)
            rendered = render_prompt("", [whole], settings, count_tokens=llm.count_tokens, room=llm.context_tokens)
            cut[name] = rendered.hits[0]
        return [cut[name]], found.similarity, 0.0

    return find


def whole_document(index: Index, name: str) -> Passage:
    """Join the passages of a document to one, which keeps one place for each page."""
    source = next(one for one in sorted(index.documents()) if one == name or one.endswith(f"/{name}"))
    passages = index.neighbours(source, 0, index.documents()[source].passages)
    first = passages[0]
    text = first.text + "".join(one.joint + one.text for one in passages[1:])
    regions: dict[int, Region] = {}
    for region in (region for one in passages for region in one.regions):
        page = region.box.page
        regions.setdefault(page, Region(region.start, region.end, Box(page, 0, 0, 0, 0)))
    return replace(
        first, id=f"whole {source}", start=first.start, end=first.start + len(text), text=text, prefix="",
        headings=(), regions=tuple(regions.values()), number=0, section="", summary="",
    )  # fmt: skip
