"""A DrawingML chart in, its numbers as a table out, a row for each category; a diagram (SmartArt) in, its texts out."""

from typing import Any

from scoville.read.assemble import Piece
from scoville.read.clean import clean_line
from scoville.read.office.number_format import shown
from scoville.read.office.pptx_text import paragraph_text
from scoville.read.text.xml_tree import child, descendants, name_of

_MOST_POINTS = 10_000


def chart_pieces(chart: Any) -> list[Piece]:
    """Give a chart's title and its data, which the file keeps with the drawing."""
    pieces: list[Piece] = []
    title = child(chart, "chart", "title")
    text = clean_line("".join(run.text or "" for run in descendants(title, "t"))) if title is not None else ""
    if text:
        pieces.append(Piece(kind="caption", text=text))
    series = list(descendants(chart, "ser"))
    columns = [_points(child(data, "val"), child(data, "yVal")) for data in series]
    labels: dict[int, str] = {}
    for data in series:
        for number, label in _points(child(data, "cat"), child(data, "xVal")).items():
            labels.setdefault(number, label)
    names = [next(iter(_points(child(data, "tx")).values()), f"Series {n}") for n, data in enumerate(series, 1)]
    places = sorted({place for column in (labels, *columns) for place in column})
    rows = [("", *names), *((labels.get(n, ""), *(column.get(n, "") for column in columns)) for n in places)]
    if len(rows) > 1:
        pieces.append(Piece(kind="table", rows=tuple(rows), header_rows=1))
    return pieces


def diagram_pieces(diagram: Any) -> list[Piece]:
    """Give the texts of a SmartArt graphic in the order of its points."""
    bodies = (child(point, "t") for point in descendants(diagram, "pt"))
    texts = (
        "\n".join(paragraph_text(paragraph) for paragraph in body.iterchildren("{*}p")).strip()
        for body in bodies
        if body is not None
    )
    return [Piece(kind="list_item", text=f"- {text}", level=1) for text in texts if text]


def _points(*sources: Any) -> dict[int, str]:
    """Give the cached points of the first source that is there; levels of a category are joined."""
    found: dict[int, str] = {}
    source = next((source for source in sources if source is not None), None)
    code = next(descendants(source, "formatCode"), None) if source is not None else None
    for point in descendants(source, "pt") if source is not None else ():
        value = child(point, "v")
        place = point.get("idx", "0")
        if value is None or not place.isdigit() or len(found) > _MOST_POINTS:
            continue
        text = _written(value.text or "", (code.text or "") if code is not None else "", point)
        place = int(place)
        found[place] = f"{text} {found[place]}" if place in found else text
    return found


def _written(text: str, code: str, point: Any) -> str:
    if name_of(point.getparent()) != "numCache" and name_of(point.getparent()) != "numLit":
        return text
    try:
        return shown(float(text), code)
    except ValueError:
        return text
