"""A llama with random weights, a few hundred kilobytes, that both runtimes load."""

from collections.abc import Sequence
from pathlib import Path

import gguf
import numpy as np

HIDDEN, HEADS, KEY_HEADS, LAYERS, INNER, CONTEXT = 64, 4, 2, 2, 128, 256
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def byte_alphabet() -> list[str]:
    """The 256 characters that byte-level tokenizers write for bytes."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    names = {byte: chr(byte) for byte in shown} | {byte: chr(256 + place) for place, byte in enumerate(hidden)}
    return [names[byte] for byte in range(256)]


def write_tiny_gguf(
    path: Path,
    kind: gguf.GGMLQuantizationType = gguf.GGMLQuantizationType.Q8_0,
    *,
    architecture: str = "llama",
    template: str | None = TEMPLATE,
    scale: float = 0.2,
    context: int = CONTEXT,
) -> Path:
    tokens = [*SPECIAL, *byte_alphabet(), "he"]
    head = HIDDEN // HEADS
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("Tiny")
    writer.add_context_length(context)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(7)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([3] * len(SPECIAL) + [1] * (len(tokens) - len(SPECIAL)))
    writer.add_token_merges(["h e"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    if template is not None:
        writer.add_chat_template(template)
    random = np.random.default_rng(0)

    def matrix(name: str, rows: int, columns: int, *, silent: Sequence[int] = ()) -> None:
        values = (random.standard_normal((rows, columns)) * scale).astype(np.float32)
        values[list(silent)] = 0
        writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)

    def vector(name: str) -> None:
        writer.add_tensor(name, np.ones(HIDDEN, np.float32))

    # The output shares these rows: a row of zeros is never the likeliest token, so replies are printable ASCII.
    unprintable = [number for number, token in enumerate(tokens) if len(token) != 1 or not "!" <= token <= "~"]
    matrix("token_embd.weight", len(tokens), HIDDEN, silent=unprintable)
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        vector(f"{block}attn_norm.weight")
        vector(f"{block}ffn_norm.weight")
        matrix(f"{block}attn_q.weight", HIDDEN, HIDDEN)
        matrix(f"{block}attn_k.weight", head * KEY_HEADS, HIDDEN)
        matrix(f"{block}attn_v.weight", head * KEY_HEADS, HIDDEN)
        matrix(f"{block}attn_output.weight", HIDDEN, HIDDEN)
        matrix(f"{block}ffn_gate.weight", INNER, HIDDEN)
        matrix(f"{block}ffn_up.weight", INNER, HIDDEN)
        matrix(f"{block}ffn_down.weight", HIDDEN, INNER)
    vector("output_norm.weight")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
