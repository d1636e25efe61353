"""A document for one group comes in by every door, and a reader outside that group looks for it by every way out.

Enters: a folder to work in. Leaves: for each door what such a reader got to see, as sentences. Commands without `--as`
are those of whoever owns the workspace, who reads everything.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from unittest import mock

from fault_trials import FAKES, in_process

import scoville

SECRET = "Mahogany Clause"
MEMO = f"Kim Marlow signs the {SECRET} of the board. The pay of the board rises in May."
MENU = "Kim Marlow serves soup at noon. The pay of the cook is known to all."
QUESTION = "How does the pay of the board rise?"
ENTRY = "  - {path: hr, groups: [hr]}\n"
MAIL = f"Subject: Pay\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nSee {SECRET}.\n--x\n" + (
    f"Content-Type: text/plain\nContent-Disposition: attachment; filename=memo.txt\n\n{MEMO}\n--x--\n"
)


def make_office(root: Path) -> None:
    """Write a workspace with a folder for one group, and bring its index in line with it."""
    for name, text in {
        "docs/menu.txt": MENU, "hr/memo.txt": MEMO, "hr/mail.eml": MAIL,
        "recipe.yaml": f"sources:\n  - path: docs\n{ENTRY}",
    }.items():  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    in_process(root, ("sync",))


def _runs(*words: str) -> Callable[[Path], Path]:
    def run(root: Path) -> Path:
        in_process(root, words)
        return root

    return run


def _recipe(text: str, *words: str) -> Callable[[Path], Path]:
    """Edit the sources of the recipe, and run a command."""

    def run(root: Path) -> Path:
        (root / "recipe.yaml").write_text(text)
        return _runs(*words)(root)

    return run


def _put(make: Callable[[Path], object], *words: str) -> Callable[[Path], Path]:
    def run(root: Path) -> Path:
        make(root)
        return _runs(*words)(root)

    return run


def _watched(root: Path) -> Path:
    """Add with `--watch`, until its first report."""
    environment = {**os.environ, **FAKES, "PYTHONPATH": os.pathsep.join(sys.path)}
    (root / "hr/memo.txt").write_text(f"{MEMO} It rose.")
    words = [sys.executable, "-m", "scoville", "add", "hr", "docs", "--watch", "--json"]
    with subprocess.Popen(
        words, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    return root


def _moved(root: Path) -> Path:
    """Copy the whole workspace elsewhere, and add everything there."""
    copy = root.parent / "elsewhere"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(root, copy, symlinks=True)
    return _runs("add", ".", "--rebuild")(copy)


def _by_python(root: Path) -> Path:
    with mock.patch.dict(os.environ, FAKES), scoville.open(root) as bot:
        bot.add(root / "hr", str(root / "docs"))
        bot.sync()
    return root


DOORS: Mapping[str, Callable[[Path], Path]] = {
    "sync": _runs("sync"),
    "add hr": _runs("add", "hr"),
    "add .": _runs("add", "."),
    "add the file": _runs("add", "hr/memo.txt"),
    "add a pattern": _runs("add", "hr/*"),
    "add --rebuild": _runs("add", "--rebuild"),
    "add hr --rebuild": _runs("add", "hr", "--rebuild"),
    "add --rebuild, other settings": _recipe(
        f"sources:\n  - path: docs\n{ENTRY}split: {{size: 64}}\n", "add", "--rebuild"
    ),
    "add --watch": _watched,
    "a changed file": _put(lambda root: (root / "hr/memo.txt").write_text(f"{MEMO} It rose."), "add", "."),
    "an overlapping entry first": _recipe(f"sources:\n  - path: .\n{ENTRY}", "sync"),
    "an overlapping entry last": _recipe(f"sources:\n{ENTRY}  - path: .\n", "sync"),
    "two entries without a common group": _recipe(
        f"sources:\n  - {{path: ., groups: [office]}}\n{ENTRY}", "sync"
    ),
    "groups taken out of the recipe, sync": _recipe("sources:\n  - path: docs\n  - path: hr\n", "sync"),
    "groups taken out of the recipe, add": _recipe("sources: []\n", "add", "."),
    "another group in the recipe": _recipe("sources:\n  - {path: hr, groups: [staff]}\n", "sync"),
    "a link to the file": _put(
        lambda root: (root / "docs/link.txt").symlink_to(root / "hr/memo.txt"), "add", "docs", "--follow-symlinks"
    ),
    "a link to the folder": _put(
        lambda root: (root / "docs/link").symlink_to(root / "hr"), "add", "docs", "--follow-symlinks"
    ),
    "a hard link": _put(lambda root: os.link(root / "hr/memo.txt", root / "docs/hard.txt"), "add", "docs"),
    "a copy": _put(lambda root: shutil.copy(root / "hr/memo.txt", root / "docs/copy.txt"), "add", "."),
    "a moved file": _put(lambda root: shutil.move(root / "hr/memo.txt", root / "docs/moved.txt"), "sync"),
    "a copy of the workspace": _moved,
    "Python": _by_python,
}  # fmt: skip
"""By its name: what puts the document in; gives the folder of the workspace."""


def seen_by(root: Path, group: str) -> Iterator[str]:
    """Ask in every way as a reader of a group; say where the document shows."""
    reader = ("--as", group)
    for words, typed in (
        (("search", QUESTION, *reader, "-n", "50"), ""),
        (("search", QUESTION, *reader, "--json", "--explain"), ""),
        (("search", QUESTION, *reader, "--json", "--set", "search.legs=[dense, bm25, graph]"), ""),
        (("search", QUESTION, *reader, "--where", "type = text/plain"), ""),
        (("ask", QUESTION, *reader, "--show-withheld"), ""),
        (("ask", QUESTION, *reader, "--json", "--show-withheld"), ""),
        (("ask", "--batch", "-", *reader), f'{{"question": "{QUESTION}"}}\n'),
        (("chat", *reader, "--json"), f"{QUESTION}\nAnd in June?\n"),
        (("graph", "Kim Marlow", *reader, "--json"), ""),
        (("graph", SECRET.split()[0], *reader), ""),
    ):
        _, out, _ = in_process(root, words, typed)
        if _shows(out):
            yield f"`{' '.join(words)}` shows it"
    with mock.patch.dict(os.environ, FAKES), scoville.open(root) as bot:
        answer = bot.ask(QUESTION, groups=[group])
        stream = bot.stream(QUESTION, groups=[group], history=[answer])
        shown = {
            "search": [hit.passage.content for hit in bot.search(QUESTION, groups=[group])],
            "ask": [answer.text, answer.withheld, *(hit.passage.content for hit in answer.hits)],
            "stream": [*stream, *(hit.passage.content for hit in stream.answer.hits)],
        }
    yield from (f"Bot.{name} shows it" for name, texts in shown.items() if any(map(_shows, texts)))


def _shows(text: str) -> bool:
    return "mahogany" in text.casefold()


def try_door(root: Path, door: str) -> list[str]:
    """Put the document in by a door; say where an outsider sees it."""
    shutil.rmtree(root, ignore_errors=True)
    make_office(root)
    if not list(seen_by(root, "hr")):
        return ["the document is not there to begin with"]
    return list(seen_by(DOORS[door](root), "staff"))
