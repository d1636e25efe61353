"""A section that is longer than a passage gets a summary, which is searched in its place.

Enters: sections, and a model or the embedder. Leaves: a summary for each. Knows no documents and no models' names.
"""

from collections.abc import Callable, Iterator, Sequence

from scoville.at_once import in_order
from scoville.embed import Embedder
from scoville.split.draft import DraftPassage, Prefixes
from scoville.split.tokens import Span, TokenMap

Summarise = Callable[[str], str]
"""What a model makes of the text of a section; several threads may ask for it."""
ASKED_AT_ONCE = 8
"""Sections; a model that takes fewer at once lets the others wait."""


def write_summaries(
    drafts: Sequence[DraftPassage],
    tokens: TokenMap,
    prefixes: Prefixes,
    embedder: Embedder,
    size: int,
    summarise: Summarise | None,
) -> None:
    """Write the summary of each section that has more than ``size`` tokens, with its prefix.

    By ``summarise``; without it, and where it gives nothing, the sentences nearest to the mean of all, in their order.
    """
    rest: list[DraftPassage] = []
    long = [draft for draft in drafts if draft.tokens > size]
    texts = [f"{draft.prefix}\n{tokens.text[slice(*draft.span)]}".strip() for draft in long]
    summaries = in_order(summarise, texts, ASKED_AT_ONCE) if summarise else [""] * len(long)
    for draft, written in zip(long, summaries, strict=True):
        if written.strip():
            text = f"{prefixes.write(draft.headings)}\n{written.strip()}".strip()
            pieces = TokenMap(text, embedder).cut(Span(0, len(text)), size)
            draft.summary = text[: pieces[0].end]
        else:
            rest.append(draft)
    _extract(rest, tokens, prefixes, embedder, size)


def _extract(
    drafts: Sequence[DraftPassage], tokens: TokenMap, prefixes: Prefixes, embedder: Embedder, size: int
) -> None:
    heads = [prefixes.write(draft.headings) for draft in drafts]
    rooms = [size - prefixes.cost(head) for head in heads]
    sentences = [
        [piece for sentence in tokens.sentences(draft.span) for piece in tokens.cut(sentence, room)]
        for draft, room in zip(drafts, rooms, strict=True)
    ]
    vectors = embedder.embed([tokens.text[slice(*span)] for spans in sentences for span in spans])
    row = 0
    for draft, head, spans, room in zip(drafts, heads, sentences, rooms, strict=True):
        own = vectors[row : row + len(spans)]
        row += len(spans)
        ranked = [spans[number] for number in (-(own @ own.mean(axis=0))).argsort(kind="stable")]
        chosen = sorted(_first_that_fit(ranked, tokens, room))
        text = " ".join(" ".join(tokens.text[slice(*span)].split()) for span in chosen)
        draft.summary = f"{head}\n{text}".strip()


def _first_that_fit(spans: Sequence[Span], tokens: TokenMap, room: int) -> Iterator[Span]:
    for span in spans:
        cost = tokens.count(span)
        if cost <= room:
            room -= cost
            yield span
