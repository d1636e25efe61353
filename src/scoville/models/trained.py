"""Models that were trained in a workspace, by their names.

Enters: the name of one, or ``BASE+NAME`` for an adapter on a base. Leaves: its folder. A workspace keeps them in
``.scoville/models/NAME``; those of every workspace that is open are known.
"""

import json
import re
import threading
from pathlib import Path
from weakref import WeakKeyDictionary

from scoville.errors import UnknownModel
from scoville.models.catalogue import catalogue
from scoville.recipe.model import shown_name

FOLDER = "models"
"""In the ``.scoville`` of a workspace."""
ADAPTER_CONFIG = "adapter_config.json"
FINDING = ("embedder", "reranker")
"""Kinds of trained models that find and do not answer, as their records say."""
NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_places: WeakKeyDictionary[object, Path] = WeakKeyDictionary()
_lock = threading.Lock()


def look_in(place: Path, owner: object) -> None:
    """Know the models in a folder, for as long as its owner is there and was not forgotten."""
    with _lock:
        _places[owner] = place


def forget(owner: object) -> None:
    """Know the models of an owner no longer."""
    with _lock:
        _places.pop(owner, None)


def trained_folder(name: str) -> Path | None:
    """Give the folder of a model by its name; None where there is none, and for the names of the catalogue.

    Raises UnknownModel where several open workspaces have one of that name.
    """
    if not NAME.fullmatch(name) or any(entry.name == name for entry in catalogue()):
        return None
    found = sorted(place / name for place in _known_places() if (place / name).is_dir())
    if len(found) > 1:
        places = " or ".join(f"path:{folder}" for folder in found)
        raise UnknownModel(f"{name!r} is trained in several workspaces that are open: write {places}")
    return found[0] if found else None


def split_adapter(reference: str) -> tuple[str, Path] | None:
    """Split ``BASE+NAME`` into the base and the folder of a trained adapter; None for what is no such name.

    Raises UnknownModel for a trained model that is no adapter.
    """
    base, plus, name = reference.rpartition("+")
    folder = trained_folder(name) if plus and base else None
    if folder is None:
        return None
    if not (folder / ADAPTER_CONFIG).is_file():
        raise UnknownModel(f"{reference!r}: {name} is a whole model and no adapter; name it alone: {name!r}")
    return base, folder


def trained_names() -> list[str]:
    """List the trained models of the workspaces that are open."""
    return sorted({folder.name for place in _known_places() for folder in place.glob("*") if folder.is_dir()})


def answering(place: Path) -> dict[str, str]:
    """Give what of the trained models in a folder can answer: what ``llm.model`` calls each, by a name to show.

    Those are the same, but that a base that is named by its place is shown without it. What is not finished, or whose
    record cannot be read, is left out.
    """
    found: dict[str, str] = {}
    for file in sorted(place.glob("*/training.json")):
        try:
            record = json.loads(file.read_text(encoding="utf-8"))
            name, base = file.parent.name, str(record["base"])
            if record.get("kind") in FINDING:
                continue
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        if (file.parent / ADAPTER_CONFIG).is_file():
            found[f"{shown_name(base)}+{name}"] = f"{base}+{name}"
        else:
            found[name] = name
    return found


def _known_places() -> set[Path]:
    with _lock:
        return set(_places.values())
