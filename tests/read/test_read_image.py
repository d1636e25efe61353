"""Picture files as documents: formats, pages, and files that are meant to hurt."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pictures import SENTENCES, encoded, page_picture, tesseract
from scoville.errors import ReadFailure
from scoville.read import read_document
from scoville.read.ocr.image import count_frames, open_frame
from scoville.recipe import Read
from scoville.types import Document

ReadBytes = Callable[..., Document]


@pytest.fixture
def read(tmp_path: Path) -> ReadBytes:
    def read_bytes(data: bytes, **settings: Any) -> Document:
        path = tmp_path / "file.dat"  # the name says nothing
        path.write_bytes(data)
        return read_document(path, source="s", settings=Read(**settings))

    return read_bytes


@tesseract
@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF"])
def test_a_picture_of_print_is_a_document(read: ReadBytes, format: str) -> None:
    document = read(encoded(page_picture(), format))
    assert (document.media_type, document.pages) == (f"image/{format.lower()}", 1)
    assert " ".join(SENTENCES) in " ".join(document.text.split())
    boxes = [region.box for element in document.elements for region in element.regions]
    assert all(0 < box.x0 < box.x1 < 612 and 0 < box.y0 < box.y1 < 300 for box in boxes)


@tesseract
def test_each_picture_of_a_tiff_is_a_page(read: ReadBytes) -> None:
    second = page_picture(("The second page names the price of 88 euros.",))
    document = read(encoded(page_picture(), "TIFF", save_all=True, append_images=[second.convert("1")]))
    assert document.pages == 2
    start = document.text.index("88 euros")
    assert [element.page for element in document.elements if element.start <= start < element.end] == [2]


@tesseract
def test_of_an_animation_the_first_picture_is_read(read: ReadBytes) -> None:
    second = page_picture(("The second page names the price of 88 euros.",))
    document = read(encoded(page_picture(), "GIF", save_all=True, append_images=[second]))
    assert document.pages == 1
    assert "Hotels" in document.text
    assert "88" not in document.text


@tesseract
@pytest.mark.parametrize("mode", ["CMYK", "1", "I;16", "RGBA", "LA", "P"])
def test_every_way_of_storing_colours_is_read(read: ReadBytes, mode: str) -> None:
    image = page_picture()
    if mode == "I;16":
        image = image.convert("L").point(lambda grey: grey * 257, "I").convert("I;16")
    elif mode in {"RGBA", "LA"}:  # black ink on nothing
        ink = Image.new(mode, image.size, 0)
        ink.putalpha(Image.eval(image.convert("L"), lambda grey: 255 - grey))
        image = ink
    else:
        image = image.convert(mode)
    document = read(encoded(image, "JPEG" if mode == "CMYK" else "TIFF" if mode == "I;16" else "PNG"))
    assert "Hotels cost up to 120 euros a night." in document.text


@tesseract
def test_a_photo_that_its_camera_marked_as_turned_is_shown_upright(read: ReadBytes) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to show
    document = read(encoded(page_picture().rotate(90, expand=True), "JPEG", exif=exif.tobytes()))
    box = document.elements[0].regions[0].box
    assert "travel policy" in document.text
    assert box.y1 < 150
    assert box.x1 - box.x0 > 3 * (box.y1 - box.y0)


def test_resolution_decides_the_size_of_a_page_only_where_it_makes_sense(tmp_path: Path) -> None:
    path = tmp_path / "file.png"
    for dpi, inches in ((150, 11.69), (1, 11), (72, 11), (20_000, 11)):
        path.write_bytes(encoded(page_picture(), "PNG", dpi=(dpi, dpi)))
        assert open_frame(str(path), 1).height == pytest.approx(inches * 72, abs=1)


def tiff_header(width: int, height: int) -> bytes:
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8),
            (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, 100)]  # fmt: skip
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHLL", *tag) for tag in tags) + bytes(4)
    return b"II*\0" + struct.pack("<L", 8) + directory + bytes(100)


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))

    header = struct.pack(">LLBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("bomb", [tiff_header(200_000, 200_000), png_header(60_000, 60_000)])
def test_a_picture_bomb_is_refused_before_it_is_decoded(read: ReadBytes, bomb: bytes) -> None:
    with pytest.raises(ReadFailure, match=r"pixels, over 250,000,000: not decoded"):
        read(bomb)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF"])
@pytest.mark.parametrize("share", [0.02, 0.5])
def test_a_picture_that_was_cut_off_is_a_recorded_failure(read: ReadBytes, format: str, share: float) -> None:
    data = encoded(page_picture(), format)
    with pytest.raises(ReadFailure, match=r"damaged picture|has no text|binary data|no text on its"):
        read(data[: int(len(data) * share)])


@pytest.mark.parametrize("size", [(1, 1), (1, 5_000), (7, 7)])
def test_a_picture_of_a_few_pixels_is_refused(read: ReadBytes, size: tuple[int, int]) -> None:
    with pytest.raises(ReadFailure, match="too small to hold text"):
        read(encoded(Image.new("RGB", size), "PNG"))


@tesseract
def test_a_picture_without_text_is_a_failure_that_says_so(read: ReadBytes) -> None:
    with pytest.raises(ReadFailure, match="has no text on its 1 page"):
        read(encoded(Image.radial_gradient("L").resize((600, 400)), "PNG"))


def test_where_ocr_is_off_a_picture_is_a_failure_that_says_what_to_set(read: ReadBytes) -> None:
    with pytest.raises(ReadFailure, match=r"read\.ocr is 'never'; set it to 'auto'"):
        read(encoded(page_picture(), "PNG"), ocr="never")


def test_a_picture_with_more_pages_than_anyone_reads_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.tif"
    blank = Image.new("1", (10, 10))
    path.write_bytes(encoded(blank, "TIFF", save_all=True, append_images=[blank] * 3))
    assert count_frames(str(path)) == (4, "image/tiff")
    monkeypatch.setattr("scoville.read.ocr.image.MOST_FRAMES", 3)
    with pytest.raises(ReadFailure, match="has 4 pages, over 3; split it"):
        count_frames(str(path))


def test_letters_that_begin_like_a_picture_are_text(read: ReadBytes) -> None:
    assert read(b"BM stands for bench mark, and this is a note about it.\n").media_type == "text/plain"
    assert read(b"RIFF is a container format for sound.\n").media_type == "text/plain"
