"""Money: a line says before work begins what it may cost at most, and no reply is asked for that could cross that."""

import json
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import scoville as sc
from conftest import ANIMALS, Bench, Command, fish_cases
from scoville.cost import Budget
from scoville.errors import OverBudget
from scoville.llm import FakeLlm, Generation
from scoville.llm.paid import PaidLlm, announce, within
from scoville.recipe import Llm
from scoville.types import Message, Reply

URL = "https://api.openai.com/v1"
MINI = Llm(model="openai:gpt-4o-mini", base_url=URL)
NOBODYS = Llm(model="openai:nobodys-model", base_url=URL)
HERE = Llm(model="openai:any", base_url="http://127.0.0.1:9/v1")
ASKED = [Message(role="user", content="How many fish?")]


class Dear(FakeLlm):
    """Charges a tenth of a cent for each reply."""

    def generate(self, messages: Sequence[Message], generation: Generation, on_text: Any = None) -> Reply:
        return replace(super().generate(messages, generation, on_text), cost_usd=0.001)


class TestABudget:
    def test_what_could_cross_the_limit_is_refused_before_it_is_spent(self):
        budget = Budget(1.0)
        budget.hold(0.6)
        with pytest.raises(OverBudget, match=r"\$0\.0000 is paid.*cost\.limit_usd is \$1; to go on give --yes"):
            budget.hold(0.6)
        budget.settle(0.6, 0.1)
        budget.hold(0.6)
        budget.settle(0.6, 0.6)
        assert budget.spent_usd == pytest.approx(0.7)

    def test_an_unknown_price_fits_no_limit(self):
        with pytest.raises(OverBudget, match="not known"):
            Budget(1.0).hold(None)
        free = Budget(None)
        free.hold(None)
        free.settle(None, None)
        assert free.spent_usd is None

    def test_local_replies_need_no_budget(self):
        budget = Budget(0.0)
        budget.hold(0.0)
        budget.settle(0.0, 0.0)
        assert budget.spent_usd == 0.0


class TestAModelWithinOne:
    def test_only_one_that_charges_is_watched(self):
        fake = FakeLlm()
        assert within(fake, Llm(model="fake"), Budget(0.0)) is fake
        assert within(fake, HERE, Budget(0.0)) is fake
        assert within(fake, MINI, None) is fake
        assert isinstance(within(fake, MINI, Budget(0.0)), PaidLlm)

    def test_threads_together_do_not_cross_it(self):
        budget = Budget(0.0105)
        llm = within(Dear(), MINI, budget)

        def ask(_: int) -> bool:
            try:
                llm.generate(ASKED, Generation(max_tokens=100))
            except OverBudget:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            answered = sum(pool.map(ask, range(40)))
        assert budget.spent_usd == pytest.approx(answered * 0.001)
        assert budget.spent_usd is not None and 0.008 <= budget.spent_usd <= 0.0105

    def test_thinking_is_paid_for_too(self):
        budget = Budget(0.001)  # 1,667 tokens of a reply, and as many more of a prompt as it takes
        with pytest.raises(OverBudget):
            within(Dear(), replace_thinking(4000), budget).generate(ASKED, Generation(max_tokens=10))
        assert within(Dear(), replace_thinking(0), budget).generate(ASKED, Generation(max_tokens=10))


def replace_thinking(tokens: int) -> Llm:
    return MINI.model_copy(update={"thinking_tokens": tokens})


class TestTheLineBefore:
    @pytest.fixture
    def said(self, caplog: pytest.LogCaptureFixture) -> Any:
        caplog.set_level(logging.INFO, "scoville")
        return lambda: [record.getMessage() for record in caplog.records]

    def test_it_says_the_most_that_is_paid(self, said: Any):
        announce("10 questions are answered by", MINI, Budget(1.0), replies=10, prompt_tokens=1000)
        announce("10 questions are answered by", MINI, Budget(0.001), replies=10, prompt_tokens=1000)
        announce("answers are judged by", MINI, Budget(0.5))
        announce("answers are judged by", MINI, Budget(None))
        assert said() == [
            "10 questions are answered by openai:gpt-4o-mini: at most $0.0027",
            "10 questions are answered by openai:gpt-4o-mini: it ends before $0.001 of up to $0.0027 is paid "
            "(cost.limit_usd), and keeps what was done",
            "answers are judged by openai:gpt-4o-mini: it ends before $0.5 is paid (cost.limit_usd), and keeps what "
            "was done",
            "answers are judged by openai:gpt-4o-mini: no limit to what is paid",
        ]

    def test_nothing_is_said_of_what_charges_nothing(self, said: Any):
        announce("it is answered by", HERE, Budget(0.0), replies=10, prompt_tokens=1000)
        announce("it is answered by", Llm(model="fake"), Budget(0.0), replies=10, prompt_tokens=1000)
        announce("it is answered by", MINI, Budget(1.0), replies=0)
        assert said() == []

    def test_a_price_that_is_not_known_is_refused_where_there_is_a_limit(self, said: Any):
        with pytest.raises(OverBudget, match="its price is not known"):
            announce("it is answered by", NOBODYS, Budget(1.0), replies=1)
        announce("it is answered by", NOBODYS, Budget(None), replies=1)
        assert "without a limit" in said()[0]

    def test_a_limit_below_one_reply_is_refused_before_anything_begins(self):
        with pytest.raises(OverBudget, match="a single reply"):
            announce("it is answered by", MINI, Budget(0.00001), replies=10, prompt_tokens=1000)


@pytest.fixture
def hosted(bench: Bench, fakes: None, monkeypatch: pytest.MonkeyPatch) -> sc.Bot:
    """A bot whose model charges, at an endpoint that is never asked."""
    for animal in ANIMALS:
        lines = [f"The {animal} of ward {ward} eats {ward + 3} fish each day." for ward in range(6)]
        bench.write(f"{animal}.txt", "\n\n".join(lines))
    monkeypatch.setattr("scoville.answer.answerer.open_llm", lambda _: Dear())
    monkeypatch.setattr("scoville.bot.generate.open_llm", lambda _: Dear())
    bot = sc.open(bench.workspace.root, split={"size": 30}, llm={"model": MINI.model, "base_url": URL},
                  cost={"limit_usd": 0.0055})  # fmt: skip
    bot.add(bench.docs)
    return bot


def test_an_evaluation_ends_at_the_limit_and_goes_on_when_that_is_agreed_to(hosted: sc.Bot):
    with pytest.raises(sc.ScovilleError, match="cost.limit_usd is"):
        hosted.evaluate(fish_cases(12), workers=4)
    stopped = hosted.run()
    answered = [saved for saved in stopped.saved().values() if not saved.get("error")]
    assert 4 <= len(answered) <= 5
    done = hosted.resume(no_limit=True)
    assert (done.id, done.header["status"], done.summary()["counts"]["errors"]) == (stopped.id, "finished", 0)


def test_additions_may_share_one_limit(bench: Bench, fakes: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("scoville.llm.writers.open_llm", lambda _: Dear())
    first = bench.write("a.txt", "Staff have thirty days of leave.")
    second = bench.write("b.txt", "Notice must be given in writing.")
    described = {"model": MINI.model, "base_url": URL}
    with sc.open(bench.workspace.root, metadata={"model": described}, cost={"limit_usd": 0.005}) as bot:
        budget = bot.budget()
        assert bot.add(first, budget=budget).added == 1
        budget.limit_usd = 0.0015
        with pytest.raises(OverBudget):
            bot.add(second, budget=budget)
        assert bot.add(second).added == 1


def test_single_questions_are_not_counted(hosted: sc.Bot):
    assert all(hosted.ask(case.question).reply for case in fish_cases(8))


def test_a_batch_shares_one_limit(hosted: sc.Bot, command: Command):
    lines = "".join(f"{json.dumps({'question': case.question})}\n" for case in fish_cases(8)).encode()
    words = ("--set", f"llm.model={MINI.model}", "--set", f"llm.base_url={URL}", "--set", "split.size=30")
    done = command("ask", "--batch", "-", *words, "--set", "cost.limit_usd=0.0055", stdin=lines)
    assert done.code == 1
    assert 4 <= sum("answer" in line for line in done.lines) <= 5
    assert all("cost.limit_usd" in line["error"] for line in done.lines if "answer" not in line)
    assert "8 questions are answered by openai:gpt-4o-mini" in done.err
    assert command("ask", "--batch", "-", *words, "--yes", stdin=lines).code == 0


def test_cases_are_written_until_the_limit(hosted: sc.Bot, tmp_path: Path):
    made = hosted.generate_cases(tmp_path / "cases.jsonl", count=20, kinds=["fact"], generator="model")
    assert "cost.limit_usd" in made.stopped
    assert 0 < made.cost_usd <= 0.0055


def test_a_judge_at_the_limit_leaves_the_rest_unscored(hosted: sc.Bot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("scoville.evaluate.judge.judge.open_llm", lambda _: Judging())
    run = hosted.evaluate(fish_cases(6), system=lambda question: "Perhaps a dozen, who can say.")
    judged = hosted.with_recipe(with_judge(hosted.recipe)).score(run, judge=True)
    scored = judged.summary()["metrics"]["correctness"]
    assert 0 < scored["n"] < 6 and scored["unscored"] == 6 - scored["n"]
    reasons = {found["correctness"].reason for found in judged.scores().values() if found["correctness"].value is None}
    assert all("cost.limit_usd" in reason for reason in reasons)


class Judging(Dear):
    """Says the first word for each key."""

    def __init__(self) -> None:
        super().__init__(lambda messages: json.dumps({
            key: words.partition("|")[0]
            for key, words in json.loads(messages[0].content.rpartition("in this form: ")[2]).items()
        }))  # fmt: skip


def with_judge(recipe: sc.Recipe) -> sc.Recipe:
    judge = recipe.judge.model_copy(update={"model": MINI.model, "base_url": URL, "allow_same": True})
    return recipe.model_copy(update={"judge": judge, "cost": recipe.cost.model_copy(update={"limit_usd": 0.0060})})
