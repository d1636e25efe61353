"""The page of settings: the recipe as a form, the models found on this machine, keys. For who reads every document.

Enters: values. Leaves: HTML; a recipe's file that differs in these values alone; a bot that has them.
"""

import json
import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from scoville.bot import Bot
from scoville.endpoint import local_servers
from scoville.errors import ScovilleError
from scoville.models import catalogue, is_cached
from scoville.models.provider import find_provider
from scoville.models.trained import trained_names
from scoville.recipe.file import Setting, load_recipe, rewritten, with_values
from scoville.recipe.read_yaml import load_yaml
from scoville.recipe.reference import keys, meaning_of
from scoville.recipe.section import Mark
from scoville.serve.callers import SCOPES, Caller
from scoville.serve.refused import Refused
from scoville.serve.service import Overseer, Service, note, service_of
from scoville.serve.studio.page import go, show
from scoville.serve.work import Stop
from scoville.storage import write_whole

router = APIRouter(include_in_schema=False, prefix="/settings")
FIRST = ("llm", "answer", "search", "split")
"""The sections that people change most."""
FIXED = ("flag", "argument", "environment")
"""What sets a value that beats the file."""
HIDDEN = ("version", "sweep")
"""What a form is no place for."""
MODELS: dict[str, Literal["llm", "embedder"]] = {"llm.model": "llm", "judge.model": "llm", "embed.model": "embedder"}
"""Whose names are checked before they are saved: with one that nobody knows nothing would answer any more."""
CLOSED = re.compile(r"`[^`]+`(, `[^`]+`)*")
TRUTH = "true or false"
REBUILD = "Rebuild the index"


@router.get("")
async def settings(request: Request, caller: Overseer, saved: str = "") -> HTMLResponse:
    """Show the recipe, the models that are here, and the keys."""
    service = service_of(request)

    def look(_: Stop) -> dict[str, Any]:
        fields: dict[str, list[dict[str, Any]]] = {name: [] for name in FIRST}
        for setting in service.first.loaded.settings:
            if field := _field(setting):
                fields.setdefault(setting.key.partition(".")[0], []).append(field)
        return {
            "sections": fields, "file": service.first.workspace.recipe_path.name, "saved": saved.split(),
            "jobs": [job for job in service.jobs.of(caller) if job.what == REBUILD][:1], "keys": service.keys.all(),
            "about": {name: meaning_of(type(getattr(service.first.recipe, name))) for name in fields},
            "scopes": SCOPES, "made": "", "models": _models(service.first), "recipe_hash": service.first.recipe.hash,
        }  # fmt: skip

    return show(request, "settings.html", await service.work.do(request, look), page="settings")


@router.post("")
async def save(request: Request, caller: Overseer) -> RedirectResponse:
    """Write values that differ into the recipe's file, and have the bot take them, after a rebuild if need be."""
    service = service_of(request)
    form = {key: str(value) for key, value in (await request.form()).items()}

    def write(_: Stop) -> tuple[list[str], bool]:
        bot = service.first
        known = {one.key: one for one in bot.loaded.settings}
        changed = {
            key: _read(one, text)
            for key, text in form.items()
            if (one := known.get(key)) and one.source not in FIXED and text.strip() != _written(one.value).strip()
        }
        if not changed:
            return [], False
        try:
            for key, kind in MODELS.items():
                if changed.get(key):
                    find_provider(kind, str(changed[key]), key)
            recipe = with_values(load_recipe(bot.workspace.recipe_path, environment={}).recipe, changed)
            write_whole(bot.workspace.recipe_path, rewritten(bot.workspace.recipe_path, recipe))
        except ScovilleError as error:
            raise Refused(400, f"nothing was changed: {error}") from None
        return list(changed), any(key.mark is Mark.INDEX for key in keys() if key.name in changed)

    changed, rebuild = await service.work.do(request, write)
    note(request, ", ".join(changed)[:500])
    if rebuild and service.first.workspace.built():
        _rebuild(service, caller)
    elif changed:
        await service.work.do(request, lambda _: service.reopen())
    return go(f"/settings?saved={'+'.join(changed)}")


@router.post("/rebuild")
async def rebuild(request: Request, caller: Overseer) -> RedirectResponse:
    """Read and embed all documents again, as a job."""
    _rebuild(service_of(request), caller)
    return go("/settings")


@router.post("/keys")
async def add_key(
    request: Request, caller: Overseer, name: Annotated[str, Form()], groups: Annotated[str, Form()] = "",
    everything: Annotated[str, Form()] = "", scopes: Annotated[list[str], Form()] = [],  # noqa: B006
) -> HTMLResponse:  # fmt: skip
    """Make a key, and show it once."""
    service = service_of(request)
    given = tuple(one.strip() for one in groups.split(",") if one.strip())
    key = service.keys.add(name, scopes=scopes or ("ask",), groups=None if everything else given)
    note(request, name)
    return show(request, "key.html", {"made": key, "name": name}, page="settings")


@router.post("/keys/revoke")
async def revoke_key(request: Request, _: Overseer, name: Annotated[str, Form()]) -> RedirectResponse:
    """End a key."""
    service_of(request).keys.revoke(name)
    note(request, name)
    return go("/settings#keys")


def _rebuild(service: Service, caller: Caller) -> None:
    def rebuilt() -> dict[str, Any]:
        with service.opened_anew() as bot:
            report = bot.add(rebuild=True)
        return {"documents": report.documents, "seconds": report.seconds}

    service.jobs.begin(caller, REBUILD, rebuilt)


def _field(one: Setting) -> dict[str, Any] | None:
    """Give a value of the recipe with what is known of its key; None for what stands in a list."""
    key = next((key for key in keys() if key.name == one.key), None)
    if key is None or key.name.startswith(HIDDEN):
        return None
    closed = CLOSED.fullmatch(key.values)
    return {
        "key": one.key, "source": one.source, "text": _written(one.value), "about": key.meaning,
        "rebuilds": key.mark is Mark.INDEX, "fixed": one.source if one.source in FIXED else "",
        "choices": key.values.strip("`").split("`, `") if closed else ("true", "false") if key.values == TRUTH else (),
        "is_number": isinstance(one.value, int | float),
    }  # fmt: skip


def _read(one: Setting, text: str) -> Any:
    """Read a value as a form gives it: as YAML, but for what is a text anyway."""
    if not text.strip():
        return None
    return text.strip() if isinstance(one.value, str) else load_yaml(text, one.key)


def _written(value: Any) -> str:
    """Write a value as it stands in a recipe's file."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _models(bot: Bot) -> list[dict[str, Any]]:
    """List the models that this machine has, and which of them the recipe names."""
    used = {bot.recipe.llm.model: "answers", bot.recipe.embed.model: "embeds"}
    here = [(one.name, one.kind, one.description) for one in catalogue() if is_cached(one)]
    here += [(f"{server}:{name}", "llm", f"served by {server} here") for server, names in local_servers().items() for name in names]  # fmt: skip  # noqa: E501
    here += [(name, "trained", "trained in this workspace") for name in trained_names()]
    return [{"name": name, "kind": kind, "about": about, "use": used.get(name, "")} for name, kind, about in here]
