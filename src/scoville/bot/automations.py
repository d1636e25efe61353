"""What happens by itself: which events of the recipe's ``on`` are due, and what follows from them.

Enters: a bot, and the time. Leaves: for each event why it is due and what came of it, in a log that is kept. A cause is
seen to once, also where that failed: what is due again has another cause. A release is served behind the gate that
`scoville promote` has; no setting and no prompt is ever changed.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scoville.automations import Kept, locked, secret_of, send_due
from scoville.bot.releases import Releases
from scoville.bot.route import route
from scoville.errors import ScovilleError
from scoville.recipe.automations import Alerts, On
from scoville.release import read_log, read_state, releases_of
from scoville.release.standing import runs_of
from scoville.track.store import FILE_NAME, Store
from scoville.types import Case

if TYPE_CHECKING:
    from scoville.monitor import Monitored

logger = logging.getLogger("scoville")
LOOK_SECONDS = 30.0
"""How often a service looks."""
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
    act: "Callable[[], str]"
    """Does it, and says how it ended; nothing where nothing happened after all."""
    done: Any
    """What is remembered as seen to."""


def due(bot: Releases, kept: Kept, now: float) -> "Iterator[Due]":
    """Say what is due; nothing is done."""
    on = bot.recipe.on
    if on.source_changed:
        yield from _sources(bot, kept, now)
    if on.feedback:
        yield from _feedback(bot, kept)
    if on.run_passed:
        yield from _measured(bot, kept)
    if on.drift:
        yield from _drift(bot, kept, now)
    if on.sample:
        yield from _sample(bot, kept, now)
    if on.alerts:
        yield from _alerts(bot, on.alerts, kept, now)


def due_now(bot: Releases) -> list[Due]:
    """Say what is due now."""
    return list(due(bot, Kept.read(bot.workspace.folder), time.time()))


def run_due(bot: Releases, now: float | None = None) -> list[dict[str, Any]]:
    """Do what is due, tell the webhook, and give what was written into the log; nothing while another process does.

    UsageError where the webhook's secret is missing: before anything is done.
    """
    now = time.time() if now is None else now
    webhook = bot.recipe.on.webhook
    if webhook:
        secret_of(webhook)
    rows: list[dict[str, Any]] = []
    with locked(bot.workspace.folder) as alone:
        if not alone:
            logger.info("Another process looks at this workspace's automations; nothing was done.")
            return []
        kept = Kept.read(bot.workspace.folder)
        for one in due(bot, kept, now):
            try:
                outcome = one.act()
            except ScovilleError as error:
                outcome = f"failed: {error}"
            kept.done[one.event] = one.done
            if outcome:
                row = {"time": now, "event": one.event, "why": one.why, "what": one.what, "outcome": outcome}
                kept.note(row, tell=webhook is not None)
                rows.append(row)
            else:
                kept.save()
        if webhook:
            send_due(kept, webhook, bot.recipe.sources, now)
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
        while not self._stopped.wait(LOOK_SECONDS):
            try:
                if self._bot().recipe.on != On():
                    run_due(self._bot())
            except ScovilleError as error:
                logger.error("automations: %s", error)
            except Exception:  # nobody sees the thread end
                logger.exception("automations")


def _sources(bot: Releases, kept: Kept, now: float) -> Iterator[Due]:
    wanted = bot.recipe.on.source_changed
    assert wanted
    last = float(kept.done.get("source_changed", 0.0))
    if 0 <= now - last < wanted.every_minutes * 60:  # a clock that was set back makes it due
        return

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


def _feedback(bot: Releases, kept: Kept) -> Iterator[Due]:
    wanted = bot.recipe.on.feedback
    assert wanted
    bot.flush()
    last = int(kept.done.get("feedback", 0))
    file = bot.workspace.folder / FILE_NAME
    if not file.exists():  # nobody asked anything yet
        return
    with Store(file, create=False) as store:
        query = "SELECT count(*), coalesce(max(id), 0) FROM feedback WHERE rating = 'down' AND id > ?"
        ((count, newest),) = store.query(query, (last,))
    if count < wanted.at_least:
        return

    def act() -> str:
        routed = route(bot, write=True)
        count = sum(one.case is not None and not one.is_golden for one in routed)
        return f"{count} of {len(routed)} are cases in cases/feedback.jsonl"

    why = f"{count} answers were called wrong since the last time, {wanted.at_least} are asked for"
    yield Due(event="feedback", why=why, what="write cases", act=act, done=newest)


def _measured(bot: Releases, kept: Kept) -> Iterator[Due]:
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
    if 0 <= now - float(kept.done.get("drift", 0.0)) < seconds:
        return
    found = _monitored(bot, now, seconds)
    if found.total.asked >= LEAST_ASKED and found.new > wanted.above:
        why = f"{found.new:.0%} of {found.total.asked} questions are like no case, over {wanted.above:.0%}"
        what = f"evaluate {wanted.evaluate}"
        yield Due(event="drift", why=why, what=what, act=lambda: "; ".join(_evaluated(bot, wanted.evaluate)), done=now)


def _sample(bot: Releases, kept: Kept, now: float) -> Iterator[Due]:
    wanted = bot.recipe.on.sample
    assert wanted
    seconds = wanted.days * 86400.0
    if 0 <= now - float(kept.done.get("sample", 0.0)) < seconds:
        return
    people = [one for one in bot.asked_by_people(now - seconds, now) if one.question.strip() and not one.shadows]
    asked = {one.question: one.trace for one in people}
    if len(asked) < LEAST_ASKED:
        return
    drawn = random.Random(int(now)).sample(sorted(asked), min(wanted.questions, len(asked)))  # noqa: S311
    cases = [Case(id=f"asked-{asked[question][:12]}", question=question) for question in drawn]

    def act() -> str:
        return f"run {bot.evaluate(cases, name='questions of people', judge=wanted.judge).id}"

    why = f"{len(asked)} questions were asked in {wanted.days} days"
    what = f"ask {len(cases)} of them again and score the answers{', with the judge' if wanted.judge else ''}"
    yield Due(event="sample", why=why, what=what, act=act, done=now)


def _alerts(bot: Releases, wanted: Alerts, kept: Kept, now: float) -> Iterator[Due]:
    found = _monitored(bot, now, wanted.hours * 3600.0)
    if found.total.asked < LEAST_ASKED:
        return
    for name, value in figures_watched(found).items():
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


def figures_watched(found: "Monitored") -> dict[str, float | None]:
    """Give the figures that alerts are about, by the keys of the recipe."""
    total = found.total
    asked = total.asked or 1
    return {
        "refused": sum(total.refused.values()) / asked, "failed": total.failed / asked, "disliked": total.down / asked,
        "new": found.new if found.likeness is not None else None, "p95_seconds": total.p95_seconds, "usd": total.usd,
        "support_below": total.support,
    }  # fmt: skip


def _monitored(bot: Releases, now: float, seconds: float) -> "Monitored":
    return bot.monitor(since=datetime.fromtimestamp(now - seconds), until=datetime.fromtimestamp(now))


def _evaluated(bot: Releases, file: str) -> Iterator[str]:
    if file:
        run = bot.evaluate(bot.workspace.root / file)
        quality = run.summary().get("metrics", {}).get("quality", {}).get("mean")
        yield f"run {run.id}" + ("" if quality is None else f", quality {quality:.2f}")


def _count(value: Any) -> int:
    with suppress(TypeError):
        return len(value)
    return int(value)
