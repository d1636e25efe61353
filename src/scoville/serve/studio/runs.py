"""The pages of runs: a leaderboard, runs question by question, and one begun from here.

Enters: runs that were kept, names of them. Leaves: HTML, made of what `scoville compare` computes and its page shows.
They are for who reads every document: an answer may rest on any.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from scoville.bot import Bot
from scoville.comparison.asked import CHOICES
from scoville.comparison.known import Listed, Place, list_known, place_of, shown_known
from scoville.comparison.report import board_values, report_values
from scoville.errors import UsageError
from scoville.evaluate.blame import Blame
from scoville.serve.refused import Refused
from scoville.serve.service import Overseer, note, service_of
from scoville.serve.studio.page import go, show
from scoville.serve.work import Stop

router = APIRouter(include_in_schema=False, prefix="/runs")
MOST_SHOWN = 25
"""So many runs, the newest, stand in the leaderboard at once."""
MOST_COMPARED = 8
PAGE = 100
"""So many questions are listed at once."""
METRIC = "quality"
Runs = Annotated[list[str], Query(alias="run", max_length=MOST_COMPARED)]


@router.get("")
async def board(request: Request, caller: Overseer, set: str = "", baseline: str = "", older: int = 0) -> HTMLResponse:
    """Show the runs on one set of cases as a leaderboard."""
    service = service_of(request)

    def find(_: Stop) -> dict[str, Any]:
        bot = service.first
        usd = bot.recipe.cost.hardware_usd_per_hour
        listed = list_known(bot.workspace.folder / "runs")
        sets = _sets(listed)
        chosen = set if set in sets else next(iter(sets), "")
        own = [one for one in sets.get(chosen, ()) if one.is_scored]
        shown = own[older : older + MOST_SHOWN]
        return {
            "sets": sets, "set": chosen, "older": older, "all": len(own), "most": MOST_SHOWN,
            "open": [one for one in sets.get(chosen, ()) if not one.is_scored], "board": None,
            "case_files": case_files(bot), "chosen": baseline, "choices": shown,
            "jobs": [job for job in service.jobs.of(caller) if job.what.startswith(EVALUATE)][:3],
            **(_board(tuple(one.place for one in shown), baseline, usd) if shown else {}),
        }  # fmt: skip

    return show(request, "runs.html", await service.work.do(request, find), page="runs")


@router.post("")
async def begin(
    request: Request, caller: Overseer, cases: Annotated[str, Form()], name: Annotated[str, Form()] = "",
    split: Annotated[str, Form()] = "", limit: Annotated[str, Form()] = "",
) -> RedirectResponse:  # fmt: skip
    """Ask the system every case of a file, as a job."""
    service = service_of(request)
    bot = service.first
    if cases not in case_files(bot):
        raise Refused(400, f"{cases!r:.80} is no file in the folder cases of this workspace")
    if limit and not limit.isdecimal():
        raise Refused(400, f"limit: {limit!r:.20}; expected a number of cases, or nothing")
    file = bot.workspace.root / "cases" / cases

    def evaluated() -> dict[str, Any]:
        run = bot.evaluate(file, name=name.strip(), split=split, limit=int(limit) if limit else None)
        return {"run": run.id}

    note(request, f"{cases} {split}")
    service.jobs.begin(caller, f"{EVALUATE} {name.strip() or cases}", evaluated)
    return go("/runs")


@router.get("/compare")
async def compare(
    request: Request, _: Overseer, run: Runs, baseline: str = "", kind: str = "all", find: str = "", stage: str = "",
    page: int = 1, blame: bool = False,
) -> HTMLResponse:  # fmt: skip
    """Show runs beside one another, question by question, what got worse first; a run alone as what it came to."""
    service = service_of(request)

    def values(_: Stop) -> dict[str, Any]:
        opened = _opened(service.first, run, baseline, blame)
        rows = [row for row in opened["questions"] if _wanted(row, kind, find, stage)]
        query = [("run", one) for one in run] + [("baseline", baseline)] * bool(baseline)
        places = {id(row): place for place, row in enumerate(opened["questions"], start=1)}
        first = (max(page, 1) - 1) * PAGE
        shown = rows[first : first + PAGE]
        return opened | {
            "questions": shown, "found": len(rows), "kind": kind, "find": find, "stage": stage, "at": page, "runs": run,
            "query": urlencode(query), "pages": -(-len(rows) // PAGE),
            "link": lambda place: f"/runs/question?{urlencode([*query, ('n', places[id(shown[place - 1])])])}",
        }  # fmt: skip

    return show(request, "compare.html", await service.work.do(request, values), page="runs")


@router.get("/question")
async def question(request: Request, _: Overseer, run: Runs, n: int, baseline: str = "") -> HTMLResponse:
    """Show one question with what each run said to it."""
    service = service_of(request)

    def values(_: Stop) -> dict[str, Any]:
        opened = _opened(service.first, run, baseline, blame=False)
        if not 1 <= n <= len(opened["questions"]):
            raise Refused(404, f"there are {len(opened['questions'])} questions in these runs, and no {n}")
        query = urlencode([*(("run", one) for one in run), *[("baseline", baseline)] * bool(baseline)])
        return opened | {"row": opened["questions"][n - 1], "n": n, "query": query, "trace_link": "/traces/{}".format}

    return show(request, "run_question.html", await service.work.do(request, values), page="runs")


EVALUATE = "Evaluate"


def case_files(bot: Bot) -> list[str]:
    """Name the files of cases of a workspace."""
    return sorted(file.name for file in (bot.workspace.root / "cases").glob("*.jsonl"))


def _sets(listed: Sequence[Listed]) -> dict[str, list[Listed]]:
    """Give the runs by what was asked, the set that was asked last first."""
    sets: dict[str, list[Listed]] = {}
    for one in listed:
        sets.setdefault(one.header.get("cases_digest", ""), []).append(one)
    return sets


@lru_cache(16)
def _board(places: tuple[Place, ...], baseline: str, usd_per_hour: float) -> dict[str, Any]:
    shown, notes, base = shown_known(places, baseline, METRIC, usd_per_hour)
    return board_values(shown, metric=METRIC, baseline=base, notes=notes)


def _opened(bot: Bot, runs: Sequence[str], baseline: str, blame: bool) -> dict[str, Any]:
    if not runs:
        raise Refused(400, "choose at least one run")
    places = tuple(place_of(bot.run(name).folder) for name in dict.fromkeys(runs))
    blamed = tuple(_blamed(bot, place, blame) for place in places)
    try:
        return _values(places, baseline, bot.recipe.cost.hardware_usd_per_hour, blamed) | {
            "waits": any(one is None for one in blamed)
        }
    except UsageError as error:
        raise Refused(400, f"these runs cannot be compared: {error}") from None


@lru_cache(16)
def _values(
    places: tuple[Place, ...], baseline: str, usd_per_hour: float, blamed: tuple[tuple[Blame, ...] | None, ...]
) -> dict[str, Any]:
    shown, notes, base = shown_known(places, baseline, METRIC, usd_per_hour, blamed)
    return report_values(shown, metric=METRIC, baseline=base, notes=notes)


_blames: dict[tuple[Place, str], tuple[Blame, ...]] = {}


def _blamed(bot: Bot, place: Place, compute: bool) -> tuple[Blame, ...] | None:
    """Say what lost the wrong answers of a run; None where that was not looked up yet."""
    built = bot.workspace.built()
    key = (place, repr(built))
    if compute and key not in _blames:
        _blames[key] = tuple(bot.run(place.folder.name).blame())
    return _blames.get(key)


def _wanted(row: dict[str, Any], kind: str, find: str, stage: str) -> bool:
    asked = row["question"]
    words = find.casefold().split()
    text = "\n".join([asked.case.question, row["expected"], *(one.result.text for one in asked.said if one.result)])
    return (
        kind in (asked.kinds if kind in CHOICES else {kind})
        and (not stage or stage in row["more"].splitlines())
        and all(word in text.casefold() for word in words)
    )
