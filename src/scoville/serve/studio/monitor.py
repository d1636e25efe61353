"""The page of what became of questions: by day and by release, what no case is like, what documents lack.

Enters: how many days to look back. Leaves: HTML, for who reads every document: questions may tell of any.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from scoville.monitor.page import page_values
from scoville.serve.service import Overseer, service_of
from scoville.serve.studio.page import show
from scoville.serve.work import Stop

router = APIRouter(include_in_schema=False, prefix="/monitor")
CHOICES = (1, 7, 30, 90)
MOST_LOGGED = 50


@router.get("")
async def monitor(request: Request, _: Overseer, days: Annotated[int, Query(ge=1, le=3650)] = 30) -> HTMLResponse:
    """Show what became of the questions of the last days."""
    service = service_of(request)

    def look(_: Stop) -> dict[str, Any]:
        bot = service.first
        found = bot.monitor(since=datetime.now() - timedelta(days=days))
        return page_values(found, "") | {
            "days": days, "choices": CHOICES, "watched": bot.recipe.on.events,
            "happened": [row | {"day": f"{datetime.fromtimestamp(row['time']):%Y-%m-%d %H:%M}"}
                         for row in bot.automation_log()[:-MOST_LOGGED:-1]],
        }  # fmt: skip

    return show(request, "monitor.html", await service.work.do(request, look), page="monitor")
