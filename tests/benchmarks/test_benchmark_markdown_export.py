"""A document as Markdown."""

import sys
from pathlib import Path

from scoville.read.assemble import ParsedFile, Piece, assemble
from scoville.types import Document, Merged

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from markdown_export import to_markdown  # noqa: E402 - a script beside the package


def document(*pieces: Piece) -> Document:
    return assemble(ParsedFile(media_type="x", pieces=pieces), id="i", source="s", name="n", max_characters=1000)


def test_each_kind_is_written_in_its_way() -> None:
    made = to_markdown(
        document(
            Piece(kind="title", text="Plans"),
            Piece(kind="heading", text="Dental", level=9),
            Piece(kind="paragraph", text="Text."),
            Piece(kind="list_item", text="- one", level=1),
            Piece(kind="list_item", text="- two", level=2),
            Piece(kind="code", text="a = 1"),
        )
    )
    assert made == "# Plans\n\n###### Dental\n\nText.\n\n- one\n\n  - two\n\n```\na = 1\n```\n"


def test_merged_cells_span_and_signs_are_escaped() -> None:
    rows = (("Plan", "Cost", ""), ("A < B", "1", "2"), ("", "3", "4"))
    merged = (Merged(0, 1, 1, 2), Merged(1, 0, 2, 1))
    made = to_markdown(document(Piece(kind="table", rows=rows, header_rows=1, merged=merged)))
    assert "".join(line.strip() for line in made.splitlines()) == (
        '<table><tr><th>Plan</th><th colspan="2">Cost</th></tr>'
        '<tr><td rowspan="2">A &lt; B</td><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>'
    )


def test_furniture_is_left_out_or_stands_on_its_page() -> None:
    pieces = (
        Piece(kind="paragraph", text="One.", page=1),
        Piece(kind="footer", text="1", page=1),
        Piece(kind="header", text="Handbook", page=2),
        Piece(kind="paragraph", text="Two.", page=2),
    )
    assert to_markdown(document(*pieces)) == "One.\n\nTwo.\n"
    assert to_markdown(document(*pieces), furniture=True) == "One.\n\n1\n\nHandbook\n\nTwo.\n"
