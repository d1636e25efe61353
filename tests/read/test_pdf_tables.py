"""Tables of PDFs: what belongs to them, what does not, merged cells, page breaks."""

from collections.abc import Callable
from pathlib import Path

import pytest

from printed import TEXT, Paper, pdf, shown
from scoville.read import read_document
from scoville.read.pdf.ink import Row, Style
from scoville.read.pdf.lines import Rectangle, Word
from scoville.read.pdf.page import block_of
from scoville.read.pdf.tables.missed import find_tables
from scoville.recipe import Read
from scoville.types import Document, Element, Merged

XS = (80, 230, 330, 430)
ROWS = [
    ["Plan", "Monthly", "Yearly", "Limit"],
    ["Basic", "100", "1,200", "2,000"],
    ["Plus", "250", "3,000", "500"],
    ["Max", "400", "4,800", "0"],
]
ReadPages = Callable[..., Document]


@pytest.fixture
def read(tmp_path: Path) -> ReadPages:
    def read_pages(*pages: Callable[[Paper], None]) -> Document:
        (tmp_path / "file.pdf").write_bytes(pdf(*pages))
        return read_document(tmp_path / "file.pdf", source="s", settings=Read())

    return read_pages


def tables(document: Document) -> list[Element]:
    return [element for element in document.elements if element.kind == "table"]


def grid(paper: Paper, xs: tuple[float, ...], ys: tuple[float, ...]) -> None:
    for x in xs:
        paper.rule(x, ys[0], x, ys[-1])
    for y in ys:
        paper.rule(xs[0], y, xs[-1], y)


def test_a_title_above_and_a_note_below_are_no_rows(read: ReadPages) -> None:
    def draw(paper: Paper) -> None:
        paper.lines(80, 100, ["Exhibit 4 What each plan costs a member, by month and by year, in dollars"], size=11)
        paper.rows(XS, 122, ROWS)
        paper.lines(80, 192, ["Note: all amounts are those of last year and may change at any time without notice."])

    document = read(draw)
    (table,) = tables(document)
    assert table.rows == tuple(map(tuple, ROWS))
    kinds = [kind for kind, _ in shown(document)]
    assert kinds.count("table") == 1
    assert len(kinds) == 3
    assert "Note: all amounts are those" in document.text


def printed_row(x: float, y: float, text: str) -> Row:
    box = Rectangle(x, y, x + 6.0 * len(text), y + 11)
    return Row(box, [Word(text, box)], Style("Helvetica", 11.0, False))


@pytest.mark.parametrize("apart", [False, True])
def test_figures_in_columns_are_a_table_with_the_line_above_as_header(apart: bool) -> None:
    years = [printed_row(160, 128 + 13 * n, str(2019 + n)) for n in range(6)]
    ducks = [printed_row(254, 128 + 13 * n, str(120 + n)) for n in range(6)]
    above = [printed_row(122, 100, "Ducks"), printed_row(150, 115, "Year"), printed_row(240, 115, "Ducks")]
    parts = [years, ducks] if apart else [[row for pair in zip(years, ducks, strict=True) for row in pair]]
    heading, table = find_tables([block_of("heading", 1, above), *(block_of("paragraph", 1, part) for part in parts)])
    assert (heading.kind, heading.text) == ("heading", "Ducks")
    assert table.rows == (("Year", "Ducks"), *((str(2019 + n), str(120 + n)) for n in range(6)))
    assert table.header_rows == 1


def test_a_column_of_words_is_no_table() -> None:
    block = block_of("paragraph", 1, [printed_row(72 + 90 * (n % 2), 100 + 13 * (n // 2), "word") for n in range(8)])
    assert find_tables([block]) == [block]


def test_running_text_in_columns_by_chance_is_no_table(read: ReadPages) -> None:
    words = [
        ["3.2", "Measuring what each of the plans is worth to a member of it"],
        ["asking", "households. The first question was for what they had paid in"],
        ["you and", "your partner sold what you had, and at which price it was sold"],
        ["course", "of our analysis we look at each of them in turn, one by one"],
    ]

    def draw(paper: Paper) -> None:
        for number, (left, right) in enumerate(words):
            paper.text(80, 100 + 15 * number, f"{left} {right}")
        paper.lines(80, 300, TEXT)

    assert tables(read(draw)) == []


def test_a_list_with_its_marks_apart_is_a_list(read: ReadPages) -> None:
    items = ["Parents of children in the group read to them more often", "There were no effects on the older children"]

    def draw(paper: Paper) -> None:
        paper.lines(72, 80, TEXT)
        for number, item in enumerate(items * 3):
            paper.text(80, 200 + 18 * number, "•")
            paper.text(110, 200 + 18 * number, item)

    document = read(draw)
    assert tables(document) == []
    assert [kind for kind, _ in shown(document)].count("list_item") == 6


def test_a_cell_beside_several_rows_is_merged(read: ReadPages) -> None:
    def draw(paper: Paper) -> None:
        xs, ys = (70.0, 220.0, 320.0, 420.0), (100.0, 120.0, 140.0, 160.0, 180.0)
        for x in xs:
            paper.rule(x, ys[0], x, ys[-1])
        for y in (ys[0], ys[1], ys[3], ys[4]):
            paper.rule(xs[0], y, xs[-1], y)
        paper.rule(xs[1], ys[2], xs[-1], ys[2])
        texts = [["Area", "Part", "Cost"], ["Dental", "Check", "20"], ["", "Crown", "300"], ["Eyes", "Glasses", "90"]]
        paper.rows((75, 225, 325), 114, texts, pitch=20)

    (table,) = tables(read(draw))
    assert table.rows[1][0] == "Dental"
    assert table.merged == (Merged(1, 0, 2, 1),)


def test_a_heading_over_two_columns_is_merged(read: ReadPages) -> None:
    def draw(paper: Paper) -> None:
        paper.text(260, 100, "Cost for a member")
        paper.rows((80, 240, 340), 118, [["Plan", "Monthly", "Yearly"], *[row[:3] for row in ROWS[1:]]])

    (table,) = tables(read(draw))
    assert table.rows[0] == ("", "Cost for a member", "")
    assert table.merged == (Merged(0, 1, 1, 2),)
    assert table.rows[1] == ("Plan", "Monthly", "Yearly")


def test_a_row_that_goes_on_below_is_one_row(read: ReadPages) -> None:
    def draw(paper: Paper) -> None:
        paper.rows(XS, 100, ROWS[:1])
        paper.rows(XS, 130, [["Basic, for all", "100", "1,200", "2,000"]])
        paper.text(XS[0], 143, "who start now")
        paper.rows(XS, 170, ROWS[2:], pitch=30)

    (table,) = tables(read(draw))
    assert [row[0] for row in table.rows] == ["Plan", "Basic, for all who start now", "Plus", "Max"]


def test_labels_with_dots_up_to_the_figures_are_the_first_column(read: ReadPages) -> None:
    names = ["Argentina", "Australia", "Austria", "Brazil", "China"]

    def draw(paper: Paper) -> None:
        paper.rows((300, 400), 100, [["2009", "2010"]])
        for number, name in enumerate(names):
            paper.text(72, 120 + 14 * number, f"{name} {'.' * (40 - len(name))}")
            paper.rows((300, 400), 120 + 14 * number, [[f"{50 + number},000", f"{60 + number},000"]])

    (table,) = tables(read(draw))
    assert [row[0].split(" ")[0] for row in table.rows[1:]] == names
    assert [row[-1] for row in table.rows[1:]] == ["60,000", "61,000", "62,000", "63,000", "64,000"]


@pytest.mark.parametrize("repeated", [True, False])
def test_a_table_goes_on_over_a_page_break(read: ReadPages, repeated: bool) -> None:
    rows = [[f"Plan {n}", str(100 + n), f"{2000 - n}"] for n in range(30)]

    def page(part: list[list[str]]) -> Callable[[Paper], None]:
        ys = tuple(100.0 + 18 * n for n in range(len(part) + 1))
        return lambda paper: (grid(paper, (70, 200, 320, 440), ys), paper.rows((75, 205, 325), 113, part))[0]

    header = [["Plan", "Monthly", "Limit"]]
    (table,) = tables(read(page([*header, *rows[:20]]), page([*(header if repeated else []), *rows[20:]])))
    assert table.rows == tuple(map(tuple, header + rows))
    assert table.header_rows == 1
    assert {region.box.page for region in table.regions} == {1, 2}


def test_labels_with_colons_and_their_values_are_form_fields(read: ReadPages) -> None:
    pairs = [["Full name:", "Ada Example"], ["Date of birth:", "12 May 1990"], ["Town:", "Example Town"]]

    def draw(paper: Paper) -> None:
        paper.text(72, 80, "Registration form", size=18, font="Helvetica-Bold")
        paper.rows((72, 230), 120, pairs, pitch=24)

    document = read(draw)
    assert [text for kind, text in shown(document) if kind == "form_field"] == [" ".join(pair) for pair in pairs]


def test_cells_are_those_that_are_drawn(read: ReadPages) -> None:
    xs, ys = (70.0, 220, 310, 400), (100.0, 120, 140, 172, 204)

    def draw(paper: Paper) -> None:
        grid(paper, xs, (*ys[:1], *ys[2:]))
        paper.rule(220, 120, 400, 120)
        paper.canvas.setStrokeColorRGB(1, 1, 1)
        paper.rule(310, 101, 310, 119)
        paper.text(250, 114, "Cost per month")
        paper.rows((76, 226, 316), 134, [["", "Standard", "Plus"]])
        for top, (label, more, cells) in zip(
            ys[2:],
            [("An employee with a", "spouse or a child", ("65", "71")), ("A family of", "three or more", ("78", "89"))],
            strict=False,
        ):
            paper.lines(76, top + 13, [label, more])
            paper.rows((226, 316), top + 20, [cells])

    (table,) = tables(read(draw))
    assert table.rows[1:] == (
        ("", "Standard", "Plus"),
        ("An employee with a spouse or a child", "65", "71"),
        ("A family of three or more", "78", "89"),
    )
    assert "Cost per month" in table.rows[0]
    assert table.header_rows == 2


def test_coloured_areas_draw_cells_too(read: ReadPages) -> None:
    rows = [
        [["Region"], ["Open since then, or", "planned for"], ["Staff"]],
        [["The north", "and its isles"], ["the spring"], ["full time", "or less"]],
        [["The south"], ["two sites, one of", "them leased"], ["nine"]],
    ]

    def draw(paper: Paper) -> None:
        for number, row in enumerate(rows):
            for left, right, lines in zip((70, 160, 360), (158, 358, 450), row, strict=True):
                top = 100 + 36 * number
                paper.box(left, top, right, top + 34, (0.95, 0.8, 0.6) if number else (0.9, 0.5, 0.2))
                paper.lines(left + 6, top + (21 if len(lines) == 1 else 14), lines)

    (table,) = tables(read(draw))
    assert table.rows == tuple(tuple(" ".join(lines) for lines in row) for row in rows)
    assert table.header_rows == 1


def test_a_frame_around_rows_is_no_cell(read: ReadPages) -> None:
    def draw(paper: Paper) -> None:
        grid(paper, (70, 220, 320, 420), (100, 118, 200))
        paper.rows((80, 230, 330), 113, [["Plan", "Monthly", "Limit"]])
        paper.rows((80, 230, 330), 132, [["Basic", "100", "2,000"], ["Plus", "250", "500"], ["Max", "400", "0"]])

    (table,) = tables(read(draw))
    assert [row[0] for row in table.rows] == ["Plan", "Basic", "Plus", "Max"]


def test_names_above_figures_are_their_columns_header(read: ReadPages) -> None:
    def draw(paper: Paper) -> None:
        paper.lines(72, 80, ["This table holds what was answered to the question what was done with the savings"])
        paper.lines(72, 94, ["that were lost in the year before, and how much of them was lost on average."])
        paper.rule(72, 108, 500, 108)
        paper.rows((225, 290, 345), 124, [["Answers", "Percent", "Mean loss"]])
        paper.rows((420, 420), 124, [["Fraction of", ""]])
        paper.text(420, 137, "wealth lost")
        paper.rule(72, 142, 500, 142)
        rows = [
            ["We kept all of it", "344", "75.2", "12196", "17.4%"],
            ["We sold some", "53", "11.6", "23518", "22.5%"],
            ["We sold all of it", "61", "13.2", "9187", "22.5%"],
        ]
        paper.rows((72, 235, 300, 355, 440), 157, rows, pitch=15)

    (table,) = tables(read(draw))
    assert table.rows[0] == ("", "Answers", "Percent", "Mean loss", "Fraction of wealth lost")
    assert table.header_rows == 1


def test_years_above_figures_are_a_header_and_figures_are_none(read: ReadPages) -> None:
    years = [
        ["Revenue", "2023", "2024", "2025"],
        *([f"Region {n}", f"{n}10.5", f"{n}20.1", f"{n}31.0"] for n in range(1, 5)),
    ]
    figures = years[1:]

    def page(rows: list[list[str]]) -> Callable[[Paper], None]:
        return lambda paper: (
            grid(paper, (70, 225, 325, 425, 500), tuple(100.0 + 18 * n for n in range(len(rows) + 1))),
            paper.rows(XS, 113, rows),
        )[0]

    assert [table.header_rows for table in tables(read(page(years)))] == [1]
    assert [table.header_rows for table in tables(read(page(figures)))] == [0]


def test_years_above_titles_of_parts_name_the_columns(read: ReadPages) -> None:
    def draw(paper: Paper) -> None:
        paper.rows((250, 330, 410), 100, [["2024", "2025", "2026"]])
        paper.text(72, 114, "Outlays:")
        paper.text(78, 128, "Programs by law")
        rows = [[f"Programs of kind {n}", f"{n}10", f"{n},220", f"{n}31"] for n in range(1, 6)]
        paper.rows((84, 250, 330, 410), 142, rows, pitch=14)

    (table,) = tables(read(draw))
    assert table.rows[0] == ("", "2024", "2025", "2026")
    assert table.header_rows == 1
    assert [row[0] for row in table.rows[1:3]] == ["Outlays:", "Programs by law"]


def test_dot_leaders_do_not_tear_a_table(read: ReadPages) -> None:
    def draw(paper: Paper) -> None:
        paper.rows((230, 280, 330, 380, 430), 100, [["1.0", "1.1", "1.2", "1.3", "1.4"]])
        rows = [[f"0.{n}0 " + "." * 44, *(str(8 * n * k) for k in range(11, 16))] for n in range(1, 10)]
        paper.rows((80, 230, 280, 330, 380, 430), 118, rows, pitch=14)

    (table,) = tables(read(draw))
    assert [row[1:] for row in table.rows[-9:]] == [tuple(str(8 * n * k) for k in range(11, 16)) for n in range(1, 10)]
