"""The reader as a model: it points at words of the passages and writes none of its own.

Enters: messages, or, from the stage of answering, a question and texts (``read``). Leaves: the words that answer, or a
refusal. Words count as tokens.
"""

import time
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from scoville import recipe
from scoville.errors import UsageError
from scoville.llm.fake import CONTEXT_TOKENS
from scoville.llm.protocol import Generation, OnText
from scoville.prompt import DECLINE, split_focus
from scoville.types import Message, Reply

if TYPE_CHECKING:
    from scoville.extract import Reader, Span

SHIPPED = Path(__file__).parents[1] / "extract" / "weights"
LIKELY = 0.5


class ReaderLlm:
    """Reads passages; the folder is that of `scoville train reader`."""

    runtime = "reader"
    context_tokens = CONTEXT_TOKENS

    def __init__(self, name: str, folder: Path, threads: int = 0) -> None:
        self.name = name
        self.folder = folder
        self.threads = threads

    @cached_property
    def _reader(self) -> "Reader":
        from scoville.extract import open_reader

        return open_reader(self.folder, self.threads)

    def read(self, question: str, texts: Sequence[str]) -> "list[Span]":
        """Give the spans of texts that may answer, the likeliest first."""
        return self._reader.read(question, texts)

    def windows(self, question: str, texts: Sequence[str]) -> Iterator[tuple[str, str, int]]:
        """Give the parts of what the network sees: the question, and windows of the texts; with their tokens."""
        return self._reader.windows(question, texts)

    def generate(self, messages: Sequence[Message], generation: Generation, on_text: OnText | None = None) -> Reply:
        """Reply to a prompt of `style: sentences` with the words in it that answer; UsageError for other tasks."""
        started = time.perf_counter()
        lines, question = split_focus(messages)
        if not lines:
            raise UsageError(
                f"llm.model: {self.name} points at words of documents and writes none; for this name a model that "
                "writes, such as smollm2-135m-instruct, ollama:NAME or openai:NAME"
            )
        text = "\n".join(lines)
        best = next(iter(self.read(question, [text])), None)
        reply = text[best.start : best.end] if best and best.probability >= LIKELY else DECLINE
        if on_text:
            on_text(reply)
        seconds = time.perf_counter() - started
        return self.reply(reply, self.count_tokens(messages), seconds)

    def reply(self, text: str, prompt_tokens: int, seconds: float) -> Reply:
        """Write what was read as a reply."""
        return Reply(
            text=text,
            model=self.name,
            runtime=self.runtime,
            prompt_tokens=prompt_tokens,
            completion_tokens=len(text.split()),
            first_token_seconds=seconds,
            total_seconds=seconds,
        )

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Count words."""
        return sum(len(message.content.split()) for message in messages)

    def load(self) -> None:
        """Compile the network."""
        self._reader.load()

    def close(self) -> None:
        """Let the network go; it opens again when it is used."""
        self.__dict__.pop("_reader", None)


def open_reader(name: str, settings: recipe.Llm) -> ReaderLlm:
    """Open ``llm.model: reader``, the one that comes with Scoville, or ``reader:FOLDER``."""
    return ReaderLlm(settings.model, reader_folder(settings.model), settings.threads)


@cache
def shipped_reader(threads: int) -> ReaderLlm:
    """Give the reader that comes with Scoville, the same one to all that ask."""
    return ReaderLlm("reader", SHIPPED, threads)


def reader_folder(reference: str) -> Path:
    """Say where the reader lies that ``reader`` or ``reader:FOLDER`` names."""
    folder = reference.partition(":")[2]
    return Path(folder).expanduser() if folder else SHIPPED
