"""Whisper in CTranslate2's form, run here by faster-whisper: the bytes of a sound file in, a Transcript out.

Sound is decoded and heard two minutes at a time, so an hour of it takes no more memory than that. Only the stretches
in which a small network hears a voice are given to Whisper, each apart: it makes up sentences where nobody speaks.
Does not know recipes' names of models, nor paragraphs. Nothing here uses a network.
"""

import io
import os
import threading
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from scoville.errors import ReadFailure
from scoville.read.sound.transcript import Segment, Transcript, clock

if TYPE_CHECKING:
    import numpy

NEEDS = ("model.bin", "tokenizer.json")
RATE = 16_000
BLOCK_SECONDS = 120
"""How much is decoded and heard at once. With tiny.en the process takes 552 MB at most, with 60 s 482, with 300 s 765,
at the same speed (an 11-minute file)."""
_CUT_SECONDS = 1.0
"""What ends nearer to the end of a block may be cut off there, and is heard again with the next."""
_REPEATS = 2.4
"""Whisper's own limit of how far honest text can be compressed."""
_NO_SPEECH = 0.6
"""Whisper's own limit too, of how sure it may be that nobody speaks."""
_FRAME_SECONDS = 0.01
_OPENING = threading.Lock()


class _Part(NamedTuple):
    """Some words that were said in a block; times are from its beginning."""

    start: float
    end: float
    text: str
    is_repetition: bool


def transcribe_by_ctranslate(data: bytes, folder: Path, timeout_seconds: float) -> Transcript:
    """Transcribe a WAV or MP3 file by the model in a folder."""
    import numpy

    started = monotonic()
    model = open_model(folder)
    segments: list[Segment] = []
    repeated: list[Segment] = []
    language = ""
    rest = numpy.zeros(0, numpy.float32)
    begins = 0.0  # of the block, in seconds
    for samples, is_last in decoded_blocks(data):
        block = numpy.concatenate([rest, samples])
        parts, language = _hear(model, block, language)
        said: list[_Part] = []
        for part in parts:
            said.append(part)
            _check_time(started, timeout_seconds, begins + part.end)
        again = said.pop() if not is_last and _is_cut_off(said, len(block) / RATE) else None
        for part in said:
            place = Segment(begins + part.start, begins + part.end, part.text)
            if not part.is_repetition:
                segments.append(place)
            elif repeated and place.start - repeated[-1].end < _CUT_SECONDS:
                repeated[-1] = repeated[-1]._replace(end=place.end)
            else:
                repeated.append(place)
        kept = round(again.start * RATE) if again else len(block)
        begins += kept / RATE
        rest = block[kept:]
        _check_time(started, timeout_seconds, begins)
    return Transcript(segments, language, tuple(map(_repetition, repeated)))


def _check_time(started: float, timeout_seconds: float, reached: float) -> None:
    if monotonic() - started > timeout_seconds:
        raise ReadFailure(
            f"took longer than read.timeout_seconds {timeout_seconds:g}, by then {clock(reached)} of it was "
            "transcribed; raise it in the recipe, or split the file"
        )


def _is_cut_off(said: list[_Part], seconds: float) -> bool:
    """Tell whether the last of what was said in a block may go on behind its end."""
    return bool(said) and said[-1].start > 0 and said[-1].end > seconds - _CUT_SECONDS


def _repetition(place: Segment) -> str:
    return f"{clock(place.start)} to {clock(place.end)} is left out: the model only repeated itself there"


def _hear(model: Any, block: "numpy.ndarray[Any, Any]", language: str) -> tuple[Iterable[_Part], str]:
    """Give what is said in a block, and the language; that is told from the first words where it is not known."""
    from faster_whisper.vad import get_speech_timestamps  # pyright: ignore[reportMissingImports]

    voices = get_speech_timestamps(block)
    if not voices:
        return (), language
    parts, about = model.transcribe(
        block,
        language=language or None,
        # Its own vad_filter joins the stretches, and gave words the time of a stretch before, 40 s too early.
        clip_timestamps=[place / RATE for voice in voices for place in (voice["start"], voice["end"])],
        beam_size=5,
        temperature=0.0,  # what it falls back to is drawn by lot, another each time, even with a set seed
        condition_on_previous_text=False,  # else a repetition goes on into the next half minute
    )
    return _heard(parts, voices), about.language


def _heard(parts: Iterable[Any], voices: list[dict[str, int]]) -> Iterator[_Part]:
    """Leave out what is made up: words behind the end of a voice, and repetition where Whisper too hears none."""
    for part in parts:
        reached = round((part.start + _FRAME_SECONDS) * RATE)
        end = max((voice["end"] / RATE for voice in voices if voice["start"] <= reached), default=0.0)
        is_repetition = part.compression_ratio > _REPEATS
        if part.start < end and not (is_repetition and part.no_speech_prob > _NO_SPEECH):
            yield _Part(part.start, min(part.end, end), part.text, is_repetition)


def decoded_blocks(data: bytes) -> Iterator[tuple["numpy.ndarray[Any, Any]", bool]]:
    """Decode to floats of one channel at ``RATE``, a block at a time, and tell whether it is the last."""
    import numpy

    pieces: list[Any] = []
    length = 0
    for piece in _decoded(data):
        if length >= BLOCK_SECONDS * RATE:
            yield numpy.concatenate(pieces), False
            pieces, length = [], 0
        pieces.append(piece)
        length += len(piece)
    if not pieces:
        raise ReadFailure("holds no sound that can be decoded; it may be damaged, play it and save it anew")
    yield numpy.concatenate(pieces), True


def _decoded(data: bytes) -> Iterator["numpy.ndarray[Any, Any]"]:
    import av  # pyright: ignore[reportMissingImports]
    from av.error import FFmpegError, InvalidDataError  # pyright: ignore[reportMissingImports]

    # The format is said, not guessed: among those that FFmpeg knows are lists of addresses, which it would open.
    format = "wav" if data.startswith(b"RIFF") else "mp3"
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)  # "flt" would make stereo 1.4 times as loud
    try:
        with av.open(io.BytesIO(data), "r", format=format, metadata_errors="ignore") as container:
            for packet in container.demux(audio=0):
                try:
                    frames = packet.decode()
                except InvalidDataError:  # a damaged part of a second; what is behind it can be heard
                    continue
                for frame in frames:
                    frame.pts = None  # times are counted in samples
                    yield from map(_floats, resampler.resample(frame))
            yield from map(_floats, resampler.resample(None))
    except (FFmpegError, IndexError, ValueError) as error:
        raise ReadFailure(f"is damaged or an unusual {format.upper()} file: {error}") from None


def _floats(frame: Any) -> "numpy.ndarray[Any, Any]":
    return frame.to_ndarray()[0].astype("float32") / 32768


def library() -> Any:
    """Give what runs models in this form. Raises ReadFailure where the extra is not installed."""
    try:
        from faster_whisper import WhisperModel  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise ReadFailure(
            'could not be transcribed: a local Whisper model needs more: pip install "scoville[audio]"'
        ) from None
    return WhisperModel


def open_model(folder: Path) -> Any:
    """Open the model in a folder; the one used last stays open in this process."""
    missing = [name for name in NEEDS if not (folder / name).is_file()]
    if missing:  # without a tokenizer.json the library would ask a hub for one
        raise ReadFailure(f"could not be transcribed: {folder} lacks {' and '.join(missing)}; copy the whole model")
    with _OPENING:
        return _open_model(str(folder), (folder / NEEDS[0]).stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _open_model(folder: str, changed: int) -> Any:
    whisper_model = library()
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    try:
        return whisper_model(folder, device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)
    except Exception as error:  # RuntimeError of the network, plain Exception of the tokenizer
        raise ReadFailure(
            f"could not be transcribed: {folder} holds no whole Whisper model in CTranslate2's form: "
            f"{' '.join(str(error).split())[:200]}; fetch or copy it again"
        ) from None
