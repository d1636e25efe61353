"""Speech in, a ParsedFile out: paragraphs with the time at which each begins as its anchor.

What transcribes is named by ``read.audio``: a model of an OpenAI-compatible endpoint, a Whisper model of the catalogue,
or the folder of one, which faster-whisper or OpenVINO runs here. All give segments; this file groups them. Does not
decode sound: models of this machine do, in a child (local).
"""

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoville.cost import charged
from scoville.errors import ModelError, ModelUnavailable, ProviderError, ReadFailure, StorageError, UsageError
from scoville.read.assemble import ParsedFile, Piece
from scoville.read.sandbox.children import read_by_model
from scoville.read.sound.local import OPENVINO_ENCODER
from scoville.read.sound.transcript import Segment, Transcriber, Transcript, clock
from scoville.recipe.model import is_hosted
from scoville.types import Scalar

if TYPE_CHECKING:
    from scoville.recipe import Read, SpeechModel

_PAUSE_SECONDS = 1.5
"""A longer silence begins a paragraph."""
_PARAGRAPH_CHARACTERS = 700
_TOKENS_A_SECOND = 10
"""Of sound, as gpt-4o-transcribe counts it; people say at most half as many."""
_WAVE_BYTES, _MP3_BYTES = 16_000, 4_000
"""A second of sound has seldom fewer: 8,000 samples of 16 bits, and 32 kbit/s."""
_BYTES_OF_WEIGHTS = 2
"""What a model may use for each byte of its files: it holds them in another form while it is loaded."""
_ENDS = (".", "!", "?", "…", "。", "！", "？")


def read_audio(data: bytes, *, name: str, settings: "Read") -> ParsedFile:
    """Transcribe a WAV or MP3 file. Raises ReadFailure with what to set where nothing is there to do it."""
    media_type = "audio/wav" if data.startswith(b"RIFF") else "audio/mpeg"
    segments, language, warnings = open_transcriber(settings).transcribe(data, name)
    pieces = [
        Piece(kind="paragraph", text=" ".join(part.text.strip() for part in group), anchor=clock(group[0].start))
        for group in paragraphs(segments)
    ]
    metadata: dict[str, Scalar] = {"duration_seconds": round(segments[-1].end)} if segments else {}
    if language:
        metadata["language"] = language
    return ParsedFile(media_type=media_type, pieces=pieces, title="", metadata=metadata, warnings=warnings)


def open_transcriber(settings: "Read") -> Transcriber:
    """Give what ``read.audio`` names."""
    if not settings.audio:
        raise ReadFailure(
            "is a sound file, and read.audio is not set; set it to whisper-tiny-en (English, on this machine), "
            "path:FOLDER (another Whisper model, in CTranslate2's or OpenVINO's form) or openai:MODEL (an endpoint "
            "that transcribes, e.g. openai:whisper-1)"
        )
    model = settings.audio.model
    if is_hosted(model):
        return HostedTranscriber(settings.audio)
    kind, _, name = model.partition(":")
    folder = Path(name).expanduser() if kind == "path" else _catalogue_folder(model)
    if not any((folder / name).is_file() for name in (OPENVINO_ENCODER, "model.bin")):
        raise ReadFailure(
            f"could not be transcribed: read.audio names {model!r}, which holds no Whisper model: neither "
            f"CTranslate2's form (model.bin, config.json, tokenizer.json, vocabulary.txt) nor OpenVINO's "
            f"({OPENVINO_ENCODER}, openvino_decoder_model.xml and tokenizers)"
        )
    return LocalTranscriber(folder, settings)


def _catalogue_folder(name: str) -> Path:
    from scoville.models import cache_root, locate_model

    try:
        return locate_model(name, kind="speech", download=False).folder
    except ModelUnavailable:
        from scoville.read.sound.whisper import library

        library()  # before 75 MB are fetched that nothing here could run
        folder = _fetch(name, cache_root())
    except ModelError as error:
        folder = str(error)
    if isinstance(folder, str):
        raise ReadFailure(f"could not be transcribed: {folder}")
    return folder


@cache
def _fetch(name: str, _cache_root: Path) -> Path | str:
    """Fetch once for a cache, else say why not: without a network, each of many files would wait for it."""
    from scoville.models import locate_model

    try:
        return locate_model(name, kind="speech").folder
    except (ModelError, StorageError) as error:
        return str(error)


def paragraphs(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Group segments: a paragraph ends at a long silence, or at a sentence's end once it is long enough."""
    groups: list[list[Segment]] = []
    length = 0
    for segment in segments:
        text = segment.text.strip()
        if not text:
            continue
        before = groups[-1][-1] if groups else None
        is_long = length >= _PARAGRAPH_CHARACTERS and before and before.text.rstrip().endswith(_ENDS)
        if before is None or is_long or segment.start - before.end > _PAUSE_SECONDS:
            groups.append([])
            length = 0
        groups[-1].append(segment)
        length += len(text) + 1
    return groups


def _most_tokens(data: bytes) -> int:
    """Give the tokens that a sound file may count as at most, and the words in it too."""
    bytes_a_second = _MP3_BYTES if not data.startswith(b"RIFF") else _WAVE_BYTES
    return round(_TOKENS_A_SECOND * len(data) / bytes_a_second) + 1


class HostedTranscriber:
    """A model behind ``POST /audio/transcriptions``."""

    def __init__(self, settings: "SpeechModel") -> None:
        self._settings = settings

    def transcribe(self, data: bytes, name: str) -> Transcript:
        """Send the file; an endpoint that tells no segments gives one."""
        from scoville.endpoint import shared_endpoint

        with charged(self._settings.model, self._settings.base_url, _most_tokens(data), _most_tokens(data)) as tell:
            try:
                endpoint = shared_endpoint(self._settings, "read.audio")
                reply: Any = endpoint.call(
                    lambda client: client.audio.transcriptions.create(
                        model=endpoint.model,
                        file=(name or "audio", io.BytesIO(data)),
                        response_format="verbose_json",
                        timestamp_granularities=["segment"],
                    )
                )
            except (ProviderError, UsageError) as error:
                raise ReadFailure(f"could not be transcribed: {error}") from None
            usage: Any = getattr(reply, "usage", None)
            if getattr(usage, "type", "") == "tokens":
                tell(usage.input_tokens, usage.output_tokens)
        said = getattr(reply, "segments", None)
        if said:
            return Transcript([Segment(float(part.start), float(part.end), str(part.text)) for part in said])
        text = reply if isinstance(reply, str) else str(getattr(reply, "text", ""))
        return Transcript([Segment(0.0, float(getattr(reply, "duration", None) or 0.0), text)])


class LocalTranscriber:
    """A Whisper model of this machine, run in a child."""

    def __init__(self, folder: Path, settings: "Read") -> None:
        self._folder = folder
        self._settings = settings

    def transcribe(self, data: bytes, name: str) -> Transcript:
        """Have a child write down what is said."""
        weights = sum(file.stat().st_size for file in self._folder.iterdir() if file.is_file())
        return read_by_model(
            "sound.local", "transcribe", data, self._folder, self._settings.timeout_seconds,
            settings=self._settings, model_bytes=_BYTES_OF_WEIGHTS * weights,
        )  # fmt: skip
