"""Where the answer of a case stands in a passage."""

import pytest

from scoville.train.reader.from_cases import find, spans_of
from scoville.types import Passage

TEXT = "Staff ask first. Parental leave takes 16 weeks, adoption\nleave 12 weeks. Sick leave takes 16 weeks too."


def spans(*expected: str, quotes: tuple[str, ...] = ()) -> list[str]:
    passage = Passage(id="p", source="a.md", document_id="d", title="A", media_type="text/markdown", start=0,
                      end=len(TEXT), text=TEXT)  # fmt: skip
    return [TEXT[start:end] for start, end in spans_of(passage, "How long is leave?", expected, quotes)]


@pytest.mark.parametrize(
    ("expected", "quotes", "found"),
    [
        ("12 Weeks.", (), ["12 weeks"]),
        ("6 weeks", (), []),
        ("adoption leave", (), ["adoption\nleave"]),
        ("It takes three months", ("adoption leave 12 weeks",), ["adoption\nleave 12 weeks"]),
        ("Sick leave takes all of 16 weeks", (), ["Sick leave takes 16 weeks too."]),
        ("Nobody knows that", ("not in there",), []),
    ],
)
def test_an_answer_is_found_as_written_else_as_quoted_else_as_said(
    expected: str, quotes: tuple[str, ...], found: list[str]
):
    assert spans(expected, quotes=quotes) == found


def test_of_several_places_the_quoted_one_is_meant():
    quote = "Sick leave takes 16 weeks too"
    passage_start = TEXT.index(quote)
    found = find(TEXT[passage_start:], "16 weeks")
    assert found and spans("16 weeks", quotes=(quote,)) == ["16 weeks"]
    place = spans_place("16 weeks", quote)
    assert place == passage_start + found[0]


def spans_place(expected: str, quote: str) -> int:
    passage = Passage(id="p", source="a.md", document_id="d", title="A", media_type="text/markdown", start=0,
                      end=len(TEXT), text=TEXT)  # fmt: skip
    return spans_of(passage, "How long is leave?", (expected,), (quote,))[0][0]
