"""Spreadsheets and delimited text: tables on a sheet, numbers as people see them, workbooks that would exhaust."""

import struct
import time

import pytest

from scoville.errors import ReadFailure
from scoville.read.assemble import ParsedFile, assemble
from scoville.read.office.number_format import shown
from scoville.read.office.odf import read_odf
from scoville.read.office.xlsx import read_binary_workbook, read_xlsx
from scoville.read.text.delimited import read_csv
from scoville.types import Document, Merged
from tiny_office import PACKAGE, RELATIONS, SHEET, ole2, open_document, rows_of, workbook

LIMIT = 20_000_000


def made(draft: ParsedFile) -> Document:
    return assemble(draft, id="0", source="s", name="file", max_characters=LIMIT)


def read(data: bytes) -> Document:
    return made(read_xlsx(data, LIMIT))


def told(document: Document) -> list[tuple[str, str | None, str]]:
    return [(e.kind, e.anchor, document.text[e.start : e.end].split("\n")[0]) for e in document.elements]


# -- numbers as people see them ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (0.256, "0%", "26%"),
        (1234567.891, "#,##0.00", "1,234,567.89"),
        (-5, "#,##0;(#,##0)", "(5)"),
        (1234.5, "[$€-407] #,##0.00", "€ 1,234.50"),
        (-1234.5, '"$"#,##0.00_);("$"#,##0.00)', "($1,234.50)"),
        (45000, "d. mmmm yyyy", "2023-03-15"),
        (45000.5, "m/d/yy h:mm", "2023-03-15 12:00"),
        (45000, "mmm-yy", "2023-03"),
        (1.5, "[h]:mm:ss", "36:00:00"),
        (7, "000", "007"),
        (-7, "000", "-007"),
        (2.5, "0", "3"),
        (1.5, "0.##", "1.5"),
        (1, "0.##", "1"),
        (12345678, '0.0,,"M"', "12.3M"),
        (0, '0;-0;"-"', "-"),
        (5, '0" units"', "5 units"),
        (0.5, "# ?/?", "0.5"),
        (0.1 + 0.2, "General", "0.3"),
        (1e9, "yyyy", "1000000000"),
        (float("inf"), "0", "inf"),
    ],
)
def test_a_number_is_written_by_its_format(value: float, code: str, text: str) -> None:
    assert shown(value, code) == text


def test_dates_can_begin_in_1904() -> None:
    assert shown(1, "yyyy-mm-dd", from_1904=True) == "1904-01-02"


# -- workbooks ---------------------------------------------------------------------------------------------------------


def test_each_sheet_is_split_into_its_tables() -> None:
    left = rows_of(("Plan", "Cost"), ("Basic", 10), ("Plus", 20))
    right = rows_of(("Year", "Staff"), (2020, 5), at="E5")
    sheet = left.replace("</sheetData><mergeCells></mergeCells>", "") + right.removeprefix("<sheetData>")
    document = read(workbook(("Costs", sheet), ("Other sheet", rows_of(("a", "b"), (1, 2), at="B3"))))
    assert told(document) == [
        ("heading", "Costs", "Costs"),
        ("table", "Costs!A1:B3", "| Plan | Cost |"),
        ("table", "Costs!E5:F6", "| Year | Staff |"),
        ("heading", "Other sheet", "Other sheet"),
        ("table", "'Other sheet'!B3:C4", "| a | b |"),
    ]
    assert [element.header_rows for element in document.elements if element.kind == "table"] == [1, 1, 1]
    assert document.elements[2].headings == ("Costs",)
    assert document.title == "file"


def test_a_title_above_a_table_is_its_caption_and_a_long_line_below_a_note() -> None:
    note = "All amounts in thousands of euros, audited by nobody in particular since the year 2020."
    sheet = rows_of(("Costs in 2024", None), ("Plan", "Cost"), ("Basic", 10), (note, None))
    assert told(read(workbook(("S", sheet)))) == [
        ("heading", "S", "S"),
        ("caption", "S!A1", "Costs in 2024"),
        ("table", "S!A2:B3", "| Plan | Cost |"),
        ("paragraph", "S!A4", note),
    ]


def test_the_labels_of_a_form_stay_with_their_values() -> None:
    sheet = rows_of(("Name", None, "Ada"), ("City", None, "Bern"), ("Age", None, 36))
    (element,) = read(workbook(("Sheet1", sheet))).elements
    assert element.rows == (("Name", "Ada"), ("City", "Bern"), ("Age", "36"))


def test_merged_cells_are_named_and_repeated_downwards() -> None:
    sheet = rows_of(("", "Cost", None), ("Plan", "Self", "Family"), ("Basic", 1, 2), (None, 3, 4), merged="B1:C1 A3:A4")
    (element,) = read(workbook(("Sheet1", sheet))).elements
    assert element.rows == (("", "Cost", "Cost"), ("Plan", "Self", "Family"), ("Basic", "1", "2"), ("Basic", "3", "4"))
    assert element.merged == (Merged(0, 1, 1, 2), Merged(2, 0, 2, 1))
    assert element.header_rows == 2


def test_an_empty_row_does_not_part_a_table_from_the_rest_of_it() -> None:
    sheet = rows_of(("Plan", "Cost"), ("Basic", 1), (), (2024, 2))
    (element,) = read(workbook(("Sheet1", sheet))).elements
    assert element.rows[-1] == ("2024", "2")


def test_years_can_name_columns() -> None:
    (element,) = read(workbook(("Sheet1", rows_of((None, 2023, 2024), ("Staff", 5, 6))))).elements
    assert element.header_rows == 1
    (element,) = read(workbook(("Sheet1", rows_of((1, 2), (3, 4))))).elements
    assert element.header_rows == 0


def test_cells_show_what_their_styles_and_kinds_say() -> None:
    styles = (
        '<numFmts><numFmt numFmtId="170" formatCode="0.0&quot; kg&quot;"/></numFmts><cellXfs><xf numFmtId="0"/>'
        '<xf numFmtId="9"/><xf numFmtId="14"/><xf numFmtId="170"/></cellXfs>'
    )
    cells = (
        '<c t="s"><v>0</v></c><c s="1"><v>.5</v></c><c s="2"><v>45000</v></c><c s="3"><f>A1*2</f><v>3</v></c>'
        '<c t="b"><v>1</v></c><c t="e"><v>#DIV/0!</v></c><c t="str"><v>by _x0041_ formula</v></c><c t="s"><v>9</v></c>'
    )
    strings = "<si><r><t>rich </t></r><r><t>text</t></r><rPh><t>reading</t></rPh></si>"
    sheet = f'<sheetData><row r="1">{cells}</row></sheetData>'
    (element,) = read(workbook(("Sheet1", sheet), styles=styles, strings=strings)).elements
    assert element.rows == (("rich text", "50%", "2023-03-15", "3.0 kg", "TRUE", "#DIV/0!", "by A formula"),)


def test_a_hidden_sheet_is_left_out_and_noted() -> None:
    sheets = (("Shown", rows_of(("a", "b"))), ("Secret", rows_of(("c", "d"))))
    document = read(workbook(*sheets, state={"Secret": "veryHidden"}))
    assert "c" not in document.text.split()
    assert document.warnings == ("sheet 'Secret': hidden, left out",)


def test_comments_and_text_boxes_of_a_sheet_are_read() -> None:
    related = (
        f'<Relationships xmlns="{PACKAGE}"><Relationship Id="c" Type="{RELATIONS}/comments" Target="../comments1.xml"/>'
        f'<Relationship Id="d" Type="{RELATIONS}/drawing" Target="../drawings/drawing1.xml"/></Relationships>'
    )
    more = {
        "xl/worksheets/_rels/sheet1.xml.rels": related,
        "xl/comments1.xml": f'<x xmlns="{SHEET}"><comment ref="A1"><text><t>Check this</t></text></comment></x>',
        "xl/drawings/drawing1.xml": '<d xmlns:a="a"><sp><txBody><a:p><a:r><a:t>Boxed</a:t></a:r></a:p></txBody></sp>'
        '<pic><nvPicPr><cNvPr descr="A plan of the office"/></nvPicPr></pic></d>',
    }
    assert told(read(workbook(("Sheet1", rows_of(("a", "b"))), more=more)))[1:] == [
        ("footnote", "Sheet1!A1", "Check this"),
        ("callout", "Sheet1", "Boxed"),
        ("figure", "Sheet1", "A plan of the office"),
    ]


def test_two_cells_in_far_corners_make_no_huge_table() -> None:
    corners = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    sheet = f"<sheetData>{corners}</sheetData>"
    assert read(workbook(("Sheet1", sheet))).text.split() == ["1", "2"]


def test_a_table_of_ten_thousand_columns_is_read_in_time() -> None:
    started = time.monotonic()
    wide = "".join(f'<row r="{row}">{"<c><v>1</v></c>" * 10_000}</row>' for row in range(1, 21))
    (element,) = read(workbook(("Sheet1", f"<sheetData>{wide}</sheetData>"))).elements
    assert {len(row) for row in element.rows} == {10_000}
    assert time.monotonic() - started < 60


def test_scattered_cells_take_no_quadratic_time() -> None:
    started = time.monotonic()
    rows = "".join(
        f'<row r="{3 * row + 1}"><c r="{"AZ"[row % 2]}{3 * row + 1}"><v>1</v></c></row>' for row in range(20_000)
    )
    assert read(workbook(("Sheet1", f"<sheetData>{rows}</sheetData>"))).text.count("1") >= 20_000
    assert time.monotonic() - started < 60


def test_more_cells_or_characters_than_memory_bears_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = workbook(("Sheet1", rows_of(*[("text", 1)] * 60)))
    with pytest.raises(ReadFailure, match="over read.max_characters"):
        read_xlsx(data, 100)
    monkeypatch.setattr("scoville.read.office.sheet.MOST_CELLS", 100)
    with pytest.raises(ReadFailure, match="over 100 cells"):
        read(data)


def test_too_much_is_refused_before_all_of_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off = "<sheetData>" + "".join(f'<row><c t="str"><v>text {n}</v></c></row>' for n in range(9_999)) + "<row><c"
    with pytest.raises(ReadFailure, match="over read.max_characters"):
        read_xlsx(workbook(("Sheet1", cut_off)), 100)
    monkeypatch.setattr("scoville.read.office.sheet.MOST_CELLS", 100)
    with pytest.raises(ReadFailure, match="over 100 cells"):
        read(workbook(("Sheet1", cut_off)))


def test_a_long_text_in_a_tall_merged_cell_is_not_multiplied() -> None:
    sheet = rows_of(("x" * 20_000, 1), *[(None, 1)] * 500, merged="A1:A501")
    assert len(read(workbook(("Sheet1", sheet))).text) < 60_000


def biff(*records: tuple[int, bytes]) -> bytes:
    return b"".join(struct.pack("<HH", kind, len(data)) + data for kind, data in records)


def xls() -> bytes:
    """An Excel 97 workbook with a shown and a hidden sheet."""
    begin = struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 6)
    sheet = struct.pack("<HHHHII", 0x600, 16, 0, 0, 0, 6)
    cells = biff(
        (0x809, sheet),
        (0x204, struct.pack("<HHHHB", 0, 0, 0, 4, 0) + b"Plan"),
        (0x204, struct.pack("<HHHHB", 0, 1, 0, 4, 0) + b"Cost"),
        (0x204, struct.pack("<HHHHB", 1, 0, 0, 5, 0) + b"Basic"),
        (0x203, struct.pack("<HHHd", 1, 1, 0, 1.5)),
        (0x0A, b""),
    )
    names = (b"Shown", b"Secret")

    def listed(place: int) -> bytes:
        return b"".join(
            biff((0x85, struct.pack("<IBBBB", place, hidden, 0, len(name), 0) + name))
            for hidden, name in enumerate(names)
        )

    head = len(biff((0x809, begin)) + listed(0) + biff((0x0A, b"")))
    return ole2({"Workbook": biff((0x809, begin)) + listed(head) + biff((0x0A, b"")) + cells})


def test_an_excel_97_workbook_is_read() -> None:
    document = made(read_binary_workbook(xls(), LIMIT, "application/vnd.ms-excel"))
    assert told(document)[1] == ("table", "Shown!A1:B2", "| Plan | Cost |")
    assert document.elements[1].rows[1] == ("Basic", "1.5")
    assert document.warnings == ("sheet 'Secret': hidden, left out",)
    with pytest.raises(ReadFailure, match="damaged workbook"):
        read_binary_workbook(xls()[:600], LIMIT, "x")


# -- ODS ---------------------------------------------------------------------------------------------------------------


def ods(rows: str, *, styles: str = "", name: str = "Costs") -> Document:
    table = f'<table:table table:name="{name}" table:style-name="t">{rows}</table:table>'
    return made(read_odf(open_document("spreadsheet", table, styles=styles), LIMIT))


def ods_row(*cells: str, times: int = 1) -> str:
    return f'<table:table-row table:number-rows-repeated="{times}">{"".join(cells)}</table:table-row>'


def ods_cell(text: str = "", settings: str = "") -> str:
    return f"<table:table-cell {settings}>{f'<text:p>{text}</text:p>' if text else ''}</table:table-cell>"


def test_ods_cells_stand_where_repetition_puts_them() -> None:
    number = 'office:value-type="float"'
    document = ods(
        ods_row(ods_cell("Plan"), ods_cell("Cost"))
        + ods_row(ods_cell("Basic"), ods_cell("10 €", number))
        + ods_row(ods_cell("", 'table:number-columns-repeated="16384"'), times=1_000_000)
        + ods_row(ods_cell("", 'table:number-columns-repeated="3"'), ods_cell("7", number), ods_cell("8", number))
    )
    assert told(document) == [
        ("heading", "Costs", "Costs"),
        ("table", "Costs!A1:B2", "| Plan | Cost |"),
        ("table", "Costs!D1000003:E1000003", "| 7 | 8 |"),
    ]
    assert document.elements[1].rows[1] == ("Basic", "10 €")


def test_ods_spans_and_hidden_sheets_are_known() -> None:
    spanned = ods_cell("Cost", 'table:number-columns-spanned="2"') + "<table:covered-table-cell/>"
    rows = ods_row(ods_cell("x"), spanned) + ods_row(ods_cell("a"), ods_cell("b"), ods_cell("c"))
    assert ods(rows).elements[1].merged == (Merged(0, 1, 1, 2),)
    hidden = '<style:style style:name="t"><style:table-properties table:display="false"/></style:style>'
    with pytest.raises(ReadFailure, match="no text"):
        ods(rows, styles=hidden)


def test_a_million_repeated_rows_are_refused() -> None:
    with pytest.raises(ReadFailure, match=r"5,000,000 cells"):
        ods(ods_row(ods_cell("x", 'table:number-columns-repeated="1000"'), times=1_000_000))


# -- CSV ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    lines = [
        ("Name", "Note", "Cost"),
        ("Ada", '"a, b; c | d\te"', "1,5" if delimiter != "," else "1.5"),
        ("Bo", "", "2"),
    ]
    (element,) = made(read_csv("\n".join(delimiter.join(line) for line in lines))).elements
    assert element.rows[0] == ("Name", "Note", "Cost")
    assert element.rows[1][1] == "a, b; c | d e"
    assert element.header_rows == 1
    assert element.anchor == "A1:C3"


def test_quoted_line_ends_and_quotes_stay_in_their_cell() -> None:
    (element,) = made(read_csv('a,b\n"one\ntwo","say ""hi"""\n')).elements
    assert element.rows == (("a", "b"), ("one two", 'say "hi"'))


def test_a_table_of_numbers_has_no_header() -> None:
    (element,) = made(read_csv("1,2\n3,4\n")).elements
    assert element.header_rows == 0


def test_excels_own_line_names_the_delimiter() -> None:
    (element,) = made(read_csv("sep=;\na;b,c\n1;2,5\n")).elements
    assert element.rows == (("a", "b,c"), ("1", "2,5"))


def test_a_csv_without_columns_is_text() -> None:
    assert told(made(read_csv("Just a line\n\nand another"))) == [
        ("paragraph", None, "Just a line"),
        ("paragraph", None, "and another"),
    ]


def test_an_unclosed_quote_and_short_rows_lose_nothing() -> None:
    text = made(read_csv('a,b,c\n1\n2,"x\n3,4,5\n')).text
    assert all(word in text for word in ("a", "b", "c", "1", "2", "x", "3,4,5"))


def test_one_long_row_does_not_lengthen_all_others() -> None:
    document = made(read_csv(",".join(["x"] * 10_000) + "\n" + "a,b\n" * 20_000))
    assert len(document.text) < 1_000_000
