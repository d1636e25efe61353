"""Kills `scoville release`, `promote`, `rollback` and `add` at random moments, and looks at what is left.

    python benchmarks/releases.py [--kills 200] [--seed 0]

After each kill: what is served is a whole release that the log knows, every listed release is as it was written, the
order of the log has no gap that a switch fell into, and the next command works. Prints JSON.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import scoville as sc
from scoville.release import read_log, read_state
from scoville.types import Case

QUESTION = "How many fish does the otter eat each day?"
WORK = """
import os, sys
import scoville as sc
from pathlib import Path
root, what, name = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
with sc.open(root) as bot:
    print("ready", flush=True)
    sys.stdin.readline()
    if what == "release":
        bot.release(name)
    elif what == "promote":
        bot.promote(name, force="a trial")
    elif what == "rollback":
        bot.rollback()
    elif what == "add":
        (root / "docs" / "otter.txt").write_text(f"The otter eats fish each day, as of {name}.")
        bot.add(root / "docs")
    print("done", flush=True)
"""
COMMANDS = ("release", "promote", "rollback", "add")
A_BIT_LONGER = 1.1
"""Kills fall within the time that the work takes here, and a little later."""


def killed(root: Path, what: str, name: str, after: float | None) -> bool:
    """Begin some work, kill it after so many seconds, and say whether it had ended; None: let it end."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORK, str(root), what, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdin and process.stdout
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()
    if after is None:
        process.stdout.readline()
    else:
        time.sleep(after)
    process.send_signal(signal.SIGKILL)
    out, _ = process.communicate()
    return "done" in out


def timed(root: Path, what: str, name: str) -> float:
    """Give the seconds that some work takes when it is let alone."""
    started = time.perf_counter()
    killed(root, what, name, None)
    return time.perf_counter() - started


def looked_at(bot: sc.Bot, before: dict[str, object]) -> dict[str, object]:
    """Check what is left after a kill, and give the state."""
    for release in bot.releases():
        release.check()
    state, rows = read_state(bot.workspace), read_log(bot.workspace)
    numbers = [row["number"] for row in rows]
    assert numbers == sorted(set(numbers)), "the log has an order"
    now = {alias: target.release for alias, target in state.targets.items()}
    if now != before:
        assert state.last and any(row == dict(state.last) for row in rows), "every switch is in the log"
    with bot.open_release("production") as served:
        assert not served.ask(QUESTION).refused, "what is served answers"
    return dict(now)


def trial(kills: int, seed: int) -> dict[str, object]:
    """Kill so often, and count."""
    chance, counts, ended = random.Random(seed), Counter[str](), Counter[str]()
    os.environ |= {
        "SCOVILLE_EMBED__MODEL": "fake", "SCOVILLE_LLM__MODEL": "fake", "SCOVILLE_PROMPT__STYLE": "passages",
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "docs").mkdir()
        (root / "docs" / "otter.txt").write_text("The otter eats 7 fish each day.")
        with sc.open(root) as bot:
            bot.add(root / "docs")
            bot.evaluate([Case(id="a", question=QUESTION, expected=("7 fish",))])
            for name in ("first", "second"):
                bot.release(name)
                bot.promote(name, force="to begin with")
            names = {"release": "third", "promote": "first", "rollback": "", "add": "now"}
            start = timed(root, "nothing", "")
            window = {what: max(timed(root, what, names[what]) - start, 0.01) * A_BIT_LONGER for what in COMMANDS}
            served: dict[str, object] = {"production": "second"}
            for number in range(kills):
                what = chance.choice(COMMANDS)
                names = [one.name for one in bot.releases()]
                name = f"v{number}" if what in ("release", "add") else chance.choice(names)
                done = killed(root, what, name, chance.uniform(0, window[what]))
                counts[what] += 1
                ended[what] += done
                if what == "release" and done:
                    assert name in [one.name for one in bot.releases()], "what was said to be done is there"
                served = looked_at(bot, served)
                if number % 20 == 19:
                    print(f"{number + 1} kills", file=sys.stderr)
            bot.release("last")
            bot.promote("last", force="to end with")
            left = [path.name for path in (root / ".scoville" / "releases").iterdir() if path.name.startswith(".")]
            releases = len(bot.releases())
    return {
        "kills": kills, "seed": seed, "by_command": dict(counts), "had_ended": dict(ended), "releases": releases,
        "leftovers": left, "seconds": window,
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(json.dumps(trial(given.kills, given.seed), indent=1))
