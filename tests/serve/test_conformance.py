"""The service by suites that are not ours: llm-comply for both APIs of OpenAI, schemathesis for what the OpenAPI says.

Of llm-comply what needs tools, pictures or reasoning is left out.
"""

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


CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "unsupported_method", "allow_header_conformance",
)  # fmt: skip
"""Not those that want everything accepted or refused by types alone: a model must exist, and 0 may stand for false."""


def test_whatever_the_openapi_allows_or_forbids_is_answered_as_it_says(served: Served, tmp_path: Path):
    command = [Path(sys.executable).with_name("schemathesis"), "run", f"{served.url}/openapi.json", "--seed", "1",
               "--phases", "examples,coverage,fuzzing", "-n", "3", "--no-shrink", "--continue-on-failure",
               "--no-color", "-c", ",".join(CHECKS)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    asked = {
        path.split("/")[2] if path.startswith("/api") else path
        for _, _, path, status, _ in served.audit
        if status < 300
    }
    assert {"ask", "search", "documents", "cases", "/v1/chat/completions", "/v1/responses", "/v1/models"} <= asked
    assert max(status for _, _, _, status, _ in served.audit) < 500
