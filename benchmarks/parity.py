"""From training to serving: how far each form of an adapter on SmolLM2-135M agrees with the model that was trained.

    python benchmarks/parity.py QUESTIONS.txt --prompts 200 --max-tokens 16 --out benchmarks/results/parity.json
    python benchmarks/parity.py QUESTIONS.txt --keep FOLDER --only openvino-f16 --out benchmarks/results/parity.json
    python benchmarks/parity.py QUESTIONS.txt --throughput

QUESTIONS.txt has one question a line. The adapter is PEFT's, of rank 8 on all linear layers, with a random B that is
large enough to change most replies: what is measured is the way from training to serving and not what was learned.
Each form takes minutes: --only chooses one, what is in the file of results is not tried again, --seconds ends early, and
--keep spares writing the replies of the trained model anew.
With --throughput it is how fast llama.cpp writes with 1, 4 and 8 adapters on one base, asked in turn, against none.
"""

import argparse
import json
import os
import pickle
import tempfile
import time
import warnings
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import torch

from scoville import recipe
from scoville.llm import Generation, LikelihoodLlm, open_llm
from scoville.llm.gguf import read_metadata
from scoville.llm.gguf_write import open_gguf
from scoville.llm.local import open_local_llm
from scoville.llm.trained.forms import as_gguf
from scoville.models import locate_model
from scoville.models.trained import look_in
from scoville.train.base import open_base
from scoville.train.export.check import Step, try_step
from scoville.train.export.forms import Form, steps, write
from scoville.train.export.parity import Hop, Parity, Reference
from scoville.train.export.reference import TrainedModel, open_trained
from scoville.types import Message

BASE = "smollm2-135m-instruct"
SIZE = 0.1
"""Standard deviation of B: enough to change most replies, by .4 nats a token; of .2 makes them gibberish, .03 moves .06."""


def make_adapter(folder: Path, seed: int) -> None:
    """Save an adapter with a random B, as PEFT does."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        settings = LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM")
        model: Any = get_peft_model(open_base(BASE, folder.parent).network(torch.float32), settings)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if "lora_B" in name:
                    parameter.normal_(0, SIZE)
        model.save_pretrained(str(folder), save_embedding_layers=False)
    (folder / "training.json").write_text(json.dumps({"base": BASE}))


CHUNK = 25
"""Replies of the trained model that are written before they are kept."""
FORMS = (Form(), Form(kind="adapter"), Form(kind="openvino"), Form(precision="q8_0"), Form(precision="q4_1"))
BESIDES = ("float32", "lost")
"""OpenVINO in float32, and the base without the adapter: what the gate is there to find."""


def forms_of(root: Path, folder: Path, settings: recipe.Llm, only: str | None) -> list[Step]:
    """Give the merged weights, then every form with what serves it; ``only`` chooses one."""
    files = locate_model(f"path:{folder}", kind="llm")
    found: list[Step] = []
    if only in (None, "lost"):
        base = locate_model(BASE, kind="llm")
        found.append(Step(name="an adapter that is lost", precision="f16", content=open_gguf(base.weights)))
    for form in FORMS:
        if only not in (None, named(form)) and not (form.kind == "openvino" and only == "float32"):
            continue
        target = root / form.file_name("parity")
        write(files, form, target)
        if only != "float32":
            for step in steps(files, form, target, settings):
                place = "" if step.content else f", {named(form)}"
                if step.name != "merged" or form == FORMS[0]:
                    found.append(replace(step, name=f"{step.name}{place}"))
        if form.kind == "openvino" and only in (None, "float32"):
            exact = settings.model_copy(update={"concurrency": 2, "model": f"path:{target}"})
            found.append(Step(name="served by openvino, float32", precision="f16", serve=partial(served, exact)))
    return found


def named(form: Form) -> str:
    """Name a form on the command line."""
    return f"{form.kind}-{form.precision}"


def served(settings: recipe.Llm) -> LikelihoodLlm:
    """Open what serves a file."""
    return cast(LikelihoodLlm, open_local_llm(settings, locate_model(settings.model, kind="llm")))


def parity(
    questions: list[str], max_tokens: int, out: Path, only: str | None, kept: Path | None, seconds: float
) -> None:
    with tempfile.TemporaryDirectory() as place:
        root, started = kept or Path(place), time.monotonic()
        if not (root / "models" / "parity").exists():
            make_adapter(root / "models" / "parity", 1)
        settings = recipe.Llm(threads=1)
        files = locate_model(f"path:{root / 'models' / 'parity'}", kind="llm")
        model = open_trained(root / "models" / "parity", read_metadata(as_gguf(files).weights).end_token_ids)
        prompts = [(Message(role="user", content=question),) for question in questions]
        wanted = forms_of(root, root / "models" / "parity", settings, only)
        for step in sorted(wanted, key=lambda step: step.content is not None):  # its weights replace those of the model
            for start in range(tried(out, step.name), len(prompts), CHUNK):
                if time.monotonic() - started > seconds:
                    return
                end = min(start + CHUNK, len(prompts)) if step.content is None else len(prompts)
                trained = references(model, prompts[:end], max_tokens, root / "references.pickle")[start:]
                chunk = slice(start, start + CHUNK)
                hop = try_step(model, step, prompts[chunk], trained[:CHUNK], max_tokens)
                print(time.strftime("%H:%M:%S"), Parity(hops=(hop,)), *hop.faults(), sep="\n", flush=True)
                keep(hop, max_tokens, out)


def tried(out: Path, name: str) -> int:
    """Say with how many prompts a form was tried before."""
    known = json.loads(out.read_text())["hops"] if out.exists() else []
    return next((hop["prompts"] for hop in known if hop["name"] == name), 0)


def references(
    model: TrainedModel, prompts: Sequence[Sequence[Message]], max_tokens: int, file: Path
) -> list[Reference]:  # fmt: skip
    """Give the replies of the trained model, from the file where they were written before."""
    found: list[Reference] = pickle.loads(file.read_bytes()) if file.exists() else []  # noqa: S301  (its own)
    while len(found) < len(prompts):
        found += model.references(prompts[len(found) : len(found) + CHUNK], max_tokens)
        file.write_bytes(pickle.dumps(found))
    return found[: len(prompts)]


def keep(hop: Hop, max_tokens: int, out: Path) -> None:
    """Add what was found of a form to what is known of it, and write it beside that of others."""
    kept = json.loads(out.read_text()) if out.exists() else {"hops": []}
    others = [one for one in kept["hops"] if one["name"] != hop.name]
    for known in (one for one in kept["hops"] if one["name"] == hop.name):
        before = Hop(**{name: value for name, value in known.items() if name not in ("answers", "faults")})
        hop = added(before, hop)
    (row,) = Parity(hops=(hop,)).json()["hops"]
    out.write_text(json.dumps({"max_tokens": max_tokens, "hops": [*others, row]}, indent=1) + "\n")


def added(one: Hop, other: Hop) -> Hop:
    """Put two parts together: means are weighted by the prompts."""
    share = other.prompts / (one.prompts + other.prompts)

    def mean(first: float, second: float) -> float:
        return (1 - share) * first + share * second

    return replace(
        one, prompts=one.prompts + other.prompts, same=one.same + other.same, ties=one.ties + other.ties,
        tokens=mean(one.tokens, other.tokens), mean_nats=mean(one.mean_nats, other.mean_nats),
        largest_nats=max(one.largest_nats, other.largest_nats), misread=one.misread + other.misread,
        untrained_nats=mean(one.untrained_nats or 0.0, other.untrained_nats or 0.0),
        seconds=one.seconds + other.seconds,
    )  # fmt: skip


class Owner:
    """Holds the folder of models open."""


def throughput(questions: list[str], max_tokens: int) -> None:
    """Ask adapters on one base in turn, and compare the tokens written in a second with those of the base alone."""
    with tempfile.TemporaryDirectory() as place:
        models, owner = Path(place) / "models", Owner()
        look_in(models, owner)
        for count in (0, 1, 4, 8):
            for number in range(count):
                if not (models / f"a{number}").exists():
                    make_adapter(models / f"a{number}", number)
            names = [f"{BASE}+a{number}" for number in range(count)] or [BASE]
            llms = [open_llm(recipe.Llm(model=name, runtime="llamacpp", threads=1)) for name in names]
            for llm in llms:
                llm.generate([Message(role="user", content="Hello")], Generation(max_tokens=2))
            started, tokens = time.process_time(), 0
            for number, question in enumerate(questions):
                asked = [Message(role="user", content=question)]
                tokens += llms[number % len(llms)].generate(asked, Generation(max_tokens=max_tokens)).completion_tokens
            seconds = time.process_time() - started
            print(f"{count} adapters: {tokens / seconds:.1f} tokens per processor second", flush=True)
            for llm in llms:
                with closing(llm):
                    pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--max-tokens", type=int, default=16)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results/parity.json")
    parser.add_argument("--seconds", type=float, default=1e9, help="End after these; the next call goes on.")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only", choices=[*map(named, FORMS), *BESIDES])
    parser.add_argument("--throughput", action="store_true")
    given = parser.parse_args()
    lines = [line.strip() for line in given.questions.read_text(encoding="utf-8").splitlines() if line.strip()]
    if given.throughput:
        throughput(lines[: given.prompts], given.max_tokens)
    else:
        parity(lines[: given.prompts], given.max_tokens, given.out, given.only, given.keep, given.seconds)
