"""`scoville add`: documents into the index."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scoville.cli.common import (
    Session,
    common_options,
    fetch_models,
    open_session,
    plain,
    progress_bar,
    read_stdin,
    say,
    style,
    write,
    write_json,
)  # fmt: skip

if TYPE_CHECKING:
    from scoville.index import AddProgress, AddReport, Failure

SHOWN_FAILURES = 10


@click.command("add")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--failed", is_flag=True, help="List the files that could not be read, and add nothing.")
@click.option("--rebuild", is_flag=True, help="Read and embed every known file again.")
@common_options
def command(
    paths: tuple[Path, ...], failed: bool, rebuild: bool, folder: Path | None, flags: tuple[str, ...], as_json: bool
) -> None:
    """Read, split, embed and index the files at or below PATHS (`-`: paths from stdin, one a line).

    Files are compared by content: adding twice does nothing, a changed file replaces its passages, a deleted one
    disappears. A file that cannot be read is listed with its reason and stops nothing.
    """
    from scoville.errors import UsageError

    session = open_session(folder, flags)
    if failed:
        _list_failures(session.workspace.failures(), as_json)
        return
    if not paths and not rebuild:
        raise UsageError("nothing to add: expected files or folders, e.g. `scoville add docs/`")
    report = run(session, _with_stdin(paths), rebuild=rebuild)
    if as_json:
        write_json({**asdict(report), "seconds": round(report.seconds, 3)})
    say(summary(report))
    for failure in report.failed[:SHOWN_FAILURES]:
        say(style(f"  not read: {plain(failure.path)}: {plain(failure.reason)}", fg="yellow"))
    if len(report.failed) > SHOWN_FAILURES:
        say(f"  ... and {len(report.failed) - SHOWN_FAILURES} more: scoville add --failed")
    if report.failed and not (report.added or report.changed or report.unchanged):
        raise SystemExit(1)


def run(session: Session, paths: tuple[Path, ...], *, rebuild: bool = False) -> "AddReport":
    """Add paths with a progress bar."""
    from scoville.index import add_paths

    fetch_models(session, llm=False)
    with progress_bar("files") as progress:

        def show(state: "AddProgress") -> None:
            progress(f"{state.passages} passages, {plain(state.current)}", state.files, state.total)

        return add_paths(
            session.workspace,
            session.recipe,
            paths,
            rebuild=rebuild,
            on_progress=show,
            on_wait=lambda: say("Another `scoville add` is writing to this workspace; waiting for it to end."),
        )


def summary(report: "AddReport") -> str:
    """Say what an `add` did in one line."""
    done = [f"{count} {what}" for count, what in (
        (report.added, "added"), (report.changed, "changed"), (report.removed, "removed"),
        (report.unchanged, "unchanged"), (len(report.failed), "not read"),
    ) if count]  # fmt: skip
    total = f"{report.documents} documents, {report.passages} passages in the index"
    return f"{', '.join(done) or 'no files found'} in {report.seconds:.1f} s; {total}."


def _with_stdin(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    named: list[Path] = []
    for path in paths:
        lines = os.fsdecode(read_stdin("paths, one a line")).split("\n") if str(path) == "-" else [str(path)]
        named += [Path(line.removesuffix("\r")) for line in lines if line.strip()]
    return tuple(named)


def _list_failures(failures: "list[Failure]", as_json: bool) -> None:
    if as_json:
        write_json([asdict(failure) for failure in failures])
        return
    for failure in failures:
        write(f"{plain(failure.path)}: {plain(failure.reason)}")
    if not failures:
        say("Every file was read.")
