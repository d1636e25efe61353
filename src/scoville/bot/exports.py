"""What a workspace gives away of what it trained.

Enters: a workspace, the name of a trained model. Leaves: files that other programs serve.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from scoville.bot.train import Trained

if TYPE_CHECKING:
    from scoville.bot.export import Exported
    from scoville.llm.gguf_write import Precision
    from scoville.train.export.forms import Kind


class Exports(Trained):
    """One workspace whose models can be given away."""

    def export(
        self,
        name: str,
        *,
        form: "Kind" = "gguf",
        precision: "Precision" = "f16",
        out: Path | str | None = None,
        check: bool = False,
        prompts: Path | str | None = None,
        max_tokens: int = 24,
    ) -> "Exported":
        """Write a trained model as ``gguf`` (an adapter merged), llama.cpp's ``adapter``, or ``openvino``'s form.

        With ``check`` the trained model, its merged and quantised weights and what serves them reply to the same
        ``prompts``: lines of a text, or cases, by default 20 general ones. Where they part, or a training is lost on
        the way, nothing is written and Drift says where. ``name`` is a model of the workspace, or ``path:FOLDER``.
        """
        from scoville.bot.export import export
        from scoville.train.export.forms import Form

        made = Form(kind=form, precision=precision)
        return export(
            self, name, made, Path(out) if out else None, check=check, prompts=Path(prompts) if prompts else None,
            max_tokens=max_tokens,
        )  # fmt: skip
