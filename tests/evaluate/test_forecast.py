"""What a command may cost is said before it starts: by hand, and from `scoville evaluate`."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from conftest import Bench, Command
from scoville.bot import Bot, forecast
from scoville.cases.files import cases_of
from scoville.cli.common import open_bot
from scoville.errors import UsageError
from scoville.evaluate.judge.judge import REMOTE_TOKENS, open_judge
from scoville.evaluate.judge.metrics import judge_all
from scoville.evaluate.result import Result, Retrieved
from scoville.evaluate.runs import Run, create_run, list_runs
from scoville.llm import FakeLlm
from scoville.recipe import Recipe
from scoville.track.limit import Planned
from scoville.types import Case, Message

HOSTED = "openai:gpt-4o-mini"
JUDGE = ("--judge", "--set", f"judge.model={HOSTED}", "--set", "judge.base_url=https://api.openai.com/v1")
CASES = tuple(
    Case(id=name, question=f"How does the {name} spend its winter?", expected=(f"Under the ice, says the {name}.",))
    for name in ("otter", "heron", "marten")
)


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def recipe(**sections: Mapping[str, object]) -> Recipe:
    return Recipe.model_validate({"llm": {"model": HOSTED}, **sections})


class TestAnswering:
    def test_every_case_takes_the_prompts_budget_and_the_longest_reply(self):
        given = recipe(prompt={"context_tokens": 1000}, llm={"model": HOSTED, "max_tokens": 150})
        [one, *others] = forecast.answering(given, CASES)
        question = -(-len(CASES[2].question) // 4)  # a token for four characters
        assert (one.activity, one.model, one.replies, one.completion_tokens) == ("generation", HOSTED, 3, 150)
        assert one.prompt_tokens == 1000 + forecast.PROMPT_TOKENS + question
        assert [(other.activity, other.replies) for other in others if other.replies] == [("search", 3)]

    def test_turns_without_a_reply_are_asked_too(self):
        turns = tuple(Message(role=role, content="And then?") for role in ("user", "user", "assistant"))
        asked = Case(id="a", question="Why?", history=turns)
        assert forecast.answering(recipe(), [asked])[0].replies == 2

    def test_questions_that_a_model_rewrites_and_passages_that_it_orders_are_counted(self):
        given = recipe(rewrite={"standalone": "model", "phrasings": 3}, search={"rerank": "llm"})
        generation = [one for one in forecast.answering(given, CASES) if one.activity == "generation"]
        assert [one.replies for one in generation] == [3, 6, 3]

    def test_no_cases_cost_nothing(self, bench: Bench):
        bot = open_bot(bench.workspace.root, ("cost.limit_usd=0",))
        forecast.check_cost(bot, forecast.answering(recipe(), []), yes=False)


class TestLimit:
    @pytest.fixture
    def planned(self) -> list[Planned]:
        return forecast.answering(recipe(embed={"model": "fake"}), CASES * 100)

    def test_below_the_limit_nothing_is_said(
        self, bench: Bench, planned: list[Planned], capsys: pytest.CaptureFixture[str]
    ):
        forecast.check_cost(open_bot(bench.workspace.root, ("cost.limit_usd=1",)), planned, yes=False)
        assert capsys.readouterr().err == ""

    def test_above_it_is_refused_or_said(
        self, bench: Bench, planned: list[Planned], capsys: pytest.CaptureFixture[str]
    ):
        bot = open_bot(bench.workspace.root, ("cost.limit_usd=0.01",))
        with pytest.raises(UsageError, match=r"about 300 replies, [\d,]+ tokens: \$0\.\d\d in fees.*--yes"):
            forecast.check_cost(bot, planned, yes=False)
        forecast.check_cost(bot, planned, yes=True)
        assert re.match(r"This takes about 300 replies", capsys.readouterr().err)

    def test_a_price_that_is_not_known_is_above_any_limit(self, bench: Bench):
        planned = forecast.answering(recipe(llm={"model": "openai:nobodys-model"}), CASES)
        with pytest.raises(UsageError, match="nobodys-model charges, which is not known"):
            forecast.check_cost(open_bot(bench.workspace.root, ()), planned, yes=False)

    def test_a_model_on_this_machine_costs_nothing(self, bench: Bench):
        local = {"model": "openai:any", "base_url": "http://127.0.0.1:9/v1"}
        planned = forecast.answering(recipe(llm=local, embed={"model": "fake"}), CASES)
        forecast.check_cost(open_bot(bench.workspace.root, ("cost.limit_usd=0",)), planned, yes=False)


class TestJudging:
    @pytest.fixture
    def bot(self, bench: Bench) -> Bot:
        return open_bot(bench.workspace.root, (f"judge.model={HOSTED}",))

    @pytest.fixture
    def results(self) -> dict[str, Result]:
        passages = tuple(Retrieved(id=str(n), document="a", pages=(), text=f"Snow falls, part {n}.") for n in range(2))
        said = {"otter": "Under the ice, says the otter.", "heron": "It flies to the coast.", "marten": "In a tree."}
        return {name: Result(case_id=name, text=text, refused=False, passages=passages) for name, text in said.items()}

    def test_only_what_comparison_leaves_open_is_counted(self, bot: Bot, results: dict[str, Result]):
        [plan] = forecast.judging(bot, bot.recipe, CASES, results)
        # Of the otter correctness and hallucination are decided: it says word for word what is expected.
        assert (plan.replies, plan.completion_tokens) == (3 * 6 - 2, REMOTE_TOKENS)

    def test_of_answers_to_come_every_metric_is_counted(self, bot: Bot):
        [plan] = forecast.judging(bot, bot.recipe, CASES, {})
        assert plan.replies == 3 * 6
        passages = bot.recipe.prompt.context_tokens
        assert passages * 0.6 < plan.prompt_tokens < passages * 1.3

    def test_verdicts_that_were_given_are_subtracted(self, bot: Bot, results: dict[str, Result]):
        replying = open_judge(bot.recipe.judge, cache=bot.workspace.folder / "judges", stand_in=_Replying())
        judge_all(replying, CASES[:2], results)
        replying.close()
        assert len(replying.replies) == 10
        [plan] = forecast.judging(bot, bot.recipe, CASES, results)
        assert plan.replies == 6
        [plan] = forecast.judging(bot, bot.recipe, CASES[:2], results)
        assert plan.replies == 0

    def test_repetitions_are_counted(self, bench: Bench, results: dict[str, Result]):
        bot = open_bot(bench.workspace.root, (f"judge.model={HOSTED}", "judge.repeat=3"))
        [plan] = forecast.judging(bot, bot.recipe, CASES, results)
        assert plan.replies == 3 * 16

    def test_a_local_judge_is_not_foreseen(self, bench: Bench):
        bot = open_bot(bench.workspace.root, ("judge.model=fake",))
        assert forecast.judging(bot, bot.recipe, CASES, {}) == []


class _Replying(FakeLlm):
    """Says the first word for each key, under the hosted judge's name."""

    runtime = "openai"

    def __init__(self) -> None:
        super().__init__(_first_words)
        self.name = HOSTED


def _first_words(messages: Sequence[Message]) -> str:
    form = json.loads(messages[0].content.rpartition("in this form: ")[2])
    return json.dumps({key: words.partition("|")[0] for key, words in form.items()})


class TestEvaluate:
    HOSTED = ("--set", f"llm.model={HOSTED}", "--set", "cost.limit_usd=0.0001", "--json")

    @pytest.fixture
    def cases(self, bench: Bench) -> Path:
        bench.write("winter.txt", "The otter spends its winter under the ice.")
        bench.add()
        path = Path("cases.jsonl")
        rows = [{"id": case.id, "question": case.question, "expected": list(case.expected)} for case in CASES]
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        Path("bot.py").write_text("def right(question): return 'Under the ice.'\n")
        return path

    @pytest.fixture
    def runs(self, bench: Bench) -> Callable[[], list[Run]]:
        return lambda: list_runs(bench.workspace.folder / "runs")

    def test_a_hosted_model_over_the_limit_is_refused_before_anything_is_asked(
        self, cases: Path, command: Command, runs: Callable[[], list[Run]]
    ):
        done = command("evaluate", cases, *self.HOSTED)
        assert (done.code, done.out, runs()) == (2, "", [])
        assert "about 3 replies" in done.err and "give --yes to go on" in done.err

    def test_another_recipe_is_foreseen_as_it_is(self, cases: Path, command: Command, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.delenv("SCOVILLE_LLM__MODEL")
        Path("other.yaml").write_text(f"llm: {{model: '{HOSTED}', max_tokens: 1000}}\n")
        done = command("evaluate", cases, "--system", "other.yaml", "--set", "cost.limit_usd=0")
        assert (done.code, f"about 3 replies, {3 * (1200 + 400 + 10 + 1000):,} tokens" in done.err) == (2, True)

    def test_with_yes_it_is_said_and_goes_on(self, cases: Path, command: Command, runs: Callable[[], list[Run]]):
        done = command("evaluate", cases, *self.HOSTED, "--yes")
        assert done.code == 1
        assert "This takes about 3 replies" in done.err
        assert "OPENAI_API_KEY is not set" in done.err  # so that it was asked

    def test_what_a_resumed_run_has_is_subtracted(self, cases: Path, command: Command, bench: Bench):
        run = create_run(bench.workspace.folder / "runs", cases_of(cases), {"system": "hosted", "spec": ""})
        with run.recording() as record:
            record("otter", {"answer": "Under the ice.", "refused": False})
            record("heron", {"answer": "", "refused": False, "error": "it was down"})
        done = command("evaluate", "--resume", "latest", *self.HOSTED)
        assert (done.code, "about 2 replies" in done.err) == (2, True), done.err

    def test_a_judge_is_foreseen_beside_the_answers_and_alone(self, cases: Path, command: Command):
        limit = ("--set", "cost.limit_usd=0")
        done = command("evaluate", cases, "--system", "bot.py:right", *JUDGE, *limit)
        assert (done.code, "about 18 replies" in done.err) == (2, True), done.err
        assert command("evaluate", cases, "--system", "bot.py:right", *limit).code == 0
        done = command("evaluate", "--score", "latest", *JUDGE, *limit)
        assert (done.code, "about 9 replies" in done.err) == (2, True), done.err  # no passages, so fewer metrics

    def test_a_hosted_embedder_is_foreseen(self, cases: Path, command: Command):
        assert command("evaluate", cases, "--system", "bot.py:right").code == 0
        hosted = ("--set", "embed.model=openai:text-embedding-3-small", "--set", "cost.limit_usd=0")
        done = command("evaluate", "--score", "latest", "--semantic", *hosted)
        assert (done.code, "give --yes" in done.err) == (2, True), done.err

    def test_a_function_is_asked_without_a_forecast(self, cases: Path, command: Command):
        done = command("evaluate", cases, "--system", "bot.py:right", "--set", "cost.limit_usd=0")
        assert (done.code, "takes about" in done.err) == (0, False)


class TestOthers:
    LIMIT = ("--set", "cost.limit_usd=0", "--json")

    def test_a_batch_of_questions_is_foreseen(self, bench: Bench, command: Command):
        bench.write("winter.txt", "The otter spends its winter under the ice.")
        bench.add()
        lines = "".join(f"{json.dumps({'question': case.question})}\n" for case in CASES).encode()
        done = command("ask", "--batch", "-", "--set", f"llm.model={HOSTED}", *self.LIMIT, stdin=lines)
        assert (done.code, done.out, "about 3 replies" in done.err) == (2, "", True), done.err
        done = command("ask", "--batch", "-", "--set", f"llm.model={HOSTED}", *self.LIMIT, "--yes", stdin=lines)
        assert [sorted(line) for line in done.lines] == [["error", "id", "question"]] * 3  # there is no key

    def test_the_check_of_a_judge_is_foreseen(self, bench: Bench, command: Command):
        labels = [
            {"question": case.question, "answer": "Where it is cold.", "expected": list(case.expected), "label": 0}
            for case in CASES
        ]
        Path("labels.jsonl").write_text("".join(f"{json.dumps(label)}\n" for label in labels))
        hosted = ("--model", HOSTED, "--base-url", "https://api.openai.com/v1")
        done = command("judge", "check", "labels.jsonl", *hosted, *self.LIMIT)
        assert (done.code, done.out, "about 3 replies" in done.err) == (2, "", True), done.err
        assert "fake" in command("judge", "check", "labels.jsonl", *self.LIMIT).json["judge"]
