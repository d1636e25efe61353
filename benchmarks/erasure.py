"""Fifty documents with sentences found nowhere else go through everything that a workspace keeps; each is forgotten.

Enters: a number of documents. Leaves: for each, how many bytes of its own sentences are left in the workspace, as grep
finds them in files, unpacked from databases, JSON and every version of the tables; what it took; what else was lost.
With ``--kills N`` a forgetting, and a backup, is killed N times at random moments, and brought to its end by the next
command. Models are the fakes: what is tried is storage.

    python benchmarks/erasure.py --documents 50
    python benchmarks/erasure.py --documents 12 --kills 100
"""

import argparse
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

os.environ |= {"SCOVILLE_EMBED__MODEL": "fake", "SCOVILLE_LLM__MODEL": "fake", "SCOVILLE_PROMPT__STYLE": "passages"}

import scoville
from scoville.erase.tables import texts_of
from scoville.index import Workspace

WORDS = (
    "amber anchor basin beacon bridge canal cedar cellar copper coral crane delta ember fern ferry flint garden "
    "glacier granite harbour hazel heron hollow island ivory juniper kettle lantern ledger linen maple marble meadow "
    "mill mortar oak orchard otter pebble pepper pine quarry raven reed ridge saddle saffron silver slate spruce "
    "stable tallow thistle timber valley velvet walnut willow"
).split()


class Sentinel(NamedTuple):
    """What only one document says."""

    name: str
    plain: str
    code: str
    short: str

    @property
    def sentences(self) -> tuple[str, str, str]:
        return self.plain, self.code, self.short


def make_documents(folder: Path, count: int, seed: int) -> list[Sentinel]:
    """Write documents of sentences that many share, and three that one alone has."""
    chosen = random.Random(seed)
    shared = [" ".join(chosen.sample(WORDS, 9)).capitalize() + "." for _ in range(30)]
    made: list[Sentinel] = []
    folder.mkdir(parents=True)
    for number in range(count):
        plain = " ".join(chosen.sample(WORDS, 10)).capitalize() + "."
        code = f"The vault of ward {WORDS[number]} opens with KX{chosen.randrange(10**7):07d}."
        short = " ".join(chosen.sample(WORDS, 4)).capitalize() + "."
        one = Sentinel(f"docs/ward-{number:02d}.txt", plain, code, short)
        text = [*chosen.sample(shared, 4), plain, code, *chosen.sample(shared, 4), short]
        (folder / f"ward-{number:02d}.txt").write_text(f"Ward {WORDS[number]}\n\n" + "\n\n".join(text))
        made.append(one)
    return made


def use(root: Path, sentinels: list[Sentinel]) -> None:
    """Do with the documents what people do."""
    with scoville.open(root) as bot:
        bot.add(root / "docs")
        for one in sentinels[::7]:  # an older version of some is in older versions of the table
            path = root / one.name
            path.write_text(path.read_text() + "\n\nA line that came later.\n")
        bot.add(root / "docs")
        cases = root / "cases"
        cases.mkdir()
        rows = [
            {"id": f"case-{number}", "question": f"What opens the vault of ward {one.code.split()[4]}?",
             "expected": [one.code], "evidence": [{"document": Path(one.name).name, "quote": one.code}],
             "split": "train" if number % 2 else "test"}
            for number, one in enumerate(sentinels)
        ]  # fmt: skip
        (cases / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        if not bot.generate_cases(cases / "generated.jsonl", count=10).cases:
            (cases / "generated.jsonl").unlink()
        for one in sentinels:
            bot.ask(one.plain)
            talk = bot.conversation(f"talk-{sentinels.index(one) % 5}")
            talk.ask(f"What opens the vault of ward {one.code.split()[4]}?")
        bot.evaluate(cases / "own.jsonl")
        rows_of = root / ".scoville" / "rows"
        rows_of.mkdir()
        with (rows_of / "train.jsonl").open("w") as file:
            for one in sentinels:
                messages = [{"role": "user", "content": f"Passages: {one.plain} {one.short}"},
                            {"role": "assistant", "content": one.code}]  # fmt: skip
                file.write(json.dumps({"messages": messages}) + "\n")
        variant = bot.variant({"split.size": 60})
        variant.search("vault")
        keep_replies(root, sentinels)
        judged(root, sentinels)
        bot.flush()
        bot.release("idle")
        bot.release("served")
        bot.promote("served", force="what is tried is storage")


def keep_replies(root: Path, sentinels: list[Sentinel]) -> None:
    """Keep replies and feedback, as a judge and the service do."""
    from scoville.llm.kept import KeptReplies

    kept = KeptReplies(root / ".scoville" / "judges")
    for one in sentinels:
        kept.put(one.name, f"It says: {one.code}")
    kept.close()
    with closing(sqlite3.connect(root / ".scoville" / "track.db")) as database, database:
        database.executemany(
            "INSERT INTO feedback (time, caller, trace_id, rating, reason, answer) VALUES (0, 'kim', '', 'down', ?, ?)",
            [(f"wrong: {one.short}", one.code) for one in sentinels],
        )


def judged(root: Path, sentinels: list[Sentinel]) -> None:
    """Leave a page of HTML and a sweep of JSON that quote documents."""
    sweep = root / ".scoville" / "sweeps" / "first"
    sweep.mkdir(parents=True)
    (sweep / "sweep.json").write_text(json.dumps({"notes": [one.plain for one in sentinels]}))
    (sweep / "report.html").write_text("<p>" + "</p><p>".join(one.short for one in sentinels[:3]) + "</p>")


def bytes_left(root: Path, one: Sentinel) -> list[str]:
    """List where sentences of a document are left, by another way than the product's own search."""
    found: list[str] = []
    needles = [text.rstrip(".").casefold().encode() for text in one.sentences]
    for folder in (root / ".scoville", root / "cases"):
        for path in folder.rglob("*"):
            if path.is_file():
                data = path.read_bytes().lower()
                found += [path.relative_to(root).as_posix() for needle in needles if needle in data]
    for place, texts in texts_of(Workspace(root)):
        for text in texts:
            found += [place for needle in needles if needle in text.casefold().encode()]
    return found


def measure(count: int, seed: int) -> dict[str, Any]:
    """Forget every document, one after the other."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "ward"
        sentinels = make_documents(root / "docs", count, seed)
        use(root, sentinels)
        before = sum(bool(bytes_left(root, one)) for one in sentinels)
        left: list[str] = []
        seconds: list[float] = []
        with scoville.open(root) as bot:
            for number, one in enumerate(sentinels):
                started = time.perf_counter()
                done = bot.forget(one.name, yes=True)
                seconds.append(time.perf_counter() - started)
                left += [f"{one.name}: {place}" for place in (*done.left, *bytes_left(root, one))]
                if number + 1 < count and number % 10 == 0:
                    last = sentinels[-1]
                    assert last.name in bot.documents(), "others stay"
                    assert bytes_left(root, last), "others stay"
            again = bot.add(root / "docs")
        return {
            "documents": count, "in the workspace before": before, "places left": left,
            "added again": again.added, "receipts": len(list((root / ".scoville/erasures").glob("*.json"))),
            "median seconds": round(sorted(seconds)[len(seconds) // 2], 2), "most seconds": round(max(seconds), 2),
        }  # fmt: skip


def killed(kills: int, seed: int) -> dict[str, Any]:
    """Kill forgettings and backups at random moments; what the next command leaves must be whole."""
    chosen = random.Random(seed)
    wrong: list[str] = []
    ended = 0
    with tempfile.TemporaryDirectory() as place:
        base = Path(place) / "base"
        sentinels = make_documents(base / "docs", 8, seed)
        use(base, sentinels)
        whole: dict[bool, float] = {}
        """What an undisturbed forgetting and backup take: kills are spread over just that."""
        for trial in range(-2, kills):
            root = Path(place) / "trial"
            shutil.rmtree(root, ignore_errors=True)
            shutil.copytree(base, root)
            one = chosen.choice(sentinels)
            other = sentinels[(sentinels.index(one) + 1) % len(sentinels)]
            is_backup = trial % 4 == 3 or trial == -1
            words = ["backup", str(root / "out.tar.gz")] if is_backup else ["forget", one.name, "--yes"]
            command = [sys.executable, "-m", "scoville", *words]
            if trial < 0:
                started = time.perf_counter()
                subprocess.run(command, cwd=root, capture_output=True, check=True)
                whole[is_backup] = time.perf_counter() - started
                continue
            process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(chosen.uniform(0.3, 1) * whole[is_backup])
                ended += 1
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            (root / "out.tar.gz").unlink(missing_ok=True)  # of one that ended: a second has another name
            again = subprocess.run(command, cwd=root, capture_output=True, text=True)
            if again.returncode:
                wrong.append(f"{trial}: {words[0]} a second time: {again.stdout[-600:]} {again.stderr[-300:]}")
                continue
            if is_backup:
                done = subprocess.run(
                    [sys.executable, "-m", "scoville", "restore", str(root / "out.tar.gz"), str(root / "restored")],
                    cwd=root, capture_output=True, text=True,
                )  # fmt: skip
                root = root / "restored"
                wrong += [f"{trial}: restore: {done.stderr[-300:]}"] * bool(done.returncode)
            else:
                wrong += [f"{trial}: {place} still holds {one.name}" for place in bytes_left(root, one)]
            with scoville.open(root) as bot:
                names = bot.documents()
                if len(names) != len(sentinels) - (not is_backup) or not bytes_left(root, other):
                    wrong.append(f"{trial}: documents are {sorted(names)}")
    return {"kills": kills - ended, "ended before": ended, "wrong": wrong}


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=50)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(
        json.dumps(killed(given.kills, given.seed) if given.kills else measure(given.documents, given.seed), indent=1)
    )


if __name__ == "__main__":
    main()
