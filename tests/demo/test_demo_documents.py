import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from scoville.demo import DemoCase, demo_cases

ROOT = Path(__file__).parents[2]
DOCUMENTS = ROOT / "src" / "scoville" / "demo" / "documents"
NAMES = ("claims-guide.docx", "faq.html", "handbook.md", "policy-schedule.pdf", "policy-wording.pdf")
CASES = demo_cases()
ANSWERABLE = [case for case in CASES if case.answerable]
UNANSWERABLE = [case for case in CASES if not case.answerable]
ABSENT = {
    "none-worldwide": ("worldwide", "outside europe", "rest of the world"),
    "none-child-seat": ("child", "booster", "infant"),
    "none-founded": ("founded", "established", "since 1", "since 2"),
    "none-speed-limit": ("speed limit", "motorway", "portugal"),
}


@cache
def pages_of(name: str) -> tuple[str, ...]:
    """Give the text of each page, or of the whole document where it has no pages, with single spaces."""
    path = DOCUMENTS / name
    if name.endswith(".pdf"):
        from liteparse.parser import LiteParse

        texts = [page.text for page in LiteParse(ocr_enabled=False, quiet=True).parse(str(path)).pages]
    elif name.endswith(".docx"):
        from docx import Document

        document = Document(str(path))
        rows = [" ".join(cell.text for cell in row.cells) for table in document.tables for row in table.rows]
        footers = [paragraph.text for section in document.sections for paragraph in section.footer.paragraphs]
        texts = ["\n".join([*(paragraph.text for paragraph in document.paragraphs), *rows, *footers])]
    elif name.endswith(".html"):
        from selectolax.lexbor import LexborHTMLParser

        body = LexborHTMLParser(path.read_text(encoding="utf-8")).body
        assert body is not None
        texts = [body.text(separator=" ")]
    else:
        texts = [path.read_text(encoding="utf-8")]
    return tuple(" ".join(text.split()) for text in texts)


def everything() -> str:
    return " ".join(" ".join(pages_of(name)) for name in NAMES)


def test_the_script_writes_the_committed_bytes(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "make_demo_documents.py"
    # Another hash seed than the run that was committed: sets and ids must not decide the bytes.
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, capture_output=True, env=environment)
    assert sorted(path.name for path in DOCUMENTS.iterdir()) == sorted(NAMES)
    for name in NAMES:
        same = (tmp_path / name).read_bytes() == (DOCUMENTS / name).read_bytes()
        assert same, f"{name} is not what the script writes: run python scripts/make_demo_documents.py"


def test_the_documents_are_small() -> None:
    assert sum(path.stat().st_size for path in DOCUMENTS.iterdir()) < 300_000


def test_the_wording_has_four_pages_and_the_schedule_two() -> None:
    assert (len(pages_of("policy-wording.pdf")), len(pages_of("policy-schedule.pdf"))) == (4, 2)


@pytest.mark.parametrize("name", NAMES)
def test_every_document_says_that_the_company_is_fictional(name: str) -> None:
    assert all("Larkspur Excess Cover is fictional" in page for page in pages_of(name))


def test_telephone_numbers_and_addresses_are_fictional() -> None:
    text = everything()
    numbers = re.findall(r"\b0\d{3,4} ?\d{3} ?\d{3,4}\b", text)
    assert len(numbers) > 8 and all(number.startswith("01632 960") for number in numbers)
    domains = re.findall(r"@([\w.]+\w)", text)
    assert len(domains) == 5 and all(domain.endswith("example.com") for domain in domains)


def test_the_schedule_has_form_fields_with_values() -> None:
    from liteparse.parser import LiteParse

    pages = LiteParse(ocr_enabled=False, quiet=True, extract_form_fields=True).parse(
        str(DOCUMENTS / "policy-schedule.pdf")
    )
    fields = {field.name: field for page in pages.pages for field in page.form_fields or ()}
    assert fields["second_named_driver"].value == "Rowan Ashgrove"
    assert fields["covered_cars"].checked is True
    assert fields["covered_motorhomes_and_campervans"].checked is False


def test_eight_cases_of_twelve_are_answerable_from_all_five_documents() -> None:
    assert (len(CASES), len(ANSWERABLE)) == (12, 8)
    assert len({case.id for case in CASES}) == 12
    assert {case.document for case in ANSWERABLE} == set(NAMES)


@pytest.mark.parametrize("case", ANSWERABLE, ids=lambda case: case.id)
def test_the_expected_answer_stands_in_the_named_document_and_page(case: DemoCase) -> None:
    assert case.document
    pages = pages_of(case.document)
    assert (case.page is not None) == case.document.endswith(".pdf")
    text = pages[(case.page or 1) - 1].lower()
    assert any(answer.lower() in text for answer in case.answers)
    others = " ".join(" ".join(pages_of(name)) for name in NAMES if name != case.document).lower()
    assert not any(answer.lower() in others for answer in case.answers), "another document would be right, too"


@pytest.mark.parametrize("case", UNANSWERABLE, ids=lambda case: case.id)
def test_the_documents_say_nothing_about_an_unanswerable_case(case: DemoCase) -> None:
    assert (case.answers, case.document, case.page) == ((), None, None)
    text = everything().lower()
    assert [term for term in ABSENT[case.id] if term in text] == []
