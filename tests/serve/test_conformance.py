"""Both APIs of OpenAI by a suite that is not ours: llm-comply. What needs tools, pictures or reasoning is left out."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Served, office

TESTS = {
    "openai-chat": "chat-basic-response chat-system-prompt chat-multi-turn chat-streaming-response "
    "chat-streaming-usage chat-error-handling",
    "open-responses": "basic-response system-prompt multi-turn streaming-response streaming-usage assistant-phase "
    "response-output-phase-schema error-handling",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with office(tmp_path_factory.mktemp("work")) as one:
        yield one


@pytest.mark.parametrize("api", TESTS)
def test_the_suite_finds_nothing(served: Served, api: str):
    names = TESTS[api].split()
    command = [Path(sys.executable).with_name("llm-comply"), "-u", f"{served.url}/v1", "-k", "none", "-m", "my-bot",
               "--format", api, "--json", "-f", ",".join(names)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    results = json.loads(done.stdout[done.stdout.index("{") :])["results"]
    assert [(one["name"], one.get("errors")) for one in results if one["status"] != "passed"] == []
    assert len(results) == len(names)
