"""Bot: one workspace with its recipe, its models and its records, behind one object.

Enters: documents, questions. Leaves: reports, hits, answers. Models are opened when they are first needed, once, and
freed by ``close``. What is asked and added leaves the same trace whoever asks: a program, a notebook or a command.

It grows by inheritance, each part in a file: ``opened`` (recipe and models), ``records``, ``documents``, ``measured``,
``planned``, ``train``, ``exports``, ``releases``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scoville.answer import history_of
from scoville.answer.show_prompt import ShownPart, shown_parts
from scoville.answer.structured import Schema, open_shape
from scoville.at_once import in_order
from scoville.bot.hits import HitList
from scoville.bot.images import with_images
from scoville.bot.opened import Where
from scoville.bot.releases import Releases
from scoville.bot.stream import Stream
from scoville.cost import Budget
from scoville.errors import ScovilleError
from scoville.memory import Conversation, Conversations, Window
from scoville.memory.conversation import Answered
from scoville.recipe.file import dotted, with_values
from scoville.search import Connections, check_question, connections, parse_where
from scoville.types import Answer, Case, Message

if TYPE_CHECKING:
    from scoville.bot.automations import Due
    from scoville.bot.doctor import Check
    from scoville.bot.route import Routed

POINTING = {"reader", "quote"}
"""Runtimes that write no words of their own."""


class Bot(Releases):
    """A question-answering system over the documents of one workspace; ``scoville.open`` makes one.

    Several threads may ask it at once.
    """

    def variant(self, values: Mapping[str, Any]) -> "Bot":
        """Give a bot with other values of the recipe over the same documents, to ask or to compare with this one.

        Where they decide what is in the index, another is built beside the workspace's when it is first needed, and
        kept; documents are added to this bot, and the variant's index follows.
        """
        bot = self.with_recipe(with_values(self.recipe, dotted(values)))
        bot.name = ", ".join(f"{key}={value}" for key, value in values.items())
        return bot

    def search(
        self,
        question: str,
        *,
        where: Where = (),
        groups: Sequence[str] | None = None,
        limit: int | None = None,
        history: Sequence[Answer | Message] = (),
    ) -> HitList:
        """Find passages, best first.

        ``where`` filters by metadata: ``"year >= 2023 and department in (HR, Legal)"``. ``groups`` are the reader's:
        passages that have groups are found only by readers of one of them; None: no restriction.
        """
        filters = self._check(question, where)
        found = self.searcher().search(
            question, where=filters, groups=groups, limit=limit, history=turns_of(history)
        )  # fmt: skip
        return HitList(found)

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Answer | Message] = (),
        where: Where = (),
        groups: Sequence[str] | None = None,
        on_text: Callable[[str], None] | None = None,
        budget: Budget | None = None,
        schema: Schema | None = None,
    ) -> Answer:
        """Answer a question with citations, each checked against its document; or refuse, with the reason.

        With ``schema`` the answer is JSON and ``answer.data`` what it says: the name of a schema that comes with
        Scoville (``citations``, ``fields``), a file, a JSON schema, or a pydantic class, of which it is an instance.
        The question may then be empty: the schema says what is wanted. Raises InvalidReply where no such JSON came.

        ``history`` is the conversation before it; ``where`` and ``groups`` are those of :meth:`search`. ``on_text`` is
        given the model's text as it comes, before it is checked. Several questions may share a ``budget``.
        """
        shape = None if schema is None else open_shape(schema)
        return self.asked(
            question, turns_of(history), where=where, groups=groups, on_text=on_text, budget=budget, shape=shape
        ).answer

    def show_prompt(
        self, question: str, *, history: Sequence[Answer | Message] = (), where: Where = (),
        groups: Sequence[str] | None = None, schema: Schema | None = None,
    ) -> list[ShownPart]:  # fmt: skip
        """Give what the model would see of a question, part by part, with how many tokens each takes."""
        answerer = self.answerer()
        shape = answerer.shape if schema is None else open_shape(schema)
        question = question or (shape.title if shape else "")
        found = answerer.find(question, where=self._check(question, where), groups=groups, history=turns_of(history))
        return shown_parts(answerer.writing, question, found, turns_of(history), shape)

    def conversation(self, id: str | None = None) -> Conversation:
        """Open the conversation of that id, or begin it; its turns are stored, without personal data, as `memory` of
        the recipe says. Without an id a new one begins that is not stored.
        """
        answerer = self.answerer()
        llm = answerer.llm
        window = Window(self.recipe.memory, llm.count_tokens, self._summarise if llm.runtime not in POINTING else None)
        return Conversation(self.asked, window, self.conversations() if id else None, id or "")

    def conversations(self) -> Conversations:
        """Give the stored conversations: ``all()`` lists them, ``forget(id)`` deletes one; ``forget("all")`` all."""
        return Conversations(self.workspace.folder, self.redact, self.recipe.memory.retention_days, flush=self.flush)

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Answer | Message] = (),
        where: Where = (),
        groups: Sequence[str] | None = None,
    ) -> Stream:
        """Give the text of an answer as it comes, before it is checked; then ``stream.answer`` is the answer."""
        self._check(question, where)
        return Stream(
            lambda on_text: self.ask(question, history=history, where=where, groups=groups, on_text=on_text)
        )  # fmt: skip

    def batch(
        self,
        questions: Iterable[str],
        *,
        where: Where = (),
        groups: Sequence[str] | None = None,
        workers: int | None = None,
        no_limit: bool = False,
        return_exceptions: bool = False,
        schema: Schema | None = None,
    ) -> Iterator[Answer | ScovilleError]:
        """Answer questions side by side, and give the answers in their order, each as soon as it is there.

        ``workers`` are asked at once, by default as many as the model takes. A question that fails raises, or with
        ``return_exceptions`` gives its error in the place of its answer. All of it pays at most ``cost.limit_usd``.
        """
        given = list(questions)
        self.check(where)
        budget = self.budget(no_limit=no_limit)
        self.say_price(len(given), budget)

        def answered(question: str) -> Answer | ScovilleError:
            try:
                return self.ask(question, where=where, groups=groups, budget=budget, schema=schema)
            except ScovilleError as error:
                if not return_exceptions:
                    raise
                return error

        return in_order(answered, given, workers or self.recipe.llm.at_once)

    def route_feedback(self, *, trace: str = "", write: bool = False) -> "list[Routed]":
        """Say where each answer that people called wrong leads: the case it is, what loses it, what would mend it.

        Settings are tried, with what they change of the other cases; none is applied. ``write`` adds the cases to
        ``cases/feedback.jsonl``; ``trace`` looks at one alone.
        """
        from scoville.bot.route import route

        return route(self, trace=trace, write=write)

    def accept_feedback(self, trace: str) -> Case:
        """Answer the question of a trace from now on as the feedback says that it is right, with its evidence.

        The answer stands in ``cases/golden.jsonl``, and is given while the documents still say so, to who may read
        them. UsageError where nobody said what is right, or no document says it.
        """
        from scoville.bot.route import accept

        return accept(self, trace)

    def automations(self) -> "list[Due]":
        """Say what the recipe's ``on`` calls for now, and why; nothing is done."""
        from scoville.bot.automations import due_now

        return due_now(self)

    def run_automations(self) -> list[dict[str, Any]] | None:
        """Do what is due, tell the webhook, and give what was logged: event, why, what, outcome.

        None where another process, such as a service, is at it: then nothing was done. UsageError where the webhook's
        secret is not in the environment.
        """
        from scoville.bot.automations import run_due

        return run_due(self)

    def automation_log(self) -> list[dict[str, Any]]:
        """Give all that happened by itself, in its order."""
        from scoville.automations import read_log

        return read_log(self.workspace.folder)

    def graph(
        self, name: str, *, limit: int = 20, where: Where = (), groups: Sequence[str] | None = None
    ) -> Connections:
        """Say what stands in the same passages as a name, a code or a term, the most connected first."""
        return connections(self.open_index(), name, limit, parse_where(self.check(where)), groups)

    def doctor(self) -> "list[Check]":
        """Check the machine, the recipe, the models with their endpoints, the index and the disk."""
        from scoville.bot.doctor import check_bot, check_machine

        return [*check_machine(), *check_bot(self)]

    def asked(
        self,
        question: str,
        history: Sequence[Message],
        *,
        where: Where = (),
        budget: Budget | None = None,
        caller: str = "",
        more: Callable[[Answer], Mapping[str, Any]] = lambda _: {},
        **how: Any,
    ) -> Answered:
        """Answer as :meth:`ask` does, and give the id of the trace, too; it has ``caller``, who asks, and ``more``."""
        asks = bool(question.strip()) or not (how.get("shape") or self.recipe.answer.json_schema)
        filters = self._check(question, where) if asks else self.check(where)
        answerer = self.answerer(budget)
        answer = answerer.ask(question, history=history, where=filters, golden=self.golden_cases(), **how)
        trace_id = self.tracker().answered(answer, answerer.searcher.embedder.name, caller=caller, more=more(answer))
        return Answered(with_images(answer, self.workspace), trace_id)

    def _summarise(self, messages: Sequence[Message]) -> str:
        reply = self.answerer().think(messages)
        self.tracker().replied("generation", reply)
        return reply.text

    def _check(self, question: str, where: Where) -> list[str]:
        """Refuse what cannot be asked, before a model is fetched or loaded; give the filters."""
        filters = self.check(where)
        check_question(question)
        return filters


def turns_of(history: Sequence[Answer | Message]) -> list[Message]:
    """Write a conversation as turns; a refusal is left out, other than one that asks back: nothing could lean on it."""
    turns: list[Message] = []
    for one in history:
        if isinstance(one, Message):
            turns.append(one)
        elif not one.refused or one.asks_back:
            turns += history_of([one])
    return turns
