"""Releases in MLflow's registry: each is a version of a model that MLflow loads and serves, aliases are its aliases.

Enters: a release, the address of MLflow. Leaves: a registered version; in the process of MLflow, answers. Nothing
global of MLflow is changed.
"""

import importlib
import importlib.util
import os
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scoville.answer import answer_json
from scoville.bot.bot import Bot
from scoville.errors import MissingExtra, ScovilleError
from scoville.index import Workspace
from scoville.recipe.file import LoadedRecipe
from scoville.release import Release
from scoville.storage import TEMPORARY

MODEL = """
import mlflow
from scoville.bot.release_mlflow import answered, open_kept


class Released(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.bot = open_kept(context.artifacts["release"])

    def predict(self, context, model_input, params=None):
        return answered(self.bot, model_input)


mlflow.models.set_model(Released())
"""
"""What MLflow runs: questions in, answers in the JSON of `scoville ask --json` out."""
NAME_TAG = "scoville.release"


def register_release(release: Release, uri: str, model: str) -> str:
    """Make a release a version of a model of MLflow's registry, with all its files, and give the number of it."""
    mlflow, client = _client(uri)
    with tempfile.TemporaryDirectory(dir=TEMPORARY.path()) as made:
        code, saved = Path(made) / "model.py", Path(made) / "model"
        code.write_text(MODEL, encoding="utf-8")
        mlflow.pyfunc.save_model(
            path=str(saved), python_model=str(code), artifacts={"release": str(release.folder)},
            pip_requirements=[f"scoville=={version('scoville')}"],
        )  # fmt: skip
        try:
            found = client.get_experiment_by_name(model)
            experiment = found.experiment_id if found else client.create_experiment(model)
            run = client.create_run(experiment, run_name=f"release {release.name}", tags={NAME_TAG: release.name})
            client.log_artifacts(run.info.run_id, str(saved), "model")
            client.set_terminated(run.info.run_id)
            if not client.search_registered_models(filter_string=f"name = '{model}'"):
                client.create_registered_model(model)
            source = f"{run.info.artifact_uri}/model"
            known = client.create_model_version(model, source, run.info.run_id, tags={NAME_TAG: release.name})
        except (mlflow.MlflowException, OSError) as error:
            raise ScovilleError(f"MLflow at {uri} does not take {release.name}: {str(error)[:300]}") from error
    return str(known.version)


def point_alias(uri: str, model: str, alias: str, release: str) -> None:
    """Have an alias of MLflow's registry stand for the version that a release is."""
    mlflow, client = _client(uri)
    try:
        versions = client.search_model_versions(f"name = '{model}'")
        number = max((int(one.version) for one in versions if one.tags.get(NAME_TAG) == release), default=0)
        if not number:
            raise ScovilleError(f"MLflow at {uri} does not know release {release} of {model}")
        client.set_registered_model_alias(model, alias, str(number))
    except mlflow.MlflowException as error:
        raise ScovilleError(f"MLflow at {uri} does not take {alias}: {str(error)[:300]}") from error


def open_kept(folder: str) -> Bot:
    """Open a release that lies anywhere; what it would record goes with the process."""
    release = Release(Path(folder))
    release.check()
    bot = Bot(Workspace(Path(tempfile.mkdtemp(dir=TEMPORARY.path()))), LoadedRecipe(release.recipe, ()))
    bot.released = release
    return bot


def answered(bot: Bot, given: Any) -> list[dict[str, Any]]:
    """Answer questions: a list of them, or a table with a column ``question``, else its first column."""
    if hasattr(given, "columns"):
        given = given["question" if "question" in given.columns else given.columns[0]]
    return [answer_json(bot.ask(str(question))) for question in given]


def _client(uri: str) -> tuple[Any, Any]:
    if importlib.util.find_spec("mlflow") is None:
        raise MissingExtra("MLflow is not installed: pip install 'scoville[mlflow]'")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    mlflow: Any = importlib.import_module("mlflow")
    return mlflow, mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
