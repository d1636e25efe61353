"""Reference vectors: sentence-transformers in fp32 on the CPU, by the model's own modules.

What enters: the folder of a model and a JSON list of texts. What leaves: a float32 array of shape
(texts, dimensions) in their order. Whether vectors are normalised is the model's business (``modules.json``).
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any


def main() -> None:
    """Embed the texts and write their vectors."""
    parser = argparse.ArgumentParser(description="Write sentence-transformers' fp32 vectors of some texts.")
    parser.add_argument("--model", type=Path, required=True, help="folder of a sentence-transformers model")
    parser.add_argument("--texts", type=Path, required=True, help="JSON list of strings")
    parser.add_argument("--out", type=Path, required=True, help="NumPy file to write")
    given = parser.parse_args()
    os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    import numpy
    import torch
    from sentence_transformers import SentenceTransformer

    texts = json.loads(given.texts.read_text(encoding="utf-8"))
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        parser.error(f"{str(given.texts)!r}: a JSON list of at least one string is needed")
    # The dtype is given because newer transformers load a checkpoint in the precision it was saved in.
    model: Any = SentenceTransformer(str(given.model), device="cpu", model_kwargs={"dtype": torch.float32})
    vectors = numpy.asarray(model.encode(texts, show_progress_bar=False), dtype=numpy.float32)
    numpy.save(given.out, vectors)
    lengths = numpy.linalg.norm(vectors, axis=1)
    ids = model.tokenizer(texts, padding=False, truncation=False)["input_ids"]
    cut = sum(len(one) > model.max_seq_length for one in ids)
    print(f"{vectors.shape[0]} vectors of {vectors.shape[1]}, lengths {lengths.min():.6f} to {lengths.max():.6f}")
    print(f"{cut} texts were cut at {model.max_seq_length} tokens")


if __name__ == "__main__":
    main()
