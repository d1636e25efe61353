"""What follows from what guards find, by the place that they guard.

Enters: a question, hits, the text of an answer. Leaves: the same without what was found, and the findings. What stands
in a passage is replaced sign for sign, so that spans, quotes and boxes hold. Knows no index and no model.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

from scoville import recipe
from scoville.embed import Embedder
from scoville.guards.fold import fold
from scoville.guards.guard import Guard, Span, apart
from scoville.read.clean import UNSEEN
from scoville.registry import find
from scoville.types import Document, Finding, GuardedPlace, Hit, Passage

GONE, DOT, SHORT = "[…]", "•", 40
"""What stands in a passage in place of what was found: so many dots, or, where it is longer, a sign and blanks."""
SECRET = frozenset({"secrets", "personal"})
"""What is not told again by saying that it was found."""
QUOTABLE = frozenset({"toxicity"})
"""What may be said where it stands in a document: that one must not say it, mostly."""
Timed = Callable[[str], AbstractContextManager[Any]]
"""Takes the time of what is done within it, under a name."""


class Guards:
    """The guards of a recipe."""

    def __init__(self, settings: "recipe.Guards", embedder: Embedder) -> None:
        self._named = {place: _open(getattr(settings, place), embedder) for place in ("question", "passages", "answer")}

    def find(
        self, place: GuardedPlace, texts: Sequence[str], timed: Timed | None = None
    ) -> list[list[tuple[str, Span]]]:
        """Give for each text what the guards of a place find, with their names."""
        found: list[list[tuple[str, Span]]] = [[] for _ in texts]
        for name, guard in self._named[place].items():
            with (timed or _untimed)(f"guard_{place}/{name}"):
                for spans, more in zip(found, guard.find(texts), strict=True):
                    spans += [(name, span) for span in more]
        return found

    def check(self, question: str, timed: Timed | None = None) -> tuple[Finding, ...]:
        """Say what a question holds for which it is not to be answered."""
        return tuple(
            _finding("question", name, span, question) for name, span in self.find("question", [question], timed)[0]
        )

    def clean_hits(
        self, hits: Sequence[Hit], timed: Timed | None = None
    ) -> tuple[tuple[Hit, ...], tuple[Finding, ...]]:
        """Give hits without what no model is to read, in their texts, titles, headings and prefixes."""
        texts = list(dict.fromkeys(text for hit in hits for text in _texts(hit.passage)))
        found = {text: spans for text, spans in zip(texts, self.find("passages", texts, timed), strict=True) if spans}
        if not found:
            return tuple(hits), ()
        findings = [
            _finding("passages", name, span, text)._replace(
                document=hit.passage.source, page=_page(hit.passage, span, text)
            )
            for hit in hits
            for text in dict.fromkeys(_texts(hit.passage))
            for name, span in found.get(text, ())
        ]
        blank = {text: _blanked(text, [span for _, span in spans]) for text, spans in found.items()}
        return tuple(replace(hit, passage=_without(hit.passage, blank)) for hit in hits), tuple(dict.fromkeys(findings))

    def clean_document(self, document: Document) -> Document:
        """Give a document without what no model is to read."""
        return replace(document, text=self.clean_text(document.text), title=self.clean_text(document.title))

    def clean_text(self, text: str) -> str:
        """Give a text of a document without what no model is to read."""
        return _blanked(text, [span for _, span in self.find("passages", [text])[0]])

    def check_document(self, document: Document) -> Iterator[Finding]:
        """Say what of a document no model will be given: of its text, its title, its name, and what cannot be seen."""
        named = () if document.title in document.source else (document.title,)
        texts = (document.text, document.source, *named)
        for text, found in zip(texts, self.find("passages", texts), strict=True):
            for name, span in found:
                page = _page_of(document, span) if text == document.text else None
                yield _finding("passages", name, span, text)._replace(document=document.source, page=page)
        for warning in document.warnings:
            if unseen := UNSEEN.fullmatch(warning):
                yield Finding(
                    "passages", "read", "text that cannot be seen", unseen[2], document.source, int(unseen[1])
                )

    def clean_answer(
        self, texts: Sequence[str], hits: Sequence[Hit] = (), timed: Timed | None = None
    ) -> tuple[list[str], tuple[Finding, ...]]:
        """Give what a model wrote, and quotes, without what nobody is to read."""
        cleaned: list[str] = []
        findings: dict[Finding, None] = {}
        for text, spans in zip(texts, self._own(texts, hits, timed), strict=True):
            findings |= dict.fromkeys(_finding("answer", name, span, text) for name, span in spans)
            cleaned.append(_said(text, [span for _, span in spans]))
        return cleaned, tuple(findings)

    def _own(
        self, texts: Sequence[str], hits: Sequence[Hit], timed: Timed | None = None
    ) -> list[list[tuple[str, Span]]]:
        """Give what is found in answers, without what they may quote of hits."""
        return [
            [(name, span) for name, span in found if not _is_quoted(name, text[span.start : span.end], hits)]
            for text, found in zip(texts, self.find("answer", texts, timed), strict=True)
        ]

    @contextmanager
    def streaming(
        self, on_text: Callable[[str], None] | None, hits: Sequence[Hit] = ()
    ) -> Generator[Callable[[str], None] | None]:
        """Give what takes pieces of an answer, and passes them on word by word, without what nobody is to read."""
        if not on_text or not self._named["answer"]:
            yield on_text
            return
        whole, sent = "", 0

        def write(piece: str, *, ended: bool = False) -> None:
            """Pass on the words that are whole."""
            nonlocal whole, sent
            whole += piece
            cut = len(whole) if ended else max(whole.rfind(" "), whole.rfind("\n")) + 1
            for span in apart([span for _, span in self._own([whole], hits)[0]]):
                if sent < span.end and span.start < cut:
                    if sent <= span.start:  # else one that has grown
                        on_text(whole[sent : span.start] + _gone(span))
                    sent = span.end
            if sent < cut:
                on_text(whole[sent:cut])
                sent = cut

        yield write
        write("", ended=True)


def _open(names: Iterable[str], embedder: Embedder) -> dict[str, Guard]:
    opened: dict[str, Guard] = {}
    for name in names:
        kind, _, rest = name.partition(":")
        opened[name] = find("guard", kind)(rest, embedder)
    return opened


@contextmanager
def _untimed(name: str) -> Generator[None]:
    yield


def _texts(passage: Passage) -> tuple[str, ...]:
    return (passage.text, passage.prefix, passage.title, passage.summary, *passage.headings)


def _page(passage: Passage, span: Span, text: str) -> int | None:
    if text != passage.text:
        return passage.page
    boxes = passage.boxes(passage.start + span.start, passage.start + span.end)
    return boxes[0].page if boxes else passage.page


def _page_of(document: Document, span: Span) -> int | None:
    element = next((one for one in document.elements if span.start < one.end and one.start < span.end), None)
    regions = (one.box.page for one in element.regions if one.end > span.start) if element else iter(())
    return next(regions, element.page if element else None)


def _without(passage: Passage, blank: dict[str, str]) -> Passage:
    return replace(
        passage,
        text=blank.get(passage.text, passage.text),
        prefix=blank.get(passage.prefix, passage.prefix),
        title=blank.get(passage.title, passage.title),
        summary=blank.get(passage.summary, passage.summary),
        headings=tuple(blank.get(heading, heading) for heading in passage.headings),
    )


def _blanked(text: str, spans: Sequence[Span]) -> str:
    """Replace spans, each by as many characters."""
    for span in apart(spans):
        length = span.end - span.start
        text = text[: span.start] + (DOT * length if length <= SHORT else GONE.ljust(length)) + text[span.end :]
    return text


def _said(text: str, spans: Sequence[Span]) -> str:
    """Say in place of spans what is left out."""
    for span in reversed(apart(spans)):
        text = text[: span.start] + _gone(span) + text[span.end :]
    return text


def _gone(span: Span) -> str:
    return f"[{span.what} left out]"


def _is_quoted(name: str, words: str, hits: Sequence[Hit]) -> bool:
    return name in QUOTABLE and any(words in hit.passage.text for hit in hits)


def _finding(place: GuardedPlace, name: str, span: Span, text: str) -> Finding:
    words = text[span.start : span.end]
    words = words if words.replace("\n", " ").isprintable() else fold(words)[0]  # signs that nobody would see
    return Finding(place, name, span.what, f"{words[:3]}…" if name.partition(":")[0] in SECRET else words)
