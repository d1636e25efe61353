"""The loop on a tiny network: the same result after a kill, early end, losses that are no numbers, a full disk."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import DistributedType
from torch import Tensor, nn

import scoville
from scoville.errors import Diverged, StorageError, TrainingError
from scoville.train.loop import BEST, CHECKPOINT, LOG, Batch, Outcome, remove_checkpoint, train
from scoville.train.settings import Settings, parameter_groups, rate, trainable
from scoville.train.threads import bf16_pays

SETTINGS = Settings(steps=8, learning_rate=0.05, log_every=1, checkpoint_every=2, bf16=False)


class Line(nn.Module):
    """Learns y = 3x, with dropout, so that random numbers matter."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.inner, self.drop = nn.Linear(1, 4), nn.Dropout(0.2)
        self.outer = nn.Linear(4, 1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return (self.outer(self.drop(self.inner(x))) - y).square().sum()


class Killed(BaseException):
    pass


def lines(seed: int = 1, killed_at: int = 0, spoilt_at: int = 0) -> Iterator[Batch]:
    chance = torch.Generator().manual_seed(seed)
    for number in count(1):
        x = torch.rand(4, 1, generator=chance)
        if number == killed_at:
            raise Killed
        y = x * (float("nan") if number == spoilt_at else 3)
        yield Batch(tensors={"x": x, "y": y}, targets=4, tokens=4)


class Lines:
    """Begins anew whenever it is gone through."""

    def __init__(self, **options: int) -> None:
        self.options = options

    def __iter__(self) -> Iterator[Batch]:
        return lines(**self.options)


def run(folder: Path, settings: Settings = SETTINGS, *, network: nn.Module | None = None, **options: Any) -> Outcome:
    dev = options.pop("dev", None)
    return train(network or Line(), Lines(**options), settings, folder, identity="line", dev=dev)


def losses(folder: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (folder / LOG).read_text().splitlines()]


@pytest.mark.parametrize(("asked", "hardware", "used"), [
    (None, "f32", False), (None, "bf16", True), (True, "f32", True), (False, "bf16", False),
])  # fmt: skip
def test_products_are_in_bfloat16_where_the_processor_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: bool | None, hardware: str, used: bool
):
    seen: set[bool] = set()

    class Looks(Line):
        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            seen.add(torch.is_autocast_enabled("cpu"))
            return super().forward(x, y)

    bf16_pays.cache_clear()
    monkeypatch.setattr("scoville.train.threads.computes_in", lambda: hardware)
    try:
        run(tmp_path, replace(SETTINGS, bf16=asked, steps=1), network=Looks())
    finally:
        bf16_pays.cache_clear()
    assert seen == {used}


def test_the_first_losses_are_known(tmp_path: Path):
    outcome = run(tmp_path)
    assert outcome.stopped == "done" and outcome.state.step == 8 and outcome.state.tokens == 32
    assert losses(tmp_path)[:3] == pytest.approx([4.226416, 4.067936, 2.78561], abs=1e-4)


def test_after_a_kill_it_goes_on_to_the_same_weights_and_the_same_log(tmp_path: Path):
    whole, broken = Line(), Line()
    run(tmp_path / "whole", network=whole)
    with pytest.raises(Killed):
        run(tmp_path / "broken", network=broken, killed_at=6)  # step 5 is done, and saved is step 4
    assert len(losses(tmp_path / "broken")) == 5
    again = Line()
    run(tmp_path / "broken", network=again)
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), again.parameters(), strict=True))
    assert losses(tmp_path / "broken") == losses(tmp_path / "whole")


def test_it_goes_on_with_as_many_threads_since_sums_depend_on_it(tmp_path: Path):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with pytest.raises(Killed):
            run(tmp_path, killed_at=6)
        torch.set_num_threads(1)  # what was measured anew, while others used the machine
        run(tmp_path)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_finished_run_takes_no_further_step(tmp_path: Path):
    first, second = Line(), Line()
    run(tmp_path, network=first)
    assert run(tmp_path, network=second, killed_at=1).state.step == 8
    assert torch.equal(first.outer.weight, second.outer.weight)


def test_several_batches_make_the_step_of_their_union(tmp_path: Path):
    """Also when they hold different numbers of targets: the mean is over targets, not over batches."""

    def part(sizes: tuple[int, ...]) -> nn.Module:
        x = torch.arange(6.0).reshape(6, 1) / 6
        pieces = [Batch(tensors={"x": p, "y": 3 * p}, targets=len(p), tokens=len(p)) for p in x.split(sizes)]
        network = Line()
        network.drop.p = 0.0
        settings = replace(SETTINGS, steps=1, accumulate=len(sizes))
        train(network, pieces, settings, tmp_path / str(len(sizes)), identity="line")
        return network

    for a, b in zip(part((6,)).parameters(), part((1, 5)).parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_it_ends_early_with_the_best_weights(tmp_path: Path):
    network, values, kept = Line(), iter((0.9, 0.5, 0.4, 0.6, 0.7, 0.1)), []

    def dev() -> float:
        kept.append(network.outer.weight.clone())
        return next(values)

    outcome = run(tmp_path, replace(SETTINGS, dev_every=1, patience=2), network=network, dev=dev)
    assert (outcome.stopped, outcome.state.step, outcome.state.best_step) == ("no gain", 4, 2)
    assert torch.equal(network.outer.weight, kept[2])
    assert outcome.state.first == 0.9


def test_what_never_gains_is_given_back_as_it_came(tmp_path: Path):
    network, fresh, values = Line(), Line(), iter((0.1, 0.5, 0.4))
    outcome = run(tmp_path, replace(SETTINGS, dev_every=1, patience=2), network=network, dev=lambda: next(values))
    assert (outcome.stopped, outcome.state.best_step) == ("no gain", 0)
    assert torch.equal(network.outer.weight, fresh.outer.weight)


def test_a_loss_that_is_no_number_ends_it_with_the_last_good_weights(tmp_path: Path):
    network, good = Line(), Line()
    outcome = run(tmp_path / "a", network=network, spoilt_at=6)
    assert outcome.stopped == "diverged" and "the loss is not finite at step 6 of 8" in outcome.reason
    with pytest.raises(Killed):
        run(tmp_path / "b", network=good, killed_at=5)
    assert outcome.state.step == 4 and torch.equal(network.outer.weight, good.outer.weight)


def test_a_first_loss_that_is_no_number_is_an_error(tmp_path: Path):
    with pytest.raises(Diverged, match="step 1 of 8; try a lower learning rate"):
        run(tmp_path, spoilt_at=1)


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole, again = Line(), Line()
    run(tmp_path / "whole", network=whole)
    with pytest.raises(Killed):
        run(tmp_path / "full", killed_at=4)
    before = (tmp_path / "full" / CHECKPOINT).read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", full)
        with pytest.raises(StorageError, match=r"checkpoint.pt: No space left on device; free some space"):
            run(tmp_path / "full")
    assert (tmp_path / "full" / CHECKPOINT).read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "full").iterdir()) == [CHECKPOINT, LOG]
    run(tmp_path / "full", network=again)
    assert torch.equal(whole.outer.weight, again.outer.weight)


def test_a_file_that_may_not_grow_is_a_full_disk_to_torch_too(tmp_path: Path):
    code = (
        "import resource, sys, torch; from pathlib import Path\n"
        "from scoville.train.checkpoint import save_tensors\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))\n"
        "save_tensors(Path(sys.argv[1]) / 'a.pt', {'x': torch.zeros(100_000)})"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert "StorageError: cannot write" in done.stderr and not list(tmp_path.iterdir())


@pytest.mark.parametrize("cut", [0, 100, 2000])
def test_a_checkpoint_that_is_cut_off_is_named(tmp_path: Path, cut: int):
    run(tmp_path)
    path = tmp_path / CHECKPOINT
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(TrainingError, match=r"checkpoint\.pt is damaged or cut off .*remove it"):
        run(tmp_path)


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path):
    run(tmp_path)
    with pytest.raises(TrainingError, match=r"learning_rate 0.05, now 0.1"):
        run(tmp_path, replace(SETTINGS, learning_rate=0.1))
    remove_checkpoint(tmp_path)
    assert not (tmp_path / CHECKPOINT).exists() and not (tmp_path / BEST).exists()


def test_processes_that_divide_the_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("accelerate.Accelerator.distributed_type", DistributedType.FSDP)
    with pytest.raises(TrainingError, match="FSDP divides the weights .*launch with data parallelism alone"):
        run(tmp_path)


def test_a_stream_that_ends_is_an_error(tmp_path: Path):
    with pytest.raises(TrainingError, match="ended at step 3 of 8"):
        train(Line(), list(islice(lines(), 2)), SETTINGS, tmp_path, identity="line")


def test_the_rate_rises_holds_and_falls():
    settings = replace(SETTINGS, steps=10, warmup_steps=2, learning_rate=1.0, hold=0.5)
    assert [rate(settings, step) for step in (1, 2, 6, 7)] == pytest.approx([0.5, 1, 1, 1])
    assert 0 < rate(settings, 10) < rate(settings, 9) < 1


def test_only_matrices_decay_and_frozen_parameters_are_left_alone():
    network = Line()
    network.inner.requires_grad_(False)
    groups = parameter_groups(trainable(network), SETTINGS)
    assert [(len(group["params"]), group["weight_decay"]) for group in groups] == [(1, 0.01), (1, 0.0)]


TWO = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_loop import plain_end
plain_end(Path(sys.argv[1]), accumulate=1)
"""


def plain_end(folder: Path, *, accumulate: int) -> None:
    """Train without dropout, and save the weights that this process ends with."""
    network = Line()
    network.drop.p = 0.0
    train(network, Lines(), replace(SETTINGS, steps=4, accumulate=accumulate), folder, identity="line")
    torch.save(network.state_dict(), folder / f"end-{os.environ.get('RANK', 'alone')}.pt")


def test_two_processes_do_what_one_does(tmp_path: Path):
    """`torchrun` with gloo: two processes with one batch each are one with two."""
    (tmp_path / "two.py").write_text(TWO)
    environment = {**os.environ, "PYTHONPATH": str(Path(scoville.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    words = [str(tmp_path / "two.py"), str(tmp_path), str(Path(__file__).parent)]
    done = subprocess.run([*launch, *words], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    plain_end(tmp_path / "alone", accumulate=2)
    one, two, other = (torch.load(tmp_path / name) for name in ("alone/end-alone.pt", "end-0.pt", "end-1.pt"))
    for name, value in one.items():
        assert torch.equal(two[name], other[name])
        torch.testing.assert_close(value, two[name], rtol=1e-4, atol=1e-6)
