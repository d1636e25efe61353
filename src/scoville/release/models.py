"""The models of a recipe that lie on this machine, kept in a release and opened from there.

Enters: a recipe. Leaves: their files in a folder, and the same recipe with these in place of names that may come
to mean something else: a model is trained again under its name, a file is replaced. Models of the catalogue are pinned
by their hash, and what stands behind an endpoint nobody here can keep.
"""

import secrets
from pathlib import Path

from scoville.models.locate import PATH_PREFIX
from scoville.models.trained import split_adapter, trained_folder
from scoville.recipe import Recipe
from scoville.recipe.file import with_values
from scoville.release.release import Release
from scoville.storage import copy_tree

FOLDER = "models"
PARITY = "parity.json"
"""What `scoville export --check` leaves beside a model."""


def named_models(recipe: Recipe) -> dict[str, str]:
    """Give what answers, what embeds and what ranks, by their keys in the recipe."""
    return {"llm.model": recipe.llm.model, "embed.model": recipe.embed.model, "search.rerank": recipe.search.rerank}


def folder_of(reference: str) -> Path | None:
    """Give the files on this machine that a reference names: a model, or of ``BASE+NAME`` the adapter."""
    if found := split_adapter(reference):
        return found[1]
    provider, _, place = reference.partition(":")
    return (
        Path(place).expanduser().absolute() if provider in ("path", "reader") and place else trained_folder(reference)
    )


def keep_models(recipe: Recipe, release: Path) -> dict[str, str]:
    """Put the local models of a recipe into a release; give for each key how it is named there, ``{}`` the release."""
    return {
        key: kept for key, reference in named_models(recipe).items() if (kept := _keep(reference, release)) != reference
    }


def _keep(reference: str, release: Path) -> str:
    place = folder_of(reference)
    if place is None or not place.exists():
        return reference
    mark = secrets.token_hex(4)  # two releases that are open may both have a model of one name
    if found := split_adapter(reference):
        name = f"{place.name}-{mark}"
        copy_tree(place, release / FOLDER / name)
        return f"{_keep(found[0], release)}+{name}"
    target = release / FOLDER / mark / place.name  # what vectors are made by is known by this name, too
    copy_tree(place, target)
    provider = reference.partition(":")[0] + ":" if ":" in reference else PATH_PREFIX
    return f"{provider}{{}}/{target.relative_to(release).as_posix()}"


def opening_recipe(recipe: Recipe, release: Release) -> Recipe:
    """Give the recipe that opens the models which a release kept, where it names the same ones."""
    models, kept = release.manifest["models"], release.manifest["kept"]
    same = [key for key, reference in named_models(recipe).items() if key in kept and reference == models[key]]
    return with_values(recipe, {key: kept[key].replace("{}", str(release.folder.absolute())) for key in same})
