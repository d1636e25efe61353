"""The default model, on both runtimes. Fetched once into the model cache."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from scoville import recipe
from scoville.llm import Generation, Llm, open_llm
from scoville.llm.gguf import read_metadata
from scoville.models import locate_model
from scoville.types import Message

pytestmark = pytest.mark.model

MODEL = "smollm2-135m-instruct"
SYSTEM = "Answer in one short sentence, using only the passage."
QUESTIONS = (
    (
        "Varnholt Pumps gives new staff 28 days of leave a year, and 31 days after five years.",
        "How many days of leave do new staff get?",
        "28",
    ),
    (
        "The night shift at the Ostermoor plant begins at 21:30 and ends at 05:30.",
        "When does the night shift begin?",
        "21:30",
    ),
    (
        "Expense claims at Brindle & Fawe go to Mara Quist, who pays them on Fridays.",
        "Who receives expense claims?",
        "Mara Quist",
    ),
    (
        "The Kestrel 40 pump is filled with two litres of mineral oil before it is started.",
        "What is the Kestrel 40 filled with?",
        "mineral oil",
    ),
    (
        "Visitors to Harrowgate Labs leave their phones in the blue lockers beside the gate.",
        "Where do visitors leave their phones?",
        "blue lockers",
    ),
    (
        "The Tollan Bridge was opened in 1931 by the mayor, Ida Perrin.",
        "In which year was the Tollan Bridge opened?",
        "1931",
    ),
    (
        "Faulty Lumen lamps may be returned within 45 days if the receipt is shown.",
        "Within how many days may lamps be returned?",
        "45",
    ),
    (
        "The quarterly report of Sable Freight is written by the finance team in Norvik.",
        "Which team writes the quarterly report?",
        "finance",
    ),
    (
        "At Pell Orchards the apples are stored at 2 degrees and the pears at 0 degrees.",
        "At how many degrees are the apples stored?",
        "2",
    ),
    (
        "Support for the Arden till is reached at extension 4417 on weekdays.",
        "Which extension reaches support for the Arden till?",
        "4417",
    ),
)


def prompt(passage: str, question: str) -> list[Message]:
    content = f"Passages:\n\n[1] {passage}\n\nQuestion: {question}"
    return [Message(role="system", content=SYSTEM), Message(role="user", content=content)]


def answers(llm: Llm) -> list[str]:
    generation = Generation(max_tokens=40, stop=("\n\n",))
    return [llm.generate(prompt(passage, question), generation).text.strip() for passage, question, _ in QUESTIONS]


def shared_words(one: str, other: str) -> int:
    return len(os.path.commonprefix([one.split(), other.split()]))


@pytest.fixture(scope="module")
def openvino() -> Iterator[Llm]:
    opened = open_llm(recipe.Llm(model=MODEL, runtime="openvino"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def llamacpp() -> Iterator[Llm]:
    opened = open_llm(recipe.Llm(model=MODEL, runtime="llamacpp"))
    yield opened
    opened.close()


def test_both_runtimes_read_the_same_tokens(openvino: Llm, llamacpp: Llm):
    odd = "Größe: 12,5 °C — “naïve” 東京 🙂\n\n\tx = {'a': 1}  # 1234567 <|im_end|>\r\n"
    for passage, question, _ in ((odd, odd, ""), *QUESTIONS):
        messages = prompt(passage, question)
        assert openvino.count_tokens(messages) == llamacpp.count_tokens(messages)


def test_both_runtimes_give_the_same_answers(openvino: Llm, llamacpp: Llm):
    # Measured against llama.cpp on the Q4_1 file: OpenVINO on the F16 form shares 88 of its 118 words and has 7 of 10
    # expected answers against 8 (llama.cpp on the F16 form: 93 and 7). Given the Q4_1 file itself, OpenVINO shares 22.
    theirs, ours = answers(llamacpp), answers(openvino)
    words = sum(len(answer.split()) for answer in theirs)
    shared = sum(shared_words(one, other) for one, other in zip(ours, theirs, strict=True))
    found = [
        sum(gold in answer for answer, (*_, gold) in zip(texts, QUESTIONS, strict=True)) for texts in (ours, theirs)
    ]
    assert shared >= 0.5 * words, (shared, words)
    assert min(found) >= 5 and abs(found[0] - found[1]) <= 2, found


def test_replies_at_once_are_those_of_one_after_the_other(openvino: Llm):
    passage = " ".join(passage for passage, _, _ in QUESTIONS)
    asked = [prompt(passage, question) for _, question, _ in QUESTIONS[:6]]
    generation = Generation(max_tokens=20)
    alone = [openvino.generate(messages, generation).text for messages in asked]
    with ThreadPoolExecutor(6) as threads:
        assert [reply.text for reply in threads.map(lambda one: openvino.generate(one, generation), asked)] == alone


def test_a_prompt_that_was_just_read_is_not_read_again(openvino: Llm):
    messages = prompt(" ".join(passage for passage, _, _ in QUESTIONS) * 2, "When does the night shift begin?")
    replies, seconds = [], []
    for _ in range(2):
        started = time.process_time()  # of this process, so that what else the machine does counts little
        replies.append(openvino.generate(messages, Generation(max_tokens=4)))
        seconds.append(time.process_time() - started)
    assert replies[0].text == replies[1].text
    assert replies[0].prompt_tokens > 400
    assert seconds[1] < seconds[0] / 2


def test_the_end_of_the_turn_ends_the_reply(openvino: Llm, llamacpp: Llm):
    passage, question, _ = QUESTIONS[8]
    for llm in (openvino, llamacpp):
        reply = llm.generate(prompt(passage, question), Generation(max_tokens=40))
        assert reply.finish_reason == "stop"
        assert "<|" not in reply.text


def test_the_default_model_says_what_it_is():
    metadata = read_metadata(locate_model(MODEL, kind="llm").weights)
    assert (metadata.architecture, metadata.context_tokens, metadata.end_token_ids) == ("llama", 8192, {0, 2})
    assert metadata.template.eos_token == "<|im_end|>"
