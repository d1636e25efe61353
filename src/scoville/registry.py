"""What can be chosen by name in a recipe, built in or plugged in by others: one door for both.

Enters: a kind and a name. Leaves: the function that opens what is meant (docs/plugins.md says for each kind what it is
given and gives). Built-in names are kept as ``package.module:function`` and imported when they are asked for, so that
no resolver imports its backends. Packages plug in by entry points of the group ``scoville.plugins``, each a function
without arguments, or a module with ``register()``, that calls :func:`register`.
"""

import importlib
import logging
import re
import threading
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Literal, cast, get_args

from scoville.errors import ScovilleError, UnknownModel, UsageError

Kind = Literal["reader", "splitter", "embedder", "reranker", "llm", "index", "source", "metric", "guard"]
Opener = Callable[..., Any]
GROUP = "scoville.plugins"
BUILT_IN: Mapping[Kind, Mapping[str, str]] = {
    "reader": {},  # formats are recognised by their content; a plugin reads what has its suffix
    "source": {
        "http": "scoville.sources.web:WebSource",
        "https": "scoville.sources.web:WebSource",
        "path": "scoville.sources.files:open_path",
        "mailbox": "scoville.sources.messages:MailboxSource",
        "remote": "scoville.sources.remote:open_remote",
        "git": "scoville.sources.git:GitSource",
        "sql": "scoville.sources.database:SqlSource",
        "imap": "scoville.sources.imap:ImapSource",
    },
    "splitter": {
        "section": "scoville.split.ways:by_section",
        "parent": "scoville.split.ways:by_parent",
        "summary": "scoville.split.ways:by_summary",
        "sentence": "scoville.split.ways:by_sentence",
        "semantic": "scoville.split.ways:by_meaning",
        "fixed": "scoville.split.ways:by_windows",
    },
    "embedder": {
        "fake": "scoville.embed.fake:open_fake",
        "openai": "scoville.embed.openai:open_openai",
        "ollama": "scoville.embed.openai:open_openai",
        "vllm": "scoville.embed.openai:open_openai",
        "hf": "scoville.embed.openvino:open_local",
        "path": "scoville.embed.openvino:open_local",
    },
    "reranker": {
        "llm": "scoville.search.rerank:open_model_order",
        "hf": "scoville.search.rerank:open_cross_encoder",
        "path": "scoville.search.rerank:open_cross_encoder",
    },
    "index": {
        "lance": "scoville.index.lance:open_lance",
        "s3": "scoville.index.lance:open_bucket",
        "gs": "scoville.index.lance:open_bucket",
        "az": "scoville.index.lance:open_bucket",
        "postgres": "scoville.index.postgres:open_postgres",
        "postgresql": "scoville.index.postgres:open_postgres",
    },
    "llm": {
        "fake": "scoville.llm.fake:open_fake",
        "quote": "scoville.llm.quote:open_quote",
        "reader": "scoville.llm.reader:open_reader",
        "openai": "scoville.llm.openai:open_openai",
        "anthropic": "scoville.llm.anthropic:open_anthropic",
        "ollama": "scoville.llm.openai:open_openai",
        "vllm": "scoville.llm.openai:open_openai",
        "hf": "scoville.llm.local:open_local",
        "path": "scoville.llm.local:open_local",
    },
    "metric": {
        "answers": "scoville.evaluate.metrics.right:open_family",
        "text": "scoville.evaluate.metrics.text:open_family",
        "retrieval": "scoville.evaluate.metrics.retrieval:open_family",
        "citations": "scoville.evaluate.metrics.citations:open_family",
        "grounded": "scoville.evaluate.metrics.grounded:open_family",
        "refusal": "scoville.evaluate.metrics.refusal:open_family",
        "toxicity": "scoville.evaluate.metrics.toxicity:open_family",
        "cost": "scoville.evaluate.metrics.cost:open_family",
    },
    "guard": {
        "jailbreak": "scoville.guards.attacks:open_jailbreak",
        "injection": "scoville.guards.attacks:open_injection",
        "secrets": "scoville.guards.secrets:open_secrets",
        "personal": "scoville.guards.personal:open_personal",
        "toxicity": "scoville.guards.toxic:open_toxicity",
    },
}

logger = logging.getLogger("scoville")
_added: dict[tuple[Kind, str], Opener] = {}
_failed: dict[str, str] = {}
_asked = False
_table_lock = threading.Lock()
_load_lock = threading.RLock()  # apart from the table's: a plugin registers while it is loaded, perhaps in a thread


def register(kind: Kind, name: str, opener: Opener, *, replace: bool = False) -> None:
    """Make a name known: it stands in a recipe where names of its kind do, for models as ``name`` or ``name:MODEL``.

    Raises UsageError for a name that is taken, unless it may ``replace`` what has it.
    """
    if kind not in get_args(Kind):
        raise UsageError(f"register: there is no kind {kind!r}; expected {', '.join(get_args(Kind))}")
    if not re.fullmatch(r"\.?[a-z0-9][\w.+-]*", name):
        raise UsageError(f"register: {name!r} is no name; expected small letters, digits and - . + _")
    if not callable(opener):
        raise UsageError(f"register: {kind} {name!r}: expected a function, got {type(opener).__name__}")
    with _table_lock:
        if not replace and ((kind, name) in _added or name in BUILT_IN[kind]):
            raise UsageError(f"register: there is a {kind} {name!r} already; choose another name or pass replace=True")
        _added[kind, name] = opener


def has(kind: Kind, name: str) -> bool:
    """Say whether a name is known. Plugins are looked for where it is not built in or registered yet."""
    if (kind, name) not in _added and name not in BUILT_IN[kind]:
        _load_plugins()
    return (kind, name) in _added or name in BUILT_IN[kind]


def find(kind: Kind, name: str) -> Opener:
    """Give what opens a name. Raises UnknownModel for a model, else UsageError, with the names that there are."""
    if not has(kind, name):
        raise unknown(kind, name)
    if (kind, name) in _added:
        return _added[kind, name]
    module, _, function = BUILT_IN[kind][name].partition(":")
    return getattr(importlib.import_module(module), function)


def names(kind: Kind) -> list[str]:
    """List the names of a kind: those built in, then those plugged in."""
    return [*BUILT_IN[kind], *(name for name in plugged_in(kind) if name not in BUILT_IN[kind])]


def plugged_in(kind: Kind) -> list[str]:
    """List the names of a kind that were registered."""
    _load_plugins()
    return [name for one, name in tuple(_added) if one == kind]


def failed_plugins() -> dict[str, str]:
    """Say which plugins could not be loaded, and why."""
    _load_plugins()
    return dict(_failed)


def unknown(kind: Kind, name: str) -> ScovilleError:
    """Say that a name is unknown, with the names that there are."""
    from difflib import get_close_matches

    known = names(kind)
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}? There are" if near else "there are"
    text = f"{kind} {name!r} is unknown; {hint} {', '.join(known)}"
    if _failed:
        text += "; not loaded: " + "; ".join(f"plugin {plugin}: {reason}" for plugin, reason in _failed.items())
    return (UnknownModel if kind in ("embedder", "reranker", "llm") else UsageError)(text)


def _load_plugins() -> None:
    """Let every installed plugin register, once; one that fails is reported and stops nothing."""
    global _asked
    with _load_lock:
        if _asked:
            return
        _asked = True  # before they are loaded: a plugin may look for names itself
        from importlib.metadata import entry_points

        for entry in sorted(entry_points(group=GROUP)):
            try:
                loaded = entry.load()
                call = getattr(loaded, "register", None) if isinstance(loaded, ModuleType) else loaded
                if not callable(call):
                    raise TypeError(f"{entry.value} is neither a function nor a module with register()")
                cast(Callable[[], object], call)()
            except Exception as error:  # whatever a stranger's code raises
                _failed[entry.name] = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
                logger.warning("plugin %s could not be loaded: %s", entry.name, _failed[entry.name])
