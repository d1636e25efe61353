"""What happens by itself: which events of the recipe's ``on`` are due, and what follows from them.

Enters: a bot, and the time. Leaves: for each event why it is due and what came of it, in a log that is kept. A cause is
seen to once, also where that failed: what is due again has another cause. An event that cannot be looked at is left
alone for a while, and holds up no other. A release is served behind the gate that `scoville promote` has; no setting
and no prompt is ever changed.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scoville.automations import LONGEST_REST, Kept, locked, secret_of, send_due
from scoville.bot.releases import Releases
from scoville.bot.route import collect
from scoville.errors import ScovilleError
from scoville.release import read_log, read_state, releases_of
from scoville.release.standing import runs_of
from scoville.track.store import FILE_NAME, Store
from scoville.types import Case

if TYPE_CHECKING:
    from scoville.monitor import Asked, Figures

logger = logging.getLogger("scoville")
LOOK_SECONDS = 30.0
"""How often a service looks."""
LEISURE_SECONDS = 300.0
"""How often it looks at what is read from all questions of hours or days."""
AT_LEISURE = ("drift", "sample", "alerts")
MOST_COMPARED = 5000
"""So many of the newest questions are compared with the cases."""
MOST_CASES = 50
"""So many answers that were called wrong become cases in one look; what is more waits for the next."""
FIRST_REST = 60.0
"""How long an event is left alone that cannot be looked at; twice as long each time."""
LEAST_ASKED = 20
"""With fewer questions no share of them says anything."""
WELL_WITHIN = 0.9
"""An alert is over when its figure is this far within its bound, so that one at the bound does not come and go."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """An event that calls for something."""

    event: str
    """A key of the recipe's ``on``."""
    why: str
    what: str
    """What follows."""
    act: Callable[[], str]
    """Does it, and says how it ended; nothing where nothing happened after all."""
    done: Any
    """What is remembered as seen to."""


def due(bot: Releases, kept: Kept, now: float, *, leave: Collection[str] = ()) -> Iterator[Due]:
    """Say what is due; nothing is done. Events in ``leave`` are not looked at, nor those that rest after a failure."""
    watched = bot.recipe.on.events
    for event, look in LOOKS.items():
        if event not in watched or event in leave or kept.rests(event, now):
            continue
        try:
            yield from look(bot, kept, now)
            kept.failures.pop(event, None)
        except Exception as error:  # whatever it is, it must not hold up the other events and the webhook
            if not isinstance(error, ScovilleError):
                logger.exception("automations: %s", event)
            yield _left_alone(kept, event, error, now)


def _left_alone(kept: Kept, event: str, error: Exception, now: float) -> Due:
    times = kept.failures.get(event, {"times": 0})["times"] + 1
    pause = min(FIRST_REST * 2 ** min(times - 1, 20), LONGEST_REST)

    def act() -> str:
        kept.failures[event] = {"times": times, "until": now + pause}
        return f"failed: {_said(error)}"

    what = f"look again in {pause / 60:.0f} minutes"
    return Due(event=event, why="it could not be looked at", what=what, act=act, done=kept.done.get(event))


def _said(error: Exception) -> str:
    """Say what failed; of an unforeseen error only its kind: a webhook is told of no question."""
    return str(error) if isinstance(error, ScovilleError) else f"{type(error).__name__}, see the service's own log"


def due_now(bot: Releases) -> list[Due]:
    """Say what is due now."""
    return list(due(bot, Kept.read(bot.workspace.folder), time.time()))


def run_due(
    bot: Releases, now: float | None = None, *, leave: Collection[str] = ()
) -> list[dict[str, Any]] | None:  # fmt: skip
    """Do what is due, tell the webhook, and give what was written into the log; None while another process does.

    UsageError where the webhook's secret is missing: before anything is done. ``now`` stands for the clock's time.
    """
    clock = time.time if now is None else lambda: now
    webhook = bot.recipe.on.webhook
    if webhook:
        secret_of(webhook)
    rows: list[dict[str, Any]] = []
    with locked(bot.workspace.folder) as alone:
        if not alone:
            logger.info("Another process looks at this workspace's automations; nothing was done.")
            return None
        kept = Kept.read(bot.workspace.folder)
        before = dict(kept.failures)
        for one in due(bot, kept, clock(), leave=leave):
            try:
                outcome = one.act()
            except Exception as error:  # as above
                if not isinstance(error, ScovilleError):
                    logger.exception("automations: %s", one.event)
                outcome = f"failed: {_said(error)}"
            kept.done[one.event] = one.done
            if outcome:
                row = {"time": clock(), "event": one.event, "why": one.why, "what": one.what, "outcome": outcome}
                kept.note(row, tell=webhook is not None)
                rows.append(row)
            else:
                kept.save()
        if kept.failures != before:
            kept.save()
        if webhook:
            send_due(kept, webhook, bot.recipe.sources, clock)
    return rows


class Automatic:
    """Looks every so often, in a thread of its own, until it is stopped; what fails is logged and waits for the next.

    ``bot`` gives whose recipe counts now. UsageError where the secret of its webhook is missing.
    """

    def __init__(self, bot: Callable[[], Releases]) -> None:
        self._bot = bot
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, name="automations", daemon=True)
        if webhook := bot().recipe.on.webhook:
            secret_of(webhook)

    def start(self) -> None:
        """Begin, if it has not."""
        if not self._thread.is_alive():
            self._thread.start()

    def stop(self) -> None:
        """End, once what is being done is done; what takes long is left to end with the process."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _look(self) -> None:
        looked = -LEISURE_SECONDS
        while not self._stopped.wait(LOOK_SECONDS):
            leisure = time.monotonic() - looked >= LEISURE_SECONDS
            if leisure:
                looked = time.monotonic()
            try:
                bot = self._bot()
                if bot.recipe.on.events:
                    run_due(bot, leave=() if leisure else AT_LEISURE)
            except ScovilleError as error:
                logger.error("automations: %s", error)
            except Exception:  # nobody sees the thread end
                logger.exception("automations")


def _waits(kept: Kept, event: str, seconds: float, now: float) -> bool:
    """Say whether an event was seen to less than so long ago; a clock that was set back makes it due."""
    return 0 <= now - float(kept.done.get(event) or 0.0) < seconds


def _sources(bot: Releases, kept: Kept, now: float) -> Iterator[Due]:
    wanted = bot.recipe.on.source_changed
    assert wanted
    if _waits(kept, "source_changed", wanted.every_minutes * 60, now):
        return
    last = float(kept.done.get("source_changed") or 0.0)

    def act() -> str:
        report = bot.sync()
        changed = [
            f"{count} {name}"
            for name in ("added", "changed", "removed", "failed")
            if (count := _count(getattr(report, name)))
        ]
        return "; ".join([", ".join(changed), *_evaluated(bot, wanted.evaluate)]) if changed else ""

    after = f", then evaluate {wanted.evaluate}" if wanted.evaluate else ""
    since = f"last looked at {datetime.fromtimestamp(last):%Y-%m-%d %H:%M}" if last else "never looked at"
    yield Due(
        event="source_changed", why=f"sources {since}", what=f"sync{after} if something changed", act=act, done=now
    )


def _feedback(bot: Releases, kept: Kept, now: float) -> Iterator[Due]:
    wanted = bot.recipe.on.feedback
    assert wanted
    bot.flush()
    last = int(kept.done.get("feedback") or 0)
    file = bot.workspace.folder / FILE_NAME
    if not file.exists():  # nobody asked anything yet
        return
    with Store(file, create=False) as store:
        query = "SELECT id FROM feedback WHERE rating = 'down' AND id > ? ORDER BY id"
        found = [id for (id,) in store.query(query, (last,))]
    if len(found) < wanted.at_least:
        return
    upto = found[:MOST_CASES][-1]

    def act() -> str:
        return "{} of {} are cases in cases/feedback.jsonl".format(*collect(bot, last, upto))

    waiting = f"; {len(found) - MOST_CASES} of them at the next look" if len(found) > MOST_CASES else ""
    why = f"{len(found)} answers were called wrong since the last time, {wanted.at_least} are asked for"
    yield Due(event="feedback", why=why, what=f"write cases{waiting}", act=act, done=upto)


def _measured(bot: Releases, kept: Kept, now: float) -> Iterator[Due]:
    wanted = bot.recipe.on.run_passed
    assert wanted
    newest = next(reversed(releases_of(bot.workspace)), None)
    if newest is None or not (runs := runs_of(bot.workspace, newest)):
        return
    alias, cause = wanted.promote, [newest.name, runs[0].id]
    was_served = any(
        row["what"] == "promote" and (row["release"], row["alias"]) == (newest.name, alias)
        for row in read_log(bot.workspace)
    )  # one that a person took back stays so
    if was_served or kept.done.get("run_passed") == cause:
        return

    def act() -> str:
        before = read_state(bot.workspace).targets.get(alias)
        bot.promote(newest.name, alias, max_drop=wanted.max_drop, by="automation")
        return f"{alias} is {newest.name}{f', and was {before.release}' if before else ''}"

    why = f"the newest release, {newest.name}, was measured in run {runs[0].id}"
    yield Due(event="run_passed", why=why, what=f"promote it as {alias}, if it passes", act=act, done=cause)


def _drift(bot: Releases, kept: Kept, now: float) -> Iterator[Due]:
    wanted = bot.recipe.on.drift
    assert wanted
    seconds = wanted.days * 86400.0
    if _waits(kept, "drift", seconds, now):
        return
    asked = _asked(bot, now, seconds)
    if len(asked) < LEAST_ASKED or (new := bot.new_share(asked[-MOST_COMPARED:]) or 0.0) <= wanted.above:
        return

    def act() -> str:
        return "; ".join(_evaluated(bot, wanted.evaluate))

    why = f"{new:.0%} of {len(asked[-MOST_COMPARED:])} questions are like no case, over {wanted.above:.0%}"
    yield Due(event="drift", why=why, what=f"evaluate {wanted.evaluate}", act=act, done=now)


def _sample(bot: Releases, kept: Kept, now: float) -> Iterator[Due]:
    wanted = bot.recipe.on.sample
    assert wanted
    seconds = wanted.days * 86400.0
    if _waits(kept, "sample", seconds, now):
        return
    asked = {one.question: one.trace for one in _asked(bot, now, seconds) if one.question.strip()}
    if len(asked) < LEAST_ASKED:
        return
    drawn = random.Random(int(now)).sample(sorted(asked), min(wanted.questions, len(asked)))  # noqa: S311
    cases = [Case(id=f"asked-{asked[question][:12]}", question=question) for question in drawn]

    def act() -> str:
        from scoville.bot.evaluate import Asked, Choice, evaluate
        from scoville.bot.score import Scoring

        how = Asked(name="questions of people", is_sample=True)
        return f"run {evaluate(bot, cases, Choice(), how, Scoring(judge=wanted.judge)).id}"

    why = f"{len(asked)} questions were asked in {wanted.days} days"
    what = f"ask {len(cases)} of them again and score the answers{', with the judge' if wanted.judge else ''}"
    yield Due(event="sample", why=why, what=what, act=act, done=now)


def _alerts(bot: Releases, kept: Kept, now: float) -> Iterator[Due]:
    from scoville.monitor import figures_of

    wanted = bot.recipe.on.alerts
    assert wanted
    asked = _asked(bot, now, wanted.hours * 3600.0)
    if len(asked) < LEAST_ASKED:
        return
    new = None if wanted.new is None else bot.new_share(asked[-MOST_COMPARED:])
    for name, value in figures_watched(figures_of(asked), new).items():
        bound = getattr(wanted, name)
        if bound is None or value is None:
            continue
        low = name == "support_below"
        beyond = value < bound if low else value > bound
        within = value * WELL_WITHIN >= bound if low else value <= bound * WELL_WITHIN
        is_on = name in kept.alerts
        if (beyond and not is_on) or (within and is_on):
            said = f"{name.removesuffix('_below')} is {value:.2f} in {wanted.hours} hours, the bound is {bound:g}"
            change = kept.alerts.remove if is_on else kept.alerts.append
            outcome = f"{name}: over" if is_on else f"{name}: alert"

            def act(name: str = name, change: Callable[[str], None] = change, outcome: str = outcome) -> str:
                change(name)
                return outcome

            yield Due(event="alerts", why=said, what="tell", act=act, done=now)


LOOKS: "Mapping[str, Callable[[Releases, Kept, float], Iterator[Due]]]" = {
    "source_changed": _sources, "feedback": _feedback, "run_passed": _measured, "drift": _drift, "sample": _sample,
    "alerts": _alerts,
}  # fmt: skip
"""What is looked at for each key of the recipe's ``on``, in this order."""


def figures_watched(total: "Figures", new: float | None) -> dict[str, float | None]:
    """Give the figures that alerts are about, by the keys of the recipe."""
    return {
        "refused": sum(total.refused.values()) / total.asked, "failed": total.failed / total.asked,
        "disliked": total.down / total.asked, "new": new, "p95_seconds": total.p95_seconds, "usd": total.usd,
        "support_below": total.support,
    }  # fmt: skip


def _asked(bot: Releases, now: float, seconds: float) -> "list[Asked]":
    """Give what people asked in the last so many seconds, the oldest first."""
    return [one for one in bot.asked_by_people(now - seconds, now) if not one.shadows]


def _evaluated(bot: Releases, file: str) -> Iterator[str]:
    if file:
        run = bot.evaluate(bot.workspace.root / file)
        quality = run.summary().get("metrics", {}).get("quality", {}).get("mean")
        yield f"run {run.id}" + ("" if quality is None else f", quality {quality:.2f}")


def _count(value: Any) -> int:
    with suppress(TypeError):
        return len(value)
    return int(value)
