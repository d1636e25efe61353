"""The page of what was trained: adapters and models of the workspace, with their losses. For who reads every document.

Enters: the records that training leaves. Leaves: HTML; while a model learns, its losses as server-sent events. What a
model says before and after stands side by side where two systems are asked.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from scoville.bot import Bot
from scoville.bot.tune import loss_figure
from scoville.models.trained import ADAPTER_CONFIG, FOLDER
from scoville.serve.events import event, reply_of
from scoville.serve.refused import Refused
from scoville.serve.service import Overseer, service_of
from scoville.serve.studio.page import show
from scoville.serve.work import Stop
from scoville.storage import Journal

router = APIRouter(include_in_schema=False, prefix="/training")
SILENT_SECONDS = 600
"""A training without a record that wrote nothing for so long has stopped."""
STREAM_SECONDS = 10
TOLD = ("kind", "base", "licence", "seconds", "usd", "created")
"""What of a record is told, where it is a plain value."""


class Trained(NamedTuple):
    """What was trained, or is being trained."""

    folder: Path
    record: dict[str, Any]
    """Empty until it has ended."""
    logs: Sequence[Path]
    """The losses of its stages, in their order."""
    written: float
    """When anything of it was written last."""

    @property
    def learns(self) -> bool:
        """Whether it goes on."""
        return not self.record and time.time() - self.written < SILENT_SECONDS

    def stage(self, log: Path) -> str:
        """Name a stage."""
        return log.parent.name if log.parent != self.folder else "loss"


@router.get("")
async def training(request: Request, _: Overseer) -> HTMLResponse:
    """Show what was trained in the workspace: what learns now, then the newest."""
    service = service_of(request)

    def look(_: Stop) -> dict[str, Any]:
        models = sorted(_trained(service.first).values(), key=lambda one: (not one.learns, -one.written))
        return {"models": list(map(_shown, models)), "model": service.first.recipe.llm.model}

    return show(request, "training.html", await service.work.do(request, look), page="training")


@router.get("/{name}/losses")
async def losses(name: str, request: Request, _: Overseer) -> StreamingResponse:
    """Stream the losses of a training as they are written, and `end` when no more will come.

    A stream lasts STREAM_SECONDS, so that a server that stops need not wait for it longer; browsers come again by
    themselves, and say how many rows they have.
    """
    bot, told = service_of(request).first, request.headers.get("last-event-id", "")
    if name not in await asyncio.to_thread(_trained, bot):
        raise Refused(404, f"nothing named {name!r:.80} was trained here")
    return reply_of(_losses(bot, name, int(told) if told.isdecimal() else 0))


async def _losses(bot: Bot, name: str, sent: int) -> AsyncIterator[str]:
    for _ in range(STREAM_SECONDS):
        one = (await asyncio.to_thread(_trained, bot)).get(name)
        rows = [{"stage": one.stage(log)} | row for log in one.logs for row in Journal(log).rows()] if one else []
        sent = sent if sent <= len(rows) else 0  # it was begun again
        if len(rows) > sent:
            yield event(rows[sent:], "rows", str(len(rows)))
            sent = len(rows)
        if one is None or not one.learns:
            yield event({}, "end")
            return
        await asyncio.sleep(1)


def _trained(bot: Bot) -> dict[str, Trained]:
    """Find what was trained, by name; what is under way has losses and no record yet."""
    place, found = bot.workspace.folder / FOLDER, dict[str, Trained]()
    for file in (*place.glob("*/loss.jsonl"), *place.glob("*/*/loss.jsonl"), *place.glob("*/training.json")):
        folder = place / file.relative_to(place).parts[0]
        logs = sorted([*folder.glob("loss.jsonl"), *folder.glob("*/loss.jsonl")], key=lambda log: log.stat().st_mtime)
        written = max(one.stat().st_mtime for one in [file, *logs])
        found[folder.name] = Trained(folder, _record(folder), logs, written)
    return found


def _shown(one: Trained) -> dict[str, Any]:
    record, name = one.record, one.folder.name
    is_adapter = (one.folder / ADAPTER_CONFIG).is_file()
    rows = [list(Journal(log).rows()) for log in one.logs]
    told = {key: record.get(key, "") for key in TOLD}
    return {
        "name": name, "is_adapter": is_adapter, "learns": one.learns,
        "facts": {key: value for key, value in told.items() if isinstance(value, str | int | float) and value != ""},
        "call": f"{record.get('base', 'BASE')}+{name}" if is_adapter else name,
        "plots": [] if one.learns else [loss_figure(one.stage(log), log_rows)
                                        for log, log_rows in zip(one.logs, rows, strict=True)],
        "last": [] if one.learns else [log_rows[-1:] for log_rows in rows],
    }  # fmt: skip


def _record(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / "training.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
