"""What the ways of splitting beside `section` and `fixed` give, tables too wide for a passage, tags, and joining."""

import threading
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from scoville.embed.fake import FakeEmbedder
from scoville.recipe import Split
from scoville.split import join_passages, split_document
from scoville.types import Box, Document, Element, ElementKind, Merged, Passage, Region


def document(*pieces: tuple[ElementKind, str], source: str = "handbook.md", **known: str | int) -> Document:
    """Join pieces by blank lines; a heading's level is the number of its leading signs: `# Cover`."""
    elements: list[Element] = []
    above: list[str] = []
    texts: list[str] = []
    start = 0
    for kind, written in pieces:
        level = len(written) - len(written.lstrip("#"))
        text = written.lstrip("# ")
        above = above[: level - 1] if level else above
        elements.append(Element(kind=kind, start=start, end=start + len(text), headings=tuple(above)))
        above = [*above, text] if level else above
        texts.append(text)
        start += len(text) + 2
    return Document(
        id="0" * 64, source=source, media_type="text/markdown", title="Handbook", text="\n\n".join(texts),
        elements=tuple(elements), metadata=known,
    )  # fmt: skip


def table_document(
    *rows: tuple[str, ...], header_rows: int = 1, merged: tuple[Merged, ...] = (), before: str = "Before."
) -> Document:
    """A paragraph and a table, written as readers write them."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    rule = "|" + " --- |" * len(rows[0])
    start = len(before) + 2
    text, spans = "", []
    for number, line in enumerate(lines):
        spans.append((start + len(text), start + len(text) + len(line)))
        text += f"{line}\n{rule}\n" if number + 1 == header_rows else f"{line}\n"
    text = text.removesuffix("\n")
    elements = (
        Element(kind="paragraph", start=0, end=len(before)),
        Element(
            kind="table", start=start, end=start + len(text), rows=rows, row_spans=tuple(spans),
            header_rows=header_rows, merged=merged, anchor="Sheet1!A1",
        ),
    )  # fmt: skip
    return Document(
        id="0" * 64, source="limits.md", media_type="text/markdown", title="Limits", text=f"{before}\n\n{text}",
        elements=elements,
    )  # fmt: skip


def split(read: Document, *, summarise: Any = None, **keys: Any) -> list[Passage]:
    return split_document(read, Split(**keys), FakeEmbedder(), summarise=summarise)


def sentences(count: int, about: str = "the cover") -> str:
    return " ".join(f"Sentence {number} says something about {about}." for number in range(count))


# Sentences


def test_sentences_are_never_cut_and_fill_a_passage():
    passages = split(document(("paragraph", sentences(20))), by="sentence", size=40)
    assert len(passages) == 4
    assert all(passage.text.startswith("Sentence") and passage.text.endswith(".") for passage in passages)
    assert [passage.tokens for passage in passages] == [40] * 4


def test_sentences_run_over_the_ends_of_paragraphs():
    (passage,) = split(document(("paragraph", "One."), ("paragraph", "Two.")), by="sentence", size=40)
    assert passage.text == "One.\n\nTwo."


def test_the_overlap_repeats_whole_sentences_and_leaves_no_joint():
    passages = split(document(("paragraph", sentences(20))), by="sentence", size=40, overlap_sentences=2)
    for before, after in zip(passages, passages[1:], strict=False):
        assert after.text.split(".")[0] == before.text.split(".")[-3].strip()
        assert after.joint == ""
        assert after.start < before.end


def test_an_overlap_that_leaves_no_room_is_shortened():
    passages = split(document(("paragraph", sentences(20))), by="sentence", size=17, overlap_sentences=20)
    assert [passage.tokens for passage in passages] == [16] * 19
    assert join_passages(passages).text == sentences(20)


def test_a_sentence_longer_than_a_passage_is_cut_between_words():
    passages = split(document(("paragraph", "Short one. " + "word " * 100 + "end.")), by="sentence", size=30)
    assert max(passage.tokens for passage in passages) <= 30
    assert " ".join(passage.text for passage in passages).split()[-1] == "end."


# Meaning


def test_a_passage_ends_where_the_subject_changes():
    leave = "Staff take leave days. Leave days are for staff. Staff ask for leave days. Leave days rest staff."
    cars = "Cars need engine oil. Oil cools car engines. Engine oil is for cars. Cars burn oil."
    (first, second) = split(document(("paragraph", leave), ("paragraph", cars)), by="semantic", size=100, buffer=0)
    assert (first.text, second.text) == (leave, cars)


def test_a_subject_longer_than_a_passage_is_cut_at_sentence_ends():
    passages = split(document(("paragraph", sentences(40))), by="semantic", size=40)
    assert max(passage.tokens for passage in passages) <= 40
    assert all(passage.text.endswith(".") for passage in passages)


def test_one_sentence_is_one_passage():
    (passage,) = split(document(("paragraph", "Only this.")), by="semantic")
    assert passage.text == "Only this."


# Sections


SECTIONS = document(
    ("heading", "# Cover"), ("paragraph", sentences(10, "cover")), ("paragraph", sentences(10, "theft")),
    ("heading", "# Claims"), ("paragraph", sentences(10, "claims")),
    ("heading", "# Contact"), ("paragraph", "Call us."),
)  # fmt: skip


def test_the_small_passages_of_a_section_share_its_name():
    passages = split(SECTIONS, by="parent", size=50, parent_size=200)
    names = list(dict.fromkeys(passage.section for passage in passages))
    sections = [join_passages([passage for passage in passages if passage.section == name]) for name in names]
    assert [section.text for section in sections] == [
        f"{sentences(10, 'cover')}\n\n{sentences(10, 'theft')}",
        sentences(10, "claims"),
        "Contact\n\nCall us.",
    ]
    assert [section.prefix for section in sections] == ["Handbook > Cover", "Handbook > Claims", "Handbook"]


def test_the_small_passages_are_those_that_section_gives():
    small = split(SECTIONS, by="section", size=50)
    assert [replace(passage, section="") for passage in split(SECTIONS, by="parent", size=50)] == small
    assert not any(passage.section for passage in small)


def test_a_copied_document_has_sections_of_its_own():
    copy = replace(SECTIONS, source="copy.md")
    names = {passage.section for passage in split(SECTIONS, by="parent")}
    assert not names & {passage.section for passage in split(copy, by="parent")}


def test_a_long_section_is_found_by_its_summary_and_given_as_a_whole():
    passages = split(SECTIONS, by="summary", size=50, parent_size=200)
    first = passages[0]
    assert first.text == SECTIONS.text[: SECTIONS.text.index("Claims") - 2]
    assert first.tokens > 140
    assert first.searched == first.summary
    assert first.summary.startswith("Handbook\n")
    chosen = first.summary.removeprefix("Handbook\n").split(". ")
    assert len(chosen) > 2
    assert all(sentence.rstrip(".") in first.text for sentence in chosen)
    assert len(FakeEmbedder().token_spans([first.summary])[0]) <= 50


def test_a_section_that_fits_needs_no_summary():
    (passage,) = split(document(("paragraph", "Short.")), by="summary")
    assert passage.summary == ""
    assert passage.searched == passage.content


def test_a_model_writes_the_summaries():
    asked: list[str] = []

    def summarise(text: str) -> str:
        asked.append(text)
        return "It is about cover. " * 100

    passages = split(SECTIONS, by="summary", size=50, parent_size=200, summarise=summarise)
    assert any(text.startswith("Handbook\nCover\n\nSentence 0") for text in asked)
    assert passages[0].summary.startswith("Handbook\nIt is about cover. It")
    assert len(FakeEmbedder().token_spans([passages[0].summary])[0]) <= 50


def test_sections_are_summed_up_side_by_side_each_by_its_own_words():
    met = threading.Barrier(2)  # passed only by two at once

    def summarise(text: str) -> str:
        met.wait(10)
        return f"Of {text.split()[1]}."

    passages = split(SECTIONS, by="summary", size=50, parent_size=200, summarise=summarise)
    assert [passage.summary for passage in passages] == ["Handbook\nOf Cover.", "Handbook\nOf Claims."]


def test_a_model_that_writes_nothing_leaves_the_summary_to_the_sentences():
    without = split(SECTIONS, by="summary", size=50, parent_size=200)
    assert split(SECTIONS, by="summary", size=50, parent_size=200, summarise=lambda _text: " \n") == without


# Tables


WIDE = [
    tuple(f"Column {number}" for number in range(20)),
    *(tuple(f"value {row} {number}" for number in range(20)) for row in range(3)),
]


def test_the_rows_of_a_wide_table_are_records_of_header_and_value():
    passages = [passage for passage in split(table_document(*WIDE), size=120) if "value" in passage.text]
    assert passages[0].prefix.startswith("Limits\nColumn 0: value 0 0; Column 1: value 0 1; Column 2: value 0 2")
    assert passages[0].text.startswith("| value 0 0 | value 0 1 | value 0 2")
    assert max(passage.tokens for passage in passages) <= 120
    for row in range(3):
        for number in range(20):
            (at_home,) = [passage for passage in passages if f"value {row} {number} |" in f"{passage.text} |"]
            assert f"Column {number}: value {row} {number}" in at_home.prefix


def test_a_later_part_of_a_row_begins_with_its_first_cell():
    passages = [passage for passage in split(table_document(*WIDE), size=120) if "value 1" in passage.text]
    assert len(passages) > 2
    assert all("\nColumn 0: value 1 0; Column" in passage.prefix for passage in passages)


def test_only_the_rows_that_are_too_wide_are_records():
    rows = [("Cover", "Limit"), *((f"Cover {number}", "£750") for number in range(10))]
    rows[5] = ("Flood", " ".join(f"word{number}" for number in range(48)))
    passages = split(table_document(*rows), size=60)
    below_the_header = [passage for passage in passages if passage.prefix.endswith("| Cover | Limit |\n| --- | --- |")]
    assert sum(passage.text.count("\n") + 1 for passage in below_the_header) == 9
    assert {passage.prefix for passage in passages if "word" in passage.text} == {"Limits\nCover: Flood; Limit:"}


def test_a_merged_cell_counts_in_every_row_that_it_takes():
    rows = [
        ("Region", *(f"Column {number}" for number in range(20))),
        ("North", *(f"value 0 {number}" for number in range(20))),
        ("", *(f"value 1 {number}" for number in range(20))),
    ]
    read = table_document(*rows, merged=(Merged(1, 0, 2, 1),))
    second = [passage for passage in split(read, size=120) if "value 1" in passage.text]
    assert all("\nRegion: North; " in passage.prefix for passage in second)


def test_the_names_of_columns_are_made_of_all_header_rows():
    rows = [
        ("", "Plan", "", *[""] * 20),
        ("Year", "Basic", "Plus", *(f"Column {number}" for number in range(20))),
        ("2024", "10", "20", *(f"value {number}" for number in range(20))),
    ]
    read = table_document(*rows, header_rows=2, merged=(Merged(0, 1, 1, 2),))
    (first,) = [passage for passage in split(read, size=80) if "2024" in passage.text]
    assert "Year: 2024; Plan Basic: 10; Plan Plus: 20" in first.prefix


def test_a_table_that_is_written_otherwise_is_cut_by_its_lines():
    read = table_document(*WIDE)
    changed = replace(read, elements=(read.elements[0], replace(read.elements[1], rows=tuple(WIDE[::-1]))))
    passages = split(changed, size=120)
    assert not any(": value" in passage.prefix for passage in passages)
    assert "value 2 19" in "".join(passage.text for passage in passages)


def test_a_passage_knows_the_anchor_where_it_begins():
    passages = split(table_document(*WIDE), size=120)
    assert [passage.anchor for passage in passages][:2] == [None, "Sheet1!A1"]


def spoken() -> Document:
    """Sentences with the second at which each begins, as sound is read."""
    elements = [replace(element, anchor=f"0:00:{number:02}") for number, element in enumerate(SECTIONS.elements)]
    return replace(SECTIONS, elements=tuple(elements))


@pytest.mark.parametrize("size", [20, 50, 500])
def test_every_place_of_a_passage_has_the_anchor_of_its_element(size: int):
    said = spoken()
    passages = split(said, size=size)
    for one in (*passages, join_passages(passages), join_passages(passages[-2:])):
        for element in said.elements:
            if element.kind == "paragraph" and one.start <= element.start < one.end:  # headings lie between passages
                assert one.anchor_at(element.start) == one.anchor_at(element.end - 1) == element.anchor


# Tags, language, joints


@pytest.mark.parametrize("by", ["section", "parent", "summary", "sentence", "semantic", "fixed"])
def test_tags_stand_in_the_prefix_and_are_counted(by: str):
    read = document(("paragraph", sentences(40)), department="hr", year=2024, secret="x")
    passages = split(read, by=by, size=60, tags=("department", "year", "missing"))
    for passage in passages:
        assert "department: hr; year: 2024" in passage.prefix.split("\n")
        assert len(FakeEmbedder().token_spans([passage.searched])[0]) <= 60
        assert len(FakeEmbedder().token_spans([passage.content])[0]) == passage.tokens


def test_a_tag_too_long_to_repeat_is_left_out():
    read = document(("paragraph", "Text."), department="hr", entities="word " * 50)
    (passage,) = split(read, size=60, tags=("entities", "department"))
    assert passage.prefix == "Handbook\ndepartment: hr"


def test_a_passage_has_its_own_language_or_that_of_its_document():
    german = "Die Versicherung ersetzt den Schaden, und das ist für alle Kunden nicht nur ein Wort. " * 30
    english = "The policy covers the damage, and this is for all of the customers and not only a word. " * 60
    passages = split(document(("paragraph", german), ("paragraph", english), ("paragraph", "1,250.00 " * 40)), size=60)
    told = [passage.language for passage in passages]
    assert (told[0], told[-4], told[-1]) == ("de", "en", "en")


def test_a_few_words_that_look_foreign_have_the_language_around_them():
    english = "The policy covers the damage, and this is for all of the customers and not only a word. " * 20
    parts = (
        ("paragraph", english),
        ("heading", "Home Health Care"),
        ("paragraph", "La Covered Services pe Home"),
        ("paragraph", english),
    )
    assert {passage.language for passage in split(document(*parts), size=60)} == {"en"}


def test_joints_put_the_text_together_again():
    passages = split(SECTIONS, size=50)
    assert passages[0].joint == ""
    assert "".join(passage.joint + passage.text for passage in passages) == SECTIONS.text[passages[0].start :]


# Joining


def test_joined_passages_are_a_slice_with_all_regions():
    boxed = replace(
        SECTIONS,
        elements=tuple(
            replace(element, regions=(Region(element.start, element.end, Box(number + 1, 0, 0, 9, 9)),))
            for number, element in enumerate(SECTIONS.elements)
        ),
    )
    passages = split(boxed, size=50)
    joined = join_passages(passages[1:4])
    assert joined.text == SECTIONS.text[passages[1].start : passages[3].end]
    assert (joined.number, joined.prefix, joined.page) == (1, passages[1].prefix, passages[1].page)
    assert joined.boxes() == tuple(dict.fromkeys(box for passage in passages[1:4] for box in passage.boxes()))
    assert joined.id not in {passage.id for passage in passages}


def test_overlapping_passages_are_joined_without_repeats():
    passages = split(document(("paragraph", sentences(20))), by="fixed", size=40, overlap=20)
    assert join_passages(passages).text == sentences(20)


def test_one_passage_joined_is_itself():
    (passage,) = split(document(("paragraph", "Text.")))
    assert join_passages([passage]) is passage


def test_the_tokens_of_joined_passages_are_near_to_what_they_are():
    passages = split(SECTIONS, size=50)
    joined = join_passages(passages)
    counted = len(FakeEmbedder().token_spans([joined.content])[0])
    assert abs(joined.tokens - counted) < 0.1 * counted


def test_passages_that_do_not_follow_each_other_cannot_be_joined():
    passages = split(SECTIONS, size=50)
    for wrong in ([], passages[::2], passages[::-1], [passages[0], replace(passages[1], source="other.md")]):
        with pytest.raises(ValueError, match="expected at least one|does not follow"):
            join_passages(wrong)


# The recipe


@pytest.mark.parametrize(
    "keys",
    [
        {"overlap_sentences": 1}, {"by": "fixed", "overlap_sentences": 1}, {"by": "sentence", "overlap": 10},
        {"parent_size": 800}, {"by": "fixed", "parent_size": 800}, {"by": "sentence", "percentile": 90.0},
        {"buffer": 2}, {"by": "parent", "summary_model": "fake"}, {"by": "parent", "size": 700},
        {"by": "summary", "parent_size": 100},
    ],
)  # fmt: skip
def test_an_option_that_means_nothing_is_refused(keys: dict[str, Any]):
    with pytest.raises(ValidationError, match="only `by: |must not be smaller"):
        Split(**keys)
