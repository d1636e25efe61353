"""Runs in Weights & Biases: sent with a key (``WANDB_API_KEY``), else kept in the workspace for ``wandb sync``.

Enters: a run. Leaves: a run of W&B with its parameters, metrics, files, and the table of cases with the ids of their
traces. A sweep has none of its own: it is the group of its trials. ``WANDB_MODE`` decides where it is set. Source code,
git, the console and the machine's load are not recorded.
"""

import importlib
import importlib.util
import os
import re
from pathlib import Path
from typing import Any

from scoville.errors import MissingExtra, ScovilleError
from scoville.track.mirror import MirroredRun, columns_of, flat


class WandbMirror:
    """Shows runs in Weights & Biases."""

    def __init__(self, project: str, folder: Path) -> None:
        if importlib.util.find_spec("wandb") is None:
            raise MissingExtra("track: wandb: its library is not installed: pip install 'scoville[wandb]'")
        self._entity, _, self._project = project.rpartition("/")
        self._folder = folder  # W&B makes its own below it

    def publish(self, shown: MirroredRun) -> str:
        """Write a run, or write it again, and say where it can be seen."""
        mode = os.environ.get("WANDB_MODE") or ("online" if os.environ.get("WANDB_API_KEY") else "offline")
        if shown.run.kind == "sweep":
            kept = f", kept in {self._folder / 'wandb'}: send it with `wandb sync`" if mode == "offline" else ""
            return f"wandb group {shown.run.id}{kept}"
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # else failures are told to a third party
        self._folder.mkdir(parents=True, exist_ok=True)
        wandb = importlib.import_module("wandb")  # no dependency, so unknown to the type checker
        try:
            return self._publish(wandb, shown, mode)
        except (wandb.Error, OSError) as error:
            raise ScovilleError(f"W&B does not take the run: {str(error)[:300]}") from error

    def _publish(self, wandb: Any, shown: MirroredRun, mode: str) -> str:
        run = shown.run
        settings = wandb.Settings(
            silent=True, console="off", disable_git=True, disable_code=True, save_code=False, x_disable_stats=True,
            x_save_requirements=False, x_disable_meta=True,
        )  # fmt: skip
        config = {**flat(run.params), "scoville.run_id": run.id, "scoville.recipe_hash": run.recipe_hash,
                  "scoville.cases": shown.dataset, "scoville.cases_digest": shown.dataset_digest,
                  **shown.tags}  # fmt: skip
        with wandb.init(
            project=self._project, entity=self._entity or None, id=_name(run.id), name=run.name or run.id,
            group=shown.sweep.id if shown.sweep else shown.group, job_type=run.kind, config=config,
            dir=str(self._folder), mode=mode, resume="allow", settings=settings,
        ) as writer:  # fmt: skip
            if shown.cases:
                columns = columns_of(shown.cases)
                rows = [list(row) for row in zip(*columns.values(), strict=True)]
                writer.log({"cases": wandb.Table(columns=list(columns), data=rows)})
            writer.summary.update({**{name: value for name, value in run.metrics.items() if value is not None},
                                   "status": run.status})  # fmt: skip
            if shown.files:
                artifact = wandb.Artifact(_name(f"run-{run.id}"), type="run")
                for file in shown.files:
                    artifact.add_file(str(file))
                writer.log_artifact(artifact)
            url, place = "" if mode == "offline" else writer.url, writer.dir
        if mode == "offline":
            return f"wandb run kept in {Path(place).parent}: send it with `wandb sync`"
        return f"wandb run {url}"


def _name(name: str) -> str:
    return re.sub(r"[^\w.-]", "-", name)
