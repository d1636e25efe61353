"""The sound of a file in, what a Whisper model of this machine hears in it out. Runs in a child: sound is decoded here.

faster-whisper runs models in CTranslate2's form (whisper), this file those in OpenVINO's. Knows no recipes, nor how a
model gets here.
"""

import io
import wave
from functools import lru_cache
from pathlib import Path
from typing import Any

from scoville.errors import ReadFailure
from scoville.read.sound.transcript import Segment, Transcript

OPENVINO_ENCODER = "openvino_encoder_model.xml"
"""Stands in a folder that holds OpenVINO's form."""
_WHISPER_RATE = 16_000


def transcribe(data: bytes, folder: Path, timeout_seconds: float) -> Transcript:
    """Write down what is said in a WAV or MP3 file; of OpenVINO's models, in a WAV file only."""
    if (folder / OPENVINO_ENCODER).is_file():
        return _by_openvino(data, folder)
    from scoville.read.sound.whisper import transcribe_by_ctranslate

    return transcribe_by_ctranslate(data, folder, timeout_seconds)


def _by_openvino(data: bytes, folder: Path) -> Transcript:
    samples = wave_samples(data)
    reply = _open_pipeline(folder).generate(samples, return_timestamps=True)
    chunks = reply.chunks or ()
    if not chunks:
        return Transcript([Segment(0.0, len(samples) / _WHISPER_RATE, str(reply))])
    return Transcript([Segment(chunk.start_ts, max(chunk.end_ts, chunk.start_ts), chunk.text) for chunk in chunks])


@lru_cache(maxsize=1)
def _open_pipeline(folder: Path) -> Any:
    from scoville.quiet import silence_openvino

    silence_openvino()
    import openvino_genai

    return openvino_genai.WhisperPipeline(str(folder), "CPU")


def wave_samples(data: bytes) -> Any:
    """Decode a WAV file of integers to one channel of floats at 16 kHz, an array ``[samples]``."""
    import numpy

    if not data.startswith(b"RIFF"):
        raise ReadFailure(
            "is no WAV file, and a model in OpenVINO's form reads only those; convert it, or use another model"
        )
    try:
        with wave.open(io.BytesIO(data)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            raw = file.readframes(file.getnframes())
    except (wave.Error, EOFError, OSError) as error:
        raise ReadFailure(f"is a damaged or unusual WAV file: {error}; save it with 16-bit samples") from None
    kinds = {1: numpy.uint8, 2: numpy.dtype("<i2"), 4: numpy.dtype("<i4")}
    if width not in kinds or not channels or not rate:
        raise ReadFailure(f"has {8 * width}-bit samples; save it with 16-bit samples")
    whole = len(raw) // (width * channels) * width * channels
    samples = numpy.frombuffer(raw[:whole], kinds[width]).reshape(-1, channels).mean(axis=1)
    samples = (samples - 128) / 128 if width == 1 else samples / float(1 << (8 * width - 1))
    length = round(len(samples) * _WHISPER_RATE / rate)
    places = numpy.arange(length) * (rate / _WHISPER_RATE)
    return numpy.interp(places, numpy.arange(len(samples)), samples).astype(numpy.float32) if length else samples
