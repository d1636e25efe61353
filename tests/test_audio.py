"""Speech to text: an endpoint on this machine, a local model's stand-in, times, and what is said without either."""

import io
import json
import struct
import threading
import wave
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from scoville.errors import ReadFailure
from scoville.read import audio, read_document
from scoville.read.audio import Segment, clock, paragraphs, wave_samples
from scoville.recipe import Read
from scoville.types import Document

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
    document = read(wav(), audio="openai:whisper-1", base_url=endpoint.url)
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
    document = read(data, name="call.dat", audio="openai:whisper-1", base_url=endpoint.url)
    assert document.media_type == "audio/mpeg"


def test_an_endpoint_without_segments_gives_one_paragraph(read: ReadBytes, endpoint: Endpoint) -> None:
    endpoint.reply = {"text": "We close at noon.", "duration": 5.0}
    document = read(wav(), audio="openai:whisper-1", base_url=endpoint.url)
    assert [(e.anchor, document.text) for e in document.elements] == [("0:00:00", "We close at noon.")]


def test_silence_is_a_file_without_text(read: ReadBytes, endpoint: Endpoint) -> None:
    endpoint.reply = {"text": "", "duration": 5.0, "segments": []}
    with pytest.raises(ReadFailure, match="has no text"):
        read(wav(), audio="openai:whisper-1", base_url=endpoint.url)


def test_a_refusal_is_a_failure_without_the_key(read: ReadBytes, endpoint: Endpoint) -> None:
    endpoint.status, endpoint.reply = 401, {"error": {"message": f"bad key {KEY}"}}
    with pytest.raises(ReadFailure, match="could not be transcribed: .* refused the key") as failure:
        read(wav(), audio="openai:whisper-1", base_url=endpoint.url)
    assert KEY not in str(failure.value)


def test_without_a_transcriber_the_failure_says_what_to_set(read: ReadBytes) -> None:
    with pytest.raises(ReadFailure, match=r"read\.audio is not set; set it to openai:MODEL .* or path:FOLDER"):
        read(wav())


def test_a_folder_without_a_model_is_a_failure_that_names_it(read: ReadBytes, tmp_path: Path) -> None:
    with pytest.raises(ReadFailure, match="holds no Whisper model"):
        read(wav(), audio=f"path:{tmp_path}")


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
    monkeypatch.setattr(audio, "_open_pipeline", lambda folder: Pipeline())
    document = read(wav(seconds=0.5, rate=8_000, channels=2), audio=f"path:{tmp_path}")
    assert (document.text, document.elements[0].anchor) == ("We close at noon.", "0:01:01")
    ((samples, options),) = heard
    assert (samples.shape, samples.dtype.name) == ((8_000,), "float32")
    assert options == {"return_timestamps": True}
    with pytest.raises(ReadFailure, match="is no WAV file"):
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
