"""A release is a model of MLflow's registry: loaded and served by MLflow, it answers. With the real library, which
`.ci/run` installs; elsewhere this is skipped."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

import scoville as sc
from conftest import Bench

WORK = """
import json, os, sys
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
import scoville as sc
root, uri = sys.argv[1:]
with sc.open(root, track={"to": [f"mlflow:{uri}"]}) as bot:
    bot.release("v1")
    bot.promote("v1", force="a trial")
    open(f"{root}/docs/otter.txt", "w").write("The otter eats 99 fish each day.")
    bot.add(f"{root}/docs")
    bot.release("v2")
import mlflow
from mlflow.pyfunc.scoring_server import init
from starlette.testclient import TestClient
mlflow.set_tracking_uri(uri)
mlflow.set_registry_uri(uri)
model = mlflow.pyfunc.load_model("models:/work@production")
question = "How many fish does the otter eat each day?"
with TestClient(init(model)) as client:
    served = client.post("/invocations", json={"dataframe_split": {"columns": ["question"], "data": [[question]]}})
newest = mlflow.pyfunc.load_model("models:/work/2").predict([question])
print(json.dumps([model.predict([question])[0]["answer"], served.json()["predictions"][0]["answer"],
                  newest[0]["answer"]]))
"""


@pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="mlflow is not installed")
def test_a_release_is_loaded_and_served_by_mlflow(bench: Bench, tmp_path: Path):
    bench.write("otter.txt", "The otter eats 7 fish each day.")
    bench.add()
    words = [sys.executable, "-c", WORK, str(bench.workspace.root), f"sqlite:///{tmp_path / 'mlflow.db'}"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    loaded, served, newest = json.loads(done.stdout.splitlines()[-1])
    assert "7 fish" in loaded and "7 fish" in served and "99 fish" in newest


@pytest.mark.skipif(importlib.util.find_spec("mlflow") is not None, reason="mlflow is installed")
def test_without_mlflow_a_release_is_made_all_the_same(bench: Bench, caplog: pytest.LogCaptureFixture):
    bench.write("otter.txt", "The otter eats 7 fish each day.")
    bench.add()
    with sc.open(bench.workspace.root, track={"to": ["mlflow:sqlite:///m.db"]}) as bot:
        assert bot.release("v1").name == "v1"
    assert "pip install 'scoville[mlflow]'" in caplog.text
