"""`scoville lineage`: what was built from what."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.common import common_options, open_bot, plain, say, style, write, write_json

if TYPE_CHECKING:
    from scoville.track.lineage import Artifact

SHOWN = 20
LISTED = 50


@click.command("lineage")
@click.argument("artifact", required=False)
@click.option("--all", "everything", is_flag=True, help=f"Show more than {SHOWN} of a kind, list more than {LISTED}.")
@common_options
def command(artifact: str | None, everything: bool, folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """Show what was built from what.

    Without ARTIFACT, all that was recorded is listed. ARTIFACT is the name of a document, a run or a sweep, its end, an
    id that this command shows, or the beginning of one; `latest` is the newest run. Of a document that changed, its
    newest content is taken; older ones have ids.
    """
    bot = open_bot(folder, flags)
    if artifact is None:
        known = bot.artifacts()
        shown = known if everything or as_json else known[:LISTED]
        if as_json:
            write_json([_json(artifact) for artifact in shown])
        for one in [] if as_json else shown:
            write(_line(one))
        if len(known) > len(shown):
            say(f"... and {len(known) - len(shown)} more: --all")
        return
    found = bot.lineage(artifact)
    if as_json:
        write_json({
            "artifact": _json(found.artifact),
            "built_from": [_json(artifact) for artifact in found.built_from],
            "built_into": [_json(artifact) for artifact in found.built_into],
            "versions": [_json(artifact) for artifact in found.versions],
        })  # fmt: skip
        return
    write(style(_line(found.artifact), bold=True))
    for title, artifacts in (
        ("built from", found.built_from), ("built into", found.built_into), ("other contents of it", found.versions),
    ):  # fmt: skip
        if artifacts:
            write(f"{title}:")
            write("\n".join(_shown(artifacts, len(artifacts) if everything else SHOWN)))
    if not found.built_from and not found.built_into:
        say("Nothing was built from it yet.")


def _shown(artifacts: "Sequence[Artifact]", most: int) -> list[str]:
    lines: list[str] = []
    for kind in dict.fromkeys(artifact.kind for artifact in artifacts):
        same = [artifact for artifact in artifacts if artifact.kind == kind]
        lines += [f"  {_line(artifact)}" for artifact in same[:most]]
        if len(same) > most:
            lines.append(f"  ... and {len(same) - most} more of kind {kind}: --all")
    return lines


def _line(one: "Artifact") -> str:
    return f"{one.id}  {one.kind:<9} {plain(one.name)}"


def _json(one: "Artifact") -> dict[str, Any]:
    return {"id": one.id, "kind": one.kind, "name": one.name, "digest": one.digest, "bytes": one.bytes}
