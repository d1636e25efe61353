"""What a workspace serves: releases are made, compared, promoted and rolled back.

Enters: names. Leaves: releases, and bots that answer from them. Python, the commands and the studio come through here.
"""

import importlib
import logging
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

from scoville import release as of
from scoville.bot.exports import Exports
from scoville.errors import ScovilleError
from scoville.evaluate.rightness import QUALITY
from scoville.recipe.file import LoadedRecipe

if TYPE_CHECKING:
    from scoville.release import Difference, Release, Served

logger = logging.getLogger("scoville")


class Releases(Exports):
    """One workspace whose system can be released."""

    def release(self, name: str, *, by: str = "") -> "Release":
        """Keep the system as it is now under a name: recipe, index, models, calibration and its newest run.

        What was added while documents come in waits until these are in. UsageError for a name that was given before,
        StaleIndex where other settings built the index.
        """
        from scoville.bot.systems import commit_of

        made = of.make_release(
            self.workspace, self.recipe, name, by=by or of.whoami(), on_wait=_say_waiting,
            about={"commit": commit_of(self.workspace.root)},
        )  # fmt: skip
        self._mirror(lambda of_mlflow, uri, model: of_mlflow.register_release(made, uri, model))
        if not made.manifest["run"]:
            logger.info("%s was not measured yet: scoville evaluate CASES --release %s", name, name)
        return made

    def releases(self) -> "list[Release]":
        """List the releases, the oldest first."""
        return of.releases_of(self.workspace)

    def open_release(self, name: str) -> Self:
        """Give a bot that answers from a release, or from the one that an alias stands for; close it when it is done.

        DamagedRelease where that is not as it was written.
        """
        target = of.read_state(self.workspace).targets.get(name)
        found = of.find_release(self.workspace, target.release if target else name)
        found.check(whole=False)
        bot = type(self)(self.workspace, LoadedRecipe(found.recipe, ()), bars=self.bars)
        bot.released, bot.name = found, found.name
        self._releases.add(bot)
        return bot

    def promote(
        self, name: str, alias: str = of.PRODUCTION, *, canary: float | None = None, shadow: bool = False,
        force: str = "", metric: str = QUALITY.name, max_drop: float = 0.0, by: str = "",
    ) -> "Served":  # fmt: skip
        """Have an alias, a model's name of the service, stand for a release.

        Refused (NotPromoted) without a run of that very release, or where ``metric`` fell by more than ``max_drop``
        against what is served now, on the same cases. ``canary``: only so many percent of the questions. ``shadow``:
        it is asked as well, and nobody is shown what it says. ``force`` is a reason to do so all the same, for the log.
        """
        served = of.promote(
            self.workspace, name, alias, canary=canary, shadow=shadow, force=force, metric=metric, max_drop=max_drop,
            by=by or of.whoami(),
        )  # fmt: skip
        self._point(served)
        return served

    def rollback(self, alias: str = of.PRODUCTION, *, by: str = "") -> "Served":
        """Take back the last switch of an alias."""
        served = of.rollback(self.workspace, alias, by=by or of.whoami())
        self._point(served)
        return served

    def remove_release(self, name: str, *, reason: str = "", by: str = "") -> None:
        """Remove a release that is not served, with all that it keeps."""
        of.remove_release(self.workspace, name, by=by or of.whoami(), reason=reason)

    def diff(self, first: str, second: str, metric: str = QUALITY.name) -> "Difference":
        """Say what the second release does otherwise: documents, settings, and scores question by question."""
        one, other = (of.find_release(self.workspace, name) for name in (first, second))
        return of.compare_releases(self.workspace, one, other, metric)

    def release_log(self) -> list[dict[str, Any]]:
        """Give every release and every switch in their order: who, when, what, why."""
        return of.read_log(self.workspace)

    def _point(self, served: "Served") -> None:
        alias, name = served.alias, served.target.release
        self._mirror(lambda of_mlflow, uri, model: of_mlflow.point_alias(uri, model, alias, name))

    def _mirror(self, write: Callable[[ModuleType, str, str], object]) -> None:
        """Write to the registry of each MLflow of the recipe; what fails there changes nothing here."""
        for target in self.recipe.track.to:
            kind, _, uri = target.partition(":")
            if kind == "mlflow":
                try:
                    write(importlib.import_module("scoville.bot.release_mlflow"), uri, self.workspace.root.name)
                except ScovilleError as error:
                    logger.warning("%s: not written: %s", target, error)


def _say_waiting() -> None:
    logger.info("Documents are being added to this workspace; waiting for that to end.")
