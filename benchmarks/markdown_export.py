"""A Document in, Markdown out: what a person or another program may look at.

Tables become HTML, which can merge cells. Text is
written as it stands, without escapes, so that it reads like the document. Does not know formats.
"""

from collections.abc import Iterator, Sequence
from html import escape

from scoville.types import Document, Element

FURNITURE = frozenset({"header", "footer"})
DEEPEST = 6
_PLACES = {"header": 0, "footer": 2}  # on their page; everything else lies between


def to_markdown(document: Document, *, furniture: bool = False) -> str:
    """Write the elements of a document as Markdown, in reading order, a blank line between them.

    Page headers, footers and page numbers are left out, as they are of passages, or stand where they are printed.
    """
    elements = [element for element in document.elements if furniture or element.kind not in FURNITURE]
    for chart in [element for element in elements if element.kind == "chart"]:  # these stand behind the text
        elements.remove(chart)
        elements.insert(_place(chart, elements), chart)
    if furniture:
        elements.sort(key=lambda element: (element.page or 0, _PLACES.get(element.kind, 1)))
    return "\n\n".join(filter(None, (_block(document, element) for element in elements))) + "\n"


def _place(chart: Element, elements: Sequence[Element]) -> int:
    """Give where a chart is printed: before what begins below its top in its column."""
    box = chart.regions[0].box
    for number, element in enumerate(elements):
        top = element.regions[0].box if element.regions else None
        if top and top.page == box.page and top.y0 > box.y0 and min(top.x1, box.x1) > max(top.x0, box.x0):
            return number
    return len(elements)


def _block(document: Document, element: Element) -> str:
    text = document.text[element.start : element.end].strip()
    match element.kind:
        case "title":
            return f"# {_on_one_line(text)}"
        case "heading":
            return f"{'#' * min(element.level or 1, DEEPEST)} {_on_one_line(text)}"
        case "list_item":
            return "  " * ((element.level or 1) - 1) + text
        case "code":
            return f"```\n{text}\n```"
        case "table":
            return _table(element)
        case _:
            return text


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _table(element: Element) -> str:
    lines = ["<table>"]
    for number, cells in enumerate(_cells(element)):
        tag = "th" if number < element.header_rows else "td"
        lines.append(" <tr>")
        lines += [f"  <{tag}{spans}>{escape(text, quote=False)}</{tag}>" for text, spans in cells]
        lines.append(" </tr>")
    return "\n".join([*lines, "</table>"])


def _cells(element: Element) -> Iterator[Sequence[tuple[str, str]]]:
    """Give each row's cells, without those that a merged cell covers, and the attributes that merge them."""
    merged = {(cell.row, cell.column): cell for cell in element.merged}
    covered = {
        (row, column)
        for cell in element.merged
        for row in range(cell.row, cell.row + cell.rows)
        for column in range(cell.column, cell.column + cell.columns)
    } - merged.keys()
    for row, texts in enumerate(element.rows):
        cells: list[tuple[str, str]] = []
        for column, text in enumerate(texts):
            if (row, column) in covered:
                continue
            cell = merged.get((row, column))
            spans = f' rowspan="{cell.rows}"' if cell and cell.rows > 1 else ""
            spans += f' colspan="{cell.columns}"' if cell and cell.columns > 1 else ""
            cells.append((text, spans))
        yield cells
