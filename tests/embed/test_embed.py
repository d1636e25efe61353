import json
import math
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from conftest import Bench
from scoville.cost import Budget
from scoville.embed import Embedder, open_embedder
from scoville.embed.cross_encoder import CrossEncoder
from scoville.embed.fake import FakeEmbedder
from scoville.embed.network import BATCH_TOKENS, SMALL_BATCH_TOKENS, batches
from scoville.embed.openvino import OpenVINOEmbedder
from scoville.errors import (
    ModelError,
    OverBudget,
    ProviderAuth,
    ProviderError,
    ProviderRateLimited,
    ProviderTimeout,
    UnknownModel,
    UsageError,
)
from scoville.index import Writers
from scoville.models import ModelFiles
from scoville.recipe import Embed

Array = NDArray[np.float32]
WORDS = [
    "the", "cover", "##s", "##ed", "car", "driver", "claim", "limit", "theft", "fire", "a", "b", "c", "d", "query", ":",
    ".", ",", "1", "2", "3", "é", "保", "险",
]  # fmt: skip
HIDDEN, HEADS, LAYERS, INNER, POSITIONS = 32, 4, 2, 64, 40
DISTILBERT = [
    ("encoder.layer", "transformer.layer"), ("attention.self.query", "attention.q_lin"),
    ("attention.self.key", "attention.k_lin"), ("attention.self.value", "attention.v_lin"),
    ("attention.output.dense", "attention.out_lin"), ("attention.output.LayerNorm", "sa_layer_norm"),
    ("intermediate.dense", "ffn.lin1"), ("output.dense", "ffn.lin2"), ("output.LayerNorm", "output_layer_norm"),
]  # fmt: skip
ROUND = ("bert", "distilbert")
"""The families whose special tokens stand in brackets; the others are RoBERTas."""
HEAD_NAMES = ("classifier", "pre_classifier")
TEXTS = [
    "the car", "a claim for theft, fire.", "covers covered cover", "1 2 3 a b c d", "保险 é the", "unknownword the",
    "the limit of a claim: 1 2 3. the driver covers the car, fire and theft.", "the",
]  # fmt: skip


def cosine(one: Array, other: Array) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


# The fake


def test_the_fake_ranks_by_shared_words():
    query, near, far = FakeEmbedder().embed(["cancel the policy", "The policy: how to cancel", "opening hours"])
    assert cosine(query, near) > cosine(query, far)
    assert cosine(*FakeEmbedder().embed(["One two", "two ONE"])) == pytest.approx(1)


def test_the_fake_gives_unit_vectors_and_zeros_for_nothing():
    embedder = FakeEmbedder()
    vectors = embedder.embed(["one two two", "", "   "])
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, embedder.dimension)
    assert np.linalg.norm(vectors, axis=1).tolist() == pytest.approx([1, 0, 0])
    assert embedder.embed([]).shape == (0, embedder.dimension)


@given(text=st.text(max_size=200))
@settings(max_examples=50, deadline=None, derandomize=True, database=None)
def test_every_sign_is_in_a_token_of_the_fake(text: str):
    (spans,) = FakeEmbedder().token_spans([text])
    left = set(range(len(text)))
    for start, end in spans:
        assert start < end
        assert left >= set(range(start, end))
        left -= set(range(start, end))
    assert all(text[place].isspace() for place in left)


def test_the_fake_tells_how_many_texts_are_done():
    done: list[int] = []
    FakeEmbedder().embed(["a", "b", "c"], on_done=done.append)
    assert sum(done) == 3


# Names


def test_a_name_becomes_an_embedder():
    assert isinstance(open_embedder(Embed(model="fake")), FakeEmbedder)
    assert open_embedder(Embed(model="openai:text-embedding-3-small")).name == "openai:text-embedding-3-small"


def test_a_name_in_no_catalogue_is_refused_with_the_known_ones():
    with pytest.raises(UnknownModel, match="all-minilm-l6-v2"):
        open_embedder(Embed(model="all-minilm-l99"))


# A small BERT, and what it should compute


class Encoder:
    """A folder with a small random BERT, and its forward pass written plainly."""

    def __init__(self, folder: Path, family: str = "bert", seed: int = 0) -> None:
        self.folder = folder
        self.config: dict[str, Any] = {
            "model_type": family, "hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
            "intermediate_size": INNER, "hidden_act": "gelu", "layer_norm_eps": 1e-12, "vocab_size": len(WORDS) + 4,
            "max_position_embeddings": POSITIONS, "type_vocab_size": 2, "pad_token_id": 0,
        }  # fmt: skip
        self.pooling: dict[str, Any] = {"pooling_mode_mean_tokens": True}
        self.modules = ["Transformer", "Pooling", "Normalize"]
        self.sentence: dict[str, Any] = {}
        self.tokenizer_config: dict[str, Any] = {}
        self.prompts: dict[str, Any] = {}
        self.prefix = ""
        self.offset = 0
        self.renames: list[tuple[str, str]] = []
        self.weights = random_weights(np.random.default_rng(seed))
        if family == "distilbert":
            self.prefix = "distilbert."
            self.renames = DISTILBERT
            self.weights["embeddings.token_type_embeddings.weight"][:] = 0
            self.config = {
                "model_type": family, "dim": HIDDEN, "n_layers": LAYERS, "n_heads": HEADS, "hidden_dim": INNER,
                "activation": "gelu", "max_position_embeddings": POSITIONS, "pad_token_id": 0,
            }  # fmt: skip
        elif family != "bert":
            self.config |= {"pad_token_id": 1}
            self.offset = 2
            self.prefix = "roberta."

    def write(self) -> Path:
        from safetensors.numpy import save_file

        prefixed: dict[str, Any] = {}
        for name, value in self.weights.items():
            for bert, other in self.renames:
                name = name.replace(bert, other)
            if not (self.renames and "token_type" in name):
                prefixed[name if name.startswith(HEAD_NAMES) else self.prefix + name] = value
        self.folder.mkdir(parents=True, exist_ok=True)
        save_file(prefixed, self.folder / "model.safetensors")
        tokenizer(self.config["model_type"]).save(str(self.folder / "tokenizer.json"))
        modules = [{"idx": n, "name": str(n), "type": f"made.up.{name}"} for n, name in enumerate(self.modules)]
        files: dict[str, Any] = {
            "config.json": self.config, "modules.json": modules, "1_Pooling/config.json": self.pooling,
            "sentence_bert_config.json": self.sentence, "tokenizer_config.json": self.tokenizer_config,
            "config_sentence_transformers.json": self.prompts,
        }  # fmt: skip
        for name, value in files.items():
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).write_text(json.dumps(value), encoding="utf-8")
        return self.folder

    def open(self, threads: int = 1) -> OpenVINOEmbedder:
        folder = self.write()
        files = ModelFiles(name="tiny", kind="embedder", folder=folder, weights=folder / "model.safetensors")
        return OpenVINOEmbedder(files, threads=threads)

    def ids(self, text: str) -> list[int]:
        return tokenizer(self.config["model_type"]).encode(text).ids

    def states(self, ids: Sequence[int], segments: Sequence[int] | None = None) -> Array:
        """Devlin et al. 2019, one text without padding: [length, hidden]."""
        w = self.weights
        positions = w["embeddings.position_embeddings.weight"][self.offset : self.offset + len(ids)]
        segment = w["embeddings.token_type_embeddings.weight"][list(segments or [0] * len(ids))]
        x = self.norm(w["embeddings.word_embeddings.weight"][ids] + positions + segment, "embeddings.LayerNorm")
        for layer in range(LAYERS):
            at = f"encoder.layer.{layer}"
            q, k, v = (self.dense(x, f"{at}.attention.self.{part}") for part in ("query", "key", "value"))
            heads: list[Array] = []
            for head in range(HEADS):
                part = slice(head * HIDDEN // HEADS, (head + 1) * HIDDEN // HEADS)
                scores = q[:, part] @ k[:, part].T / math.sqrt(HIDDEN // HEADS)
                share = np.exp(scores - scores.max(axis=1, keepdims=True))
                heads.append(share / share.sum(axis=1, keepdims=True) @ v[:, part])
            attended = self.dense(np.concatenate(heads, axis=1), f"{at}.attention.output.dense")
            x = self.norm(x + attended, f"{at}.attention.output.LayerNorm")
            inner = self.gelu(self.dense(x, f"{at}.intermediate.dense"))
            x = self.norm(x + self.dense(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")
        return x

    def vector(self, text: str, pooling: str = "mean", longest: int | None = None) -> Array:
        ids = self.ids(text)
        if longest and len(ids) > longest:
            ids = [*ids[: longest - 1], ids[-1]]
        states = self.states(ids)
        return {"mean": states.mean(axis=0), "cls": states[0], "max": states.max(axis=0)}[pooling]

    def dense(self, x: Array, name: str) -> Array:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def norm(self, x: Array, name: str) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self.config.get("layer_norm_eps", 1e-12))
        return scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def gelu(self, x: Array) -> Array:
        if self.config.get("hidden_act", "gelu") == "gelu":
            return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2
        return x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2


def random_weights(random: np.random.Generator) -> dict[str, Array]:
    def some(*shape: int, scale: float = 0.3) -> Array:
        return random.normal(0, scale, shape).astype(np.float32)

    weights = {
        "embeddings.word_embeddings.weight": some(len(WORDS) + 4, HIDDEN, scale=1),
        "embeddings.position_embeddings.weight": some(POSITIONS, HIDDEN),
        "embeddings.token_type_embeddings.weight": some(2, HIDDEN),
    }
    norms, linears = ["embeddings.LayerNorm"], dict[str, tuple[int, int]]()
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        norms += [f"{at}.attention.output.LayerNorm", f"{at}.output.LayerNorm"]
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            linears[f"{at}.{part}"] = (HIDDEN, HIDDEN)
        linears |= {f"{at}.intermediate.dense": (INNER, HIDDEN), f"{at}.output.dense": (HIDDEN, INNER)}
    for name in norms:
        weights |= {f"{name}.weight": 1 + some(HIDDEN), f"{name}.bias": some(HIDDEN)}
    for name, shape in linears.items():
        weights |= {f"{name}.weight": some(*shape), f"{name}.bias": some(shape[0])}
    return weights


def tokenizer(family: str) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    first, pad, last, unknown = ("[PAD]", "[CLS]", "[SEP]", "[UNK]") if family in ROUND else (
        "<s>", "<pad>", "</s>", "<unk>"
    )  # fmt: skip
    special = [first, pad, last, unknown]
    begin = pad if family in ROUND else first
    vocabulary = {word: number for number, word in enumerate([*special, *WORDS])}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token=unknown))
    made.normalizer = normalizers.BertNormalizer(strip_accents=False)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {last}",
        pair=f"{begin} $A {last} $B:1 {last}:1" if family in ROUND else f"{begin} $A {last} {last} $B {last}",
        special_tokens=[(begin, vocabulary[begin]), (last, vocabulary[last])],
    )
    made.enable_truncation(8)  # many folders name one; what counts is the length that the configuration names
    made.enable_padding()
    return made


@pytest.fixture
def tiny(tmp_path: Path) -> Encoder:
    return Encoder(tmp_path / "tiny")


def untruncated(text: str, family: str = "bert") -> list[int]:
    made = tokenizer(family)
    made.no_truncation()
    return made.encode(text).ids


@pytest.fixture(autouse=True)
def whole_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Encoder, "ids", lambda self, text: untruncated(text, self.config["model_type"]))


def check(encoder: Encoder, pooling: str = "mean") -> None:
    """Compare directions, as bfloat16 keeps 8 bits of a number; the lengths are 1."""
    found = encoder.open().embed(TEXTS)
    assert found.shape == (len(TEXTS), HIDDEN)
    assert found.dtype == np.float32
    assert np.linalg.norm(found, axis=1) == pytest.approx([1] * len(TEXTS), abs=1e-3)
    for text, vector in zip(TEXTS, found, strict=True):
        assert cosine(vector, encoder.vector(text, pooling)) > 0.9995, text


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
@pytest.mark.parametrize("normalize", [True, False])
def test_the_graph_computes_what_bert_does(tiny: Encoder, pooling: str, normalize: bool):
    """Vectors have length 1 whether or not the folder asks for it: everything here compares them by cosine."""
    flag = {"mean": "pooling_mode_mean_tokens", "cls": "pooling_mode_cls_token", "max": "pooling_mode_max_tokens"}
    tiny.pooling = {name: name == flag[pooling] for name in flag.values()} | {"word_embedding_dimension": HIDDEN}
    tiny.modules = ["Transformer", "Pooling", *(["Normalize"] if normalize else [])]
    check(tiny, pooling)


def test_the_reference_would_notice_a_difference(tiny: Encoder):
    vectors = {pooling: tiny.vector(TEXTS[1], pooling) for pooling in ("mean", "cls", "max")}
    assert cosine(vectors["mean"], vectors["cls"]) < 0.99
    assert cosine(vectors["mean"], vectors["max"]) < 0.99
    before = tiny.vector(TEXTS[1])
    tiny.offset = 2
    assert cosine(before, tiny.vector(TEXTS[1])) < 0.999


@pytest.mark.parametrize("family", ["roberta", "xlm-roberta", "camembert"])
def test_roberta_begins_its_positions_behind_the_padding(tmp_path: Path, family: str):
    check(Encoder(tmp_path, family))


def test_distilbert_is_a_bert_of_other_names_without_segments(tmp_path: Path):
    check(Encoder(tmp_path, "distilbert"))


def test_names_of_old_checkpoints_are_read(tiny: Encoder):
    tiny.renames = [("LayerNorm.weight", "LayerNorm.gamma"), ("LayerNorm.bias", "LayerNorm.beta")]
    tiny.weights["embeddings.token_type_embeddings.weight"][:] = 0
    check(tiny)


@pytest.mark.parametrize("activation", ["gelu", "gelu_new", "gelu_pytorch_tanh"])
def test_the_activation_is_the_configured_one(tiny: Encoder, activation: str):
    tiny.config["hidden_act"] = activation
    check(tiny)


def test_a_large_epsilon_is_heeded(tiny: Encoder):
    tiny.config["layer_norm_eps"] = 0.5
    check(tiny)


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
def test_pooling_is_read_as_newer_folders_write_it(tiny: Encoder, pooling: str):
    tiny.pooling = {"embedding_dimension": HIDDEN, "pooling_mode": pooling, "include_prompt": True}
    check(tiny, pooling)


def test_a_folder_without_modules_has_the_mean(tiny: Encoder):
    folder = tiny.write()
    for name in ("modules.json", "1_Pooling/config.json", "sentence_bert_config.json", "tokenizer_config.json"):
        (folder / name).unlink()
    files = ModelFiles(name="tiny", kind="embedder", folder=folder, weights=folder / "model.safetensors")
    (vector,) = OpenVINOEmbedder(files).embed([TEXTS[0]])
    assert cosine(vector, tiny.vector(TEXTS[0])) > 0.9995


def test_weights_in_half_precision_are_read(tiny: Encoder):
    tiny.weights = {name: value.astype(np.float16).astype(np.float32) for name, value in tiny.weights.items()}
    expected = tiny.vector(TEXTS[0])
    tiny.weights = {name: value.astype(np.float16) for name, value in tiny.weights.items()}  # pyright: ignore
    assert cosine(tiny.open().embed([TEXTS[0]])[0], expected) > 0.9995


def test_weights_in_bfloat16_are_read(tiny: Encoder):
    """A bfloat16 is the upper half of a float32; NumPy has no such type, so the file is written by hand."""
    halves = {name: (value.view(np.uint32) >> 16).astype(np.uint16) for name, value in tiny.weights.items()}
    tiny.weights = {name: (half.astype(np.uint32) << 16).view(np.float32) for name, half in halves.items()}
    embedder, expected = tiny.open(), tiny.vector(TEXTS[1])
    exact = embedder.embed(TEXTS)
    header: dict[str, Any] = {}
    end = 0
    for name, half in halves.items():
        start, end = end, end + half.nbytes
        header[name] = {"dtype": "BF16", "shape": half.shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    content = len(text).to_bytes(8, "little") + text + b"".join(half.tobytes() for half in halves.values())
    (tiny.folder / "model.safetensors").write_bytes(content)
    files = ModelFiles(name="b", kind="embedder", folder=tiny.folder, weights=tiny.folder / "model.safetensors")
    found = OpenVINOEmbedder(files, threads=1).embed(TEXTS)
    assert found == pytest.approx(exact, abs=1e-6)
    assert cosine(found[1], expected) > 0.9995


def test_the_sum_over_the_root_of_the_length_has_the_direction_of_the_mean(tiny: Encoder):
    tiny.pooling = {"pooling_mode_mean_sqrt_len_tokens": True}
    check(tiny)


@pytest.mark.parametrize(
    ("similarity", "normalize", "works"),
    [
        ("cosine", False, True), (None, False, True), ("dot", True, True), ("dot_product", True, True),
        ("euclidean", True, True), ("dot", False, False), ("dot_product", False, False), ("euclidean", False, False),
        ("manhattan", True, False),
    ],
)  # fmt: skip
def test_a_model_whose_order_is_not_that_of_the_cosine_is_refused(
    tiny: Encoder, similarity: str | None, normalize: bool, works: bool
):
    tiny.prompts = {"similarity_fn_name": similarity}
    tiny.modules = ["Transformer", "Pooling", *(["Normalize"] if normalize else [])]
    if works:
        check(tiny)
    else:
        assert f"compares vectors by '{similarity}'" in refused(tiny)


# A reranker


QUESTION = "claim limit of the car"
OF_ROBERTA = ("classifier.dense", "tanh", "classifier.out_proj")
CLASSIFIERS = {
    "bert": ("pooler.dense", "tanh", "classifier"), "distilbert": ("pre_classifier", "relu", "classifier"),
    "roberta": OF_ROBERTA, "xlm-roberta": OF_ROBERTA,
}  # fmt: skip


def reranker(folder: Path, family: str, labels: int = 1) -> Encoder:
    encoder = Encoder(folder, family)
    random = np.random.default_rng(5)
    inner, _, outer = CLASSIFIERS[family]
    for name, rows in ((inner, HIDDEN), (outer, labels)):
        encoder.weights[f"{name}.weight"] = random.normal(0, 0.3, (rows, HIDDEN)).astype(np.float32)
        encoder.weights[f"{name}.bias"] = random.normal(0, 0.3, rows).astype(np.float32)
    encoder.write()
    return encoder


def score(encoder: Encoder, question: str, text: str) -> float:
    made = tokenizer(encoder.config["model_type"])
    made.no_truncation()
    pair = made.encode(question, text)
    inner, activation, outer = CLASSIFIERS[encoder.config["model_type"]]
    (first, *_) = encoder.states(pair.ids, pair.type_ids)
    hidden = {"tanh": np.tanh, "relu": lambda x: np.maximum(x, 0)}[activation](encoder.dense(first, inner))
    return float(encoder.dense(hidden, outer)[0])


@pytest.mark.parametrize("family", ["bert", "roberta", "xlm-roberta", "distilbert"])
def test_a_reranker_gives_the_number_of_its_classifier(tmp_path: Path, family: str):
    encoder = reranker(tmp_path, family)
    expected = [score(encoder, QUESTION, text) for text in TEXTS]
    found = CrossEncoder(tmp_path, threads=2).score(QUESTION, TEXTS)
    assert found.dtype == np.float32
    assert found == pytest.approx(expected, abs=0.06)  # bfloat16 keeps 8 bits
    assert np.std(expected) > 0.2
    assert float(np.corrcoef(found, expected)[0, 1]) > 0.99


def test_a_reranker_knows_the_question_from_the_text(tmp_path: Path):
    reranker(tmp_path, "bert")
    model = CrossEncoder(tmp_path)
    assert abs(float(model.score("the car", ["a claim"])[0] - model.score("a claim", ["the car"])[0])) > 0.02
    assert model.score(QUESTION, []).shape == (0,)


def test_a_long_text_is_cut_and_a_long_question_keeps_half_of_the_room(tmp_path: Path):
    encoder = reranker(tmp_path, "bert")
    model = CrossEncoder(tmp_path)
    words = [WORDS[n % 10 + 4] for n in range(100)]
    room = POSITIONS - 3
    (cut,) = model.score("the car", [" ".join(words)])
    assert cut == pytest.approx(score(encoder, "the car", " ".join(words[: room - 2])), abs=0.06)
    (both,) = model.score(" ".join(words), [" ".join(words[5:])])
    half = room // 2
    rest = " ".join(words[5 : 5 + room - half])
    assert both == pytest.approx(score(encoder, " ".join(words[:half]), rest), abs=0.06)


def test_many_texts_are_scored_as_each_alone(tmp_path: Path):
    reranker(tmp_path, "bert")
    model = CrossEncoder(tmp_path, threads=2)
    texts = [" ".join(TEXTS[n % 8].split()[: 1 + n % 9]) for n in range(300)]
    together = model.score(QUESTION, texts)
    for number in range(0, 300, 29):
        assert together[number] == pytest.approx(float(model.score(QUESTION, [texts[number]])[0]), abs=0.02)


def test_a_classifier_of_several_labels_is_no_reranker(tmp_path: Path):
    reranker(tmp_path, "bert", labels=3)
    with pytest.raises(ModelError, match="classifier has 3 labels; a reranker has 1"):
        CrossEncoder(tmp_path).score(QUESTION, TEXTS)


def test_an_embedder_is_no_reranker(tiny: Encoder):
    with pytest.raises(ModelError, match=r"pooler\.dense"):
        CrossEncoder(tiny.write()).score(QUESTION, TEXTS)


# Lengths and batches


def test_the_longest_text_is_as_long_as_the_positions_reach(tiny: Encoder):
    text = " ".join("abcd"[n % 4] for n in range(POSITIONS - 2))
    embedder = tiny.open()
    assert embedder.max_tokens == POSITIONS - 2
    assert cosine(embedder.embed([text])[0], tiny.vector(text)) > 0.9995


@pytest.mark.parametrize("kind", ["sentence", "tokenizer_config"])
def test_a_text_is_cut_at_the_limit_and_keeps_its_closing_token(tiny: Encoder, kind: str):
    if kind == "sentence":
        tiny.sentence = {"max_seq_length": 12}
        tiny.tokenizer_config = {"model_max_length": 30}
    else:
        tiny.tokenizer_config = {"model_max_length": 12}
    embedder = tiny.open()
    assert embedder.max_tokens == 10
    words = ["a", "b", "c", "d", "the", "car", "fire", "claim", "1", "2", "3", "limit", "theft"]
    long, exact = " ".join(words), " ".join(words[:10])
    vectors = embedder.embed([long, exact, f"{long} {long}"])
    assert cosine(vectors[0], tiny.vector(long, longest=12)) > 0.9995
    assert cosine(vectors[0], vectors[1]) > 0.9999
    assert cosine(vectors[0], vectors[2]) > 0.9999
    assert cosine(vectors[0], tiny.vector(long)) < 0.999


@pytest.mark.parametrize("limit", [None, 1e30, 10_000])
def test_a_limit_beyond_the_positions_is_theirs(tiny: Encoder, limit: float | None):
    tiny.tokenizer_config = {"model_max_length": limit}
    assert tiny.open().max_tokens == POSITIONS - 2


def test_a_vector_does_not_depend_on_its_neighbours(tiny: Encoder):
    embedder = tiny.open(threads=2)
    texts = [" ".join(TEXTS[n % 8].split()[: 1 + n % 9]) for n in range(300)]
    together = embedder.embed(texts)
    for number in range(0, 300, 13):
        assert cosine(together[number], embedder.embed([texts[number]])[0]) > 0.9999
    backwards = embedder.embed(texts[::-1])[::-1]
    assert min(cosine(one, other) for one, other in zip(together, backwards, strict=True)) > 0.9999


def test_the_same_text_gives_the_same_vector_wherever_it_stands(tiny: Encoder):
    vectors = tiny.open().embed([TEXTS[6], TEXTS[0], TEXTS[6]])
    assert cosine(vectors[0], vectors[2]) > 0.9999
    assert cosine(vectors[0], vectors[1]) < 0.999


def test_no_texts_give_no_vectors_and_an_empty_one_its_own(tiny: Encoder):
    embedder = tiny.open()
    assert embedder.embed([]).shape == (0, HIDDEN)
    empty, blank = embedder.embed(["", " \n\t"])
    assert cosine(empty, tiny.vector("")) > 0.9995
    assert cosine(empty, blank) > 0.9999


def test_an_empty_text_without_special_tokens_is_finite(tiny: Encoder):
    folder = tiny.write()
    plain = tokenizer("bert")
    plain.post_processor = None
    settings = json.loads(plain.to_str())
    settings["post_processor"] = None
    (folder / "tokenizer.json").write_text(json.dumps(settings))
    files = ModelFiles(name="tiny", kind="embedder", folder=folder, weights=folder / "model.safetensors")
    vectors = OpenVINOEmbedder(files).embed(["", "the car"])
    assert np.isfinite(vectors).all()
    assert np.linalg.norm(vectors[1]) == pytest.approx(1, rel=1e-3)


def test_every_text_is_told_once_when_it_is_done(tiny: Encoder):
    done: list[int] = []
    tiny.open(threads=2).embed(TEXTS * 60, on_done=done.append)
    assert sum(done) == len(TEXTS) * 60
    assert len(done) > 1


def test_an_error_of_the_listener_reaches_the_caller(tiny: Encoder):
    def refuse(count: int) -> None:
        raise KeyError("enough")

    embedder = tiny.open()
    with pytest.raises(KeyError, match="enough"):
        embedder.embed(TEXTS, on_done=refuse)
    assert np.isfinite(embedder.embed(TEXTS)).all()


def test_threads_may_share_an_embedder(tiny: Encoder):
    embedder = tiny.open(threads=2)
    found: dict[int, Array] = {}

    def run(number: int) -> None:
        found[number] = embedder.embed(TEXTS)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(cosine(found[number][6], tiny.vector(TEXTS[6])) > 0.9995 for number in range(4))


@given(lengths=st.lists(st.integers(0, 512), max_size=200))
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_batches_hold_every_text_once_and_little_padding(lengths: list[int]):
    made = list(batches(lengths, 512))
    assert sorted(row for batch in made for row in batch.rows) == list(range(len(lengths)))
    for batch in made:
        longest = max(lengths[row] for row in batch.rows)
        assert longest <= batch.length < max(longest, 1) + 16
        assert batch.length <= 512
        assert len(batch.rows) == 1 or len(batch.rows) * batch.length <= BATCH_TOKENS


def test_a_few_texts_make_batches_for_every_thread():
    few, many = list(batches([40] * 30, 512, 2)), list(batches([240] * 900, 512, 2))
    assert all(len(batch.rows) * batch.length <= SMALL_BATCH_TOKENS for batch in few)
    assert len(few) >= 2
    assert max(len(batch.rows) * batch.length for batch in many) > SMALL_BATCH_TOKENS


# Prompts


@pytest.mark.parametrize(
    ("prompts", "query", "passage"),
    [
        ({}, "", ""),
        ({"prompts": None}, "", ""),
        ({"prompts": {"query": "", "document": ""}, "default_prompt_name": None}, "", ""),
        ({"prompts": {"query": "query: ", "passage": "the: "}}, "query: ", "the: "),
        ({"prompts": {"query": "query: ", "document": "the: "}}, "query: ", "the: "),
        ({"prompts": {"query": "query: ", "corpus": "the: "}}, "query: ", "the: "),
        ({"prompts": {"query": "query: "}}, "query: ", ""),
        ({"prompts": {"query": "query: ", "any": "a: "}, "default_prompt_name": "any"}, "query: ", "a: "),
        ({"prompts": {"query": None}}, "", ""),
    ],
)
def test_queries_and_passages_have_the_prompts_of_the_model(
    tiny: Encoder, prompts: dict[str, Any], query: str, passage: str
):
    tiny.prompts = prompts
    embedder = tiny.open()
    assert cosine(embedder.embed([TEXTS[0]], "query")[0], tiny.vector(query + TEXTS[0])) > 0.9995
    assert cosine(embedder.embed([TEXTS[0]], "passage")[0], tiny.vector(passage + TEXTS[0])) > 0.9995
    assert cosine(tiny.vector(TEXTS[0]), tiny.vector(f"query: {TEXTS[0]}")) < 0.999


def test_models_of_the_e5_family_have_their_words_before_texts(tiny: Encoder):
    plain = tiny.open()
    folder = shutil.copytree(tiny.folder, tiny.folder.with_name("multilingual-e5-small"))
    e5 = open_embedder(Embed(model=f"path:{folder}"))
    for kind in ("query", "passage"):
        assert cosine(e5.embed([TEXTS[0]], kind)[0], plain.embed([f"{kind}: {TEXTS[0]}"])[0]) > 0.9995


# Tokens


def test_tokens_are_those_of_the_model_without_special_ones(tiny: Encoder):
    text = "The covers: 保险, unknownword"
    (spans,) = tiny.open().token_spans([text])
    assert [text[start:end] for start, end in spans] == ["The", "cover", "s", ":", "保", "险", ",", "unknownword"]
    long = "a " * 500
    assert len(tiny.open().token_spans([long])[0]) == 500


# What is refused


def refused(encoder: Encoder, damage: Callable[[Path], None] | None = None) -> str:
    folder = encoder.write()
    if damage:
        damage(folder)
    files = ModelFiles(name="tiny", kind="embedder", folder=folder, weights=folder / "model.safetensors")
    with pytest.raises(ModelError) as error:
        OpenVINOEmbedder(files).embed(["the car"])
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model_type", "mpnet"), ("model_type", None), ("hidden_act", "relu"), ("hidden_act", "silu"),
        ("position_embedding_type", "relative_key"), ("hidden_size", "wide"), ("num_hidden_layers", None),
        ("max_position_embeddings", None), ("layer_norm_eps", "small"), ("num_attention_heads", 5),
    ],
)  # fmt: skip
def test_a_configuration_that_is_not_supported_is_refused(tiny: Encoder, key: str, value: Any):
    tiny.config[key] = value
    assert str(tiny.folder) in refused(tiny)


@pytest.mark.parametrize("key", ["hidden_size", "layer_norm_eps", "num_attention_heads", "max_position_embeddings"])
def test_a_configuration_that_lacks_a_key_names_it(tiny: Encoder, key: str):
    del tiny.config[key]
    assert key in refused(tiny)


def test_a_roberta_without_padding_is_refused(tmp_path: Path):
    encoder = Encoder(tmp_path, "roberta")
    encoder.config["pad_token_id"] = None
    refused(encoder)


@pytest.mark.parametrize(
    "pooling",
    [
        {"pooling_mode_weightedmean_tokens": True}, {"pooling_mode_mean_tokens": True, "include_prompt": False},
        {"pooling_mode_lasttoken": True}, {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True},
        {"pooling_mode": "lasttoken"}, {"pooling_mode": ["mean", "cls"]},
    ],
)  # fmt: skip
def test_a_pooling_that_is_not_supported_is_refused(tiny: Encoder, pooling: dict[str, Any]):
    tiny.pooling = pooling
    assert "pooling" in refused(tiny)


@pytest.mark.parametrize("module", ["Dense", "CNN", "WordWeights"])
def test_a_module_that_is_not_supported_is_refused(tiny: Encoder, module: str):
    tiny.modules.append(module)
    assert module in refused(tiny)


@pytest.mark.parametrize("size", [0, 7, 100, -1])
def test_damaged_weights_are_refused(tiny: Encoder, size: int):
    def cut(folder: Path) -> None:
        content = (folder / "model.safetensors").read_bytes()
        (folder / "model.safetensors").write_bytes(content[:size])

    assert "model.safetensors" in refused(tiny, cut)


def test_missing_weights_are_refused(tiny: Encoder):
    assert "model.safetensors" in refused(tiny, lambda folder: (folder / "model.safetensors").unlink())


@pytest.mark.parametrize(
    "name",
    ["embeddings.word_embeddings.weight", "encoder.layer.1.output.dense.bias", "embeddings.LayerNorm.weight"],
)
def test_a_missing_tensor_is_named(tiny: Encoder, name: str):
    del tiny.weights[name]
    message = refused(tiny)
    assert "model.safetensors" in message


@pytest.mark.parametrize(("key", "value"), [("num_hidden_layers", 3), ("hidden_size", 48)])
def test_weights_of_another_configuration_are_refused(tiny: Encoder, key: str, value: int):
    tiny.config[key] = value
    assert "fit together" in refused(tiny)


@pytest.mark.parametrize(
    "name", ["config.json", "modules.json", "1_Pooling/config.json", "tokenizer.json", "sentence_bert_config.json"]
)
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1]", b"null", b'"text"'])
def test_a_damaged_file_is_refused(tiny: Encoder, name: str, content: bytes):
    def damage(folder: Path) -> None:
        (folder / name).write_bytes(content)

    message = refused(tiny, damage)
    assert str(tiny.folder) in message


def test_the_name_changes_with_the_weights(tmp_path: Path):
    one, same, other = (Encoder(tmp_path / str(n), seed=n // 2).open().name for n in range(3))
    assert one == same != other
    assert one.startswith("tiny@")


# An endpoint


class Handler(BaseHTTPRequestHandler):
    server: "Endpoint"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append({"path": self.path, "key": self.headers["Authorization"], **body})
        status, reply = self.server.replies.pop(0) if self.server.replies else (200, vectors_of(body))
        content = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        if self.server.done.wait(self.server.pause):
            return
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Endpoint(ThreadingHTTPServer):
    """Plays ``/v1/embeddings``: a text gives its length and 1; other replies can be put in front."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[dict[str, Any]] = []
        self.replies: list[tuple[int, Any]] = []
        self.pause = 0.0
        self.done = threading.Event()


def vectors_of(body: dict[str, Any]) -> dict[str, Any]:
    data = [
        {"object": "embedding", "index": number, "embedding": [float(len(text)), 1.0]}
        for number, text in enumerate(body["input"])
    ]
    return {"object": "list", "data": data[::-1], "model": body["model"], "usage": {"prompt_tokens": 1}}


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-made-up-for-this-test")
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    with Endpoint() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.done.set()
        server.shutdown()
        thread.join()


def test_what_could_cross_the_limit_is_not_embedded_and_what_was_is_kept(
    bench: Bench, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("scoville.cost.fee_usd", lambda model, prompt, completion, url: prompt * 1e-3)
    monkeypatch.setattr("scoville.index.ingest.COMMIT_TOKENS", 1)
    bench.set(embed={"model": "openai:tester", "base_url": f"http://127.0.0.1:{endpoint.server_port}/v1"})
    for number in range(8):
        bench.write(f"{number}.txt", f"Notice {number} must be given in writing.")
    budget = Budget(0.001 * (len("Notice 0 must be given in writing.") + 3))  # each took one token
    with pytest.raises(OverBudget, match=r"cost\.limit_usd is \$0\.037"):
        bench.add(writers=Writers(budget=budget))
    kept = len(bench.sources)
    assert 0 < kept < 8
    assert budget.spent_usd == 0.0  # the ledger counts what is embedded by itself
    report = bench.add(writers=Writers(budget=Budget(None)))
    assert (report.added, report.unchanged) == (8 - kept, kept)
    monkeypatch.setattr("scoville.cost.fee_usd", lambda *_: None)
    bench.write("new.txt", "At a price that is not known.")
    assert bench.add(writers=Writers(budget=Budget(0.0))).added == 1


def hosted(endpoint: Endpoint) -> Embedder:
    return open_embedder(Embed(model="openai:tester", base_url=f"http://127.0.0.1:{endpoint.server_port}/v1"))


@pytest.fixture
def remote(endpoint: Endpoint) -> Iterator[Embedder]:
    embedder = hosted(endpoint)
    yield embedder
    client: Any = getattr(embedder, "_client", None)
    if client:
        client.close()


def test_an_endpoint_gives_unit_vectors_in_the_order_asked(endpoint: Endpoint, remote: Embedder):
    vectors = remote.embed(["ab", "abcd", "a"])
    assert vectors.dtype == np.float32
    expected = [[n / math.hypot(n, 1), 1 / math.hypot(n, 1)] for n in (2, 4, 1)]
    assert vectors == pytest.approx(np.array(expected, np.float32))
    (request,) = endpoint.requests
    assert request["path"] == "/v1/embeddings"
    assert request["key"] == "Bearer sk-made-up-for-this-test"
    assert (request["model"], request["input"]) == ("tester", ["ab", "abcd", "a"])


def test_many_texts_are_sent_in_several_requests(endpoint: Endpoint, remote: Embedder):
    done: list[int] = []
    texts = ["x" * (1 + n % 50) for n in range(300)]
    vectors = remote.embed(texts, on_done=done.append)
    assert [len(request["input"]) for request in endpoint.requests] == [128, 128, 44] == done
    assert vectors[:, 0] / vectors[:, 1] == pytest.approx([1 + n % 50 for n in range(300)], rel=1e-4)


def test_a_request_stays_below_the_tokens_that_openai_takes(endpoint: Endpoint, remote: Embedder):
    texts = ["é" * 60_000, "x" * 180_000, "y", "z" * 400_000, "保" * 100_000, "a"]
    vectors = remote.embed(texts)
    assert [request["input"] for request in endpoint.requests] == [texts[:2], texts[2:3], texts[3:4], texts[4:5], ["a"]]
    assert vectors[:, 0] / vectors[:, 1] == pytest.approx([len(text) for text in texts], rel=1e-3)


def test_the_advice_of_an_embedder_is_about_its_own_section(endpoint: Endpoint):
    url = f"http://127.0.0.1:{endpoint.server_port}/v1"
    for status, said, advice in (
        (404, "no such model", r"embed\.model, and that embed\.base_url"),
        (400, "maximum context length is 8192", r"the text is too long .* lower split\.size"),
    ):
        endpoint.replies = [(status, {"error": {"message": said}})]
        embedder: Any = hosted(endpoint)
        with pytest.raises(ProviderError, match=advice):
            embedder.embed(["ab"])
        embedder._endpoint.close()
    endpoint.pause = 1.5
    slow: Any = open_embedder(Embed(model="openai:tester", base_url=url, timeout_seconds=1, max_retries=0))
    with pytest.raises(ProviderTimeout, match=r"raise embed\.timeout_seconds"):
        slow.embed(["ab"])
    slow._endpoint.close()
    with pytest.raises(UsageError, match=r"embed\.base_url: 'nowhere'"):
        open_embedder(Embed(model="openai:tester", base_url="nowhere")).embed(["ab"])


def test_the_dimension_is_asked_once(endpoint: Endpoint, remote: Embedder):
    assert remote.dimension == 2
    assert remote.embed([]).shape == (0, 2)
    assert len(endpoint.requests) == 1


def test_the_dimension_of_vectors_seen_is_known(endpoint: Endpoint, remote: Embedder):
    remote.embed(["a"])
    assert remote.dimension == 2
    assert len(endpoint.requests) == 1


def test_a_busy_endpoint_is_asked_again(endpoint: Endpoint, remote: Embedder):
    endpoint.replies = [(429, {"error": {"message": "slow down"}}), (503, {"error": {"message": "busy"}})]
    assert remote.embed(["ab"]).shape == (1, 2)
    assert len(endpoint.requests) == 3


def test_an_endpoint_that_stays_busy_is_given_up(endpoint: Endpoint, remote: Embedder):
    endpoint.replies = [(429, {"error": {"message": "slow down"}})] * 9
    with pytest.raises(ProviderRateLimited):
        remote.embed(["ab"])
    assert len(endpoint.requests) == 4


def test_a_refused_key_is_not_shown(endpoint: Endpoint, remote: Embedder):
    endpoint.replies = [(401, {"error": {"message": "bad key sk-made-up-for-this-test"}})]
    with pytest.raises(ProviderAuth) as error:
        remote.embed(["ab"])
    assert "sk-made-up" not in str(error.value)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        {"object": "list", "data": []},
        {"object": "list", "data": None},
        {"object": "list"},
        {"object": "list", "data": [{"index": 0, "embedding": [1.0]}]},
        {"object": "list", "data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}]},
        {"object": "list", "data": [{"index": 0, "embedding": None}, {"index": 1, "embedding": None}]},
        {"object": "list", "data": [{"index": 0, "embedding": []}, {"index": 1, "embedding": []}]},
        {"object": "list", "data": [{"index": 0, "embedding": ["a"]}, {"index": 1, "embedding": ["b"]}]},
        {"object": "list", "data": [{}, {}]},
        [],
        b"not json",
        b"",
        b'"text"',
    ],
)
def test_a_reply_that_holds_no_vectors_is_an_error_of_the_endpoint(endpoint: Endpoint, remote: Embedder, reply: Any):
    endpoint.replies = [(200, reply)] * 9
    with pytest.raises(ProviderError, match="openai:tester"):
        remote.embed(["ab", "abcd"])


def test_tokens_of_a_hosted_model_are_words_and_signs(remote: Embedder, endpoint: Endpoint):
    (spans,) = remote.token_spans(["Hello, world"])
    assert [tuple(span) for span in spans] == [(0, 5), (5, 6), (7, 12)]
    assert not endpoint.requests


# The default model, against sentence-transformers 6.2.0 in float32

REFERENCE_TEXTS = [
    "How do I cancel my policy?",
    "To end your insurance contract, write to us fourteen days before it renews.",
    "The bakery opens at seven on Saturdays.",
    "Ärzte prüfen 保险单 for £1,250.00 – naïve café 😀.",
    " ".join(f"Section {n} describes the cover for named drivers." for n in range(60)),  # cut at 256 tokens
]
REFERENCE_COSINES = [
    [1.0, 0.5566, 0.0173, 0.0614, 0.1140],
    [0.5566, 1.0, 0.1588, 0.0317, 0.0876],
    [0.0173, 0.1588, 1.0, 0.1633, -0.0313],
    [0.0614, 0.0317, 0.1633, 1.0, -0.0324],
    [0.1140, 0.0876, -0.0313, -0.0324, 1.0],
]
# The first 42 numbers of each vector.
REFERENCE_BEGINNINGS = """\
0.0019 0.0821 0.0500 -0.0256 0.0632 0.0269 0.0652 -0.0877 -0.0250 0.0789 0.0200 -0.0051 -0.0184 -0.0382
-0.0032 -0.0300 -0.0962 -0.0080 -0.0731 0.0003 0.0195 0.0392 0.0022 0.0764 0.0114 0.0254 0.0147 0.0301
-0.1037 0.0444 0.0643 -0.0254 -0.0196 -0.0765 0.0202 -0.0477 -0.1737 -0.0430 0.0144 -0.0039 0.0179 0.0037

-0.0005 0.0599 0.0287 -0.0176 -0.0274 0.0225 -0.0082 0.0224 -0.0183 0.0460 0.0180 0.0816 -0.0164 -0.0134
-0.0459 0.0088 -0.0321 -0.0366 0.0008 0.0117 0.0591 0.0580 -0.0146 -0.0020 0.0267 0.0227 0.0741 0.0198
0.0137 0.0340 0.0496 0.0041 -0.0061 -0.0472 0.0790 -0.0092 -0.1347 -0.0544 -0.0266 -0.0226 0.0312 0.0350

0.0436 -0.0615 -0.0150 0.0428 -0.0785 0.0837 -0.0668 -0.0316 -0.0566 0.0107 -0.0045 0.0127 -0.1442 -0.0273
0.0632 -0.1156 0.0285 -0.0688 0.0036 -0.0543 0.0296 -0.0677 0.0417 -0.0006 -0.0215 -0.0170 0.0191 -0.0429
0.0007 -0.1015 -0.0594 0.0424 -0.0031 0.0171 0.0599 0.0486 0.1166 0.0135 0.0268 0.0523 -0.0018 -0.0385

-0.0074 0.0388 -0.0012 0.0443 -0.0166 0.0312 0.1304 0.0308 -0.0033 0.0032 0.0726 -0.0935 0.0248 -0.0660
-0.0402 -0.0504 0.0182 0.0393 0.0744 -0.0058 -0.0499 -0.0187 -0.0172 0.0062 0.0120 -0.0445 0.0487 -0.0009
0.0858 -0.0309 0.0641 0.0398 0.0188 -0.0884 0.0892 0.0117 0.0299 -0.0899 -0.0120 0.0356 -0.0663 -0.0432

-0.0543 0.0207 0.0339 0.0192 0.0623 0.0379 0.0450 0.0150 -0.0570 -0.0771 -0.0060 -0.0216 0.0302 -0.0095
-0.0532 -0.0273 -0.0507 -0.0270 -0.0045 0.0479 0.0679 0.0630 0.0153 -0.0381 -0.0981 -0.0097 -0.0256 0.0616
-0.0166 -0.0122 0.0452 0.0808 0.1086 0.0293 0.0158 -0.1042 -0.0750 0.1075 -0.0361 -0.0562 0.0015 -0.0415
"""


@pytest.fixture(scope="module")
def default() -> Embedder:
    return open_embedder(Embed())


@pytest.mark.model
def test_the_default_model_gives_the_vectors_of_its_reference(default: Embedder):
    vectors = default.embed(REFERENCE_TEXTS)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1] * 5, abs=1e-3)
    assert vectors @ vectors.T == pytest.approx(np.array(REFERENCE_COSINES), abs=0.01)
    for vector, block in zip(vectors, REFERENCE_BEGINNINGS.split("\n\n"), strict=True):
        beginning = np.array([float(number) for number in block.split()], np.float32)
        assert cosine(vector[:42], beginning) > 0.999
        assert float(np.linalg.norm(vector[:42])) == pytest.approx(float(np.linalg.norm(beginning)), rel=0.01)


@pytest.mark.model
def test_the_default_model_ranks_a_paraphrase_above_the_unrelated(default: Embedder):
    query, paraphrase, unrelated, *_ = default.embed(REFERENCE_TEXTS)
    assert cosine(query, paraphrase) > cosine(query, unrelated) + 0.4


@pytest.mark.model
def test_the_default_model_embeds_alone_as_in_a_crowd(default: Embedder):
    crowd = [f"{REFERENCE_TEXTS[n % 5]} {n}" for n in range(40)]
    together = default.embed([*REFERENCE_TEXTS, *crowd])
    for number, text in enumerate(REFERENCE_TEXTS):
        assert cosine(default.embed([text])[0], together[number]) > 0.9999


@pytest.mark.model
def test_the_default_model_reads_254_tokens(default: Embedder):
    assert (default.dimension, default.max_tokens) == (384, 254)
    words = ["cover", "driver", "limit", "claim"] * 100
    one, other = default.embed([" ".join(words), " ".join(words[:254])])
    assert cosine(one, other) > 0.9999
