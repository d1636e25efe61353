"""Read every file of a folder of test files and say what came out of it: ``read_formats.py FOLDER``.

Writes results/read_formats.md. Word recall compares with what another way of looking at the file finds: the text of
its XML, openpyxl's cells, a PDF of the same document. It counts words, each as often as it occurs.
"""

import email
import email.policy
import html
import io
import re
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path

from scoville.errors import ReadFailure
from scoville.read.reader import read_file
from scoville.recipe import Read
from scoville.types import Document

HERE = Path(__file__).parent
FORMATS = {
    "csv", "doc", "docx", "eml", "epub", "html", "jats", "md", "msg", "nxml", "odp", "ods", "odt", "ppt", "pptx", "txt",
    "xls", "xlsm", "xlsx",
}  # fmt: skip
REMARKS = {
    "omml_multi_equation_paragraph.docx": "formulas parted by semicolons; the bare runs glue them",
    "odf_table_with_title_01.ods": "missing: the PDF's page header and number",
    "greek_heading_styles.doc": "right; title paragraph is no heading in the file either",
    "legacy_sample.doc": "missing: the picture's description; the title's style has no built-in number: a paragraph",
    "docx_code_blocks.docx": "right, also typewriter face without a code style",
    "docx_rich_cells.docx": "lists and tables in cells become lines of text",
    "docx_checkboxes.docx": "boxes ☒ ☐ kept as characters",
    "docx_rich_tables_01.docx": "headings are styled by hand in the file: paragraphs here",
    "drawingml.docx": "right; drawn arrows are left out",
    "equations.docx": "one line per formula, which the words of bare runs do not match (`x2` against `x^2`)",
    "word_sample.docx": "right",
    "table_06.html": "table inside a cell is flattened into the cell",
    "example_08.html": "a row that only names a group stays a row of its own",
    "kvp_data_example.html": "keys and values are paragraphs, no form fields",
    "html_rich_table_cells.html": "lists in cells joined by semicolons",
    "wiki.md": "right",
    "odf_presentation_01.odp": "right; shapes that overlap by a hair are ordered by their tops",
    "text_document_02.odt": "merged row repeats down",
    "text_document_03.odt": "no header rows: the file marks none",
    "legacy_sample.ppt": "cells of the table are paragraphs (LibreOffice not installed); merged header cells once, where the PPTX repeats",
    "powerpoint_with_image.pptx": "right",
    "powerpoint_bad_text.pptx": "right",
    "xlsx_07_gap_tolerance_.xlsx": "form: title block in single paragraphs, body one table",
    "xlsx_comments.xlsx": "two loose cells become a table of two columns",
    "xlsx_04_inflated.xlsx": "charts drawn from cells are not repeated; hidden sheet left out with a warning",
    "xlsx_01.xlsx": "hidden sheet left out with a warning",
    "elife-56337.txt": "JATS in a .txt: recognised by content",
    "epub_purvis_poetry.epub": "right; verse keeps its lines",
}


def main() -> None:
    folder = Path(sys.argv[1])
    files = [path for path in sorted(folder.rglob("*")) if path.suffix[1:] in FORMATS and path.parent != folder]
    rows = [row(path) for path in files if not path.name.startswith("README")]
    text = [
        "# What the readers make of 90 test files", "",
        f"{len(rows)} files of docling's test data that are neither PDF, picture nor sound "
        "(`benchmarks/read_formats.py`). 2 cores.", "",
        "| file | media type | elements | characters | seconds | word recall | against | warnings, failure | by eye |",
        "|---|---|---|---|---|---|---|---|---|", *rows, "",
    ]  # fmt: skip
    text[0] = f"# What the readers make of {len(rows)} test files"
    (HERE / "results" / "read_formats.md").write_text("\n".join(text), encoding="utf-8")


def row(path: Path) -> str:
    started = time.perf_counter()
    try:
        reading = read_file(path, source=path.name, settings=Read())
    except ReadFailure as failure:
        return cells(
            path.name,
            "",
            "",
            "",
            f"{time.perf_counter() - started:.3f}",
            "",
            "",
            f"**{failure}**",
            REMARKS.get(path.name, ""),
        )
    seconds = time.perf_counter() - started
    document = reading.documents[0]
    kinds = Counter(element.kind for element in document.elements)
    shown = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    told, against = oracle(path)
    recall = f"{recalled(told, everything(document)):.3f}" if told else ""
    said = [*document.warnings, *(f"{source}: {reason}" for source, reason in reading.failures)]
    parts = len(reading.documents) - 1
    shown += f" (+ {parts} parts)" if parts else ""
    return cells(
        path.name, document.media_type, shown, f"{len(document.text):,}", f"{seconds:.3f}", recall, against,
        "; ".join(said), REMARKS.get(path.name, ""),
    )  # fmt: skip


def cells(*values: str) -> str:
    return f"| {' | '.join(value.replace('|', '/') for value in values)} |"


def everything(document: Document) -> str:
    return " ".join([document.text, document.title, *map(str, document.metadata.values())])


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.casefold()))


def recalled(told: str, found: str) -> float:
    wanted, got = words(told), words(found)
    return sum((wanted & got).values()) / max(sum(wanted.values()), 1)


def oracle(path: Path) -> tuple[str, str]:
    """Give the text that another way of looking at the file finds, and what that way is."""
    match path.suffix:
        case ".docx":
            return xml_texts(path, r"word/document\.xml", r"<(?:w|m):t(?: [^>]*)?>([^<]*)<"), "text runs of the body"
        case ".pptx":
            return xml_texts(
                path, r"ppt/(?:slides|notesSlides)/\w+\.xml", r"<a:p>.*?</a:p>", paragraphs=True
            ), "text runs of slides and notes"
        case ".odt" | ".odp" | ".ods":
            twin = path.with_name(f"{path.name}.pdf")
            if twin.exists():
                return pdf_text(twin), "PDF of the same"
            return xml_texts(
                path, r"content\.xml", r"<text:[ph][ >].*?</text:[ph]>", paragraphs=True
            ), "paragraphs of content.xml"
        case ".epub":
            return xml_texts(path, r".*text/.*\.xhtml", r"<body.*</body>", paragraphs=True), "text of the XHTML"
        case ".xlsx" | ".xlsm":
            return workbook_text(path), "openpyxl's texts and whole numbers, visible sheets"
        case _:
            return oracle_of_text(path)


def oracle_of_text(path: Path) -> tuple[str, str]:
    match path.suffix:
        case ".html":
            page = re.sub(r"(?s)<head.*?</head>|<script.*?</script>|<style.*?</style>", " ", path.read_text("utf-8"))
            return untagged(page), "page without tags"
        case ".md":
            return untagged(rendered(path.read_text("utf-8"))), "what markdown-it renders, without tags"
        case ".csv":
            return path.read_text("utf-8"), "file as text"
        case ".eml":
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            body = message.get_body(("plain",))
            return str(body.get_content()) if body else "", "plain text body"
        case ".nxml" | ".txt":
            source = path.read_text("utf-8")
            body = re.search(r"(?s)<body>.*</body>", source)
            return untagged(body[0]) if body else "", "text of the body"
        case ".doc":
            return twin_text(path, "docx/sources/word_sample.docx"), "the DOCX it was saved from"
        case ".ppt":
            return twin_text(path, "pptx/sources/powerpoint_sample.pptx"), "the PPTX it was saved from"
        case _:
            return "", ""


def twin_text(path: Path, name: str) -> str:
    if not path.name.startswith("legacy"):
        return ""
    twin = path.parents[2] / name
    return "\n".join(
        re.sub(r"(?m)^(?:-|\d+\.) ", "", d.text) for d in read_file(twin, source="", settings=Read()).documents
    )


def rendered(source: str) -> str:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table").render(source)


def xml_texts(path: Path, parts: str, pattern: str, *, paragraphs: bool = False) -> str:
    with zipfile.ZipFile(path) as archive:
        sources = [archive.read(name).decode() for name in archive.namelist() if re.fullmatch(parts, name)]
    sources = [
        re.sub(r"(?s)<mc:Fallback>.*?</mc:Fallback>|<a:fld [^>]*slidenum.*?</a:fld>", "", one) for one in sources
    ]
    if paragraphs:
        texts = [match[0] for one in sources for match in re.finditer(rf"(?s){pattern}", one)]
        return untagged(" ".join(texts), joins_runs=True)
    broken = [re.sub(r"</w:p>|<w:br/>|<w:tab/>", "<w:t> </w:t>", one) for one in sources]
    return html.unescape("".join(text for one in broken for text in re.findall(pattern, one)))


def untagged(source: str, *, joins_runs: bool = False) -> str:
    inline = (
        r"</?(?:a:r|a:t|text:span|b|i|em|strong|span|a|sub|sup|italic|bold|xref|u|s|code|abbr)\b[^>]*>"
        if joins_runs
        else r"</?(?:b|i|em|strong|span|a|sub|sup|italic|bold|xref|ext-link|u|s|code|small|mark)\b[^>]*>"
    )
    text = re.sub(r"<a:br[ />]", r" \g<0>", re.sub(r"(?s)<!--.*?-->|<a:rPr.*?(?:/>|</a:rPr>)", "", source))
    return html.unescape(re.sub(r"<[^>]*>", " ", re.sub(inline, "", text)))


def workbook_text(path: Path) -> str:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()), data_only=True)
    values = (cell for sheet in book if sheet.sheet_state == "visible" for line in sheet.values for cell in line)
    return " ".join(str(value) for value in values if isinstance(value, str | int))


def pdf_text(path: Path) -> str:
    import pypdfium2

    with pypdfium2.PdfDocument(path) as document:
        return "\n".join(page.get_textpage().get_text_range() for page in document)


if __name__ == "__main__":
    main()
