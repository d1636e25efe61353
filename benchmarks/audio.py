"""Local speech to text: word error rate, and seconds for a second of sound.

    python benchmarks/audio.py --clips FOLDER --truth TRANSCRIPTION --models path:FOLDER whisper-tiny-en [--out FILE]

What enters: WAV or MP3 clips, and lines of ``words (name)`` as CMU Sphinx writes them, e.g. those of Debian's package
pocketsphinx-testdata. What leaves: a Markdown table. A clip without a line is left out. Case, punctuation and hyphens
do not count, "Mr." and "mister" are one word; the rate is of all words together. Each model hears every clip once
before the clock runs, so opening it is left out. ``--gap`` puts that many seconds of faint noise between the clips and
transcribes them as one file: words made up there are errors, and "off by" shows times that are wrong.
"""

import argparse
import io
import re
import time
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scoville.read.sound.reader import open_transcriber
from scoville.read.sound.transcript import Segment
from scoville.read.sound.whisper import RATE, decoded_blocks
from scoville.recipe import Read

LINE = re.compile(r"(.*)\((.+)\)\s*$")
NOISE = 0.01
TIMEOUT = 36_000


class Clip(NamedTuple):
    name: str
    samples: Any
    words: list[str]

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE


def words_of(text: str) -> list[str]:
    plain = re.sub(r"[^a-z\d' ]", " ", re.sub(r"</?s>", "", text.lower()))
    return ["mister" if word == "mr" else word for word in plain.split()]


def errors(truth: Sequence[str], made: Sequence[str]) -> int:
    """Count the words to change, add or leave out."""
    row = list(range(len(made) + 1))
    for number, word in enumerate(truth, 1):
        corner, row[0] = row[0], number
        for place, other in enumerate(made, 1):
            corner, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, corner + (word != other))
    return row[-1]


def read_clips(folder: Path, truth: Path) -> list[Clip]:
    lines = filter(None, map(LINE.match, truth.read_text(encoding="utf-8").splitlines()))
    words = {match[2].strip(): words_of(match[1]) for match in lines}
    files = sorted(path for path in folder.iterdir() if path.suffix in {".wav", ".mp3"} and path.stem in words)
    if not files:
        raise SystemExit(f"{folder} holds no clip that {truth} names")
    return [
        Clip(path.stem, np.concatenate([block for block, _ in decoded_blocks(path.read_bytes())]), words[path.stem])
        for path in files
    ]


def as_wav(samples: Any) -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return stream.getvalue()


def joined(clips: Sequence[Clip], gap: int) -> tuple[Clip, list[float]]:
    """Give all clips as one with noise between them, and the seconds at which each begins."""
    noise = (np.random.default_rng(0).standard_normal(gap * RATE) * NOISE).astype(np.float32)
    parts: list[Any] = []
    begins: list[float] = []
    for clip in clips:
        begins.append(sum(map(len, parts)) / RATE)
        parts += [clip.samples, noise]
    return Clip("joined", np.concatenate(parts), [word for clip in clips for word in clip.words]), begins


def late(segments: Sequence[Segment], begins: Sequence[float]) -> float:
    """Give the most seconds that the nearest segment is off from where a clip begins."""
    return max(min(abs(part.start - begin) for part in segments) for begin in begins) if segments else float("nan")


def measure(model: str, clips: Sequence[Clip], gap: int) -> str:
    hearer = open_transcriber(Read(audio=model, timeout_seconds=TIMEOUT))
    whole, begins = joined(clips, gap)
    for clip in clips:
        hearer.transcribe(as_wav(clip.samples), clip.name)
    wrong = 0
    started, processor = time.perf_counter(), time.process_time()
    for clip in clips:
        said = hearer.transcribe(as_wav(clip.samples), clip.name).segments
        wrong += errors(clip.words, words_of(" ".join(part.text for part in said)))
    seconds = sum(clip.seconds for clip in clips)
    wall, cpu = (time.perf_counter() - started) / seconds, (time.process_time() - processor) / seconds
    started = time.perf_counter()
    said = hearer.transcribe(as_wav(whole.samples), whole.name).segments
    took = (time.perf_counter() - started) / whole.seconds
    gapped = errors(whole.words, words_of(" ".join(part.text for part in said)))
    name = "path:" + Path(model.removeprefix("path:")).name if model.startswith("path:") else model
    count = len(whole.words)
    return (
        f"| {name} | {wrong / count:.3f} ({wrong} of {count}) | {wall:.2f} | {cpu:.2f} "
        f"| {gapped / count:.3f} ({gapped} of {count}) | {late(said, begins):.1f} | {took:.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--models", nargs="+", default=["whisper-tiny-en"])
    parser.add_argument("--gap", type=int, default=30)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    clips = read_clips(given.clips, given.truth)
    lines = [
        f"{len(clips)} clips, {sum(clip.seconds for clip in clips):.0f} s, {sum(len(clip.words) for clip in clips)} words.",
        "",
        f"| model | word error rate | wall s/s | CPU s/s | word error rate, {given.gap} s of noise between | off by, s | wall s/s |",
        "|---|---|---:|---:|---|---:|---:|",
        *(measure(model, clips, given.gap) for model in given.models),
    ]
    text = "\n".join(lines) + "\n"
    given.out.write_text(text, encoding="utf-8") if given.out else print(text, end="")


if __name__ == "__main__":
    main()
