"""What everything took: tokens, seconds and dollars, in one ledger.

Enters: replies, answers, reports of adding. Leaves: entries, and their totals. Fees are what somebody else charges;
work that nobody charges for is priced by the seconds it held this machine, in a column of its own, so that a local
model is not "$0". An entry keeps the price of its day. Knows no recipe and no command.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from typing import Literal

from scoville.cost import fee_usd
from scoville.errors import UsageError
from scoville.index import AddReport
from scoville.recipe.model import is_hosted, protocol_of
from scoville.track.store import Store
from scoville.types import Answer, Reply

Activity = Literal[
    "ingest", "graph", "search", "generation", "judging", "case_generation", "training", "idle_gpu",
]  # fmt: skip
SECONDS_PER_HOUR = 3600
CHARACTERS_PER_TOKEN = 4
GROUPS = {"activity": "activity", "model": "model", "day": "date(time, 'unixepoch', 'localtime')", "run": "run_id"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One piece of work, and what it took."""

    time: float = field(default_factory=time.time)
    """When it ended, in Unix time."""
    activity: Activity
    model: str = ""
    runtime: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    """Of work, not of the clock: two questions at once count twice."""
    fee_usd: float | None = 0.0
    """What somebody else charges for it; None when that price is not known."""
    hardware_usd: float = 0.0
    """What this machine cost meanwhile; 0 where it only waited for somebody else's."""
    run_id: str = ""


COLUMNS = tuple(column.name for column in fields(Entry))
INSERT = f"INSERT INTO ledger ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608


@dataclass(frozen=True, kw_only=True, slots=True)
class Total:
    """What the entries of one group took together."""

    group: str
    entries: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    fee_usd: float
    """Of the entries whose fee is known."""
    hardware_usd: float
    unknown_fees: int
    """How many entries have a fee that is not known."""


class Ledger:
    """Makes entries, with the price of this machine's time."""

    def __init__(self, hardware_usd_per_hour: float, run_id: str = "", *, embed_url: str | None = None) -> None:
        """``embed_url`` is the endpoint of a hosted embedder; None: that of the environment, or OpenAI's."""
        self._usd_per_second = hardware_usd_per_hour / SECONDS_PER_HOUR
        self.run_id = run_id
        self._embed_url = embed_url

    def entry(
        self, activity: Activity, *, model: str = "", runtime: str = "", prompt_tokens: int = 0,
        completion_tokens: int = 0, seconds: float = 0.0, fee_usd: float | None = 0.0,
    ) -> Entry:  # fmt: skip
        """Make an entry; work without a fee costs the machine's time."""
        return Entry(
            activity=activity, model=model, runtime=runtime, prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens, seconds=max(seconds, 0.0), fee_usd=fee_usd,
            hardware_usd=max(seconds, 0.0) * self._usd_per_second if fee_usd == 0 else 0.0, run_id=self.run_id,
        )  # fmt: skip

    def reply(self, activity: Activity, reply: Reply) -> Entry:
        """Enter what a model wrote."""
        return self.entry(
            activity, model=reply.model, runtime=reply.runtime, prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens, seconds=reply.total_seconds, fee_usd=reply.cost_usd,
        )  # fmt: skip

    def answer(self, answer: Answer, embedder: str) -> list[Entry]:
        """Enter an answer: the search, what the model wrote for it, and the answer itself."""
        asked = sum(reply.total_seconds for reply in answer.search_replies)
        search = self.embedding("search", embedder, -(-len(answer.question) // CHARACTERS_PER_TOKEN),
                                answer.search_seconds - asked)  # fmt: skip
        replies = [self.reply("search", reply) for reply in answer.search_replies]
        replies += [self.reply("generation", reply) for reply in answer.step_replies]
        return [search, *replies, *([self.reply("generation", answer.reply)] if answer.reply else [])]

    def added(self, report: AddReport, embedder: str, writer: str = "") -> list[Entry]:
        """Enter an `add` or a `sync`: reading and embedding, and what ``writer``, a hosted model, was paid for."""
        work = self.embedding("ingest", embedder, report.tokens, report.seconds)
        paid = self.entry("ingest", model=writer, runtime=protocol_of(writer), fee_usd=report.cost_usd)
        return [work] if report.cost_usd == 0 else [work, paid]

    def embedding(self, activity: Activity, embedder: str, tokens: int, seconds: float) -> Entry:
        """Enter work that an embedder shares in."""
        runtime = "openai" if is_hosted(embedder) else "fake" if embedder == "fake" else "openvino"
        fee = fee_usd(embedder, tokens, 0, self._embed_url)
        return self.entry(activity, model=embedder, runtime=runtime, prompt_tokens=tokens, seconds=seconds, fee_usd=fee)

    def idle(self, seconds: float) -> Entry:
        """Enter the time in which a GPU was held and did nothing."""
        return self.entry("idle_gpu", seconds=seconds)


def save_entries(store: Store, entries: Iterable[Entry]) -> None:
    """Write entries."""
    store.write(INSERT, [astuple(entry) for entry in entries])


def totals(store: Store, by: str = "activity", *, since: float = 0.0, run_id: str | None = None) -> list[Total]:
    """Add up the ledger by ``activity``, ``model``, ``day`` or ``run``: the dearest first, days in their order."""
    if by not in GROUPS:
        raise UsageError(f"{by!r} is no way to group the ledger; expected {', '.join(GROUPS)}")
    order = "1" if by == "day" else "sum(coalesce(fee_usd, 0) + hardware_usd) DESC, 1"
    rows = store.query(
        f"SELECT {GROUPS[by]}, count(*), sum(prompt_tokens), sum(completion_tokens), sum(seconds), "  # noqa: S608
        "sum(coalesce(fee_usd, 0)), sum(hardware_usd), sum(fee_usd IS NULL) FROM ledger "
        f"WHERE time >= ? AND (? IS NULL OR run_id = ?) GROUP BY 1 ORDER BY {order}",
        (since, run_id, run_id),
    )
    names = [column.name for column in fields(Total)]
    return [Total(**dict(zip(names, row, strict=True))) for row in rows]


def sum_up(found: Sequence[Total]) -> Total:
    """Add totals up."""
    added: Mapping[str, float] = {
        column.name: sum(getattr(total, column.name) for total in found)
        for column in fields(Total)
        if column.name != "group"
    }
    return Total(group="total", **added)  # pyright: ignore[reportArgumentType]
