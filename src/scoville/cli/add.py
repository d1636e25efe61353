"""`scoville add`: files and URLs into the index."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.common import (
    common_options,
    open_bot,
    plain,
    read_stdin,
    say,
    style,
    write,
    write_json,
    write_json_line,
)  # fmt: skip
from scoville.cli.show import finding_said

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scoville.index import AddReport, Failure
    from scoville.index.access import Widening

SHOWN_FAILURES = 10
SHOWN_FINDINGS = 10

yes_option = click.option(
    "--yes",
    is_flag=True,
    help="Pay for replies of models beyond cost.limit_usd, and let more people read what the recipe opens to them.",
)

on_option = click.option(
    "--on", metavar="WHERE", help="Read, split and embed in processes:N, on ray, or on ray://HOST:PORT."
)


@click.command("add")
@click.argument("paths", nargs=-1)
@click.option("--failed", is_flag=True, help="List what could not be read, and add nothing.")
@click.option("--rebuild", is_flag=True, help="Read and embed every known file again.")
@click.option("--watch", is_flag=True, help="Go on, and add what changes, until Ctrl-C.")
@click.option(
    "--exclude", multiple=True, metavar="PATTERN", help='Leave out, e.g. "*.log", "drafts/"; may be repeated.'
)
@click.option("--follow-symlinks", is_flag=True, help="Take what links lead to outside of PATHS, too.")
@on_option
@yes_option
@common_options
def command(
    paths: tuple[str, ...],
    failed: bool,
    rebuild: bool,
    watch: bool,
    exclude: tuple[str, ...],
    follow_symlinks: bool,
    on: str | None,
    yes: bool,
    folder: Path | None,
    flags: tuple[str, ...],
    as_json: bool,
) -> None:
    """Read, split, embed and index files, folders and web pages.

    PATHS may be files, folders, patterns in quotes, URLs (https://, s3://, ...) and `-`: paths from stdin, one a line.
    Files are compared by content: adding twice does nothing, a changed file replaces its passages, a deleted one
    disappears. A file that cannot be read is listed with its reason and stops nothing.

    \b
    scoville add docs/ notes.md
    scoville add "docs/**/*.md" https://intranet.example/handbook
    scoville add docs/ --exclude drafts/ --watch
    """  # noqa: D301
    from scoville.errors import UsageError

    bot = open_bot(folder, flags)
    if failed:
        list_failures(bot.workspace.failures(), as_json)
        return
    if not paths and not rebuild:
        raise UsageError("nothing to add: expected files or folders, e.g. `scoville add docs/`")
    named = _with_stdin(paths)
    options: dict[str, Any] = {
        "exclude": exclude, "follow_symlinks": follow_symlinks, "widen_access": yes,
        "budget": bot.budget(no_limit=yes),
    }  # fmt: skip
    report = bot.add(*named, rebuild=rebuild, on=on, **options)
    show_report(report, as_json, on_one_line=watch)
    if watch:
        show_changes(bot.watch(*named, **options), as_json)
    elif report.read_nothing or report.held_back:
        raise SystemExit(1)


def show_changes(reports: "Iterable[AddReport]", as_json: bool) -> None:
    """Say what changed, until Ctrl-C."""
    say("Watching for changes; Ctrl-C ends it.")
    try:
        for report in reports:
            show_report(report, as_json, on_one_line=True)
    except KeyboardInterrupt:
        say("Ended; the index is up to date with what was finished.")


def show_report(report: "AddReport", as_json: bool, *, on_one_line: bool = False) -> None:
    """Say what an `add` or a `sync` did."""
    if as_json:
        failed = [failure_json(failure) for failure in report.failed]
        findings = [one._asdict() for one in report.findings]
        value = {**asdict(report), "failed": failed, "findings": findings, "seconds": round(report.seconds, 3)}
        (write_json_line if on_one_line else write_json)(value)
    say(str(report))
    for failure in report.failed[:SHOWN_FAILURES]:
        say(style(f"  not read: {plain(failure.path)}: {plain(failure.reason)}", fg="yellow"))
    if len(report.failed) > SHOWN_FAILURES:
        say(f"  ... and {len(report.failed) - SHOWN_FAILURES} more: scoville add --failed")
    for finding in report.findings[:SHOWN_FINDINGS]:
        say(style(f"  {finding_said(finding)}", fg="yellow"))
    if len(report.findings) > SHOWN_FINDINGS:
        say(f"  ... and {len(report.findings) - SHOWN_FINDINGS} more that no model is given: --json lists them")
    for line in (*report.notes, *remarks_said(report), *access_said(report)):
        say(style(f"  {line}", fg="yellow"))


def remarks_said(report: "AddReport") -> list[str]:
    """Say in a line that reading left remarks, and how to see them."""
    if not report.remarks:
        return []
    most = max(report.remarks, key=lambda source: report.remarks[source])
    where = f"{len(report.remarks)} files, most on {plain(most)}" if len(report.remarks) > 1 else plain(most)
    count = sum(report.remarks.values())
    return [f"{count} {'remark' if count == 1 else 'remarks'} on {where}: `scoville inspect FILE` shows what they are"]


def access_said(report: "AddReport") -> list[str]:
    """Say what changed, or was kept from changing, in who may read what."""
    said: list[str] = []
    if held := report.held_back:
        said.append(
            f"{len(held)} are still read only by those who could before, as the recipe now lets more people read them "
            f"({_widenings(held)}); if that is meant, run this again with --yes"
        )
    if done := [one for one in report.widened if one.done]:
        said.append(f"{len(done)} may now be read by more people: {_widenings(done)}")
    if names := report.for_nobody:
        said.append(
            f"{len(names)} may be read by nobody, as the sources that they lie in have no group in common: "
            f"{_listed(names)}"
        )
    return said


def _widenings(widened: "Sequence[Widening]") -> str:
    def one(widening: "Widening") -> str:
        before = " or ".join(group for group in widening.before if group.isprintable()) or "nobody"
        return f"{widening.path}: {before} -> {' or '.join(widening.after) or 'everyone'}"

    return _listed([one(widening) for widening in widened])


def _listed(names: "Sequence[str]") -> str:
    more = f" and {len(names) - SHOWN_FAILURES} more" if len(names) > SHOWN_FAILURES else ""
    return ", ".join(map(plain, names[:SHOWN_FAILURES])) + more


def failure_json(failure: "Failure") -> dict[str, Any]:
    """Give what is said of a failure as JSON."""
    return {"path": failure.path, "reason": failure.reason, "attempts": failure.attempts}


def list_failures(failures: "list[Failure]", as_json: bool) -> None:
    """List what could not be read."""
    if as_json:
        write_json([failure_json(failure) for failure in failures])
        return
    for failure in failures:
        attempts = f" ({failure.attempts} attempts)" if failure.attempts > 1 else ""
        write(f"{plain(failure.path)}: {plain(failure.reason)}{attempts}")
    if not failures:
        say("Every file was read.")


def _with_stdin(paths: tuple[str, ...]) -> tuple[str, ...]:
    named: list[str] = []
    for path in paths:
        lines = os.fsdecode(read_stdin("paths, one a line")).split("\n") if path == "-" else [path]
        named += [line.removesuffix("\r") for line in lines if line.strip()]
    return tuple(named)
