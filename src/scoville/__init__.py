"""Scoville: from a folder of documents to a cited answer, and to knowing what it is worth.

    import scoville as sc

    with sc.open("my-bot") as bot:
        bot.add("docs/")
        print(bot.ask("How long is parental leave?").text)

The names below are loaded when they are first used, so that importing the package costs nothing.
"""

import importlib

TYPE_CHECKING = False  # not that of typing, which takes longer to load than all of this
if TYPE_CHECKING:
    from scoville.bot import Bot, HitList, open
    from scoville.bot.compare import Comparison, compare
    from scoville.bot.run import Run
    from scoville.errors import ScovilleError
    from scoville.recipe import Recipe
    from scoville.registry import register
    from scoville.types import Answer, Case, Citation, Document, Hit

__version__ = "0.1.0"
__all__ = [
    "Answer", "Bot", "Case", "Citation", "Comparison", "Document", "Hit", "HitList", "Recipe", "Run", "ScovilleError",
    "compare", "open", "register",
]  # fmt: skip

_PLACES = {
    **dict.fromkeys(("Answer", "Case", "Citation", "Document", "Hit"), "scoville.types"),
    **dict.fromkeys(("Bot", "HitList", "open"), "scoville.bot"),
    **dict.fromkeys(("Comparison", "compare"), "scoville.bot.compare"),
    "Run": "scoville.bot.run",
    "Recipe": "scoville.recipe",
    "register": "scoville.registry",
    "ScovilleError": "scoville.errors",
}


def __getattr__(name: str) -> object:
    """Load a name when it is first used."""
    if name not in _PLACES:
        raise AttributeError(f"module 'scoville' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(importlib.import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return [*__all__, "__version__"]
