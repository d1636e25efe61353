"""What is served is changed: a release is promoted, a switch is taken back, a release is removed.

Enters: names. Leaves: the state that services follow. Nothing is switched to that was not checked first.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from scoville.errors import UsageError
from scoville.evaluate.rightness import QUALITY
from scoville.index import Workspace
from scoville.release.make import REMOVED
from scoville.release.release import FOLDER, find_release, releases_of
from scoville.release.standing import Standing, check_standing
from scoville.release.state import PRODUCTION, Stack, State, Target, change_all, read_state, switch
from scoville.storage import storage_errors


@dataclass(frozen=True, kw_only=True)
class Served:
    """What an alias stands for after a switch."""

    alias: str
    target: Target
    number: int
    standing: Standing | None = None
    """What spoke for it; None where nothing was asked of it: a shadow, a rollback, a promotion by force."""

    def json(self) -> dict[str, Any]:
        """Give it as JSON holds it."""
        target = {key: getattr(self.target, key) for key in ("release", "canary", "percent", "shadow")}
        standing = self.standing.json() if self.standing else None
        return {"alias": self.alias, "number": self.number, **target, "standing": standing}


def promote(
    workspace: Workspace, name: str, alias: str = PRODUCTION, *, canary: float | None = None, shadow: bool = False,
    force: str = "", metric: str = QUALITY.name, max_drop: float = 0.0, by: str = "",
) -> Served:  # fmt: skip
    """Have an alias stand for a release: for all questions, or as ``canary`` for so many percent of them.

    As ``shadow`` it is asked as well, and nobody is shown what it says: so nothing has to speak for it. ``force`` is
    the reason for a promotion that the gate refuses; it stands in the log. DamagedRelease for one that is not as it was
    written, NotPromoted for one that was not measured or did worse.
    """
    release = find_release(workspace, name)
    _check_alias(workspace, alias)
    if canary is not None and not 0 < canary < 100:
        raise UsageError(f"canary {canary:g}: expected more than 0 and less than 100 percent; leave it out for all")
    release.check()
    now = read_state(workspace).targets.get(alias)
    if (canary is not None or shadow) and now is None:
        raise UsageError(f"{alias!r} stands for nothing yet: promote a release for all questions first")
    standing = None
    if not (force or shadow):
        served = find_release(workspace, now.release) if now else None
        standing = check_standing(workspace, release, served, metric=metric, max_drop=max_drop)

    def change(stack: Stack) -> Stack:
        if shadow:
            return (*stack, replace(stack[-1], shadow=name))
        if canary is not None:
            return (*stack, replace(stack[-1], canary=name, percent=canary))
        return (*stack, Target(release=name))

    what = "shadow" if shadow else "canary" if canary is not None else "promote"
    about: dict[str, Any] = {"standing": standing.json() if standing else None, "force": force}
    state = switch(workspace, alias, change, what=what, by=by, **about)
    return _served(state, alias, standing)


def rollback(workspace: Workspace, alias: str = PRODUCTION, *, by: str = "") -> Served:
    """Take back the last switch of an alias; UsageError where there was none before it.

    The release is looked at, its large files by their size alone: they were checked when it was promoted.
    """

    def change(stack: Stack) -> Stack:
        if len(stack) < 2:
            there = f"stands for {stack[-1].release}, and for nothing before" if stack else "stands for nothing"
            raise UsageError(f"{alias!r} {there}: there is nothing to roll back to")
        for name in stack[-2].names:
            find_release(workspace, name).check(whole=False)
        return stack[:-1]

    return _served(switch(workspace, alias, change, what="rollback", by=by), alias)


def replace_release(workspace: Workspace, name: str, other: str, *, by: str = "", reason: str = "") -> None:
    """Have every alias stand for another release where it stood for one, also where a rollback would lead, and remove
    that one.
    """

    def put(target: Target) -> Target:
        names = {key: other for key in ("release", "canary", "shadow") if getattr(target, key) == name}
        return replace(target, **names)

    def replaced(aliases: Mapping[str, Stack]) -> Mapping[str, Stack]:
        return {alias: tuple(map(put, stack)) for alias, stack in aliases.items()}

    change_all(workspace, replaced, what="replace", by=by, release=name, reason=reason)
    remove_release(workspace, name, by=by, reason=reason)


def remove_release(workspace: Workspace, name: str, *, by: str = "", reason: str = "") -> None:
    """Remove a release and all that it keeps; UsageError for one that is served.

    Its name is not given again. A kill leaves it whole or gone: what is left of its files goes with the next removal.
    """
    release = find_release(workspace, name)

    def without(aliases: Mapping[str, Stack]) -> Mapping[str, Stack]:
        for alias, stack in aliases.items():
            if name in stack[-1].names:
                raise UsageError(f"{name} is served as {alias!r}: promote another one first, or roll back")
        return {alias: tuple(one for one in stack if name not in one.names) for alias, stack in aliases.items()}

    change_all(workspace, without, what="remove", by=by, release=name, reason=reason)
    folder = workspace.folder / FOLDER
    with storage_errors(folder):
        release.folder.rename(folder / f"{REMOVED}{name}")
    for leftover in folder.glob(f"{REMOVED}*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _check_alias(workspace: Workspace, alias: str) -> None:
    if not alias or alias in {one.name for one in releases_of(workspace)}:
        raise UsageError(f"alias {alias!r}: expected a name that no release has, such as {PRODUCTION!r} or 'staging'")


def _served(state: State, alias: str, standing: Standing | None = None) -> Served:
    return Served(alias=alias, target=state.targets[alias], number=state.number, standing=standing)
