from pathlib import Path

import gguf
import numpy as np
import pytest

from scoville.errors import ModelError
from scoville.llm.gguf import read_metadata
from scoville.llm.gguf_write import dequantise
from tiny_gguf import CONTEXT, HIDDEN, SPECIAL, TEMPLATE, write_tiny_gguf

Kind = gguf.GGMLQuantizationType


def tensors(path: Path) -> dict[str, gguf.ReaderTensor]:
    return {tensor.name: tensor for tensor in gguf.GGUFReader(path).tensors}


def test_the_metadata_say_what_a_runtime_needs(tmp_path: Path):
    path = write_tiny_gguf(tmp_path / "tiny.gguf")
    metadata = read_metadata(path)
    assert metadata.architecture == "llama"
    assert metadata.context_tokens == CONTEXT
    assert metadata.template.source == TEMPLATE
    assert metadata.template.special_tokens == SPECIAL
    assert (metadata.template.bos_token, metadata.template.eos_token) == ("<|im_start|>", "<|im_end|>")
    assert metadata.end_token_ids == {0, 2}
    assert metadata.parameters == sum(int(np.prod(tensor.shape)) for tensor in tensors(path).values())


def test_a_file_without_a_template_has_none(tmp_path: Path):
    assert read_metadata(write_tiny_gguf(tmp_path / "tiny.gguf", template=None)).template.source is None


@pytest.mark.parametrize("kind", [Kind.Q4_1, Kind.Q8_0, Kind.F16, Kind.BF16, Kind.F32])
def test_the_f16_form_holds_the_same_weights(tmp_path: Path, kind: Kind):
    source = write_tiny_gguf(tmp_path / "tiny.gguf", kind)
    dequantise(source, tmp_path / "f16.gguf")
    before, after = tensors(source), tensors(tmp_path / "f16.gguf")
    assert list(before) == list(after)
    for name, tensor in before.items():
        expected = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        assert after[name].tensor_type == (Kind.F32 if expected.ndim == 1 else Kind.F16)
        assert after[name].data.shape == expected.shape
        np.testing.assert_array_equal(after[name].data.astype(np.float32), expected.astype(after[name].data.dtype))


def test_the_f16_form_keeps_the_metadata_but_its_kind(tmp_path: Path):
    source = write_tiny_gguf(tmp_path / "tiny.gguf")
    dequantise(source, tmp_path / "f16.gguf")
    assert read_metadata(tmp_path / "f16.gguf") == read_metadata(source)
    fields = gguf.GGUFReader(tmp_path / "f16.gguf").fields
    assert fields["general.file_type"].contents() == 1
    before = gguf.GGUFReader(source).fields
    unchanged = [name for name in before if name != "general.file_type"]
    assert unchanged == [name for name in fields if name != "general.file_type"]
    assert all(before[name].contents() == fields[name].contents() for name in unchanged)


def test_large_matrices_are_unpacked_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = write_tiny_gguf(tmp_path / "tiny.gguf", Kind.Q4_1)
    dequantise(source, tmp_path / "whole.gguf")
    monkeypatch.setattr("scoville.llm.gguf_write.BLOCK_VALUES", 3 * HIDDEN + 1)
    dequantise(source, tmp_path / "blocks.gguf")
    assert (tmp_path / "blocks.gguf").read_bytes() == (tmp_path / "whole.gguf").read_bytes()


def test_weights_beyond_float16_are_refused_and_nothing_is_left(tmp_path: Path):
    source = write_tiny_gguf(tmp_path / "tiny.gguf", Kind.F32, scale=1e6)
    with pytest.raises(ModelError, match="llamacpp"):
        dequantise(source, tmp_path / "f16.gguf")
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.gguf"]


def test_a_failed_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = write_tiny_gguf(tmp_path / "tiny.gguf")
    target = tmp_path / "f16.gguf"
    target.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gguf.GGUFWriter, "write_tensor_data", fail)
    with pytest.raises(OSError, match="No space"):
        dequantise(source, target)
    assert target.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f16.gguf", "tiny.gguf"]


@pytest.mark.parametrize("length", [0, 3, 4, 20, 24, 200, 2000])
def test_a_cut_off_file_is_a_model_error(tmp_path: Path, length: int):
    whole = write_tiny_gguf(tmp_path / "tiny.gguf").read_bytes()
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(whole[:length])
    with pytest.raises(ModelError, match=r"cut\.gguf"):
        read_metadata(cut)


def test_a_file_that_lies_about_its_sizes_is_a_model_error(tmp_path: Path):
    path = tmp_path / "liar.gguf"
    huge = (2**60).to_bytes(8, "little")
    array = b"\x01\0\0\0\0\0\0\0a" + (9).to_bytes(4, "little") + (0).to_bytes(4, "little") + huge
    path.write_bytes(b"GGUF\x03\0\0\0" + (0).to_bytes(8, "little") + (1).to_bytes(8, "little") + array)
    with pytest.raises(ModelError, match="array"):
        read_metadata(path)
    path.write_bytes(b"GGUF\x03\0\0\0" + (0).to_bytes(8, "little") + (1).to_bytes(8, "little") + huge)
    with pytest.raises(ModelError, match="cut off"):
        read_metadata(path)
