"""The reader on OpenVINO gives what its network gives in PyTorch; its spans are words of the texts."""

import json
import math

import numpy as np
import pytest
from tiny_reader import write_tiny_reader

from scoville.errors import ModelError
from scoville.extract import open_reader
from scoville.extract.windows import cover

TEXTS = ["the excess is £500 for each claim .", "who pays the deposit ? the tenant in may 2024 ."]
LONG = " ".join(["the tenant pays the deposit in may ."] * 12)


def test_spans_and_probability_are_those_of_the_network_that_was_trained(tmp_path):
    torch = pytest.importorskip("torch")
    network = write_tiny_reader(tmp_path)
    reader = open_reader(tmp_path)
    window = cover("who pays ?", TEXTS[0], reader._tokenizer, longest=24, overlap=8)[0]
    ids, segments = torch.tensor([window.ids]), torch.tensor([window.segments])
    with torch.no_grad():
        start, end, answerable = (value[0].numpy() for value in network(ids, segments, torch.ones_like(ids)))
    length = len(window.offsets)
    pairs = start[window.before :][:length, None] + end[window.before :][None, :length]
    first, last = np.unravel_index(np.argmax(np.where(np.tri(length).T > 0, pairs, -np.inf)), pairs.shape)
    best = reader.read("who pays ?", TEXTS[:1])[0]
    assert (best.start, best.end) == (window.offsets[first][0], window.offsets[last][1])
    assert best.score == pytest.approx(float(pairs[first, last] - start[0] - end[0]), abs=0.15)  # both in bfloat16
    logit = best.score + 0.5 * float(answerable) - 0.25
    assert best.probability == pytest.approx(1 / (1 + math.exp(-logit)), abs=0.03)


def test_spans_come_best_first_and_never_overlap(tmp_path):
    write_tiny_reader(tmp_path)
    spans = open_reader(tmp_path).read("who pays ?", [*TEXTS, LONG])
    assert [span.score for span in spans] == sorted((span.score for span in spans), reverse=True)
    assert {span.text for span in spans} == {0, 1, 2}
    for number, text in enumerate([*TEXTS, LONG]):
        places = sorted((span.start, span.end) for span in spans if span.text == number)
        assert all(0 <= start < end <= len(text) for start, end in places)
        assert all(before[1] <= after[0] for before, after in zip(places, places[1:], strict=False))


def test_every_token_of_a_long_text_is_in_a_window(tmp_path):
    write_tiny_reader(tmp_path)
    windows = cover("who pays ?", LONG, open_reader(tmp_path)._tokenizer, longest=24, overlap=8)
    seen = {offset for window in windows for offset in window.offsets}
    assert len(seen) == len(LONG.split())
    assert max(len(window.ids) for window in windows) <= 24


@pytest.mark.parametrize("texts", [[], [""], ["", TEXTS[0]]])
def test_texts_without_words_have_no_spans(tmp_path, texts):
    write_tiny_reader(tmp_path)
    assert {span.text for span in open_reader(tmp_path).read("who pays ?", texts)} <= {1}


def test_a_folder_that_is_no_reader_says_so(tmp_path):
    with pytest.raises(ModelError, match="model.safetensors is missing"):
        open_reader(tmp_path)
    write_tiny_reader(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    for wrong in ({}, {"longest": 24, "overlap": 8, "calibration": [1.0]}):
        (tmp_path / "config.json").write_text(json.dumps({**config, "reader": wrong}))
        with pytest.raises(ModelError, match="not that of a reader"):
            open_reader(tmp_path)


def test_weights_of_an_embedder_are_no_reader(tmp_path):
    from safetensors.numpy import load_file, save_file

    write_tiny_reader(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    save_file({k: v for k, v in tensors.items() if "answerable" not in k}, tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match="do not fit together"):
        open_reader(tmp_path).read("who pays ?", TEXTS)


def test_no_span_reaches_over_a_cell_or_a_paragraph(tmp_path):
    write_tiny_reader(tmp_path)
    reader = open_reader(tmp_path)
    text = "| the tenant | pays £500 |\n| who | may 2024 |\n\nthe excess is £500\n\nfor each claim"
    found = [text[span.start : span.end] for span in reader.read("who pays ?", [text])]
    assert found and not [words for words in found if " | " in words or "\n" in words]
