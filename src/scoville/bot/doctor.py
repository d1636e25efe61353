"""What works here, what does not, and what to do about it.

Enters: a bot, or nothing where no recipe can be read. Leaves: findings. Costs nothing: endpoints are asked what they
have, and no model is loaded.
"""

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple, get_args

from scoville.bot.measured_better import better_measured
from scoville.bot.opened import Opened
from scoville.cost import is_deprecated
from scoville.endpoint import Endpoint, Section, local_servers
from scoville.errors import ScovilleError
from scoville.extract.reader import read_settings
from scoville.index import build_hash, open_index
from scoville.llm.reader import reader_folder
from scoville.models import catalogue, is_cached, locate_model, verify
from scoville.quiet import silence_openvino
from scoville.recipe import Model, Recipe
from scoville.recipe.model import is_hosted
from scoville.registry import Kind, failed_plugins, plugged_in

LOW_DISK_BYTES = 2_000_000_000


class Check(NamedTuple):
    """One finding."""

    name: str
    ok: bool
    detail: str
    advice: str = ""


def check_machine() -> list[Check]:
    """Check Python, the libraries, the plugins and the processor."""
    python = f"{platform.python_version()} on {platform.platform()}"
    return [Check("python", sys.version_info >= (3, 11), python), _libraries(), _plugins(), _processor()]


def check_bot(bot: Opened) -> Iterator[Check]:
    """Check the recipe of a bot, its models and endpoints, its index and the disk."""
    path = bot.workspace.recipe_path
    place = str(path) if path.exists() else f"no {path}: the defaults hold"
    yield Check("recipe", True, f"{place} (hash {bot.recipe.hash})")
    for name, check in (("embedder", _embedder), ("llm", _llm), ("index", _index), ("disk", _disk)):
        yield _guarded(name, check, bot)
    for key, settings, section in _other_endpoints(bot.recipe):
        yield _guarded(key, partial(_endpoint, key, settings, section), bot)
    if better := better_measured(bot):
        yield Check("models", True, better, "look at both with `scoville compare`, then set llm.model")
    for server, found in local_servers().items():
        yield Check(server, True, f"runs here with {', '.join(found)}", f"to ask one, set llm.model to {server}:NAME")


def _guarded(name: str, check: Callable[[Opened], Check], bot: Opened) -> Check:
    try:
        return check(bot)
    except ScovilleError as error:
        return Check(name, False, str(error))


def _libraries() -> Check:
    from importlib.metadata import PackageNotFoundError, version

    missing: list[str] = []
    found: list[str] = []
    for name in ("lancedb", "liteparse", "openvino", "openvino-genai", "xllamacpp"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    return Check("libraries", not missing, ", ".join(found), f"pip install {' '.join(missing)}" if missing else "")


def _plugins() -> Check:
    found = [f"{kind} {name}" for kind in get_args(Kind) for name in plugged_in(kind)]
    failed = [f"{name} does not load: {reason}" for name, reason in failed_plugins().items()]
    advice = "mend or uninstall what does not load" if failed else ""
    return Check("plugins", not failed, "; ".join([", ".join(found), *failed]).strip("; ") or "none", advice)


def _processor() -> Check:
    silence_openvino()
    try:
        import openvino

        core = openvino.Core()
        features = ", ".join(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
        name = core.get_property("CPU", "FULL_DEVICE_NAME")
    except (ImportError, RuntimeError) as error:
        return Check("processor", False, f"openvino does not run here: {error}", "set llm.runtime to llamacpp")
    return Check("processor", True, f"{name}, {os.cpu_count()} threads: {features}")


def _embedder(bot: Opened) -> Check:
    embed = bot.recipe.embed
    return _endpoint("embedder", embed, "embed", bot) if is_hosted(embed.model) else _model("embedder", embed.model)


def _llm(bot: Opened) -> Check:
    llm = bot.recipe.llm
    return _endpoint("llm", llm, "llm", bot) if is_hosted(llm.model) else _model("llm", llm.model)


def _other_endpoints(recipe: Recipe) -> Iterator[tuple[str, Model, Section]]:
    """Give the other hosted models of a recipe, by their keys."""
    writers = {"metadata.model": recipe.metadata.model, "split.summary_model": recipe.split.summary_model}
    if is_hosted(recipe.judge.model):
        yield "judge", recipe.judge, "llm"
    for key, model in writers.items():
        if model and is_hosted(model.model):
            yield key, recipe.llm.for_model(model), "llm"
    if is_hosted(recipe.read.pdf.model):
        yield "read.pdf", recipe.read.pdf, "read.pdf"
    if recipe.read.audio and is_hosted(recipe.read.audio.model):
        yield "read.audio", recipe.read.audio, "read.audio"


def _endpoint(kind: str, settings: Model, section: Section, bot: Opened) -> Check:
    """Ask an endpoint whether it is there and has the model, which costs nothing."""
    goes = is_deprecated(settings.model, settings.base_url)
    advice = "its provider gives it up: choose another, and compare it on your cases" if goes else ""
    with closing(Endpoint(settings, section)) as endpoint:
        return Check(kind, True, f"{settings.model}: {endpoint.check()}", advice)


def _model(kind: str, reference: str) -> Check:
    provider = reference.partition(":")[0]
    if provider in ("fake", "quote"):
        return Check(kind, True, f"{reference} (replies without a model)")
    if provider == "reader":
        folder = reader_folder(reference)
        read_settings(folder)
        return Check(kind, True, f"{reference} (points at words of the documents) in {folder}")
    if provider in plugged_in("llm" if kind == "llm" else "embedder"):
        return Check(kind, True, f"{reference} (plugged in)")
    entry = next((entry for entry in catalogue() if entry.name == reference), None)
    if entry and not is_cached(entry):
        return Check(kind, True, f"{reference} is fetched on first use ({entry.size_bytes / 1e6:.0f} MB)")
    files = locate_model(reference, kind="llm" if kind == "llm" else "embedder", download=False)
    problems = verify(reference) if entry else ()
    advice = f"scoville models pull {reference} --force" if problems else ""
    return Check(kind, not problems, "; ".join(problems) or f"{reference} in {files.folder}", advice)


def _index(bot: Opened) -> Check:
    if not bot.shares_index:
        return Check("index", True, "that of a variant: built beside the workspace's when it is first needed")
    workspace = bot.workspace
    built = workspace.built()
    if built is None:
        return Check("index", True, "nothing added yet", "scoville add PATH")
    index = open_index(workspace, bot.recipe.index, built)
    index.verify()
    documents, failures = index.documents(), workspace.failures()
    state = index.state()
    searched = state.vectors if state.recall is None else f"{state.vectors}, recall@10 {state.recall:.3f}"
    detail = (
        f"{len(documents)} documents, {state.passages} passages, {len(failures)} files not read, {built.embedder}, "
        f"vectors: {searched}"
    )
    if state.without_words:
        detail += f", {state.without_words} passages without a word that BM25 could find"
    if not index.is_current(build_hash(bot.recipe)):
        return Check("index", False, f"{detail}; built with other settings", "scoville add --rebuild")
    return Check("index", True, detail, "scoville add --failed" if failures else "")


def _disk(bot: Opened) -> Check:
    root = bot.workspace.root
    free = shutil.disk_usage(root if root.exists() else Path.cwd()).free
    low = free < LOW_DISK_BYTES
    return Check("disk", not low, f"{free / 1e9:.1f} GB free at {root}", "free some space" if low else "")
