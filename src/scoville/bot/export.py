"""A trained model of a workspace leaves it as files that other programs serve. Enters: a bot, a name. Leaves: files.

With a check nothing appears that does not reply as the trained model does.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoville.answer import Answerer
from scoville.bot.opened import Opened
from scoville.cases.files import cases_of
from scoville.errors import Drift, UnknownModel, UsageError
from scoville.llm import FakeLlm
from scoville.models import locate_model
from scoville.models.locate import PATH_PREFIX
from scoville.models.trained import trained_folder, trained_names
from scoville.storage import storage_errors, write_whole
from scoville.train.extra import require_training
from scoville.types import Message

if TYPE_CHECKING:
    from scoville.train.export.forms import Form
    from scoville.train.export.parity import Parity

RECORD = "parity.json"
"""Of the last check, beside the model."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written of a trained model."""

    model: str
    path: Path
    kind: str
    precision: str
    size_bytes: int
    parity: "Parity | None"
    """How far it agrees with the trained model, where that was checked."""

    def json(self) -> dict[str, Any]:
        """Give it as JSON holds it."""
        return {
            "model": self.model, "path": str(self.path), "form": self.kind, "precision": self.precision,
            "size_bytes": self.size_bytes, "parity": self.parity.json() if self.parity else None,
        }  # fmt: skip


def export(
    bot: Opened, name: str, form: "Form", out: Path | None, *, check: bool, prompts: Path | None, max_tokens: int
) -> Exported:
    """Write a form of a trained model; with ``check`` Drift, and no file, where it does not reply as the model does."""
    from scoville.train.export import forms

    folder = _folder_of(name)
    if check:
        require_training()
    asked = messages_of(bot, prompts) if check else []
    target = Path(out or form.file_name(folder.name)).absolute()
    if target.exists():
        raise UsageError(f"{target} exists; remove it, or name another place with --out")
    files = locate_model(f"{PATH_PREFIX}{folder}", kind="llm")
    with storage_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
    unchecked = target.with_name(f"unchecked-{target.name}")
    try:
        _remove(unchecked)
        forms.write(files, form, unchecked)
        parity = _checked(bot, folder, form, unchecked, asked, max_tokens) if check else None
        unchecked.replace(target)
    finally:
        _remove(unchecked)
    return Exported(
        model=folder.name, path=target, kind=form.kind, precision=form.precision, size_bytes=_size(target),
        parity=parity,
    )  # fmt: skip


def messages_of(bot: Opened, file: Path | None) -> list[tuple[Message, ...]]:
    """Give what is asked: the lines of a text or the questions of cases, with passages where the workspace has any."""
    from scoville.train.export.check import PROMPTS

    if file is None:
        questions: Sequence[str] = PROMPTS
    elif not file.is_file():
        raise UsageError(f"--prompts {file}: no such file; expected lines of a text, or cases")
    elif file.suffix in (".txt", ".md"):
        questions = [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    else:
        questions = [case.question for case in cases_of(file)]
    if not questions:
        raise UsageError(f"{file} holds no prompts; expected a line for each, or cases")
    plain = [(Message(role="user", content=question),) for question in questions]
    if file is None or bot.workspace.built() is None:
        return plain
    written: list[tuple[Message, ...]] = []
    answerer = Answerer(bot.searcher(), FakeLlm(lambda messages: _kept(written, messages)), bot.recipe)
    for question in questions:
        answerer.ask(question)
    return written or plain


def _kept(written: list[tuple[Message, ...]], messages: Sequence[Message]) -> str:
    written.append(tuple(messages))
    return ""


def _folder_of(name: str) -> Path:
    folder = Path(name.removeprefix(PATH_PREFIX)) if name.startswith(PATH_PREFIX) else trained_folder(name)
    if folder is None or not folder.is_dir():
        known = ", ".join(trained_names()) or "none yet: `scoville train` makes one"
        raise UnknownModel(f"{name!r} was not trained here; there are {known}; or give path:FOLDER")
    return folder.absolute()


def _checked(
    bot: Opened, folder: Path, form: "Form", written: Path, asked: Sequence[Sequence[Message]], max_tokens: int
) -> "Parity":
    from scoville.llm.gguf import read_metadata
    from scoville.llm.trained.forms import as_gguf
    from scoville.train.export.check import check
    from scoville.train.export.forms import steps
    from scoville.train.export.reference import open_trained

    files = locate_model(f"{PATH_PREFIX}{folder}", kind="llm")
    model = open_trained(folder, read_metadata(as_gguf(files).weights).end_token_ids)
    with bot.bars("forms") as progress:
        parity = check(model, steps(files, form, written, bot.recipe.llm), asked, max_tokens, progress)
    record = {"form": form.kind, "precision": form.precision, "max_tokens": max_tokens, **parity.json()}
    write_whole(folder / RECORD, json.dumps(record, indent=2) + "\n")
    if faults := parity.faults():
        raise Drift(f"{parity}\n{folder.name} is not exported: {'; '.join(faults)}")
    return parity


def _size(path: Path) -> int:
    return sum(one.stat().st_size for one in ([path] if path.is_file() else path.rglob("*")))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
