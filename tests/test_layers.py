"""What imports what: the stages point one way, and nothing heavy is loaded before it is needed."""

import ast
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import scoville
from scoville.cli.app import COMMANDS

SOURCE = Path(scoville.__file__).parent
ORDER = (
    "errors", "html", "types", "at_once", "progress", "faults", "storage", "registry", "recipe", "quiet", "sentences",
    "personal", "words", "quantities", "language", "endpoint", "cost", "models", "read", "metadata", "embed", "guards",
    "split", "sources", "automations", "index", "backup", "search", "prompt", "extract", "llm", "answer", "agent",
    "track", "memory", "cases", "evaluate", "train", "comparison", "monitor", "release", "erase", "bot", "demo",
    "serve", "cli",
)  # fmt: skip
"""From the ground up: a module imports from its own stage and from those before it. The splitter counts the embedder's
tokens, so it stands after it."""
HEAVY = {
    "numpy", "lancedb", "pyarrow", "openvino", "openvino_genai", "xllamacpp", "liteparse", "pydantic", "openai", "rich",
    "tokenizers", "docx", "lxml", "jinja2", "yaml", "gguf", "safetensors", "selectolax", "pypdfium2", "markdown_it",
    "genai_prices", "filelock", "huggingface_hub", "sqlalchemy", "fsspec", "watchfiles", "imaplib", "opentelemetry",
    "sacrebleu", "optuna", "mlflow", "wandb", "msoffcrypto", "torch", "transformers", "peft", "accelerate",
    "fastapi", "starlette", "uvicorn", "prometheus_client", "mcp", "jwt", "jsonschema", "referencing", "ray",
}  # fmt: skip
AT_THE_TOP = {
    "click": ("cli/",), "pydantic": ("recipe/", "models/", "serve/"), "torch": ("train/",), "fastapi": ("serve/",),
    "starlette": ("serve/",), "uvicorn": ("serve/run.py",), "prometheus_client": ("serve/metrics.py",),
    "jwt": ("serve/users.py", "serve/issuer.py"), "mcp": ("serve/tools",),
}  # fmt: skip
"""What is no standard library and still imported at the top of a module: where the module is made of it."""
HELP_SECONDS = 0.3


class Import(NamedTuple):
    path: str
    module: str
    at_top: bool


@cache
def imports() -> tuple[Import, ...]:
    """Give every import of the package: those of types only are left out of the top."""
    return tuple(_imports())


def _imports() -> Iterator[Import]:
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = set(_run_at_import(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from (Import(name, alias.name, node in top) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{name}: relative import"
                for alias in node.names:
                    module = f"{node.module}.{alias.name}"
                    module = module if node.module == "scoville" or _is_module(module) else node.module or ""
                    yield Import(name, module, node in top)


def _is_module(name: str) -> bool:
    path = SOURCE.parent / name.replace(".", "/")
    return path.with_suffix(".py").is_file() or path.is_dir()


def _run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from _run_at_import(child)


def stage(module: str) -> str:
    return module.removeprefix("scoville.").partition(".")[0]


def test_every_module_belongs_to_a_stage():
    names = {path.relative_to(SOURCE).parts[0].removesuffix(".py") for path in SOURCE.rglob("*.py")}
    assert names - {"__init__", "__main__"} == set(ORDER)


def test_imports_point_down_the_stages():
    wrong = []
    for one in imports():
        here = one.path.partition("/")[0].removesuffix(".py")
        if not one.module.startswith("scoville") or here in ("__init__", "__main__"):
            continue
        if ORDER.index(stage(one.module)) > ORDER.index(here):
            wrong.append(f"{one.path} imports {one.module}")
    assert not wrong


def test_no_module_imports_in_a_circle():
    """At no level: not inside a folder either, in a function or for types only."""
    known = {_module(path) for path in SOURCE.rglob("*.py")}
    edges: dict[str, set[str]] = {name: set() for name in known}
    for one in imports():
        if one.module in known:
            edges[_module(SOURCE / one.path)].add(one.module)
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join((*above[above.index(name) :], name))
        if name not in done:
            for below in sorted(edges[name]):
                visit(below, (*above, name))
            done.add(name)

    for name in sorted(known):
        visit(name, ())


def _module(path: Path) -> str:
    return ".".join(("scoville", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")


def test_only_the_standard_library_is_imported_at_the_top_of_a_module():
    wrong = []
    for one in imports():
        package = one.module.partition(".")[0]
        if not one.at_top or package == "scoville" or package in sys.stdlib_module_names:
            continue
        if not one.path.startswith(AT_THE_TOP.get(package, ("nowhere",))):
            wrong.append(f"{one.path} imports {one.module}")
    assert not wrong


def test_the_check_of_imports_sees_them():
    assert Import("index/lance_import.py", "lancedb", False) in imports()
    assert Import("recipe/recipe.py", "pydantic", True) in imports()
    assert Import("index/build.py", "scoville.read", True) in imports()
    assert Import("cli/common.py", "scoville.index", False) in imports()


HELP = f"""
import contextlib, io, json, sys
from scoville.cli import main
shown = []
for words in [[], *[[name] for name in {COMMANDS}], ["models", "pull"]]:
    sys.argv = ["scoville", *words, "--help"]
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        main()
    shown.append(out.getvalue())
print(json.dumps([sorted(set(sys.modules) & {HEAVY}), shown]))
"""


def test_help_imports_nothing_heavy_and_every_command_has_it():
    done = subprocess.run([sys.executable, "-W", "error", "-c", HELP], capture_output=True, text=True, check=True)
    loaded, shown = json.loads(done.stdout)
    assert loaded == []
    assert all(text.startswith("Usage: scoville") for text in shown)
    assert all(name in shown[0] for name in COMMANDS)


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["ask", "--help"]])
def test_help_takes_less_than_the_blink_of_an_eye(words: list[str]):
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "scoville", *words], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)  # of the processor: the machine may have other work
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(seconds) < HELP_SECONDS


WATCHED = """
import io, json, sys
calls = []
def watch(event, details):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        calls.append([event, repr(details[1:] if event == "socket.connect" else details)])
    if event == "socket.connect" and isinstance(details[1], tuple) and details[1][0] in ("127.0.0.1", "::1"):
        calls.pop()
sys.addaudithook(watch)
from scoville.cli import main
codes = []
real, sys.stdout = sys.stdout, io.TextIOWrapper(io.BytesIO())
for words in (["add", "docs"], ["search", "leave"], ["ask", "How much leave do staff have?"], ["doctor"]):
    sys.argv = ["scoville", *words]
    try:
        main()
    except SystemExit as ended:
        codes.append(ended.code)
telemetry = [name for name in sys.modules if name.startswith("openvino_telemetry") and sys.modules[name]]
json.dump({"codes": codes, "calls": calls, "telemetry": telemetry, "openvino": "openvino" in sys.modules}, real)
"""


@pytest.mark.parametrize("models", ["fakes", pytest.param("defaults", marks=pytest.mark.model)])
def test_nothing_is_sent_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: str):
    """By Python: `add`, `search`, `ask` and `doctor` open no socket to elsewhere and load no telemetry."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "leave.txt").write_text("Staff have thirty days of leave in a year.")
    if models == "fakes":
        monkeypatch.setenv("SCOVILLE_EMBED__MODEL", "fake")
        monkeypatch.setenv("SCOVILLE_LLM__MODEL", "fake")
    done = subprocess.run([sys.executable, "-c", WATCHED], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"codes": [0, 0, 0, 0], "calls": [], "telemetry": [], "openvino": True}


def test_the_watch_sees_a_connection():
    code = WATCHED.split("from scoville")[0] + (
        "import socket\n"
        "for place in (('192.0.2.1', 9), ('127.0.0.1', 9)):\n"
        "    one = socket.socket(); one.setblocking(False)\n"
        "    try: one.connect(place)\n"
        "    except OSError: pass\n"
        "    one.close()\n"
        "print(json.dumps(calls))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [["socket.connect", "(('192.0.2.1', 9),)"]]
