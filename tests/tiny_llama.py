"""A llama with random weights as transformers saves it, and LoRA adapters on it as PEFT does, both within a second."""

import json
from pathlib import Path
from typing import Any

from tiny_gguf import SPECIAL, TEMPLATE, byte_alphabet

HIDDEN, HEADS, KEY_HEADS, LAYERS, INNER, CONTEXT = 64, 4, 2, 2, 128, 256
TOKENS = [*SPECIAL, *byte_alphabet(), "he"]
UNPRINTABLE = [number for number, token in enumerate(TOKENS) if len(token) != 1 or not "!" <= token <= "~"]


def write_tiny_llama(folder: Path, *, dtype: str = "float32", seed: int = 0, tied: bool = True, **sizes: int) -> Path:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config: Any = LlamaConfig(**{
        "vocab_size": len(TOKENS), "hidden_size": HIDDEN, "num_attention_heads": HEADS, "bos_token_id": 1,
        "num_key_value_heads": KEY_HEADS, "num_hidden_layers": LAYERS, "intermediate_size": INNER, "eos_token_id": 2,
        "max_position_embeddings": CONTEXT, "rms_norm_eps": 1e-5, "initializer_range": 0.2,
        "tie_word_embeddings": tied, **sizes,
    })  # fmt: skip
    model = LlamaForCausalLM(config)
    with torch.no_grad():  # a row of zeros is never the likeliest token, so replies are printable ASCII
        model.get_output_embeddings().weight[UNPRINTABLE] = 0
    model.to(getattr(torch, dtype)).save_pretrained(folder)
    write_tokenizer(folder)
    return folder


def write_tokenizer(folder: Path) -> None:
    special = [{"id": number, "content": token, "special": True} for number, token in enumerate(SPECIAL)]
    for entry in special:
        entry |= dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    spec = {
        "version": "1.0", "added_tokens": special, "decoder": level,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, level]},
        "model": {"type": "BPE", "vocab": {token: number for number, token in enumerate(TOKENS)}, "merges": ["h e"]},
    }  # fmt: skip
    (folder / "tokenizer.json").write_text(json.dumps(spec))
    tokens = {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
    more = {"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": TEMPLATE, **tokens}
    (folder / "tokenizer_config.json").write_text(json.dumps(more))


def write_adapter(folder: Path, base: Path, *, seed: int = 1, size: float = 0.2, **options: Any) -> Path:
    """Save an adapter whose B is random too, so that it changes what is answered."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaForCausalLM

    torch.manual_seed(seed)
    settings = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj", "up_proj"]}
    loaded: Any = LlamaForCausalLM.from_pretrained(base)
    model = get_peft_model(loaded, LoraConfig(task_type="CAUSAL_LM", **{**settings, **options}))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".lora_" in name:
                parameter.normal_(0, size)
    model.save_pretrained(str(folder))
    return folder
