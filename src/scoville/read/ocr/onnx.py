"""A catalogue model for pictures in, its network in OpenVINO out; and a picture as the array that it takes.

The models come as ONNX files within wheels of which nothing else is unpacked. Knows neither regions nor tables.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoville.quiet import silence_openvino

if TYPE_CHECKING:
    from PIL.Image import Image

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the colours of the pictures on which both models' first layers were trained."""
EXACT = {"INFERENCE_PRECISION_HINT": "f32"}


def network_of(path: Path, cut_before: str | None = None) -> tuple[Any, dict[str, Any]]:
    """Read a network; ``cut_before`` is the kind of node up to which it is taken where OpenVINO cannot convert it.

    Gives it compiled, and the constants of the whole file by name.
    """
    silence_openvino()
    import openvino
    from openvino.frontend import FrontEndManager

    front: Any = FrontEndManager().load_by_framework("onnx")
    model = front.convert_partially(front.load(str(path)))
    nodes = model.get_ordered_ops()
    constants = {node.get_friendly_name(): node.data for node in nodes if node.get_type_name() == "Constant"}
    if cut_before:
        last = next(node for node in nodes if node.get_type_name() == cut_before)
        cut: Any = openvino.Model
        model = cut([last.output(0)], model.get_parameters(), "cut")
    return openvino.Core().compile_model(model, "CPU", EXACT), constants


def array_of(image: "Image", width: int, height: int) -> Any:
    """Scale a picture to this size; give ``[colour, row, column]``, normalised."""
    import numpy
    from PIL import Image

    pixels = numpy.asarray(image.convert("RGB").resize((width, height), Image.Resampling.BILINEAR), numpy.float32)
    normal = (pixels / 255 - numpy.array(MEAN, numpy.float32)) / numpy.array(DEVIATION, numpy.float32)
    return normal.transpose(2, 0, 1)
