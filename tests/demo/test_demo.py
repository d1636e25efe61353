from pathlib import Path
from typing import Any

import pytest

from scoville.demo import DemoCase, cites_right, demo_cases, is_right, write_demo_documents
from scoville.types import Answer, Citation

CASE = DemoCase(
    id="limit", question="What is the limit?", answers=("£3,500", "3500 pounds"), document="wording.pdf", page=4,
    answerable=True,
)  # fmt: skip
NONE = DemoCase(id="none", question="Who founded it?", answers=(), document=None, page=None, answerable=False)


def answer(text: str, *citations: Citation, refused: bool = False) -> Answer:
    return Answer(
        question="", text=text, refused=refused, reason="model_declined" if refused else None, citations=citations,
        hits=(), reply=None, search_seconds=0, first_token_seconds=None, total_seconds=0,
    )  # fmt: skip


def citation(document: str | None = "docs/wording.pdf", page: int | None = 4, **more: Any) -> Citation:
    values: dict[str, Any] = {"verified": True, "method": "model"} | more
    return Citation(marker=1, passage_id="p", document=document, page=page, boxes=(), quote="", **values)


# The cases


def test_there_is_a_dozen_cases_with_ids_of_their_own():
    cases = demo_cases()
    assert len(cases) == 12
    assert len({case.id for case in cases}) == len({case.question for case in cases}) == 12


def test_a_third_of_the_cases_has_no_answer():
    cases = demo_cases()
    assert sum(not case.answerable for case in cases) == 4
    for case in cases:
        assert bool(case.answers) == case.answerable == (case.document is not None)
        assert case.answerable or case.page is None


def test_every_case_names_a_document_of_the_demo(tmp_path: Path):
    names = {path.name for path in write_demo_documents(tmp_path)}
    assert {case.document for case in demo_cases() if case.document} <= names


# The documents


def test_the_documents_are_written_over_older_copies(tmp_path: Path):
    folder = tmp_path / "new" / "documents"
    first = write_demo_documents(folder)
    assert first == sorted(folder.iterdir())
    assert len(first) == 5
    first[0].write_text("changed")
    (folder / "mine.txt").write_text("kept")
    assert write_demo_documents(folder) == first
    assert first[0].read_bytes() != b"changed"
    assert (folder / "mine.txt").read_text() == "kept"


# What is right


@pytest.mark.parametrize(
    "text",
    ["Up to £3,500 [1].", "Up to £3500.", "up to\n£3,500", "3,500 POUNDS", "It is 3500  pounds, or more."],
)
def test_an_answer_that_holds_an_expected_text_is_right(text: str):
    assert is_right(CASE, answer(text))


@pytest.mark.parametrize("text", ["", "Up to £350", "Up to £3.500", "Up to £3,400", "I don't know."])
def test_an_answer_that_holds_none_is_wrong(text: str):
    assert not is_right(CASE, answer(text))


def test_a_refusal_is_wrong_where_there_is_an_answer_and_right_where_there_is_none():
    assert not is_right(CASE, answer("£3,500", refused=True))
    assert is_right(NONE, answer("I don't know.", refused=True))
    assert not is_right(NONE, answer("Juniper Ashgrove founded it."))


@pytest.mark.parametrize("text", ["Up to £3,500,000.", "Up to £3,500.75."])
def test_a_longer_number_is_not_the_expected_one(text: str):
    assert not is_right(CASE, answer(text))


def test_a_verified_citation_of_the_document_and_page_is_right():
    assert cites_right(CASE, answer("", citation()))
    assert cites_right(CASE, answer("", citation("other.pdf"), citation("wording.pdf", method="aligned")))


@pytest.mark.parametrize(
    "wrong",
    [
        citation(verified=False), citation("docs/other.pdf"), citation(page=5), citation(page=None), citation(None),
        citation("docs/wording.pdf/other"), citation("notwording.pdf"),
    ],
)  # fmt: skip
def test_any_other_citation_is_not(wrong: Citation):
    assert not cites_right(CASE, answer("", wrong))


def test_the_page_does_not_matter_where_the_case_names_none():
    case = DemoCase(id="x", question="", answers=("x",), document="faq.html", page=None, answerable=True)
    assert cites_right(case, answer("", citation("faq.html", page=None)))
    assert cites_right(case, answer("", citation("faq.html", page=9)))


def test_nothing_cited_is_not_right():
    assert not cites_right(CASE, answer("Up to £3,500."))
    assert not cites_right(NONE, answer("", citation()))
