"""`scoville keys`: who may use the service."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scoville.cli.common import common_options, open_bot, plain, say, write, write_json

if TYPE_CHECKING:
    from scoville.serve.keys import Key, Keys


@click.group("keys")
def command() -> None:
    """Make, list and revoke the keys of `scoville serve`. Once there is one, every request needs one."""


@command.command("add")
@click.argument("name")
@click.option(
    "--as", "groups", multiple=True, metavar="GROUP",
    help="Reads what this group may, besides what everyone may; may be given several times.",
)  # fmt: skip
@click.option("--everything", is_flag=True, help="Reads all documents, whoever they are for.")
@click.option(
    "--scope", "scopes", multiple=True, default=("ask",), show_default=True, metavar="SCOPE",
    help="ask; write: documents and cases come and go; admin: runs, traces of all, metrics. Several times.",
)  # fmt: skip
@click.option("--per-minute", type=click.IntRange(1), default=120, show_default=True, help="How often it may ask.")
@common_options
def add(
    name: str,
    groups: tuple[str, ...],
    everything: bool,
    scopes: tuple[str, ...],
    per_minute: int,
    folder: Path | None,
    flags: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make a key for NAME, a person or a program, and show it this once.

    Only its hash is kept.

    \b
    scoville keys add ada
    scoville keys add intranet --as hr --as board --per-minute 600
    """  # noqa: D301
    from scoville.errors import UsageError

    if groups and everything:
        raise UsageError("got --as and --everything: expected one of them")
    with _keys(folder, flags) as keys:
        key = keys.add(name, scopes=scopes, groups=None if everything else groups, per_minute=per_minute)
    if as_json:
        write_json({"name": name, "key": key})
        return
    write(key)
    read = "all documents" if everything else f"what {' and '.join(groups)} may" if groups else "what everyone may"
    say(f"{name} reads {plain(read)}, and may {', '.join(scopes)}. Keep the key: it cannot be shown again.")


@command.command("list")
@common_options
def list_keys(folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """List the keys by their names, and what they may."""
    with _keys(folder, flags) as keys:
        found = keys.all()
    if as_json:
        write_json([_key_json(key) for key in found])
    for key in [] if as_json else found:
        read = "everything" if key.groups is None else ", ".join(key.groups) or "what everyone may"
        end = f"  revoked {datetime.fromtimestamp(key.revoked):%Y-%m-%d}" if key.revoked else ""
        write(f"{key.name:<24} {', '.join(key.scopes):<18} {key.per_minute:>5}/min  reads {plain(read)}{end}")
    if not found:
        say("No key was made yet: `scoville serve` serves this machine only.")


@command.command("revoke")
@click.argument("name")
@common_options
def revoke(name: str, folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """End the key of NAME and its links, also of a running service."""
    with _keys(folder, flags) as keys:
        keys.revoke(name)
    if as_json:
        write_json({"revoked": name})
    else:
        say(f"{plain(name)} is revoked.")


@contextmanager
def _keys(folder: Path | None, flags: tuple[str, ...]) -> "Generator[Keys]":
    from scoville.serve.keys import Keys
    from scoville.track.store import FILE_NAME, Store

    with Store(open_bot(folder, flags).workspace.folder / FILE_NAME) as store:
        yield Keys(store)


def _key_json(key: "Key") -> dict[str, object]:
    return {
        "name": key.name, "scopes": list(key.scopes), "groups": None if key.groups is None else list(key.groups),
        "per_minute": key.per_minute, "created": key.created, "revoked": key.revoked,
    }  # fmt: skip
