"""What changes comes into the index by itself. Enters: places, and the work to do. Leaves: a report of each change."""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from scoville.errors import ScovilleError, UsageError
from scoville.index import AddReport
from scoville.recipe import Recipe
from scoville.sources import watch as files

logger = logging.getLogger("scoville")

EVERY_SECONDS = 300.0
"""How often sources are looked at where nothing tells of their changes."""


def watch(
    places: Sequence[Path], work: Callable[[], AddReport], every_seconds: float | None = None
) -> Iterator[AddReport]:
    """Do the work again whenever a file below the places changes, and every so often; what fails waits for the next."""
    for _ in files.changes(places, every_seconds=every_seconds, announce=logger.info):
        try:
            report = work()
        except UsageError:
            raise
        except ScovilleError as error:
            logger.error("%s", error)
            continue
        if report.added or report.changed or report.removed or report.failed:
            yield report


def source_folders(root: Path, recipe: Recipe) -> list[Path]:
    """List the folders and mailboxes on this machine that the sources of a recipe name."""
    entries = recipe.sources.entries
    named = [getattr(entry, "path", None) or getattr(entry, "mailbox", None) for entry in entries]
    return [root / path for path in named if path]
