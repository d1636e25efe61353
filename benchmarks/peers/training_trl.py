"""TRL's SFTTrainer with PEFT on the same rows, base and settings as `benchmarks/train.py`, which starts it.

    PYTHON benchmarks/peers/training_trl.py rows.jsonl BASE STEPS ROWS_A_STEP OUT

Writes the processor's seconds of each step and the tokens that it learned from, without padding.
"""

import json
import sys
import time

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import TrainerCallback
from trl import SFTConfig, SFTTrainer


class Clock(TrainerCallback):
    def __init__(self):
        self.marks = []

    def on_step_begin(self, *_, **__):
        self.begun = time.process_time()

    def on_step_end(self, *_, **__):
        self.marks.append(time.process_time() - self.begun)


def main() -> None:
    rows_file, base, steps, batch, out = sys.argv[1:]
    torch.set_num_threads(1)
    rows = [json.loads(line) for line in open(rows_file)]
    data = Dataset.from_list([{"prompt": row["messages"][:-1], "completion": row["messages"][-1:]} for row in rows])
    settings = SFTConfig(
        output_dir=f"{out}.run", max_steps=int(steps), per_device_train_batch_size=int(batch), use_cpu=True, bf16=True,
        gradient_checkpointing=False, max_length=1024, learning_rate=3e-4, report_to=[], save_strategy="no",
        logging_strategy="steps", logging_steps=1, disable_tqdm=True, seed=7, dataloader_pin_memory=False,
        model_init_kwargs={"dtype": "bfloat16"},
    )  # fmt: skip
    clock = Clock()
    trainer = SFTTrainer(
        model=base, args=settings, train_dataset=data, callbacks=[clock],
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
    )  # fmt: skip
    sizes = []
    collate = trainer.data_collator

    def counted(examples):
        made = collate(examples)
        sizes.append([int(made["attention_mask"].sum()), made["input_ids"].numel()])
        return made

    trainer.data_collator = counted
    trainer.train()
    losses = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    json.dump({"seconds": clock.marks, "tokens": [size[0] for size in sizes[: len(clock.marks)]], "losses": losses,
               "padded": [size[1] for size in sizes[: len(clock.marks)]]}, open(out, "w"))  # fmt: skip


if __name__ == "__main__":
    main()
