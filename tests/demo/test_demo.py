from pathlib import Path

import pytest

from scoville.demo import DemoCase, cites_right, demo_cases, write_demo_documents
from scoville.evaluate.result import Cited, Result

CASE = DemoCase(id="limit", question="What is the limit?", answers=("£3,500",), document="wording.pdf", page=4)
NONE = DemoCase(id="none", question="Who founded it?", answerable=False)


def answer(*citations: Cited) -> Result:
    return Result(case_id="limit", text="Up to £3,500.", refused=False, citations=citations)


def citation(document: str = "docs/wording.pdf", page: int | None = 4, *, verified: bool = True) -> Cited:
    return Cited(document=document, pages=(page,) if page else (), quote="", verified=verified)


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


# What is cited rightly (what is right: test_demo_grade.py)


def test_a_verified_citation_of_the_document_and_page_is_right():
    assert cites_right(CASE, answer(citation()))
    assert cites_right(CASE, answer(citation("other.pdf"), citation("wording.pdf")))


@pytest.mark.parametrize(
    "wrong",
    [
        citation(verified=False), citation("docs/other.pdf"), citation(page=5), citation(page=None),
        citation("docs/wording.pdf/other"), citation("notwording.pdf"),
    ],
)  # fmt: skip
def test_any_other_citation_is_not(wrong: Cited):
    assert not cites_right(CASE, answer(wrong))


def test_the_page_does_not_matter_where_the_case_names_none():
    case = DemoCase(id="x", question="", answers=("x",), document="faq.html")
    assert cites_right(case, answer(citation("faq.html", page=None)))
    assert cites_right(case, answer(citation("faq.html", page=9)))


def test_nothing_cited_is_not_right():
    assert not cites_right(CASE, answer())
    assert not cites_right(NONE, answer(citation()))
