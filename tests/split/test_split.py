import random
import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conftest import quickest
from scoville.embed import Embedder, open_embedder
from scoville.embed.fake import FakeEmbedder
from scoville.embed.protocol import TokenSpan
from scoville.read.assemble import ParsedFile, assemble
from scoville.read.assemble import Piece as Read
from scoville.recipe import Embed, Split
from scoville.split import join_passages, split_document
from scoville.split.tokens import CHARACTERS_PER_TOKEN, Span, TokenMap
from scoville.types import Box, Document, Element, ElementKind, Passage, Region

FURNITURE = ("header", "footer")


# Documents


class Piece(NamedTuple):
    """One element before it has a place; a table has rows instead of a text."""

    kind: ElementKind
    text: str = ""
    level: int = 1
    rows: tuple[tuple[str, ...], ...] = ()
    header_rows: int = 0


def heading(text: str, level: int = 1) -> Piece:
    return Piece("heading", text, level)


def paragraph(text: str) -> Piece:
    return Piece("paragraph", text)


def table(*rows: Sequence[str], header_rows: int = 1) -> Piece:
    return Piece("table", rows=tuple(tuple(row) for row in rows), header_rows=header_rows)


def document(*pieces: Piece, title: str = "Handbook", source: str = "handbook.md") -> Document:
    """Join pieces as the readers do: blank lines between them, page headers and footers last, rows in lines."""
    elements: list[Element] = []
    texts: list[str] = []
    above: list[tuple[int, str]] = []
    offset = 0
    for piece in sorted(pieces, key=lambda piece: piece.kind in FURNITURE):
        lines = [f"| {' | '.join(row)} |" for row in piece.rows]
        text = "\n".join(lines) if lines else piece.text
        if piece.kind == "heading":
            above = [one for one in above if one[0] < piece.level]
        spans: list[tuple[int, int]] = []
        for line in lines:
            start = spans[-1][1] + 1 if spans else offset
            spans.append((start, start + len(line)))
        elements.append(
            Element(
                kind=piece.kind, start=offset, end=offset + len(text), level=piece.level, rows=piece.rows,
                headings=tuple(name for _, name in above), row_spans=tuple(spans), header_rows=piece.header_rows,
            )
        )  # fmt: skip
        if piece.kind == "heading":
            above.append((piece.level, " ".join(text.split())))
        texts.append(text)
        offset += len(text) + 2
    return Document(
        id="0" * 64, source=source, media_type="text/markdown", title=title, text="\n\n".join(texts),
        elements=tuple(elements),
    )  # fmt: skip


def lined(document: Document, lines: int = 3) -> Document:
    """Give every element regions, as many lines of print as asked, on pages of ten elements."""
    elements: list[Element] = []
    for number, element in enumerate(document.elements):
        step = max(1, (element.end - element.start) // lines)
        regions = tuple(
            Region(start, min(start + step, element.end), Box(number // 10 + 1, 0, start, 100, start + 1))
            for start in range(element.start, element.end, step)
        )
        elements.append(replace(element, page=number // 10 + 1, regions=regions))
    return replace(document, elements=tuple(elements))


def split(document: Document, embedder: Embedder | None = None, **keys: Any) -> list[Passage]:
    return split_document(document, Split(**keys), embedder or FakeEmbedder())


WAYS: dict[str, dict[str, Any]] = {
    "section": {},
    "parent": {"parent_size": 120},
    "summary": {"parent_size": 120},
    "sentence": {"overlap_sentences": 1},
    "semantic": {"percentile": 60.0},
    "fixed": {},
}


def split_by(way: str, document: Document, embedder: str, size: int) -> list[Passage]:
    return split(document, EMBEDDERS[embedder], by=way, size=size, **WAYS[way])


def tokens(embedder: Embedder, text: str) -> int:
    return len(embedder.token_spans([text])[0])


class PieceEmbedder(FakeEmbedder):
    """Tokens of a subword tokenizer that knows few words, drops control signs and accents, and splits CJK."""

    def __init__(self, max_tokens: int = 8192) -> None:
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

        self.max_tokens = max_tokens
        words = ["[UNK]", "the", "##the", "cover", "##ed", "##er", *"abcdefghijklmnopqrstuvwxyz0123456789.,!?|:-中文"]
        vocabulary = dict.fromkeys([*words, *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz0123456789")])
        self.tokenizer = Tokenizer(
            models.WordPiece({word: number for number, word in enumerate(vocabulary)}, unk_token="[UNK]")
        )
        self.tokenizer.normalizer = normalizers.BertNormalizer()
        self.tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()

    def token_spans(self, texts: Sequence[str]) -> list[list[TokenSpan]]:
        encodings = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [[TokenSpan(*span) for span in encoding.offsets] for encoding in encodings]


EMBEDDERS = {"words": FakeEmbedder(), "pieces": PieceEmbedder()}

# Words are shorter than 24 characters: longer ones count by their characters, which has a test of its own.
WORDS = st.sampled_from(
    (
        'the a cover covered policy limit £750 claim (see 3.2) "no" don\'t e.g. Änderung naïve e\u0301te\u0301 - | ** '
        "中文保险。理赔 שלום مرحبا นโยบาย 😀 👩\u200d👩\u200d👧 x\u200by z\u00adz 1,250.00 a.b.c antidisestablishment"
    ).split(" ")
)
SENTENCES = st.builds(
    lambda words, end: " ".join(words) + end,
    st.lists(WORDS, min_size=1, max_size=14),
    st.sampled_from([".", "!", "?", '."', ".)", "。", "", ":", "\n", ".\n"]),
)
TEXTS = st.lists(SENTENCES, min_size=1, max_size=8).map(" ".join).map(str.strip)
CELLS = st.lists(WORDS, max_size=4).map(" ".join)


@st.composite
def tables(draw: st.DrawFn) -> Piece:
    columns = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(CELLS, min_size=columns, max_size=columns), min_size=1, max_size=10))
    return table(*rows, header_rows=draw(st.integers(0, min(2, len(rows)))))


HEADINGS = st.builds(
    lambda words, level: heading(" ".join(words), level), st.lists(WORDS, min_size=1, max_size=6), st.integers(1, 4)
)
KINDS = st.sampled_from(["paragraph", "paragraph", "list_item", "code", "title", "footnote", "header", "footer"])
PIECES = st.one_of(st.builds(lambda kind, text: Piece(kind, text), KINDS, TEXTS), HEADINGS, tables())
DOCUMENTS = st.builds(
    lambda pieces, title: lined(document(*pieces, title=title)),
    st.lists(PIECES, max_size=12),
    st.sampled_from(["", "T"]),
)
SIZES = st.integers(16, 90)
EMBEDDER = st.sampled_from(list(EMBEDDERS))
WAY = st.sampled_from(list(WAYS))
LAW = settings(max_examples=40, deadline=None, derandomize=True, database=None)


def body_of(document: Document) -> list[Element]:
    return [element for element in document.elements if element.kind not in FURNITURE]


def line(document: Document, element: Element) -> str:
    return " ".join(document.text[element.start : element.end].split())


# Laws of all ways


@given(document=DOCUMENTS, size=SIZES, by=WAY, embedder=EMBEDDER)
@LAW
def test_every_passage_is_a_slice_of_its_document(document: Document, size: int, by: str, embedder: str):
    passages = split_by(by, document, embedder, size)
    for passage in passages:
        assert document.text[passage.start : passage.end] == passage.text
        assert passage.text.strip()
        assert passage.text == passage.text.rstrip()
        assert (passage.source, passage.document_id) == (document.source, document.id)
        for region in passage.regions:
            assert region.start < passage.end and region.end > passage.start
        assert passage.page == (passage.regions[0].box.page if passage.regions else None)
    assert len({passage.id for passage in passages}) == len(passages)
    assert [passage.start for passage in passages] == sorted(passage.start for passage in passages)


@given(document=DOCUMENTS, size=SIZES, by=WAY, embedder=EMBEDDER)
@LAW
def test_a_passage_has_all_the_regions_of_its_text(document: Document, size: int, by: str, embedder: str):
    regions = [region for element in document.elements for region in element.regions]
    for passage in split_by(by, document, embedder, size):
        expected = [region for region in regions if region.start < passage.end and region.end > passage.start]
        assert list(passage.regions) == expected


@given(document=DOCUMENTS, size=SIZES, by=WAY, embedder=EMBEDDER)
@LAW
def test_every_character_of_the_body_is_found_and_none_of_headers_and_footers(
    document: Document, size: int, by: str, embedder: str
):
    passages = split_by(by, document, embedder, size)
    inside = bytearray(len(document.text))
    for passage in passages:
        inside[passage.start : passage.end] = b"\1" * (passage.end - passage.start)
    for element in document.elements:
        for place in range(element.start, element.end):
            if document.text[place].isspace():
                continue
            if element.kind in FURNITURE:
                assert not inside[place]
            else:
                assert inside[place] or stands_in_a_prefix(document, element, place, passages), element


def stands_in_a_prefix(document: Document, element: Element, place: int, passages: Sequence[Passage]) -> bool:
    """A heading may stand in the prefix of what it heads, and so may the header of a table."""
    if element.kind == "heading":
        return any(line(document, element) in passage.prefix for passage in passages)
    if element.kind == "table" and element.header_rows:
        header = document.text[element.start : element.row_spans[element.header_rows - 1][1]]
        cut = [passage for passage in passages if element.start < passage.start < element.end]
        in_header = place < element.start + len(header)
        return in_header and bool(cut) and all(header in passage.prefix for passage in cut)
    return False


@given(document=DOCUMENTS, size=SIZES, by=WAY, embedder=EMBEDDER)
@LAW
def test_no_passage_has_more_tokens_than_asked(document: Document, size: int, by: str, embedder: str):
    """A word cut in two may give one token more."""
    for passage in split_by(by, document, embedder, size):
        assert tokens(EMBEDDERS[embedder], passage.searched) <= size + 2
        assert tokens(EMBEDDERS[embedder], passage.content) <= (120 if by == "summary" else size) + 2
        assert abs(tokens(EMBEDDERS[embedder], passage.content) - passage.tokens) <= 2


@given(document=DOCUMENTS, size=SIZES, by=WAY)
@LAW
def test_splitting_twice_gives_the_same(document: Document, size: int, by: str):
    assert split_by(by, document, "words", size) == split_by(by, document, "words", size)


@given(document=DOCUMENTS, size=SIZES, by=WAY, embedder=EMBEDDER)
@LAW
def test_passages_are_numbered_and_join_to_one_slice(document: Document, size: int, by: str, embedder: str):
    passages = split_by(by, document, embedder, size)
    assert [passage.number for passage in passages] == list(range(len(passages)))
    if passages:
        joined = join_passages(passages)
        assert (joined.start, joined.end) == (passages[0].start, max(passage.end for passage in passages))
        assert joined.text == document.text[joined.start : joined.end]
        held = [region for passage in passages for region in passage.regions]
        assert list(joined.regions) == sorted(set(held), key=lambda region: region[:2])


@given(document=DOCUMENTS, size=SIZES, embedder=EMBEDDER)
@LAW
def test_sections_are_neighbours_of_bounded_size(document: Document, size: int, embedder: str):
    passages = split_by("parent", document, embedder, size)
    names = [passage.section for passage in passages]
    assert all(names)
    changes = sum(before != after for before, after in zip(names, names[1:], strict=False))
    assert changes + 1 == len(set(names)) or not names
    for name in set(names):
        section = join_passages([passage for passage in passages if passage.section == name])
        assert tokens(EMBEDDERS[embedder], section.content) <= 120 + 2


# By section


@given(document=DOCUMENTS, size=SIZES, embedder=EMBEDDER)
@LAW
def test_passages_do_not_overlap(document: Document, size: int, embedder: str):
    passages = split(document, EMBEDDERS[embedder], size=size)
    assert all(before.end <= after.start for before, after in zip(passages, passages[1:], strict=False))


@given(document=DOCUMENTS, size=SIZES, embedder=EMBEDDER)
@LAW
def test_nothing_that_fits_is_cut(document: Document, size: int, embedder: str):
    """Half of the size is free of headings at least, so what takes less than it fits beside any headings."""
    passages = split(document, EMBEDDERS[embedder], size=size)
    for element in body_of(document):
        text = document.text[element.start : element.end]
        if tokens(EMBEDDERS[embedder], text) <= size - size // 2 and element.kind != "heading":
            assert any(passage.start <= element.start and element.end <= passage.end for passage in passages), element


@given(document=DOCUMENTS, size=SIZES, embedder=EMBEDDER)
@LAW
def test_no_row_that_fits_is_cut(document: Document, size: int, embedder: str):
    """Title, headings and header take half of the size at most; with a longer header all rows are records."""
    passages = split(document, EMBEDDERS[embedder], size=size)
    for element in body_of(document):
        rows = element.row_spans[element.header_rows :]
        header = document.text[element.start : rows[0][0]] if rows else ""
        for start, end in rows if tokens(EMBEDDERS[embedder], header) <= size // 2 else ():
            if tokens(EMBEDDERS[embedder], document.text[start:end]) <= size - size // 2:
                assert any(passage.start <= start and end <= passage.end for passage in passages)


@given(document=DOCUMENTS, size=SIZES, embedder=EMBEDDER)
@LAW
def test_the_prefix_is_true_of_all_that_the_passage_holds(document: Document, size: int, embedder: str):
    for passage in split(document, EMBEDDERS[embedder], size=size):
        held = [e for e in body_of(document) if e.start < passage.end and e.end > passage.start]
        assert held
        for element in held:
            assert element.headings[: len(passage.headings)] == passage.headings


def test_a_small_document_is_one_passage():
    parts = document(heading("Cover"), paragraph("We insure cars."), heading("Limits", 2), paragraph("Up to £750."))
    (passage,) = split(parts)
    assert passage.text == "Cover\n\nWe insure cars.\n\nLimits\n\nUp to £750."
    assert (passage.prefix, passage.headings) == ("Handbook", ())
    assert passage.content == f"Handbook\n{passage.text}"


def test_a_section_that_is_full_enough_ends_before_the_next_one():
    long = "word " * 60
    parts = document(heading("One"), paragraph(long.strip()), heading("Two"), paragraph("Short."))
    first, second = split(parts, size=100)
    assert first.text.startswith("One\n\nword")
    assert second.text == "Two\n\nShort."


def test_small_sections_share_a_passage_only_below_their_common_heading():
    parts = document(
        heading("A"), heading("A1", 2), paragraph("a " * 40), heading("A2", 2), paragraph("b " * 40), heading("B"),
        paragraph("c"),
    )  # fmt: skip
    passages = split(parts, size=60)
    assert [passage.headings for passage in passages] == [(), ("A",), ()]
    assert passages[1].prefix == "Handbook > A"
    assert passages[1].text.startswith("A2\n\nb b")
    assert passages[2].text == "B\n\nc"


def test_a_list_that_fits_is_whole_with_the_line_that_leads_it_in_over_pages():
    items = [Piece("list_item", f"{number}. We keep our promise number {number}.") for number in range(1, 6)]
    break_ = Piece("footer", "Page 2")
    parts = document(
        heading("Values"),
        paragraph("word word " * 15 + "end"),
        paragraph("Our values:"),
        *items[:3],
        break_,
        *items[3:],
    )
    intro, values = split(parts, size=60)
    assert intro.text.endswith("end")
    assert values.text.startswith("Our values:\n\n1. We keep") and "5. We keep" in values.text


def test_a_list_longer_than_a_passage_is_cut_where_the_passage_is_full():
    items = [Piece("list_item", f"{number}. We keep our promise number {number}.") for number in range(1, 20)]
    passages = split(document(paragraph("word " * 20), *items), size=60)
    assert passages[0].text.startswith("word") and "1. We keep" in passages[0].text
    assert len(passages) > 2


def test_a_paragraph_too_long_for_a_passage_is_cut_at_sentence_ends_below_its_headings():
    sentences = [f"Sentence {number} says something about the cover." for number in range(20)]
    parts = document(heading("Cover"), heading("Theft", 2), paragraph(" ".join(sentences)))
    passages = split(parts, size=40)
    assert len(passages) > 3
    for passage in passages:
        assert passage.prefix == "Handbook > Cover > Theft"
        assert passage.headings == ("Cover", "Theft")
        assert passage.text.startswith("Sentence")
        assert passage.text.endswith("cover.")
    assert " ".join(passage.text for passage in passages) == " ".join(sentences)


def test_closing_quotation_marks_stay_with_their_sentence():
    text = " ".join(f'"This is said number {number}."' for number in range(12))
    passages = split(document(paragraph(text)), size=20)
    assert len(passages) > 3
    assert all(passage.text.endswith('."') for passage in passages)


def test_chinese_is_cut_at_its_sentence_ends():
    embedder = PieceEmbedder()
    text = "".join(f"保险单第{number}条规定了理赔的期限。" for number in range(10, 40))
    passages = split(document(paragraph(text)), embedder, size=50)
    assert len(passages) > 3
    assert all(passage.text.endswith("。") for passage in passages)
    assert "".join(passage.text for passage in passages) == text


ROWS = [("Cover", "Limit"), *((f"Cover {number}", f"£{number}50 a year") for number in range(30))]


def test_a_table_that_fits_stays_whole():
    passages = split(document(paragraph("word " * 60), table(*ROWS[:8])), size=100)
    assert len(passages) == 2
    assert passages[1].text.count("\n") == 7
    assert passages[1].prefix == "Handbook"


def test_a_cut_table_repeats_its_header_and_keeps_its_rows():
    parts = document(heading("Limits"), table(*ROWS))
    passages = split(parts, size=100)
    assert len(passages) > 2
    for passage in passages:
        assert passage.prefix == "Handbook > Limits\n| Cover | Limit |"
    rows = [row for passage in passages for row in passage.text.split("\n")]
    assert rows == [f"| {' | '.join(row)} |" for row in ROWS[1:]]


def test_the_rows_of_a_table_with_a_header_too_long_to_repeat_are_records():
    header = (" ".join(f"column{number}" for number in range(40)), "Limit")
    passages = split(document(table(header, *ROWS[1:])), size=60)
    assert "column39" in "".join(passage.text for passage in passages)
    rows = [passage for passage in passages if "£" in passage.text]
    assert len(rows) == len(ROWS) - 1
    assert rows[3].prefix == "Handbook\nLimit: £350 a year"


def test_a_cell_too_long_for_a_passage_is_cut_between_words_below_its_name():
    row = " ".join(f"word{number}" for number in range(200))
    passages = split(document(table(("Name",), (row,))), size=60)
    assert len(passages) > 3
    assert all(passage.prefix == "Handbook\nName:" for passage in passages)
    words = " ".join(passage.text for passage in passages).split()
    assert [word for word in words if word != "|"] == row.split()


def test_headings_too_long_to_repeat_stand_in_the_text():
    long = " ".join(f"heading{number}" for number in range(60))
    passages = split(document(heading(long), paragraph("word " * 100)), size=80)
    assert "heading59" in "".join(passage.text for passage in passages)
    assert all(passage.tokens <= 80 for passage in passages)


def test_the_headings_nearest_to_the_text_are_kept_when_not_all_fit():
    path = [heading(f"Part {number} of the long policy wording", number) for number in range(1, 7)]
    passages = split(document(*path, paragraph("word " * 100)), size=40)
    assert passages[-1].prefix == " > ".join(
        f"Part {number} of the long policy wording" for number in (5, 6)
    )  # two headings of 7 words and a sign: 15 of 20 tokens
    assert "Part 1 of" in passages[0].text


def test_a_heading_that_heads_nothing_goes_with_what_stands_before_it():
    parts = document(
        heading("A"), heading("A1", 2), paragraph("a " * 40), heading("A2", 2), heading("B"), paragraph("b")
    )
    passages = split(parts, size=60)
    assert passages[0].text.endswith("A2")
    assert passages[1].text == "B\n\nb"
    assert passages[1].headings == ()


def test_a_document_of_headings_alone_is_found():
    passages = split(document(heading("One"), heading("Two", 2), heading("Three")))
    assert " ".join(passage.text for passage in passages).split() == ["One", "Two", "Three"]


@pytest.mark.parametrize("by", list(WAYS))
def test_a_document_without_body_gives_no_passages(by: str):
    assert split(document(), by=by) == []
    assert split(document(Piece("header", "Page 1"), Piece("footer", "Confidential")), by=by) == []


def test_the_name_of_a_file_labels_its_passages_where_the_title_says_less():
    parts = [paragraph("Text.")]
    assert split(document(*parts, source="docs/policy-wording_2026.pdf"))[0].prefix == "policy wording 2026"
    assert split(document(*parts, source="docs/ACME_2022_Q3.pdf"))[0].prefix == "ACME 2022 Q3"
    assert split(document(*parts, source="docs/2022_03.pdf"))[0].prefix == "Handbook"
    assert split(document(*parts, source="docs/scan.pdf"))[0].prefix == "Handbook"
    assert split(document(*parts, title="The Policy Wording", source="policy-wording.pdf"))[0].prefix == (
        "The Policy Wording"
    )
    assert split(document(*parts, title="", source="x.pdf"))[0].prefix == ""


def test_the_id_names_source_content_and_place():
    parts = document(paragraph("One."), paragraph("Two. " * 100))
    ids = {passage.id for passage in split(parts, size=50)}
    assert ids == {passage.id for passage in split(parts, size=50)}
    assert not ids & {passage.id for passage in split(replace(parts, source="copy.md"), size=50)}
    assert not ids & {passage.id for passage in split(replace(parts, id="1" * 64), size=50)}


# Fixed windows


@given(document=DOCUMENTS, size=SIZES, share=st.floats(0, 0.9), embedder=EMBEDDER)
@LAW
def test_windows_have_the_size_and_overlap_that_were_asked_for(
    document: Document, size: int, share: float, embedder: str
):
    overlap = int(size * share)
    chosen = EMBEDDERS[embedder]
    passages = split(document, chosen, by="fixed", size=size, overlap=overlap)
    places = TokenMap(document.text, chosen)
    assert [passage.tokens for passage in passages[:-1]] == [size] * (len(passages) - 1)
    assert all(passage.prefix == "" for passage in passages)
    for before, after in zip(passages, passages[1:], strict=False):
        assert places.count(Span(after.start, before.end)) == overlap
    if passages:
        assert overlap < passages[-1].tokens <= size or len(passages) == 1


def test_windows_of_words():
    words = [f"word{number}" for number in range(100)]
    passages = split(document(paragraph(" ".join(words))), by="fixed", size=40, overlap=10)
    assert [passage.text.split()[0] for passage in passages] == ["word0", "word30", "word60"]
    assert [len(passage.text.split()) for passage in passages] == [40, 40, 40]


def test_a_window_knows_the_headings_of_its_start():
    parts = document(heading("A"), paragraph("a " * 40), heading("B"), paragraph("b " * 40))
    first, second = split(parts, by="fixed", size=60)
    assert first.headings == ()
    assert second.headings == ("B",)


def test_an_overlap_larger_than_the_embedder_allows_shrinks_with_the_size():
    parts = document(paragraph(" ".join(f"word{number}" for number in range(400))))
    embedder = FakeEmbedder()
    embedder.max_tokens = 100
    passages = split(parts, embedder, by="fixed", size=400, overlap=200)
    assert [passage.tokens for passage in passages] == [100] * 7
    assert passages[1].text.startswith("word50 ")


@pytest.mark.parametrize("by", list(WAYS))
def test_no_passage_is_longer_than_the_embedder_reads(by: str):
    embedder = FakeEmbedder()
    embedder.max_tokens = 30
    passages = split(document(heading("Cover"), paragraph("word " * 500)), embedder, by=by, size=200)
    assert max(tokens(embedder, passage.searched) for passage in passages) <= 30


# Unicode and odd words


@pytest.mark.parametrize("embedder", EMBEDDERS)
@pytest.mark.parametrize(
    "text",
    [
        "😀" * 3000,
        "👩\u200d👩\u200d👧 " * 500,
        "e\u0301" * 2000,
        "שלום עולם. " * 300,
        "مرحبا بالعالم، هذا نص طويل بلا معنى. " * 100,
        "保险" * 2000,
        "\u200b" * 3000,
        "\u200b word " * 300,
        "นโยบายประกันภัยรถยนต์" * 200,
        "a\u0300\u0301\u0302\u0303" * 800,
        "\U0001f1ec\U0001f1e7" * 800,
        "word\x00word\x07 " * 300,
        "¶§•" * 800,
    ],
)
@pytest.mark.parametrize("by", list(WAYS))
def test_any_writing_is_cut_without_loss(embedder: str, text: str, by: str):
    parts = document(paragraph(text.strip()))
    passages = split(parts, EMBEDDERS[embedder], by=by, size=50)
    assert "".join("".join(passage.text.split()) for passage in passages) == "".join(text.split())


@pytest.mark.parametrize("embedder", EMBEDDERS)
@pytest.mark.parametrize("by", list(WAYS))
def test_a_word_of_100_000_characters_is_cut_to_passages_that_fit_a_prompt(embedder: str, by: str):
    word = "".join(random.Random(0).choices("abcdefghij0123456789", k=100_000))
    parts = document(heading("Data"), paragraph(f"Before {word} after"))
    passages = split(parts, EMBEDDERS[embedder], by=by, size=200)
    assert word in "".join(passage.text.removeprefix("Before ") for passage in passages)
    longest = Split().parent_size if by == "summary" else 200
    assert max(len(passage.text) for passage in passages) <= longest * CHARACTERS_PER_TOKEN + 50
    assert all(passage.text in parts.text for passage in passages)


def test_a_heading_of_one_long_word_is_no_prefix():
    word = "x" * 5000
    passages = split(document(heading(word), paragraph("word " * 300)), size=100)
    assert not any(word in passage.prefix for passage in passages)
    assert word in "".join(passage.text for passage in passages)


# The token map


@given(text=st.lists(TEXTS, max_size=4).map("\n\n".join), limit=st.integers(1, 40), embedder=EMBEDDER)
@example(text="中文保险。理赔中文保险。理赔", limit=3, embedder="words")
@LAW
def test_cutting_loses_nothing_and_keeps_the_limit(text: str, limit: int, embedder: str):
    places = TokenMap(text, EMBEDDERS[embedder])
    pieces = places.cut(Span(0, len(text)), limit)
    assert all(places.count(piece) <= limit for piece in pieces)
    assert all(before.end <= after.start for before, after in zip(pieces, pieces[1:], strict=False))
    assert "".join("".join(text[start:end].split()) for start, end in pieces) == "".join(text.split())


def test_text_is_tokenized_in_stretches_without_changing_it(monkeypatch: pytest.MonkeyPatch):
    text = "\n".join(f"Line {number} about the cover, with 1,250.00 in it." for number in range(300))
    whole = TokenMap(text, PieceEmbedder())
    monkeypatch.setattr("scoville.split.tokens.SEGMENT_CHARACTERS", 97)
    parts = TokenMap(text, PieceEmbedder())
    assert (parts.starts, parts.ends) == (whole.starts, whole.ends)


class SpacedEmbedder(FakeEmbedder):
    """Tokens that hold the space before their word, as some tokenizers count them."""

    def token_spans(self, texts: Sequence[str]) -> list[list[TokenSpan]]:
        spans = super().token_spans(texts)
        return [
            [TokenSpan(span.start - (text[span.start - 1 : span.start] == " "), span.end) for span in row]
            for text, row in zip(texts, spans, strict=True)
        ]


def test_a_space_counted_as_part_of_a_word_does_not_matter():
    parts = document(paragraph("word " * 300), paragraph("One sentence. " * 60))
    assert split(parts, SpacedEmbedder(), size=50) == split(parts, size=50)


# Size


def big_document(characters: int) -> Document:
    chance = random.Random(0)
    words = [
        f"{chance.choice('abcdefghij')}{chance.choice(['over', 'laim', 'imit', 'ate', 'ear'])}" for _ in range(500)
    ]
    pieces: list[Piece] = []
    length = 0
    while length < characters:
        text = ". ".join(" ".join(chance.choices(words, k=14)).capitalize() for _ in range(6))
        pieces += [heading(" ".join(chance.choices(words, k=3)), chance.randint(1, 4)), paragraph(f"{text}.")]
        length += len(text)
    return lined(document(*pieces), lines=6)


def test_the_time_grows_with_the_document_and_not_faster():
    small, large = big_document(100_000), big_document(800_000)
    assert len(split(large)) > 400
    assert quickest(lambda: split(large)) < 8 * quickest(lambda: split(small)) * 3


@pytest.mark.model
def test_half_a_megabyte_is_split_in_seconds_and_little_memory():
    embedder = open_embedder(Embed())
    parts = big_document(500_000)
    started = time.process_time()
    passages = split(parts, embedder)
    assert time.process_time() - started < 10
    assert sum(len(passage.text) for passage in passages) > 475_000
    assert max(tokens(embedder, passage.content) for passage in passages[:200]) <= 200
    tracemalloc.start()
    split(big_document(300_000), embedder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_the_rule_below_a_header_that_is_cut_is_no_passage() -> None:
    names = [f"the share of all answers given in the year {1900 + number}" for number in range(60)]
    rows = (tuple(names), *(tuple(str(number + row) for number in range(60)) for row in range(4)))
    draft = ParsedFile(media_type="text/plain", pieces=(Read(kind="table", rows=rows, header_rows=1),))
    passages = split(assemble(draft, id="0" * 64, source="a", name="a", max_characters=10**6), size=64)
    assert passages
    assert all(any(map(str.isalnum, passage.text)) for passage in passages)
