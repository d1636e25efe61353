import hashlib
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scoville.errors import RecipeError
from scoville.recipe import ANSWERS, INDEX, SPLIT_OPTIONS, Llm, Recipe, WritingModel, deciding, marks
from scoville.recipe.file import LoadedRecipe, load_recipe, recipe_keys

Load = Callable[..., LoadedRecipe]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a recipe from its text: `load("split: {size: 100}", flags=[...], environment={...})`."""
    path = tmp_path / "recipe.yaml"

    def load_text(text: str | bytes = "", *flags: str, **environment: str) -> LoadedRecipe:
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return load_recipe(path, environment=environment, flags=flags)

    return load_text


def refusal(load: Load, *given: Any, **environment: str) -> str:
    with pytest.raises(RecipeError) as refused:
        load(*given, **environment)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def sources(loaded: LoadedRecipe) -> dict[str, str]:
    return {setting.key: setting.source for setting in loaded.settings if setting.source != "default"}


# What is loaded


@pytest.mark.parametrize(
    "text", ["", "null", "{}", "---\n", "# only a comment\n", "split:\n", "split: {}\nllm: null\n"]
)
def test_an_empty_recipe_has_the_defaults(load: Load, text: str):
    loaded = load(text)
    assert loaded.recipe == Recipe()
    assert not sources(loaded)


@pytest.mark.parametrize("path", [None, Path("no-such-folder/recipe.yaml")])
def test_a_missing_recipe_has_the_defaults(path: Path | None):
    assert load_recipe(path, environment={}).recipe == Recipe()


def test_the_values_of_the_file_are_taken(load: Load):
    text = "split: {by: fixed, size: 120, overlap: 30}\nllm: {temperature: 1, stop: [END, '']}\nprompt: {role: Ärztin}"
    recipe = load(text).recipe
    assert (recipe.split.by, recipe.split.size, recipe.split.overlap) == ("fixed", 120, 30)
    assert recipe.llm.temperature == 1.0
    assert recipe.llm.stop == ("END", "")
    assert recipe.prompt.role == "Ärztin"
    assert recipe.search == Recipe().search


def test_a_byte_order_mark_is_no_part_of_the_first_key(load: Load):
    assert load(b"\xef\xbb\xbfsplit: {size: 120}").recipe.split.size == 120


def test_every_key_is_listed_with_its_section():
    keys = recipe_keys()
    assert {"version", "split.size", "embed.model", "llm.max_retries", "answer.refusal"} <= set(keys)
    assert len(keys) == len(set(keys))


def test_every_setting_is_given_with_its_value(load: Load):
    settings = {setting.key: setting.value for setting in load("split: {size: 120}").settings}
    assert list(settings) == recipe_keys()
    assert settings["split.size"] == 120
    assert settings["llm.stop"] is None


# Precedence


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default(load: Load):
    text = "split: {size: 101}\nsearch: {passages: 3, rrf_k: 10}"
    environment = {"SCOVILLE_SPLIT__SIZE": "102", "SCOVILLE_SEARCH__PASSAGES": "4"}
    loaded = load(text, "split.size=103", **environment)
    assert loaded.recipe.split.size == 103
    assert loaded.recipe.search.passages == 4
    assert loaded.recipe.search.rrf_k == 10
    assert sources(loaded) == {"split.size": "flag", "search.passages": "environment", "search.rrf_k": "recipe"}


def test_the_later_flag_wins(load: Load):
    assert load("", "split.size=100", "split.size=150").recipe.split.size == 150


def test_a_flag_may_set_a_section_and_leaves_its_other_keys(load: Load):
    loaded = load("split: {by: fixed, size: 100}", "split={size: 150}")
    assert (loaded.recipe.split.by, loaded.recipe.split.size) == ("fixed", 150)


def test_a_flag_replaces_a_list_as_a_whole(load: Load):
    assert load("llm: {stop: [a, b]}", "llm.stop=[c]").recipe.llm.stop == ("c",)


def test_the_environment_of_the_process_counts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SCOVILLE_SPLIT__SIZE", "123")
    assert load_recipe(None).recipe.split.size == 123


def test_variables_that_are_no_settings_are_left_alone(load: Load):
    others = {"SCOVILLE_MODELS": "/models", "SCOVILLE_NOPE__SIZE": "3", "SPLIT__SIZE": "3", "scoville_split__size": "3"}
    assert load("", **others).recipe == Recipe()


@pytest.mark.parametrize(
    ("text", "value"), [("true", "'true'"), ("2", "'2'"), ("null", "'null'"), ("a: b", "'a: b'"), ("@home", "'@home'")]
)
def test_text_that_looks_like_something_else_is_quoted(load: Load, text: str, value: str):
    assert load("", f"prompt.role={value}").recipe.prompt.role == text


# What is refused


@pytest.mark.parametrize(
    ("text", "key", "valid"),
    [
        ("splitt: {}", "splitt", "version, read, sources, metadata, split, embed, index, search, rewrite, prompt, llm"),
        ("split: {sizes: 1}", "split.sizes", "by, size, overlap"),
        ("metadata: {rules: [{match: '(?P<x>y)', into: z}]}", "metadata.rules.0.into", "match, on"),
        ("read: {1: 2}", "read.1", "max_megabytes"),
        ("null: 2", "None", "version"),
        ("embed: {model: {name: x}}", "embed.model", ""),
    ],
)
def test_an_unknown_key_is_named_with_the_valid_ones(load: Load, text: str, key: str, valid: str):
    message = refusal(load, text)
    assert message.startswith(f"{key}: ")
    assert valid in message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("search: {feedback: 0.3}", r"search\.feedback: is no key any more.*found no better"),
        ("sources: {allow_private: true}", r"named in sources\.private_hosts"),
        ("search: {rerank: late}", "late is no reranker any more: it found no better"),
    ],
)
def test_what_earlier_versions_had_is_refused_with_the_reason(load: Load, text: str, told: str):
    assert re.search(told, refusal(load, text))


def test_every_unknown_key_is_named_at_once(load: Load):
    message = refusal(load, "a: 1\nsplit: {b: 2}", SCOVILLE_LLM__C="3")
    assert all(key in message for key in ("a: ", "split.b: ", "llm.c: "))


@pytest.mark.parametrize(
    ("where", "given"),
    [
        ("recipe", ("split: {size: big}",)),
        ("environment", ()),
        ("flag", ("", "split.size=big")),
    ],
)
def test_a_bad_value_is_named_with_its_origin(load: Load, where: str, given: tuple[str, ...]):
    environment = {"SCOVILLE_SPLIT__SIZE": "big"} if where == "environment" else {}
    message = refusal(load, *given, **environment)
    assert "split.size" in message
    assert "'big'" in message
    assert f"(from the {where})" in message


@pytest.mark.parametrize(
    "flag",
    [
        "split.size='200'", "split.size=200.0", "split.size=true", "split.size=null", "split.size=[200]",
        "split.size={x: 1}", "prompt.role=3", "prompt.role=[a]", "prompt.instructions=a", "prompt.instructions=[1]",
        "llm.temperature='0'", "llm.stop=x", "embed.model=null",
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused(load: Load, flag: str):
    assert flag.partition("=")[0] in refusal(load, "", flag)


@pytest.mark.parametrize(
    "flag",
    [
        "version=2", "read.max_megabytes=0", "read.timeout_seconds=-1", "read.processes=-1", "read.ocr=maybe",
        "read.pdf=openai", "read.audio=whisper", "read.ocr_languages=[]", "split.size=15", "split.size=8193",
        "split.by=words", "split.overlap=-1", "search.passages=0", "search.passages=101", "search.candidates=1001",
        "search.rrf_k=0", "search.dense_weight=-1", "search.dense_weight=.nan", "search.bm25_weight=.inf",
        "prompt.context_tokens=63", "llm.temperature=2.1", "llm.context_tokens=255", "llm.max_retries=11",
        "llm.runtime=onnx", "llm.seed=-1", "llm.seed=4294967296", "answer.min_similarity=1.1", "answer.min_support=-1",
        "answer.min_probability=2",
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_refused(load: Load, flag: str):
    assert flag.partition("=")[0] in refusal(load, "", flag)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("split: {overlap: 20}", "split.overlap"),
        ("split: {by: fixed, size: 100, overlap: 100}", "100 must be smaller than size 100"),
        ("search: {dense_weight: 0, bm25_weight: 0}", "both are 0"),
        ("search: {passages: 60}", "60 is more than candidates 50"),
        ("llm: {base_url: 'http://127.0.0.1:1'}", "llm.base_url"),
        ("embed: {base_url: 'http://127.0.0.1:1'}", "embed.base_url"),
        ("read: {audio: {model: 'path:x', base_url: 'http://127.0.0.1:1'}}", "read.audio.base_url"),
        ("judge: {base_url: 'http://127.0.0.1:1'}", "judge.base_url"),
        ("metadata: {model: {model: quote, api_key_env: THE_KEY}}", "metadata.model.api_key_env"),
        ("llm: {model: 'openai:a', runtime: llamacpp}", "llm.runtime"),
    ],
)
def test_a_contradiction_is_refused(load: Load, text: str, expected: str):
    assert expected in refusal(load, text)


def test_a_contradiction_between_file_and_flag_is_refused(load: Load):
    text = "split: {by: fixed, overlap: 100}"
    assert load(text).recipe.split.overlap == 100
    assert "split.overlap" in refusal(load, text, "split.size=100")


def test_a_flag_does_not_hide_a_section_that_is_none(load: Load):
    assert refusal(load, "split: 3", "split.size=100").startswith("split: 3")


@pytest.mark.parametrize("flag", ["split.size", "=3", " =3", ""])
def test_a_flag_that_is_no_setting_is_refused(load: Load, flag: str):
    assert "section.key=value" in refusal(load, "", flag)


@pytest.mark.parametrize("flag", ["a.b.c=3", "split.size.x=3", "split..size=3", "split.=3", ".size=3", "...=3"])
def test_a_flag_for_no_key_is_refused(load: Load, flag: str):
    refusal(load, "", flag)


@pytest.mark.parametrize("text", ["[]", "[1, 2]", "text", "3", "true", "0", "''", "[" + "a, " * 5000 + "]"])
def test_a_recipe_that_is_no_section_is_refused_briefly(load: Load, text: str):
    message = refusal(load, text)
    assert "expected sections: version, read" in message
    assert len(message) < 400


@pytest.mark.parametrize(
    "text",
    [
        "a: b: c",
        "\t- x",
        "{",
        "'",
        "a: 1\n---\nb: 2",
        "%YAML 9.9\n---\na: 1",
        "a: @b",
        "? [1]\n: 2",
        b"\xff\xfe",
        b"\0",
    ],
)
def test_what_is_not_yaml_is_refused(load: Load, text: str | bytes):
    assert "is not YAML" in refusal(load, text)


# Secrets


@pytest.mark.parametrize("key", ["api_key", "API_KEY", "apikey", "api-key", "apiKey", "hf_token", "password", "secret"])
@pytest.mark.parametrize("place", ["{key}: {value}", "llm: {{{key}: {value}}}"])
def test_a_secret_is_refused_and_never_shown(load: Load, key: str, place: str):
    value = "sk-made-up-for-this-test"
    message = refusal(load, place.format(key=key, value=value))
    assert "environment" in message
    assert value not in message


def test_a_secret_in_a_flag_or_variable_is_refused_and_never_shown(load: Load):
    for given in (("", "llm.api_key=sk-made-up"), ("", "llm.api_key=@sk-made-up"), ("llm: {api_key: @sk-made-up}",)):
        assert "sk-made-up" not in refusal(load, *given)
    assert "OPENAI_API_KEY" in refusal(load, SCOVILLE_LLM__API_KEY="sk-made-up")


def test_a_mistyped_limit_is_not_taken_for_a_secret(load: Load):
    assert "environment" not in refusal(load, "llm: {maxtokens: 5}")


# What YAML can do and a recipe cannot


@pytest.mark.parametrize(
    "text",
    [
        "llm: !!python/object/apply:os.mkdir [{marker}]",
        "llm: !!python/object/new:pathlib.Path [{marker}]",
        "llm: !!python/name:os.system",
        "llm: !reference x",
    ],
)
def test_a_tag_is_refused_and_runs_nothing(load: Load, tmp_path: Path, text: str):
    marker = tmp_path / "marker"
    assert "tag" in refusal(load, text.format(marker=marker))
    assert not marker.exists()


@pytest.mark.parametrize(
    "value",
    [
        "2024-01-01", "2024-13-45", "2024-01-01T10:00:00Z", "!!timestamp x", "!!int ''", "!!int x", "!!bool perhaps",
        "!!float x", "!!binary aGk=", "!!set {a, b}", "9" * 5000, '"\\ud800"', "{? [1, 2] : 3}", "{2024-01-01: 1}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("origin", ["file", "environment", "flag"])
def test_a_value_that_json_cannot_hold_is_refused(load: Load, value: str, origin: str):
    match origin:
        case "file":
            refusal(load, f"prompt: {{role: {value}}}")
        case "environment":
            refusal(load, SCOVILLE_PROMPT__ROLE=value)
        case _:
            refusal(load, "", f"prompt.role={value}")


def test_a_bomb_of_aliases_is_refused_at_once(load: Load):
    names = "abcdefghijklmnopqrstuvwxyz"
    lines = [
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in zip(names, names[1:], strict=False)
    ]
    started = time.thread_time()
    message = refusal(load, "\n".join(["a: &a [x, x, x]", *lines]))
    assert "aliases" in message
    assert time.thread_time() - started < 2


@pytest.mark.parametrize("text", ["a: &a [*a]", "a: &a 1\nb: *a", "a: &a {x: 1}\nb: {<<: *a}"])
def test_an_alias_is_refused(load: Load, text: str):
    assert "aliases" in refusal(load, text)
    assert "aliases" in refusal(load, "", f"split={text}")


@pytest.mark.parametrize(
    "text", ["split: {size: 100}\nsplit: {by: fixed}", "split: {size: 100, size: 300}", "llm: {stop: [{a: 1, a: 2}]}"]
)
def test_a_key_that_stands_twice_is_refused(load: Load, text: str):
    assert "twice" in refusal(load, text)


@pytest.mark.parametrize("text", ["[" * 400 + "]" * 400, "split: " + "{a: " * 400 + "1" + "}" * 400])
def test_a_value_nested_too_deep_is_refused(load: Load, text: str):
    refusal(load, text)


def test_a_folder_in_place_of_the_recipe_is_refused(tmp_path: Path):
    with pytest.raises(RecipeError, match="cannot be read"):
        load_recipe(tmp_path, environment={})


# Hashes


def test_the_hash_is_that_of_the_values_in_every_process():
    recipe = Recipe()
    values = json.dumps(deciding(recipe, INDEX, ANSWERS), sort_keys=True)
    assert recipe.hash == hashlib.sha256(values.encode()).hexdigest()[:16]
    assert recipe.hash == Recipe.model_validate_json(values).hash
    assert recipe.build_hash not in ("", recipe.hash)


def test_the_hash_does_not_depend_on_the_order_or_origin_of_the_values(load: Load):
    one = load("llm: {temperature: 1, seed: 3}\nsplit: {size: 100}").recipe
    other = load("split: {size: 100}", "llm.seed=3", SCOVILLE_LLM__TEMPERATURE="1.0").recipe
    assert one == other
    assert one.hash == other.hash


CHANGES = [
    "sources.entries=[{path: docs}]", "sources.private_hosts=['wiki.corp']", "sources.user_agent=Crawler",
    "sources.delay_seconds=1", "sources.timeout_seconds=1", "sources.max_attempts=1", "sources.give_up_after=1",
    "read.max_megabytes=1", "read.max_characters=1", "read.timeout_seconds=1",
    "read.page_timeout_seconds=1", "read.processes=1", "read.ocr=always", "read.ocr_engine=rapidocr",
    "read.ocr_languages=[deu]", "read.scan_layout=true", "read.pdf=docling", "read.audio='openai:a'",
    "split.by=fixed", "split.size=100",
    "split={by: fixed, overlap: 10}", "split={by: sentence, overlap_sentences: 1}", "split.tags=[year]",
    "split={by: parent, parent_size: 700}", "split={by: summary, summary_model: fake}",
    "split={by: semantic, buffer: 2}", "split={by: semantic, percentile: 90}",
    "metadata.rules=[{match: '(?P<year>x)'}]", "metadata.text=false", "metadata.entities=1", "metadata.model=fake",
    "embed.model=fake", "embed.threads=1",
    "index.recall=0.5", "index.exact_below=1", "index.url=postgres://host/name",
    "search.passages=1", "search.candidates=10", "search.rrf_k=1", "search.dense_weight=0.5", "search.bm25_weight=0.5",
    "search.graph_weight=1", "search.fusion=rrf", "search.rerank=llm",
    "search.min_score=0.1", "search.rerank_candidates=10", "search.rerank_weight=0.5", "search.max_overlap=1",
    "search.mmr=0.5",
    "search.neighbours=1", "rewrite.standalone=model", "rewrite.phrasings=1", "rewrite.parts=1",
    "rewrite.passage=true",
    "prompt.role=x", "prompt.instructions=[x]", "prompt.context_tokens=100", "prompt.style=passages",
    "prompt.sentences=1", "prompt.template=concise", "prompt.context='Text: {context}'", "prompt.task='Q: {question}'",
    "prompt.format=x", "prompt.examples=[{question: a, answer: b}]", "prompt.answer_after=x", "prompt.numbered=false",
    "prompt={steps: [{name: facts, task: x}], task: '{facts} {question}'}", "prompt.shots=2",
    "llm.model=fake", "llm.runtime=llamacpp",
    "llm.threads=1", "llm.context_tokens=300", "llm.max_tokens=1", "llm.temperature=1", "llm.seed=1", "llm.stop=[]",
    "answer.min_similarity=0", "answer.min_support=0.1", "answer.min_probability=0.6",
    "answer.max_error=0.05", "answer.json_schema=fields",
    "agent.use=false", "agent.below=0.5", "agent.max_steps=2", "agent.max_tokens=100",
    "memory.window=none", "memory.tokens=100", "memory.retention_days=1", "memory.redact=false", "memory.names=[Ann]",
    "answer.refusal=x", "guards.question=[]", "guards.passages=[secrets]", "guards.answer=['personal:numbers']",
    "embed.timeout_seconds=1", "embed.max_retries=1", "embed.concurrency=1",
    "llm.timeout_seconds=1", "llm.max_retries=1", "llm.concurrency=1", "llm.top_p=0.5", "llm.thinking=false",
    "llm.thinking_tokens=1", "judge.thinking=false", "judge.thinking_tokens=1",
    "evaluate.wrong_costs=2",
    "judge.model=quote", "judge.allow_same=true", "judge.runtime=openvino", "judge.concurrency=1", "judge.repeat=2",
    "judge.temperature=1", "judge.seed=1", "judge.reasons=true", "judge.timeout_seconds=1", "judge.max_retries=1",
    "track.to=['wandb:x']", "track.traces=false",
    "cost.hardware_usd_per_hour=1", "cost.limit_usd=2", "serve.retention_days=1",
    "serve.users={issuer: 'https://login.example', audience: bot}", "serve.users.user_claim=email",
    "serve.users.scopes=openid groups",
    "serve.users.groups_claim=roles", "serve.users.proxies=[10.0.0.0/8]", "serve.users.user_header=Remote-User",
    "serve.users.groups_header=Remote-Groups", "serve.users.writers=[hr]", "serve.users.admins=[it]",
    "serve.users.per_minute=9", "on.run_passed={promote: staging}", "on.feedback={at_least: 2}",
    "on.drift={evaluate: x}", "on.alerts={refused: 0.5}", "on.sample={questions: 9}",
    "on.webhook={url: 'https://hooks.example', secret_env: HOOK}", "sweep.cases=x", "sweep.limit=1", "sweep.split=dev",
    "sweep.method=random",
    "sweep.trials=1", "sweep.seed=1", "sweep.objectives=[seconds]", "sweep.space={split.size: [100]}",
    "sweep.prune=false", "sweep.timeout_seconds=1",
]  # fmt: skip
OPERATIONAL_KEYS = {
    "sources.private_hosts", "sources.user_agent", "sources.delay_seconds", "sources.timeout_seconds",
    "sources.max_attempts", "sources.give_up_after", "read.timeout_seconds", "read.page_timeout_seconds",
    "read.processes", "embed.threads", "index.url", "index.name", "llm.threads",
    "memory.retention_days", "memory.redact", "memory.names",
    *(f"{place}.{key}" for place in ("llm", "embed", "read.pdf") for key in
      ("api_key_env", "timeout_seconds", "max_retries", "concurrency")),
}  # fmt: skip
DECIDE_THE_INDEX = ("read", "metadata", "split", "embed.model")


def decides(key: str) -> str:
    """Say what a key decides, apart from the marks."""
    if key.startswith(("evaluate.", "judge.", "track.", "cost.", "serve.", "on.", "sweep.")) or key in OPERATIONAL_KEYS:
        return "operational"
    return "index" if key.startswith(DECIDE_THE_INDEX) and not key.endswith(".base_url") else "answers"


def test_every_key_has_one_mark_and_it_is_the_right_one():
    def flat(found: dict[str, Any], prefix: str = "") -> dict[str, Any]:
        return {
            key: mark
            for name, one in found.items()
            for key, mark in (flat(one, f"{prefix}{name}.") if isinstance(one, dict) else {prefix + name: one}).items()
        }

    told = {key: mark.value for key, mark in flat(marks(Recipe())).items()}
    assert told == {key: decides(key) for key in told}
    assert set(recipe_keys()) <= told.keys() | {key.rpartition(".")[0] for key in told}


@pytest.mark.parametrize("place", ["llm", "embed", "read.pdf", "read.audio", "metadata.model", "judge"])
def test_another_endpoint_needs_no_rebuild_and_how_it_is_asked_changes_nothing(load: Load, place: str):
    def asked(more: str) -> Recipe:
        return load("", f"{place}={{model: 'openai:a', {more}}}").recipe

    plain, moved = asked(""), asked("base_url: 'http://127.0.0.1:1'")
    patient = asked("api_key_env: THE_KEY, timeout_seconds: 99, max_retries: 0, concurrency: 1")
    assert (plain.hash, plain.build_hash) == (patient.hash, patient.build_hash)
    assert plain.build_hash == moved.build_hash
    assert (plain.hash == moved.hash) == (place == "judge")


def test_a_name_is_short_for_a_model(load: Load):
    short, long = load("read: {audio: 'openai:a'}"), load("read: {audio: {model: 'openai:a'}}")
    assert short.recipe == long.recipe
    assert short.recipe.model_dump(mode="json")["read"]["audio"] == "openai:a"
    more = load("read: {audio: 'openai:a'}", "read.audio.base_url=http://127.0.0.1:1").recipe.read.audio
    assert more and (more.model, more.base_url) == ("openai:a", "http://127.0.0.1:1")
    assert load("metadata: {model: {model: 'openai:a', max_retries: 0}}", "metadata.model=quote").recipe.metadata.model


def test_a_model_that_is_only_named_is_asked_like_the_one_that_answers():
    llm = Llm(model="openai:a", base_url="http://127.0.0.1:1", api_key_env="THE_KEY")
    assert llm.for_model(WritingModel(model="openai:b")).base_url == "http://127.0.0.1:1"
    apart = llm.for_model(WritingModel(model="openai:b", base_url="http://127.0.0.1:2"))
    assert (apart.base_url, apart.api_key_env) == ("http://127.0.0.1:2", None)
    assert llm.for_model(WritingModel(model="ollama:b")).base_url is None


@pytest.mark.parametrize("place", ["llm", "embed", "read.pdf", "metadata.model", "judge"])
@pytest.mark.parametrize(
    "given",
    [
        "base_url: 'https://me:sk-made-up@llm.example/v1'", "base_url: 'https://sk-made-up@llm.example/v1'",
        "base_url: 'https://llm.example/v1?api_key=sk-made-up'", "api_key_env: sk-made-up",
    ],
)  # fmt: skip
def test_a_key_of_an_endpoint_is_refused_and_never_shown(load: Load, place: str, given: str):
    message = refusal(load, "", f"{place}={{model: 'openai:a', {given}}}")
    assert "api_key_env" in message and place in message
    assert "sk-made-up" not in message


@pytest.mark.parametrize("flag", CHANGES)
def test_a_value_changes_the_hashes_of_what_it_decides(load: Load, flag: str):
    changed, default = load("", flag).recipe, Recipe()
    decided = decides(flag.partition("=")[0])
    assert (changed.hash != default.hash) == (decided != "operational")
    assert (changed.build_hash != default.build_hash) == (decided == "index")


def test_no_two_recipes_share_a_hash(load: Load):
    decisive = [flag for flag in CHANGES if decides(flag.partition("=")[0]) != "operational"]
    assert len({load("", flag).recipe.hash for flag in decisive}) == len(decisive)


def test_every_key_is_tried():
    tried = {flag.partition("=")[0] for flag in CHANGES}
    untried = set(recipe_keys()) - tried
    of_one_way = {f"split.{option}" for option in SPLIT_OPTIONS}
    of_an_endpoint = {
        f"{place}.{key}"
        for place in ("llm", "embed", "judge")
        for key in ("base_url", "api_key_env", "extra_body")
        if (place, key) != ("embed", "extra_body")
    }
    assert (
        untried
        == {"version", "index.name", "prompt.steps", "on.source_changed"}
        | {f"serve.users.{key}" for key in ("issuer", "audience", "client", "client_secret_env")}
        | of_one_way
        | of_an_endpoint
    )  # fixed, or only with another key


@pytest.mark.parametrize(
    ("model", "given", "at_once"),
    [("smollm2-135m-instruct", 0, 1), ("openai:a", 0, 8), ("openai:a", 3, 3), ("smollm2-135m-instruct", 3, 3)],
)
def test_a_local_model_is_asked_one_by_one_unless_the_recipe_says_otherwise(
    load: Load, model: str, given: int, at_once: int
):
    assert load("", f"llm.model={model}", f"llm.concurrency={given}").recipe.llm.at_once == at_once


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{path: x, grups: [a]}", "sources.entries.0.path.grups: unknown key; did you mean groups? valid keys: name, "),
        ("{url: 'http://a.example', private_hosts: [a]}", "private_hosts: unknown key; valid keys: name, include, "),
        ("{imap: {host: a, prot: 3}}", "imap.prot: unknown key; did you mean port? valid keys: host, port, "),
    ],
)
def test_an_unknown_key_of_a_source_is_answered_with_those_of_its_kind(tmp_path: Path, entry: str, said: str):
    (tmp_path / "recipe.yaml").write_text(f"sources: [{entry}]")
    with pytest.raises(RecipeError, match=re.escape(said)):
        load_recipe(tmp_path / "recipe.yaml", environment={})
