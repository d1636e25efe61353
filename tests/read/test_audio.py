"""Speech to text: an endpoint on this machine, local models and their stand-ins, times, and what is said without any.

`data/amiable.mp3` is a sentence of "Sense and Sensibility", read for LibriVox and in the public domain.
"""

import io
import json
import os
import shutil
import struct
import sys
import threading
import wave
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy
import pytest

from scoville.cost import Budget
from scoville.errors import OverBudget, ReadFailure
from scoville.models import locate_model
from scoville.read import read_document
from scoville.read.sound import local
from scoville.read.sound import whisper as audio_whisper
from scoville.read.sound.local import wave_samples
from scoville.read.sound.reader import paragraphs
from scoville.read.sound.transcript import Segment, clock
from scoville.read.sound.whisper import BLOCK_SECONDS, RATE, decoded_blocks, open_model
from scoville.recipe import Read, SpeechModel
from scoville.types import Document

SPOKEN = Path(__file__).parents[1] / "data" / "amiable.mp3"
KEY = "sk-made-up-for-this-test"
SEGMENTS = [
    {"id": 0, "start": 0.0, "end": 4.2, "text": " Welcome to the meeting of Fenwick Lamps."},
    {"id": 1, "start": 4.4, "end": 9.0, "text": " The budget is 12,000 euros."},
    {"id": 2, "start": 200.5, "end": 205.0, "text": " We close at noon."},
]


class Endpoint(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, bytes]] = []
        self.status = 200
        self.reply: Any = {
            "task": "transcribe",
            "duration": 205.0,
            "language": "english",
            "text": "",
            "segments": SEGMENTS,
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        self.server.requests.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        body = json.dumps(self.server.reply).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server = Endpoint()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def wav(seconds: float = 0.5, rate: int = 8_000, channels: int = 1, width: int = 2) -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(bytes(int(seconds * rate) * channels * width))
    return stream.getvalue()


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Document]:
    def read_bytes(data: bytes, name: str = "call.wav", **settings: Any) -> Document:
        path = tmp_path / name
        path.write_bytes(data)
        return read_document(path, source="s", settings=Read(**settings))

    return read_bytes


ReadBytes = Callable[..., Document]


def test_a_recording_becomes_paragraphs_with_their_times(read: ReadBytes, endpoint: Endpoint) -> None:
    document = read(wav(), audio=SpeechModel(model="openai:whisper-1", base_url=endpoint.url))
    assert [(e.anchor, document.text[e.start : e.end]) for e in document.elements] == [
        ("0:00:00", "Welcome to the meeting of Fenwick Lamps. The budget is 12,000 euros."),
        ("0:03:20", "We close at noon."),
    ]
    assert (document.media_type, document.pages, document.title) == ("audio/wav", 0, "call")
    assert document.metadata["duration_seconds"] == 205
    ((path, body),) = endpoint.requests
    assert path == "/v1/audio/transcriptions"
    for part in (b"whisper-1", b"verbose_json", b'filename="call.wav"', wav()):
        assert part in body


@pytest.mark.parametrize("data", [b"ID3\x04\0\0\0\0\0\0" + bytes(50), b"\xff\xfb\x90\x64" + bytes(50)])
def test_mp3_is_known_by_its_bytes(read: ReadBytes, endpoint: Endpoint, data: bytes) -> None:
    document = read(data, name="call.dat", audio=SpeechModel(model="openai:whisper-1", base_url=endpoint.url))
    assert document.media_type == "audio/mpeg"


def test_a_recording_that_could_cross_the_limit_is_not_sent(
    read: ReadBytes, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scoville.cost.fee_usd", lambda model, prompt, completion, url: prompt * 1e-3)
    model = SpeechModel(model="openai:whisper-1", base_url=endpoint.url)
    with Budget(0.01).paying(), pytest.raises(OverBudget, match=r"cost\.limit_usd is \$0\.01"):
        read(wav(4), audio=model)
    assert endpoint.requests == []
    with Budget(1.0).paying():
        assert read(wav(4), audio=model).text


def test_an_endpoint_without_segments_gives_one_paragraph(read: ReadBytes, endpoint: Endpoint) -> None:
    endpoint.reply = {"text": "We close at noon.", "duration": 5.0}
    document = read(wav(), audio=SpeechModel(model="openai:whisper-1", base_url=endpoint.url))
    assert [(e.anchor, document.text) for e in document.elements] == [("0:00:00", "We close at noon.")]


def test_silence_is_a_file_without_text(read: ReadBytes, endpoint: Endpoint) -> None:
    endpoint.reply = {"text": "", "duration": 5.0, "segments": []}
    with pytest.raises(ReadFailure, match="has no text"):
        read(wav(), audio=SpeechModel(model="openai:whisper-1", base_url=endpoint.url))


def test_a_refusal_is_a_failure_without_the_key(read: ReadBytes, endpoint: Endpoint) -> None:
    endpoint.status, endpoint.reply = 401, {"error": {"message": f"bad key {KEY}"}}
    with pytest.raises(ReadFailure, match="could not be transcribed: .* refused the key") as failure:
        read(wav(), audio=SpeechModel(model="openai:whisper-1", base_url=endpoint.url))
    assert KEY not in str(failure.value)


def test_without_a_transcriber_the_failure_says_what_to_set(read: ReadBytes) -> None:
    with pytest.raises(
        ReadFailure, match=r"read\.audio is not set; set it to whisper-tiny-en .*path:FOLDER .*openai:MODEL"
    ):
        read(wav())


def test_a_folder_without_a_model_is_a_failure_that_names_it(read: ReadBytes, tmp_path: Path) -> None:
    with pytest.raises(ReadFailure, match="holds no Whisper model"):
        read(wav(), audio=f"path:{tmp_path}")


@pytest.mark.usefixtures("models_in_this_process")
def test_a_local_model_gets_sixteen_thousand_samples_a_second(
    read: ReadBytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []

    class Reply:
        class Chunk:
            start_ts, end_ts, text = 61.0, 64.0, " We close at noon."

        chunks = (Chunk,)

    class Pipeline:
        def generate(self, samples: Any, **options: Any) -> Any:
            heard.append((samples, options))
            return Reply

    (tmp_path / "openvino_encoder_model.xml").touch()
    monkeypatch.setattr(local, "_open_pipeline", lambda folder: Pipeline())
    document = read(wav(seconds=0.5, rate=8_000, channels=2), audio=f"path:{tmp_path}")
    assert (document.text, document.elements[0].anchor) == ("We close at noon.", "0:01:01")
    ((samples, options),) = heard
    assert (samples.shape, samples.dtype.name) == ((8_000,), "float32")
    assert options == {"return_timestamps": True}
    with pytest.raises(ReadFailure, match="is no WAV file, and a model in OpenVINO's form"):
        read(b"ID3\x04" + bytes(50), audio=f"path:{tmp_path}")


def test_samples_are_scaled_to_one() -> None:
    data = bytearray(wav(seconds=2 / 16_000, rate=16_000))
    data[-4:] = struct.pack("<hh", -32768, 16384)
    assert list(wave_samples(bytes(data))) == [-1.0, 0.5]


@pytest.mark.parametrize("data", [wav()[:30], b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + bytes(16)])
def test_a_broken_wav_file_is_a_failure(data: bytes) -> None:
    with pytest.raises(ReadFailure, match="damaged or unusual WAV file"):
        wave_samples(data)


def test_a_paragraph_ends_at_a_silence_or_a_sentence_once_it_is_long() -> None:
    long = [Segment(n, n + 1, "word " * 50 + ("end." if n == 3 else "and")) for n in range(6)]
    assert [len(group) for group in paragraphs(long)] == [4, 2]
    apart = [Segment(0, 1, "One"), Segment(2, 3, " "), Segment(5, 6, "Two"), Segment(6.5, 7, "three")]
    assert [[part.text for part in group] for group in paragraphs(apart)] == [["One"], ["Two", "three"]]
    assert paragraphs([]) == []


def test_times_are_written_as_on_a_clock() -> None:
    assert [clock(seconds) for seconds in (0, 59.9, 200.5, 3_600, 36_061)] == [
        "0:00:00", "0:00:59", "0:03:20", "1:00:00", "10:01:01"
    ]  # fmt: skip


# A model in CTranslate2's form: stand-ins


def model_folder(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names or ("model.bin", "tokenizer.json"):
        (folder / name).write_bytes(b"{}")
    return folder


def part(start: float, end: float, text: str, is_repetition: bool = False) -> Any:
    return audio_whisper._Part(start, end, text, is_repetition)


def raw(start: float, end: float, text: str, ratio: float = 1.2, no_speech: float = 0.1) -> SimpleNamespace:
    return SimpleNamespace(start=start, end=end, text=text, compression_ratio=ratio, no_speech_prob=no_speech)


class Hears(NamedTuple):
    set_blocks: Callable[..., dict[str, Any]]
    heard: list[tuple[float, str]]


@pytest.fixture
def hears(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, models_in_this_process: None) -> Hears:
    """Give a function that sets what is decoded and what is said in each block, and gives the settings to read by.

    Its `heard` are the seconds and the known language of the blocks that the stand-in was given.
    """
    heard: list[tuple[float, str]] = []

    def set_blocks(*blocks: tuple[float, list[Any]]) -> dict[str, Any]:
        waiting = list(blocks)

        def decoded(data: bytes) -> Iterator[tuple[Any, bool]]:
            for number, (seconds, _) in enumerate(blocks, 1):
                yield numpy.zeros(round(seconds * RATE), numpy.float32), number == len(blocks)

        def hear(model: Any, block: Any, language: str) -> tuple[list[Any], str]:
            heard.append((round(len(block) / RATE, 2), language))
            return waiting.pop(0)[1], "de"

        monkeypatch.setattr(audio_whisper, "open_model", lambda folder: None)
        monkeypatch.setattr(audio_whisper, "decoded_blocks", decoded)
        monkeypatch.setattr(audio_whisper, "_hear", hear)
        return {"audio": f"path:{model_folder(tmp_path / 'whisper')}"}

    return Hears(set_blocks, heard)


def test_what_a_local_model_hears_has_its_times_and_language(read: ReadBytes, hears: Hears) -> None:
    said = [part(0.4, 4.0, " Willkommen bei Fenwick."), part(61.2, 63.0, " Wir schließen um zwölf.")]
    document = read(wav(), **hears.set_blocks((70, said)))
    assert [(e.anchor, document.text[e.start : e.end]) for e in document.elements] == [
        ("0:00:00", "Willkommen bei Fenwick."),
        ("0:01:01", "Wir schließen um zwölf."),
    ]
    assert (document.metadata["language"], document.metadata["duration_seconds"]) == ("de", 63)


def test_a_sentence_that_a_block_cuts_off_is_heard_again_with_the_next(read: ReadBytes, hears: Hears) -> None:
    first = [part(1, 50, " One."), part(110, 119.8, " Two is cut")]
    document = read(
        wav(), **hears.set_blocks((120, first), (30, [part(0, 12, " Two is whole."), part(35, 39.9, " Three.")]))
    )
    assert [(e.anchor, document.text[e.start : e.end]) for e in document.elements] == [
        ("0:00:01", "One."), ("0:01:50", "Two is whole."), ("0:02:25", "Three.")
    ]  # fmt: skip
    assert hears.heard == [(120, ""), (40, "de")]


def test_a_sentence_that_ends_before_a_block_does_is_heard_once(read: ReadBytes, hears: Hears) -> None:
    document = read(
        wav(), **hears.set_blocks((120, [part(0, 119.9, " One.")]), (120, [part(3, 110, " Two.")]), (5, []))
    )
    assert document.text == "One.\n\nTwo."
    assert [seconds for seconds, _ in hears.heard] == [120, 120, 5]


def test_what_a_model_only_repeats_is_left_out_with_a_warning(read: ReadBytes, hears: Hears) -> None:
    said = [part(0, 4, " We close at noon."), part(65, 80, " a bit of a bit", True), part(80, 95, " of a bit", True)]
    document = read(wav(), **hears.set_blocks((100, said)))
    assert document.text == "We close at noon."
    assert document.warnings == ("0:01:05 to 0:01:35 is left out: the model only repeated itself there",)


def test_a_recording_that_takes_too_long_says_how_far_it_came(
    read: ReadBytes, hears: Hears, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter([0.0, 4.0, 8.0])
    monkeypatch.setattr(audio_whisper, "monotonic", lambda: next(now))
    settings = hears.set_blocks((120, [part(0, 40, " One."), part(40, 83, " Two."), part(90, 95, " Three.")]))
    with pytest.raises(ReadFailure, match=r"read\.timeout_seconds 5, by then 0:01:23 of it was transcribed; raise it"):
        read(wav(), **settings, timeout_seconds=5)


def test_a_model_is_given_only_where_a_voice_is_and_draws_no_lots(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    said_by_it = [raw(0.998, 2.5, " Hier."), raw(2.9, 9.0, " lang"), raw(3.5, 4.5, " erfunden"), raw(60, 61, " ja", 9)]
    said_by_it.append(raw(60.5, 61, " .", 9, no_speech=0.96))
    voices = [{"start": RATE, "end": 3 * RATE}, {"start": 60 * RATE, "end": 61 * RATE}]
    vad = SimpleNamespace(get_speech_timestamps=lambda block: voices if block.any() else [])
    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(vad=vad))
    monkeypatch.setitem(sys.modules, "faster_whisper.vad", vad)

    def transcribe(block: Any, **options: Any) -> Any:
        asked.append(options)
        return iter(said_by_it), SimpleNamespace(language=options["language"] or "de")

    model = SimpleNamespace(transcribe=transcribe)
    assert audio_whisper._hear(model, numpy.zeros(RATE, numpy.float32), "") == ((), "")
    assert asked == []
    said, language = audio_whisper._hear(model, numpy.ones(RATE, numpy.float32), "")
    assert list(said) == [part(0.998, 2.5, " Hier."), part(2.9, 3, " lang"), part(60, 61, " ja", True)]
    assert language == "de"
    assert audio_whisper._hear(model, numpy.ones(RATE, numpy.float32), "fr")[1] == "fr"
    assert [options["language"] for options in asked] == [None, "fr"]
    assert asked[0]["clip_timestamps"] == [1, 3, 60, 61]
    assert (asked[0]["temperature"], asked[0]["condition_on_previous_text"]) == (0.0, False)


def test_a_model_stays_open_until_another_is_named_or_its_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[str, dict[str, Any]]] = []

    def open_one(folder: str, **options: Any) -> object:
        opened.append((folder, options))
        return object()

    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(WhisperModel=open_one))
    one, two = model_folder(tmp_path / "one"), model_folder(tmp_path / "two")
    assert open_model(one) is open_model(one)
    open_model(two)
    os.utime(two / "model.bin", (1, 1))
    open_model(two)
    assert [folder for folder, _ in opened] == [str(one), str(two), str(two)]
    assert all(options["local_files_only"] and options["device"] == "cpu" for _, options in opened)


@pytest.mark.usefixtures("models_in_this_process")
def test_without_the_extra_the_failure_says_how_to_install_it(
    read: ReadBytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(ReadFailure, match=r'pip install "scoville\[audio\]"'):
        read(wav(), audio=f"path:{model_folder(tmp_path / 'whisper')}")


def test_a_folder_without_a_tokenizer_is_a_failure_and_no_hub_is_asked(read: ReadBytes, tmp_path: Path) -> None:
    with pytest.raises(ReadFailure, match=r"lacks tokenizer\.json; copy the whole model"):
        read(wav(), audio=f"path:{model_folder(tmp_path / 'whisper', 'model.bin')}")


def test_a_model_that_is_not_at_hand_and_cannot_be_fetched_is_a_failure(
    read: ReadBytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCOVILLE_MODELS", str(tmp_path / "none"))
    monkeypatch.setenv("SCOVILLE_OFFLINE", "1")
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(ReadFailure, match=r'pip install "scoville\[audio\]"'):  # before the model is looked for
        read(wav(), audio="whisper-tiny-en")
    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(WhisperModel=None))
    with pytest.raises(ReadFailure, match="could not be transcribed: whisper-tiny-en is not in .* SCOVILLE_OFFLINE"):
        read(wav(), audio="whisper-tiny-en")
    with pytest.raises(ReadFailure, match="'whisper-huge' is no model that Scoville knows"):
        read(wav(), audio="whisper-huge")


# The libraries themselves


def tone(seconds: float, rate: int, channels: int = 1, width: int = 2) -> bytes:
    wave_of = numpy.sin(numpy.arange(round(seconds * rate)) * (2 * numpy.pi * 440 / rate)) / 2
    scaled = (wave_of + 1) * 127.5 if width == 1 else wave_of * ((1 << (8 * width - 1)) - 1)
    samples = numpy.repeat(scaled.astype({1: "u1", 2: "<i2", 4: "<i4"}[width]), channels)
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return stream.getvalue()


def as_mp3(sound: bytes) -> bytes:
    av = pytest.importorskip("av")
    stream = io.BytesIO()
    with av.open(io.BytesIO(sound)) as source, av.open(stream, "w", format="mp3") as target:
        encoder = target.add_stream("libmp3lame", rate=source.streams.audio[0].rate)
        for frame in source.decode(audio=0):
            target.mux(encoder.encode(frame))
        target.mux(encoder.encode(None))
    return stream.getvalue()


@pytest.mark.parametrize(
    "make",
    [
        lambda: tone(2, 16_000), lambda: tone(2, 44_100, channels=2), lambda: tone(2, 8_000, width=1),
        lambda: tone(2, 48_000, width=4), lambda: as_mp3(tone(2, 44_100, channels=2)),
    ],
    ids=["16 kHz", "stereo", "8 bit", "32 bit", "mp3"],
)  # fmt: skip
def test_sound_of_many_kinds_is_decoded_alike(make: Callable[[], bytes]) -> None:
    pytest.importorskip("av")
    ((samples, is_last),) = decoded_blocks(make())
    assert is_last and samples.dtype == numpy.float32
    assert len(samples) == pytest.approx(2 * RATE, abs=0.1 * RATE)  # an MP3 file begins with a little silence
    inner = samples[RATE // 2 : RATE * 3 // 2]
    assert abs(inner).max() == pytest.approx(0.5, abs=0.05)
    assert numpy.fft.rfft(inner).__abs__().argmax() == 440  # one second: a bin for each hertz


def test_long_sound_is_decoded_in_blocks() -> None:
    pytest.importorskip("av")
    blocks = list(decoded_blocks(wav(seconds=2.5 * BLOCK_SECONDS)))
    assert [is_last for _, is_last in blocks] == [False, False, True]
    assert sum(len(samples) for samples, _ in blocks) == pytest.approx(2.5 * BLOCK_SECONDS * RATE, abs=RATE / 100)
    assert len(blocks[0][0]) == pytest.approx(BLOCK_SECONDS * RATE, abs=RATE)


def test_what_lies_behind_a_damaged_part_of_an_mp3_file_is_decoded() -> None:
    whole = as_mp3(tone(4, 16_000))
    middle = len(whole) // 2
    ((samples, _),) = decoded_blocks(whole[:middle] + b"\x55" * 200 + whole[middle + 200 :])
    assert len(samples) > 3 * RATE
    ((cut, _),) = decoded_blocks(whole[:middle])
    assert len(cut) == pytest.approx(2 * RATE, abs=0.2 * RATE)


@pytest.mark.parametrize(
    "data",
    [
        wav(seconds=0), wav()[:30], b"RIFF\0\0\0\0WAVE" + bytes(64), b"ID3\x04\0\0\0\0\0\0" + b"no sound " * 300,
        b"ID3\x04\0\0\0\0\0\0#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/a.mp3\n",
    ],
    ids=["no samples", "cut", "no format", "text named mp3", "a list of addresses"],
)  # fmt: skip
def test_a_file_without_sound_is_a_failure(data: bytes) -> None:
    pytest.importorskip("av")
    with pytest.raises(ReadFailure, match=r"holds no sound|is damaged or an unusual (WAV|MP3) file"):
        list(decoded_blocks(data))


def test_a_damaged_model_is_a_failure_that_names_its_folder(read: ReadBytes, tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper")
    with pytest.raises(ReadFailure, match="whisper holds no whole Whisper model in CTranslate2's form: .*; fetch or"):
        read(wav(), audio=f"path:{model_folder(tmp_path / 'whisper')}")


# The model of the catalogue


@pytest.fixture
def whisper() -> Path:
    pytest.importorskip("faster_whisper")
    return locate_model("whisper-tiny-en", kind="speech", download=False).folder


@pytest.mark.model
def test_the_default_model_writes_down_a_sentence_without_a_network(read: ReadBytes, whisper: Path) -> None:
    used: list[str] = []
    sys.addaudithook(lambda event, _: used.append(event) if watching and event.startswith("socket.") else None)
    watching = [True]
    document = read(SPOKEN.read_bytes(), name="a.mp3", audio="whisper-tiny-en")
    watching.clear()
    assert "might even have been made amiable himself" in document.text
    assert (document.media_type, document.elements[0].anchor) == ("audio/mpeg", "0:00:00")
    assert (document.metadata["language"], document.metadata["duration_seconds"]) == ("en", 3)
    assert used == []
    assert open_model(whisper) is open_model(whisper)


@pytest.mark.model
def test_words_behind_a_long_silence_have_their_own_time(read: ReadBytes, whisper: Path) -> None:
    ((samples, _),) = decoded_blocks(SPOKEN.read_bytes())
    spoken = (samples * 32767).astype("<i2").tobytes()
    data = bytearray(wav(seconds=2 * len(samples) / RATE + 30, rate=RATE))
    data[44 : 44 + len(spoken)] = spoken
    data[-len(spoken) :] = spoken
    document = read(bytes(data), audio=f"path:{whisper}")
    assert [e.anchor for e in document.elements] in (["0:00:00", "0:00:33"], ["0:00:00", "0:00:32"])
    assert document.text.count("amiable") == 2 and len(document.text.split()) <= 18


@pytest.mark.model
@pytest.mark.parametrize("data", [wav(seconds=40), tone(5, 16_000)], ids=["silence", "a tone"])
def test_the_default_model_makes_nothing_up_where_nobody_speaks(read: ReadBytes, whisper: Path, data: bytes) -> None:
    with pytest.raises(ReadFailure, match="has no text"):
        read(data, audio="whisper-tiny-en")


@pytest.mark.model
def test_a_model_cut_short_is_a_failure(read: ReadBytes, whisper: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(whisper, tmp_path / "whisper"))
    with (copy / "model.bin").open("r+b") as file:
        file.truncate(1_000_000)
    with pytest.raises(ReadFailure, match="holds no whole Whisper model"):
        read(wav(), audio=f"path:{copy}")
