"""Whatever answers questions, behind one call: a recipe, a server, a Python function.

Enters: a case. Leaves: the JSON of an answer (docs/json.md), or the error that there was instead. A system that raises,
hangs or gives nothing costs its case an answer and never ends a run. Knows no metric.
"""

import importlib
import importlib.util
import json
import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from scoville.answer import Answerer, answer_json
from scoville.answer.declines import declines
from scoville.errors import ProviderError, ScovilleError, UsageError
from scoville.evaluate.metrics.retrieval import DEPTH
from scoville.evaluate.result import result_of
from scoville.prompt import template_hash
from scoville.search import Found
from scoville.types import Answer, Case, Message

logger = logging.getLogger("scoville")
HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


class System(Protocol):
    """Maps a case to an answer."""

    name: str

    @property
    def concurrency(self) -> int:
        """How many cases it is asked at once where nobody says otherwise."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """Say what it is made of, for the header of a run."""
        ...

    def ask(self, case: Case) -> Any:
        """Answer: an :class:`Answer`, the JSON of one, or a text."""
        ...


class RecipeSystem:
    """The index and the model of a workspace, as a recipe says."""

    def __init__(self, answerer: Answerer, name: str = "recipe") -> None:
        self.name = name
        self.answerer = answerer

    @property
    def concurrency(self) -> int:
        """As many as the recipe allows; a local model is asked one by one, unless it says otherwise."""
        return self.answerer.recipe.llm.at_once

    def describe(self) -> Mapping[str, Any]:
        """Give the recipe, its hash, and what it runs on."""
        recipe = self.answerer.recipe
        return {
            "kind": "recipe", "recipe": recipe.model_dump(mode="json"), "recipe_hash": recipe.hash,
            "build_hash": recipe.build_hash, "prompt": template_hash(recipe.prompt),
            "models": {"llm": self.answerer.llm.name, "runtime": self.answerer.llm.runtime,
                       "embedder": self.answerer.searcher.embedder.name},
        }  # fmt: skip

    def ask(self, case: Case) -> Answer:
        """Answer a case; how deep the search found is looked at afterwards, and counts in no seconds."""
        found: list[Found] = []
        where = [case.where] if case.where else []
        answer = self.answerer.ask(case.question, history=case.history, where=where, on_found=found.append)
        return replace(answer, ranking=tuple(self.answerer.searcher.deepen(found[0], DEPTH)))


class FunctionSystem:
    """A Python function that takes a question, or a question and its history, and gives a text or an answer's JSON.

    A second argument with a default is the history only where it has that name. Nobody promises that several threads
    may call it.
    """

    concurrency = 1

    def __init__(self, function: Callable[..., Any], name: str = "") -> None:
        self.name = name or getattr(function, "__name__", "function")
        self._function = function
        self._takes_history = _takes_history(function)

    def describe(self) -> Mapping[str, Any]:
        """Give the name of the function."""
        return {"kind": "function", "function": self.name}

    def ask(self, case: Case) -> Any:
        """Call the function."""
        history = [{"role": turn.role, "content": turn.content} for turn in case.history]
        return self._function(case.question, history) if self._takes_history else self._function(case.question)


class ServerSystem:
    """A running server: a question is posted as JSON, an answer's JSON or a text comes back."""

    concurrency = 1

    def __init__(self, url: str, *, timeout_seconds: float = 120) -> None:
        self.name = without_secrets(url)
        self._url = url
        self._timeout = timeout_seconds + 1  # the run's own clock, which counts hangs, decides first

    def describe(self) -> Mapping[str, Any]:
        """Give the address."""
        return {"kind": "server", "url": self.name}

    def ask(self, case: Case) -> Any:
        """Post ``{"question", "history"}``."""
        import urllib.error
        import urllib.request

        history = [{"role": turn.role, "content": turn.content} for turn in case.history]
        body = json.dumps({"question": case.question, "history": history}).encode()
        request = urllib.request.Request(self._url, body, HEADERS)  # noqa: S310 - http(s) only: see open_system
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as response:  # noqa: S310
                text = response.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(200).decode("utf-8", "replace")
            raise ProviderError(f"{self.name} answered {error.code} {error.reason}: {said}") from None
        try:
            return json.loads(text)
        except ValueError:
            return text


def askable(cases: Sequence[Case], *, any_filter: bool) -> list[Case]:
    """Leave out the cases that are asked without some documents, and say so, where a system cannot be kept from any."""
    asked = [case for case in cases if any_filter or not case.where]
    if len(asked) == len(cases):
        return asked
    logger.info(
        "%d of %d cases are left out: they are asked without the documents that answer them, and only a recipe can be "
        "kept from documents.", len(cases) - len(asked), len(cases),
    )  # fmt: skip
    return asked


def without_secrets(url: str) -> str:
    """Give an address without the name, password and query in it."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def named_function(name: str) -> Callable[..., Any]:
    """Import ``module:function`` or ``file.py:function``; runs the code of that module, which the caller asked for."""
    place, _, function = name.rpartition(":")
    try:
        found = getattr(_load(Path(place)) if place.endswith(".py") else importlib.import_module(place), function)
    except Exception as error:  # whatever the module raises
        reason = "no such file" if isinstance(error, FileNotFoundError) else f"{type(error).__name__}: {error}"
        raise UsageError(
            f"{name!r} is no function that can be imported ({reason}); expected file.py:function"
        ) from error
    if not callable(found):
        raise UsageError(f"{name!r} is {type(found).__name__}, no function")
    return found


def _load(path: Path) -> ModuleType:
    """Run a file as a module whose name hides none of the standard library; it may import its neighbours."""
    spec = importlib.util.spec_from_file_location(f"scoville_system_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    if (folder := str(path.resolve().parent)) not in sys.path:
        sys.path.append(folder)
    spec.loader.exec_module(module)
    return module


def _takes_history(function: Callable[..., Any]) -> bool:
    import inspect

    try:
        takes = list(inspect.signature(function).parameters.values())
    except ValueError:  # e.g. str
        return False
    positional = [
        parameter
        for parameter in takes
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    second = next(iter(positional[1:]), None)
    if second is None:
        return any(parameter.kind is parameter.VAR_POSITIONAL for parameter in takes)
    return second.name == "history" or second.default is second.empty


def count_asked(case: Case) -> int:
    """Count how often a system is asked: for the question, and for each user's turn before it that has no reply."""
    roles = [*(turn.role for turn in case.history), "user"]
    return 1 + sum(one == after == "user" for one, after in pairwise(roles))


OnAnswer = Callable[[Case, Answer], str]
"""Given an answer as it comes; gives the id of its trace."""


def answer_of(system: System, case: Case, timeout_seconds: float, on_answer: OnAnswer | None = None) -> dict[str, Any]:
    """Ask a system one case and give the JSON of its answer; with ``error`` where it gave none.

    A user turn of the history without a reply, as in MT-bench, is asked first. The question runs in a thread of its
    own: one that hangs is left behind when its time is over.
    """
    history: list[Message] = []
    for turn, after in pairwise((*case.history, Message(role="user", content=case.question))):
        history.append(turn)
        if turn.role == after.role == "user":
            earlier = replace(case, question=turn.content, history=tuple(history[:-1]))
            answer = _ask_once(system, earlier, timeout_seconds, on_answer)
            if answer.get("error"):
                return answer
            history.append(Message(role="assistant", content=answer["answer"]))
    return _ask_once(system, replace(case, history=tuple(history)), timeout_seconds, on_answer)


def _ask_once(system: System, case: Case, timeout_seconds: float, on_answer: OnAnswer | None) -> dict[str, Any]:
    given: list[Any] = []
    failed: list[BaseException] = []

    def ask() -> None:
        try:
            given.append(system.ask(case))
        except BaseException as error:  # whatever a system raises, SystemExit too
            failed.append(error)

    started = time.perf_counter()
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout_seconds)
    seconds = round(time.perf_counter() - started, 4)
    if thread.is_alive():
        return _failure(f"no answer within {timeout_seconds:g} s", seconds)
    if failed:
        error = failed[0]
        kind = "" if isinstance(error, ScovilleError) else f"{type(error).__name__}: "
        return _failure(f"{kind}{error}"[:500], seconds)
    trace = on_answer(case, given[0]) if on_answer and isinstance(given[0], Answer) else ""
    return as_json(given[0], seconds) | ({"trace": trace} if trace else {})


def as_json(given: Any, seconds: float) -> dict[str, Any]:
    """Bring what a system gave into the form of an answer's JSON."""
    if isinstance(given, Answer):
        return answer_json(given, show_withheld=True)  # a run is looked at by those who made the system
    if isinstance(given, str):
        given = {"answer": given}
    if not isinstance(given, Mapping) or not isinstance(given.get("answer"), str):
        shape = "nothing" if given is None else f"{type(given).__name__}"
        return _failure(f"the system gave {shape}; expected a text, or JSON with the text as `answer`", seconds)
    try:
        text = json.dumps(dict(given), ensure_ascii=False, allow_nan=False)
        answer = json.loads(text.encode("utf-8", "replace"))  # half a character becomes a question mark
        answer.setdefault("refused", not answer["answer"].strip() or declines(answer["answer"]))
        answer["seconds"] = {"total": seconds, **(answer.get("seconds") or {})}
        result_of("", answer)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        return _failure(f"the system's answer is not that of docs/json.md: {type(error).__name__}: {error}", seconds)
    return answer


def _failure(reason: str, seconds: float) -> dict[str, Any]:
    return {"answer": "", "refused": False, "error": reason, "cost_usd": None, "seconds": {"total": seconds}}
