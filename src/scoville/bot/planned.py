"""What training and serving a model takes, and whether the workspace is ready for it, before anything is spent.

Enters: a workspace, the name of a model. Leaves: plans and advice. Nothing is trained, and no model is loaded.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scoville.bot.measured import Measured

if TYPE_CHECKING:
    from scoville.train.plan.architecture import Architecture
    from scoville.train.plan.hardware import Hardware
    from scoville.train.plan.phase import Advice
    from scoville.train.plan.serving import ServingPlan
    from scoville.train.plan.training import TrainingPlan


class Planned(Measured):
    """One workspace whose next phase can be planned."""

    def plan_training(
        self, model: str = "", *, machines: "Sequence[Hardware] | None" = None, **job: Any
    ) -> "TrainingPlan":
        """Say what training a model takes, on this machine and on known GPUs: parameters, memory, hours, dollars.

        ``model`` is by default that of the recipe: a known name, ``path:FOLDER``, ``path:FILE.gguf`` or what was
        trained here. ``job`` are the fields of :class:`scoville.train.plan.memory.Job`: ``method``, ``rank``,
        ``targets``, ``rows``, ``tokens_per_row``, ``epochs``, ``batch_tokens``, ``recompute``. ``machines`` take the
        place of this one, which is measured, and of the known GPUs.
        """
        from scoville.train.plan.memory import Job
        from scoville.train.plan.training import plan_training

        return plan_training(self._shape(model), Job(**job), self._machines(machines))

    def plan_serving(
        self, model: str = "", *, machines: "Sequence[Hardware] | None" = None, **load: Any
    ) -> "ServingPlan":
        """Say what serving a model takes: weights, the caches of its users, how fast it writes and what that costs.

        ``load`` are the fields of :class:`scoville.train.plan.serving.Load`: ``weights`` (their form), ``users``,
        ``context_tokens``. ``model`` and ``machines`` are those of :meth:`plan_training`.
        """
        from scoville.train.plan.serving import Load, plan_serving

        return plan_serving(self._shape(model), Load(**load), self._machines(machines))

    def plan_phase(self) -> "Advice":
        """Say which phase to work on now, and why: a prompt, retrieval, a tuned model, or further pretraining.

        It looks at the documents, the cases, the rows, the recipe and the last scored run of this workspace.
        """
        from scoville.bot.plan_phase import gather
        from scoville.train.plan.phase import advise

        return advise(gather(self))

    def _shape(self, model: str) -> "Architecture":
        from scoville.llm.trained.adapter import is_adapter
        from scoville.llm.trained.forms import base_name
        from scoville.train.plan.architecture import read_architecture

        base, _, name = (model or self.recipe.llm.model).rpartition("+")
        trained = self.workspace.folder / "models" / name
        if base or is_adapter(trained):  # an adapter has the shape of its base
            return read_architecture(base or base_name(trained))
        return read_architecture(f"path:{trained}" if (trained / "config.json").is_file() else name)

    def _machines(self, given: "Sequence[Hardware] | None") -> "Sequence[Hardware]":
        from scoville.train.plan.hardware import known_hardware

        return known_hardware(self.recipe.cost.hardware_usd_per_hour) if given is None else given
