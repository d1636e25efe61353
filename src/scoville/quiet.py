"""Keeps the libraries below from calling home. Knows nothing else."""

import sys


def silence_openvino() -> None:
    """Keep OpenVINO from reporting its import to a web analytics service; call it before importing ``openvino``.

    OpenVINO sends an event from a forked process whenever it is imported, unless ``openvino_telemetry`` cannot be
    imported: then it uses a stub of its own.
    """
    if "openvino_telemetry" not in sys.modules:
        sys.modules["openvino_telemetry"] = None  # pyright: ignore[reportArgumentType]
