"""A judge beside labels."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from scoville.bot.check_judge import judge_of
from scoville.cli.judge import command
from scoville.errors import ScovilleError, UsageError
from scoville.evaluate.judge.check import check_judge, check_path, read_check, read_checks, save_check
from scoville.evaluate.judge.judge import Judge
from scoville.evaluate.judge.labels import Label, read_labels
from scoville.evaluate.show_run import judges_text
from scoville.llm import FakeLlm
from scoville.recipe import Recipe
from scoville.types import Message

RIGHT = '{"verdict": "right"}'


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def plain(number: int, label: Any, **more: Any) -> dict[str, Any]:
    return {
        "question": f"What is {number}?",
        "answer": f"It is number {number}.",
        "expected": "x",
        "label": label,
        **more,
    }


def first_label(path: Path) -> Label:
    (label,) = read_labels(path).found
    return label


class TestLabels:
    @pytest.mark.parametrize(
        ("label", "value"),
        [("right", 1), ("Correct ", 1), (True, 1), (1, 1), ("partly", 0.5), (0.5, 0.5), ("0x", None), ("wrong", 0)],
    )
    def test_a_plain_label_is_a_word_or_a_share(self, tmp_path: Path, label: Any, value: float | None):
        path = write(tmp_path / "labels.jsonl", plain(1, label))
        if value is None:
            with pytest.raises(UsageError, match=r"line 1: label '0x' is no word that is known; expected one of right"):
                read_labels(path)
        else:
            assert (found := first_label(path)).value == value
            assert (found.metric, found.case.expected, found.by) == ("correctness", ("x",), "human")

    def test_a_plain_label_may_be_of_another_metric_and_have_passages(self, tmp_path: Path):
        row = plain(1, 0.8, metric="judged_faithfulness", context=["one", "two"], answerable=False, by="construction")
        label = first_label(write(tmp_path / "labels.jsonl", row))
        assert (label.metric, label.by) == ("judged_faithfulness", "construction")
        assert [one.text for one in label.result.passages] == ["one", "two"]
        assert not label.case.answerable

    def test_ratings_of_a_model_are_labels_of_two_metrics(self, tmp_path: Path):
        row = {
            "question": "How long?", "truth": "Nine days. [plan.pdf#page=3]", "answer": "Nine days [plan.pdf#page=3].",
            "context": "plan.pdf: nine days", "latency": 3.1, "gpt_coherence": 5, "gpt_relevance": 4,
            "gpt_groundedness": 5.0,
        }  # fmt: skip
        labels = read_labels(write(tmp_path / "labels.jsonl", row, row | {"gpt_relevance": float("nan")}))
        assert [(one.metric, one.value, one.five, one.by) for one in labels.found] == [
            ("judged_faithfulness", 5, True, "model"),
            ("judged_answer_relevance", 4, True, "model"),
            ("judged_faithfulness", 5, True, "model"),
        ]
        assert labels.skipped == 1
        assert labels.found[0].case.expected == ("Nine days.",)

    @pytest.mark.parametrize(
        ("turn", "winner", "value", "answers"),
        [
            (1, "model_a", 1, ("a1", "b1")),
            (2, "model_b", 0, ("a1\n\na2", "b1\n\nb2")),
            (1, "tie (inconsistent)", 0.5, ("a1", "b1")),
        ],
    )
    def test_judgments_of_mt_bench_are_preferences(
        self, tmp_path: Path, turn: int, winner: str, value: float, answers: tuple[str, str]
    ):
        conversations = {
            f"conversation_{side}": [
                {"role": role, "content": f"{'q' if role == 'user' else side}{number}"}
                for number in (1, 2)
                for role in ("user", "assistant")
            ]
            for side in "ab"
        }
        row = {"question_id": 81, "winner": winner, "judge": "expert_1", "turn": turn, **conversations}
        label = first_label(write(tmp_path / "labels.jsonl", row))
        assert label.other is not None
        assert (label.metric, label.value, label.by) == ("preference", value, "human")
        assert (label.result.text, label.other.text) == answers
        assert label.case.question == "\n\n".join(["q1", "q2"][:turn])

    @pytest.mark.parametrize("content", ["", "\n\n", '{"question": "q", "answer": "a", "label": null}\n'])
    def test_no_labels_are_refused_with_the_form_that_is_expected(self, tmp_path: Path, content: str):
        path = tmp_path / "labels.jsonl"
        path.write_text(content)
        with pytest.raises(UsageError, match=r'holds no label.*"label": "right"'):
            read_labels(path)

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("{", "line 2"), ("[1]", "expected an object"), ('{"question": "q", "answer": "a"}', "no label"),
            ('{"question": "q", "label": 1}', "no answer"), ('{"answer": "a", "label": 1}', "no question"),
            ('{"question": "q", "answer": "a", "label": 4}', "expected 0 to 1"),
            ('{"question": "q", "answer": "a", "gpt_relevance": 7}', "expected 1 to 5"),
            ('{"question": "q", "answer": "a", "label": 1, "metric": "charm"}', "charm"),
            ('{"conversation_a": 3, "conversation_b": [], "winner": "model_a"}', "line 2"),
            ("[" * 100_000, "line 2"),
        ],
    )  # fmt: skip
    def test_a_line_that_is_none_is_named(self, tmp_path: Path, line: str, said: str):
        path = write(tmp_path / "labels.jsonl", plain(1, 1))
        path.write_text(path.read_text() + line)
        with pytest.raises(UsageError, match=said):
            read_labels(path)

    def test_a_file_that_cannot_be_read_is_said(self, tmp_path: Path):
        with pytest.raises(UsageError, match="expected a file of JSON lines"):
            read_labels(tmp_path / "nowhere.jsonl")
        (tmp_path / "latin.jsonl").write_bytes(b'{"question": "\xe9"}')
        with pytest.raises(UsageError, match="UTF-8"):
            read_labels(tmp_path / "latin.jsonl")

    def test_some_labels_are_drawn_by_the_seed(self, tmp_path: Path):
        labels = read_labels(write(tmp_path / "labels.jsonl", *(plain(number, 1) for number in range(30))))
        drawn = labels.draw(5, 1)
        assert len(set(one.case.id for one in drawn)) == 5
        assert labels.draw(5, 1) == drawn != labels.draw(5, 2)
        assert labels.draw(None, 1) == labels.draw(99, 1) == labels.found


def judge_of_words(*words: str) -> Judge:
    """Say of answer n the n-th word."""

    def reply(messages: Sequence[Message]) -> str:
        number = int(messages[-1].content.partition("It is number ")[2].partition(".")[0])
        return json.dumps({"verdict": words[number]})

    return Judge(FakeLlm(reply))


class TestCheck:
    def test_the_numbers_are_those_of_the_verdicts(self, tmp_path: Path):
        rows = [plain(number, label) for number, label in enumerate([1, 1, 0, 0])]
        labels = read_labels(write(tmp_path / "labels.jsonl", *rows)).found
        found = check_judge(judge_of_words("right", "wrong", "wrong", "wrong"), labels)["correctness"]
        assert found["agreement"] == 0.75
        assert found["kappa"] == pytest.approx(0.5)
        assert found["confusion"] == {"0": {"0": 2, "1": 0}, "1": {"0": 1, "1": 1}}
        assert (found["n"], found["unscored"], found["by"], found["reason"]) == (4, 0, "human", "")

    def test_beside_labels_of_two_levels_partly_right_is_not_right(self, tmp_path: Path):
        labels = read_labels(write(tmp_path / "labels.jsonl", plain(0, 1), plain(1, 0))).found
        found = check_judge(judge_of_words("right", "partly"), labels)["correctness"]
        assert found["agreement"] == 1

    def test_answers_to_one_question_are_not_as_much_evidence_as_answers_to_many(self, tmp_path: Path):
        rows = [plain(number, number % 2) for number in range(40)]
        alike = [row | {"question": f"What is {number // 10}?"} for number, row in enumerate(rows)]
        words = ["right" if number % 2 or number < 10 else "wrong" for number in range(40)]
        apart, together = (
            check_judge(judge_of_words(*words), read_labels(write(tmp_path / "labels.jsonl", *some)).found)[
                "correctness"
            ]
            for some in (rows, alike)
        )
        assert apart["agreement"] == together["agreement"] == 0.875
        widths = [high - low for low, high in (apart["agreement_interval"], together["agreement_interval"])]
        assert widths[1] > 1.5 * widths[0]

    def test_unscored_answers_are_counted_with_their_reasons_and_not_as_wrong(self, tmp_path: Path):
        labels = read_labels(write(tmp_path / "labels.jsonl", plain(0, 1), plain(1, 0), plain(2, 0))).found
        found = check_judge(judge_of_words("right", "wrong", "falsch"), labels)["correctness"]
        assert (found["n"], found["unscored"], found["agreement"]) == (2, 1, 1)
        assert "falsch" in found["unscored_reasons"][0]

    def test_what_the_lane_decides_is_not_the_judges_merit(self, tmp_path: Path):
        exact = plain(0, 1, expected="It is number 0.")
        labels = read_labels(write(tmp_path / "labels.jsonl", exact, plain(1, 1), plain(2, 0))).found
        found = check_judge(judge_of_words("?", "wrong", "right"), labels)["correctness"]
        assert (found["decided_without_judge"], found["judge_alone"]["n"]) == (1, 2)
        assert found["agreement"] == pytest.approx(1 / 3)
        assert found["judge_alone"]["agreement"] == 0

    def test_labels_that_are_all_the_same_leave_kappa_undefined_and_say_why(self, tmp_path: Path):
        labels = read_labels(write(tmp_path / "labels.jsonl", plain(0, 1), plain(1, 1))).found
        found = check_judge(judge_of_words("right", "wrong"), labels)["correctness"]
        assert (found["kappa"], found["spearman"], found["kappa_interval"]) == (None, None, None)
        assert "all labels are the same" in found["reason"]

    def test_a_judge_that_says_the_same_of_all_is_told_apart(self, tmp_path: Path):
        labels = read_labels(write(tmp_path / "labels.jsonl", plain(0, 1), plain(1, 0))).found
        found = check_judge(judge_of_words("right", "right"), labels)["correctness"]
        assert found["kappa"] == 0
        assert "the judge says the same of all" in found["reason"]

    def test_a_judge_without_any_verdict_has_no_numbers(self, tmp_path: Path):
        labels = read_labels(write(tmp_path / "labels.jsonl", plain(0, 1), plain(1, 0))).found
        found = check_judge(Judge(FakeLlm("garbage")), labels)["correctness"]
        assert (found["n"], found["unscored"], found["agreement"], found["kappa"]) == (0, 2, None, None)

    def test_numbers_are_kept_for_each_metric_and_found_by_the_name_in_a_score(self, tmp_path: Path):
        judge = Judge(FakeLlm(RIGHT))
        assert read_check(tmp_path, judge.label) == {}
        path = save_check(
            tmp_path, judge, Path("a.jsonl"), {"correctness": {"kappa": 0.1}, "preference": {"kappa": None}}
        )
        save_check(tmp_path, judge, Path("b.jsonl"), {"correctness": {"kappa": 0.7}})
        kept = read_check(tmp_path, judge.label)
        assert (kept["correctness"]["kappa"], kept["correctness"]["labels"]) == (0.7, "b.jsonl")
        assert kept["preference"]["labels"] == "a.jsonl"
        assert path == check_path(tmp_path, judge.label)
        assert [one.name for one in path.parent.iterdir()] == [path.name]

    def test_names_of_models_are_names_of_files(self, tmp_path: Path):
        path = check_path(tmp_path, "hf:ORG/NAME/../FILE.gguf v1")
        assert path.parent == tmp_path / "judges"
        assert path.name == "hf_ORG_NAME_.._FILE.gguf-v1.json"

    def test_a_damaged_file_counts_as_none(self, tmp_path: Path):
        path = check_path(tmp_path, "fake v1")
        path.parent.mkdir()
        path.write_text("[]")
        assert read_check(tmp_path, "fake v1") == {}


class TestCommand:
    def test_check_shows_the_numbers_keeps_them_and_asks_nothing_twice(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.chdir(tmp_path)
        labels = write(tmp_path / "labels.jsonl", *(plain(number, number % 2) for number in range(8)))
        words = ["check", str(labels), "--model", f"fake:{RIGHT}", "-w", str(tmp_path)]
        done = CliRunner().invoke(command, words)
        assert done.exit_code == 0, done.output
        assert "correctness: 8 labels by human, 0 not scored, 0 decided without the judge" in done.output
        assert "Cohen's kappa    0.000" in done.output
        assert "8 asked" in done.output
        again = CliRunner().invoke(command, [*words, "--json"])
        assert again.exit_code == 0
        reply = json.loads(again.stdout)
        assert (reply["asked"], reply["cached"], reply["cost_usd"]) == (0, 8, 0)
        assert reply["metrics"]["correctness"]["agreement"] == 0.5
        assert Path(reply["saved"]).is_file()

    def test_no_labels_end_before_a_model_is_opened(self, tmp_path: Path):
        (tmp_path / "labels.jsonl").write_text("")
        words = ["check", str(tmp_path / "labels.jsonl"), "--model", "nobody:knows", "-w", str(tmp_path)]
        done = CliRunner().invoke(command, words)
        assert isinstance(done.exception, UsageError)
        assert "holds no label" in str(done.exception)

    def test_the_judge_is_that_of_the_recipe_and_another_is_asked_where_it_is(self):
        def settings(**sections: dict[str, Any]) -> Recipe:
            return Recipe.model_validate(sections)

        ours = {"model": "openai:ours", "base_url": "http://judge.test/v1", "api_key_env": "JUDGE_KEY", "repeat": 3,
                "temperature": 0.7}  # fmt: skip
        answering = {"model": "openai:answers", "base_url": "http://answers.test/v1", "api_key_env": "OUR_KEY"}
        assert judge_of(settings(judge=ours, llm=answering)).model_dump() == settings(judge=ours).judge.model_dump()
        other = judge_of(settings(judge=ours, llm=answering), model="openai:other", repeat=2)
        assert (other.model, other.base_url, other.api_key_env) == ("openai:other", ours["base_url"], "JUDGE_KEY")
        assert (other.repeat, other.temperature) == (2, 0.7)
        assert judge_of(settings(llm=answering), model="openai:other").base_url == answering["base_url"]
        local = judge_of(settings(judge=ours), model="fake")
        assert (local.base_url, local.api_key_env, local.temperature) == (None, None, 0.7)
        assert judge_of(settings(judge=ours), base_url="http://else.test/v1").base_url == "http://else.test/v1"
        assert judge_of(settings(llm=answering)).model is None  # what answers is not taken for a judge

    def test_a_recipe_without_a_judge_asks_none(self, tmp_path: Path):
        labels = write(tmp_path / "labels.jsonl", plain(1, 1))
        done = CliRunner().invoke(command, ["check", str(labels), "-w", str(tmp_path)])
        assert isinstance(done.exception, UsageError) and "set judge.model" in str(done.exception)

    def test_a_judge_that_is_down_changes_nothing_that_is_known_of_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("OPENAI_API_KEY", "x")
        labels = write(tmp_path / "labels.jsonl", *(plain(number, number % 2) for number in range(4)))
        known = check_path(tmp_path / ".scoville", "gpt v1")
        known.parent.mkdir(parents=True)
        known.write_text("{}")
        words = ["check", str(labels), "--model", "openai:gpt", "--base-url", "http://127.0.0.1:9/v1", "--yes",
                 "--set", "judge.max_retries=0", "-w", str(tmp_path)]  # fmt: skip
        done = CliRunner().invoke(command, words)
        assert isinstance(done.exception, ScovilleError) and "nothing was changed" in str(done.exception)
        assert known.read_text() == "{}"

    def test_labels_of_other_questions_are_told_from_those_of_the_cases(self, tmp_path: Path):
        labels = read_labels(write(tmp_path / "labels.jsonl", plain(1, 1), plain(2, 0))).found
        questions = [label.case.question for label in labels]
        judge = judge_of_words("right", "wrong")
        save_check(tmp_path, judge, tmp_path / "labels.jsonl", check_judge(judge, labels), questions)
        found = read_checks(tmp_path, judge.label, [questions[0].upper(), "Who?"])["correctness"]
        assert (found["shared"], "questions" in found) == (1, False)
        assert "of other questions" not in judges_text({judge.label: {"correctness": found}})
        found = read_checks(tmp_path, judge.label, ["Who?"])
        assert "(labels.jsonl; of other questions than these cases)" in judges_text({judge.label: found})
