"""LoRA on SmolLM2-135M: tokens a second beside TRL's SFTTrainer with PEFT, and the share of the matmul rate.

    python benchmarks/train.py --rows ROWS --peer benchmarks/.venv/bin/python --steps 8 --out benchmarks/results/train.json

ROWS is SQuAD JSON, of which 400 questions become conversations. Both train the same adapter (rank 16, all linear
layers, bfloat16, loss on the reply) on the same rows with one thread; time is the processor's, so that others on the
machine disturb it less. Tokens are counted without padding. The first step is not counted.
"""

import argparse
import itertools
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from scoville.train.base import be_quiet, open_base, template_of
from scoville.train.batches import Batches
from scoville.train.examples import Example, write_rows
from scoville.train.methods import prepare
from scoville.train.reader.rows import read_questions
from scoville.train.token_loss import TokenLoss
from scoville.train.tokens import encode_examples
from scoville.train.tuning import Tuning
from scoville.types import Message

BASE = "smollm2-135m-instruct"
ROWS_A_STEP = 4
BATCH_TOKENS = 1024
"""Four rows of about 215 tokens, as TRL takes them."""
WARM = 1
PARAMETERS = 106_203_456
"""Of SmolLM2-135M's layers; the embedding, which is the head too, has 28 million more."""


def examples(path: Path) -> list[Example]:
    rows = read_questions(path)
    found = []
    for row in rows[:: max(1, len(rows) // 400)][:400]:
        turns = (
            Message(role="system", content="Answer from the text."),
            Message(role="user", content=f"{row.context}\n\n{row.question}"),
            Message(role="assistant", content=row.texts[0] if row.texts else "I don't know."),
        )
        found.append(Example(id=row.id, messages=turns, source=row.title))
    return found


def ours(rows: list[Example], steps: int) -> dict:
    torch.set_num_threads(1)
    be_quiet()
    base = open_base(BASE, Path("/nowhere"))
    tuning = Tuning(batch_tokens=BATCH_TOKENS)
    tokenizer = base.tokenizer()
    encoded = encode_examples(rows, tokenizer, template_of(tokenizer), 1024)
    network = prepare(base, tuning)
    loss = TokenLoss(network).train()
    trained = [value for value in network.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=3e-4, fused=True)
    seconds, tokens, padded, losses = [], [], [], []
    for batch in itertools.islice(Batches(rows=encoded, most_tokens=tuning.batch_tokens, seed=7), steps):
        begun = time.process_time()
        with torch.autocast("cpu", torch.bfloat16):
            lost = loss(**batch.tensors)
        (lost / batch.targets).backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds.append(time.process_time() - begun)
        tokens.append(batch.tokens)
        padded.append(batch.tensors["ids"].numel())
        losses.append(float(lost.detach()) / batch.targets)
    return {"seconds": seconds, "tokens": tokens, "padded": padded, "losses": losses}


def matmul_rate() -> float:
    """Operations a second of one core's bfloat16 products of the layers' sizes."""
    left, right = torch.randn(2048, 576, dtype=torch.bfloat16), torch.randn(576, 1536, dtype=torch.bfloat16)
    best = 0.0
    for _ in range(5):
        begun = time.process_time()
        for _ in range(10):
            torch.mm(left, right)
        best = max(best, 10 * 2 * 2048 * 576 * 1536 / (time.process_time() - begun))
    return best


def summary(measured: dict) -> dict:
    tokens, seconds = sum(measured["tokens"][WARM:]), sum(measured["seconds"][WARM:])
    return {"tokens_per_second": tokens / seconds, "padding": 1 - tokens / sum(measured["padded"][WARM:]),
            "first_loss": measured["losses"][0], "last_loss": measured["losses"][-1]}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--peer", required=True, help="A Python with peers/requirements-training.txt.")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    rows = examples(given.rows)
    own = ours(rows, given.steps)
    rate = matmul_rate()
    with tempfile.TemporaryDirectory() as place:
        write_rows(Path(place) / "rows.jsonl", rows)
        script = Path(__file__).parent / "peers" / "training_trl.py"
        folder = open_base(BASE, Path("/nowhere")).folder
        words = [
            given.peer,
            script,
            f"{place}/rows.jsonl",
            folder,
            str(given.steps),
            str(ROWS_A_STEP),
            f"{place}/out.json",
        ]
        subprocess.run([str(word) for word in words], check=True)
        peer = json.loads(Path(place, "out.json").read_text())
    result = {"ours": summary(own), "trl": summary(peer), "matmul_gflops": rate / 1e9}
    result["ratio"] = result["ours"]["tokens_per_second"] / result["trl"]["tokens_per_second"]
    # Forward and the gradient of the input, each 2 operations a weight and token; the base's weights have no gradient.
    result["share_of_matmul_rate"] = result["ours"]["tokens_per_second"] * 4 * PARAMETERS / rate
    given.out.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
