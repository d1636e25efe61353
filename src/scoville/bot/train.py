"""What a workspace trains: rows are made of its documents and cases, and models are made of rows.

Enters: a workspace, files. Leaves: rows and models. torch and what does the work are imported when a method is called.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoville.bot.planned import Planned
from scoville.errors import MissingExtra

if TYPE_CHECKING:
    from scoville.bot.tune import Given
    from scoville.train.ranker.train import Kind as RankerKind
    from scoville.train.ranker.train import TrainedRanker
    from scoville.train.reader.score import Scorecard
    from scoville.train.reader.train import TrainedReader
    from scoville.train.rows.gather import TrainingRows
    from scoville.train.tune import TrainedModel


class Trained(Planned):
    """One workspace whose models can be trained."""

    def train_reader(
        self,
        recipe: Path | str | None = None,
        *,
        rows: Sequence[Path | str] = (),
        from_cases: bool = False,
        base: str = "",
        name: str = "reader",
    ) -> "TrainedReader":
        """Train a reader, which points at the answer in a passage, into ``.scoville/models`` under a ``name``.

        ``recipe`` is a file such as ``recipes/reader.yaml``; ``rows`` are more files of questions in SQuAD's form;
        ``from_cases`` takes the files in ``cases/``, generated ones too. ``base`` is an encoder, or a reader to train
        on. The part ``test`` of the files in ``cases/`` is never learned: LeakageError where what is given shares a
        question or evidence with it. A training that was interrupted goes on when it is called with the same again.
        """
        if find_spec("torch") is None:
            raise MissingExtra("training needs PyTorch: pip install 'scoville[train]'")
        from scoville.bot.train_reader import train_own_reader

        return train_own_reader(
            self, Path(recipe) if recipe else None, [Path(file) for file in rows], from_cases=from_cases, base=base,
            name=name,
        )  # fmt: skip

    def score_reading(
        self, model: str, file: Path | str, *, limit: int | None = None, no_limit: bool = False
    ) -> "Scorecard":
        """Let a model answer the questions of a file from one text each, and score it as SQuAD does.

        ``model`` is ``reader``, the name or the folder of a trained one, or whatever ``llm.model`` may be, which is
        asked in the bot's own prompt. At most ``limit`` questions, taken evenly out of all. ``no_limit`` may cost more
        than ``cost.limit_usd``.
        """
        from scoville.bot.score_reading import score_reading

        return score_reading(self, model, Path(file), limit=limit, no_limit=no_limit)

    def training_rows(
        self,
        *files: Path | str,
        kinds: Sequence[str] = ("grounded",),
        count: int = 1000,
        refusals: float = 0.25,
        dev: float = 0.1,
        against: Sequence[Path | str] = (),
        longest: int | None = None,
        seed: int = 0,
        out: Path | str | None = None,
    ) -> "TrainingRows":
        """Make rows of training: conversations in the bot's own prompts, whose last turn is learned.

        ``files`` are cases, SQuAD and its like, OpenAI messages, ShareGPT, Alpaca, or texts, known by their content;
        without files cases are made of the documents. ``kinds``: ``grounded`` asks on the evidence among other passages
        that the search finds, and a share of ``refusals`` on those alone; ``closed-book`` asks cases without
        passages; ``text`` are the documents themselves. At most ``count`` questions are taken of each file; ``dev`` is
        the share that is set apart, by source. LeakageError where a file holds a question or evidence of tests: of the
        part ``test`` of the files in ``cases/``, and of all cases in ``against``. Rows of more than ``longest`` tokens
        are left out. Only what everyone may read is taken from the index. ``out`` is a folder to write them to.
        """
        from scoville.bot.training_questions import RowSettings
        from scoville.bot.training_rows import training_rows

        settings = RowSettings(
            kinds=[kind.replace("_", "-") for kind in kinds],
            count=count,
            refusals=refusals,
            dev=dev,
            longest=longest,
            seed=seed,
        )  # fmt: skip

        rows = training_rows(
            self, [Path(file) for file in files], [Path(file) for file in against], settings,
            lambda: self._generated(count, seed),
        )  # fmt: skip
        if out is not None:
            rows.save(Path(out))
        return rows

    def train(
        self,
        rows: "Given" = None,
        *,
        method: str = "lora",
        name: str = "",
        base: str = "",
        general: Sequence[Path | str] = (),
        general_share: float = 0.2,
        **values: Any,
    ) -> "TrainedModel":
        """Train a model that writes into ``.scoville/models``, by the ``method`` ``lora``, ``qlora`` or ``full``.

        ``rows`` are those of :meth:`training_rows`, or the folder that they were written to, by default the
        workspace's. Their texts are learned first, then their conversations. ``base`` is by default the recipe's
        ``llm.model``; ``general`` texts are mixed into the others, of which they make ``general_share``. ``values`` are
        those of ``scoville.train.tuning.Tuning``, e.g. ``epochs``, ``rank`` and ``learning_rate``. The same call goes
        on where it was stopped. TrainingError for rows that cannot be learned, and for a name that holds another model.
        """
        from scoville.bot.tune import train_own

        return train_own(
            self, rows, name=name, base=base, general=[Path(path) for path in general], general_share=general_share,
            values={"method": method, **values},
        )  # fmt: skip

    def pretrain(
        self,
        rows: "Given" = None,
        *,
        name: str,
        depth: int = 4,
        vocabulary: int = 4096,
        **values: Any,
    ) -> "TrainedModel":
        """Train a small Llama from nothing on the texts of ``rows``, then on their conversations where there are any.

        ``depth`` is its number of layers, from which all other sizes follow; its tokenizer of ``vocabulary`` tokens is
        learned from the texts. The rest is that of :meth:`train`.
        """
        from scoville.bot.tune import pretrain_own

        return pretrain_own(self, rows, name=name, depth=depth, vocabulary=vocabulary, values=values)

    def train_embedder(
        self,
        *files: Path | str,
        name: str = "embedder",
        base: str = "",
        count: int = 1000,
        steps: int | None = None,
        against: Sequence[Path | str] = (),
        seed: int = 0,
    ) -> "TrainedRanker":
        """Train an embedder on questions and the passages that answer them, into ``.scoville/models`` under a ``name``.

        ``files`` are cases or SQuAD and its like; without files cases are made of the documents. Hard negatives are
        what the index finds and what does not hold the answer. ``base`` is by default the recipe's embedder. Two tenths
        of the questions, by source, are never learned: one tells the best weights, the other whether they are better
        than the base. If they are not, no weights are left. All else is that of :meth:`training_rows`.
        """
        return self._train_ranker("embedder", files, name, base or self.recipe.embed.model, count, steps, against, seed)

    def train_reranker(
        self,
        *files: Path | str,
        name: str = "reranker",
        base: str = "",
        count: int = 1000,
        steps: int | None = None,
        against: Sequence[Path | str] = (),
        seed: int = 0,
    ) -> "TrainedRanker":
        """Train a cross-encoder for ``search.rerank``; all else is that of :meth:`train_embedder`.

        ``base`` is a cross-encoder, or by default the recipe's embedder, of which one is made.
        """
        return self._train_ranker("reranker", files, name, base, count, steps, against, seed)

    def _train_ranker(
        self, kind: "RankerKind", files: Sequence[Path | str], name: str, base: str, count: int, steps: int | None,
        against: Sequence[Path | str], seed: int,
    ) -> "TrainedRanker":  # fmt: skip
        from scoville.bot.training_questions import RowSettings, ranking_questions
        from scoville.train.extra import require_training

        require_training()
        from scoville.bot.train_ranker import train_own_ranker

        questions = ranking_questions(
            self, [Path(file) for file in files], [Path(file) for file in against],
            RowSettings(count=count, seed=seed), lambda: self._generated(count, seed),
        )  # fmt: skip
        return train_own_ranker(self, kind, questions, name=name, base=base, steps=steps, seed=seed)

    def _generated(self, count: int, seed: int) -> Path:
        """Make cases of the documents, to learn from."""
        made = self.workspace.folder / "rows" / "generated.jsonl"
        self.generate_cases(made, count=count, generator="templates", seed=seed)
        return made
