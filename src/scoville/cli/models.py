"""`scoville models`: what the catalogue has, and what is in the cache."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.common import json_option, progress_bar, say, style, write, write_json

if TYPE_CHECKING:
    from scoville.models import CatalogueEntry, Kind
    from scoville.models.known import Known, Use
    from scoville.models.machine import Machine

kind_option = click.option(
    "--kind",
    type=click.Choice(["embedder", "llm", "reranker"]),
    help="What an hf: or path: model is; a .gguf is an llm, others are embedders by default.",
)


@click.group("models", invoke_without_command=True)
@click.option(
    "--for",
    "use",
    type=click.Choice(["answers", "embeddings", "rerank", "speech", "code", "vision"]),
    help="Say which models suit this machine for that, and why.",
)
@json_option
@click.pass_context
def command(context: click.Context, use: "Use | None", as_json: bool) -> None:
    """List models, recommend some for this machine, fetch them.

    Besides these a recipe takes hf:ORG/NAME, path:PLACE, openai:NAME, anthropic:NAME, ollama:NAME, vllm:NAME and what
    plugins add.
    SCOVILLE_MODELS moves the cache; a copy of the cache works on a machine without a network.
    """
    if context.invoked_subcommand:
        return
    if use:
        _recommend(use, as_json)
        return
    from scoville.endpoint import local_servers
    from scoville.models import cache_root, catalogue

    rows = [_row(entry) for entry in catalogue()]
    if as_json:
        write_json(rows)
        return
    write(f"{'NAME':<28} {'KIND':<9} {'LICENCE':<11} {'SIZE':>7} {'CONTEXT':>8}  CACHED")
    for row in rows:
        size = f"{row['size_bytes'] / 1e6:.0f} MB"
        cached = "yes" if row["cached"] else "no"
        line = f"{row['name']:<28} {row['kind']:<9} {row['licence']:<11} {size:>7} {row['context_tokens']:>8}  {cached}"
        write(f"{line}\n  {row['description']}")
    for server, found in local_servers().items():
        write(f"{server} runs here, and has {', '.join(f'{server}:{name}' for name in found)}")
    say("Others, and which of all suit this machine: scoville models --for answers")
    say(f"Cache: {cache_root()}")


def _recommend(use: "Use", as_json: bool) -> None:
    from scoville.endpoint import local_servers
    from scoville.models.machine import this_machine
    from scoville.models.recommend import recommend

    machine = this_machine()
    found = recommend(use, machine, local_servers())
    if as_json:
        rows = [
            {
                **_facts(one.model),
                "recommended": one.recommended,
                "why": one.why,
                "seconds": None if one.seconds is None else round(one.seconds, 1),
            }
            for one in found
        ]
        write_json({"machine": asdict(machine), "models": rows})
        return
    write(_machine_line(machine))
    for one in found:
        model = one.model
        facts = [
            f"{model.memory_bytes / 1e9:.1f} GB of memory" if model.size_bytes else "", model.flavour or "",
            model.quantisation, f"{model.context_tokens} tokens" if model.context_tokens else "", model.licence,
            f"about {one.seconds:.0f} s an answer" if one.seconds else "",
        ]  # fmt: skip
        mark = style("take ", fg="green") if one.recommended else "     "
        write(f"{mark} {model.name}\n      {', '.join(filter(None, facts))}\n      {one.why}")


def _facts(model: "Known") -> dict[str, Any]:
    names = ("name", "licence", "size_bytes", "memory_bytes", "parameters", "context_tokens", "flavour", "quantisation")
    return {name: getattr(model, name) for name in names}


def _machine_line(machine: "Machine") -> str:
    gpu = f"{machine.gpu} with {machine.gpu_bytes / 1e9:.0f} GB" if machine.gpu else "no NVIDIA GPU"
    return f"This machine: {machine.memory_bytes / 1e9:.0f} GB of memory, {machine.cores} cores, {gpu}"


@command.command("pull")
@click.argument("name")
@click.option("--force", is_flag=True, help="Fetch it again, e.g. after a damaged copy.")
@kind_option
@json_option
def pull_command(name: str, force: bool, kind: "Kind | None", as_json: bool) -> None:
    """Fetch a model into the cache, and check its hash.

    NAME is a name of the catalogue, or hf:ORG/NAME.
    """
    from scoville.models import locate_model, pull

    with progress_bar("bytes") as progress:
        if name.startswith("hf:"):
            files = locate_model(name, kind=kind, progress=progress)
            folder = files.folder
            say(f"Pinned as it came first, with SHA-256 {files.sha256}: compare it with what its maker says.")
        else:
            folder = pull(name, force=force, progress=progress)
    _place(name, str(folder), as_json)


@command.command("where")
@click.argument("name")
@kind_option
@json_option
def where_command(name: str, kind: "Kind | None", as_json: bool) -> None:
    """Print the folder of a model in the cache; fails without one."""
    from scoville.models import locate_model

    _place(name, str(locate_model(name, kind=kind, download=False).folder), as_json)


@command.command("verify")
@click.argument("name")
@kind_option
@json_option
def verify_command(name: str, kind: "Kind | None", as_json: bool) -> None:
    """Check that a model in the cache is what was fetched."""
    from scoville.models import verify
    from scoville.models.hub import verify_hub_model

    hub_kind = kind or ("llm" if name.endswith(".gguf") else "embedder")
    problems = verify_hub_model(name, hub_kind) if name.startswith("hf:") else verify(name)
    if as_json:
        write_json({"name": name, "problems": list(problems)})
    for problem in problems:
        say(problem)
    if problems:
        say(f"Fetch it again: scoville models pull {name} --force")
        raise SystemExit(1)
    say(f"{name} is whole.")


def _row(entry: "CatalogueEntry") -> dict[str, Any]:
    from scoville.models import cached_folder, is_cached

    cached = is_cached(entry)
    return {
        "name": entry.name,
        "kind": entry.kind,
        "source": entry.source,
        "sources": list(entry.sources),
        "licence": entry.licence,
        "size_bytes": entry.size_bytes,
        "context_tokens": entry.context_tokens,
        "flavour": entry.flavour,
        "quantisation": entry.quantisation,
        "description": entry.description,
        "cached": cached,
        "folder": str(cached_folder(entry)) if cached else None,
    }


def _place(name: str, folder: str, as_json: bool) -> None:
    if as_json:
        write_json({"name": name, "folder": folder})
    else:
        write(folder)
