"""`scoville train`: rows and models of one's own."""

import click

from scoville.cli.train_ranker import embedder, reranker
from scoville.cli.train_reader import command as reader
from scoville.cli.train_rows import command as rows
from scoville.cli.train_score import command as score
from scoville.cli.train_tune import full, lora, pretrain, qlora


@click.group("train")
def command() -> None:
    """Make training rows of documents and cases, and models of rows."""


for one in (rows, lora, qlora, full, pretrain, embedder, reranker, reader, score):
    command.add_command(one)
