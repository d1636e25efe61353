"""Bad files, names, questions and filters, from the command line to the index: nothing ends in a traceback."""

import io
import os
import resource
import time
import zipfile
from pathlib import Path

import pytest
from reportlab.lib import pdfencrypt
from reportlab.pdfgen.canvas import Canvas

from conftest import Bench, Command, Done, command_line, set_fakes

SENTENCE = "Staff of Larkspur Freight have thirty days of leave in a year."
GOOD_NAMES = (
    "a' OR '1'='1.txt", "'; DROP TABLE passages; --.txt", 'quote".txt', "new\nline.txt", "tab\there.txt",
    "🧾 receipts.txt",
    "مرحبا.txt", "\u202ereversed.txt", "back\\slash.txt", "%_*.txt", "  spaces  .txt", "-flag.txt", "$(whoami).txt",
    "caf\udce9.txt", "\x1b[31mred.txt", "é" * 120 + ".txt", "no suffix",
)  # fmt: skip
GOOD_TEXTS = {
    "nul.txt": f"{SENTENCE}\x00 It says \x00nothing more. {SENTENCE * 3}".encode(),
    "rtl.txt": "للموظفين ثلاثون يومًا من الإجازة في السنة. לעובדים שלושים ימי חופשה.".encode(),
    "emoji.md": "# 🏖️ Leave\n\n👩‍👩‍👧 Parents have 🧸 ten days more. 🇬🇧".encode(),
    "latin.txt": "Die Kündigungsfrist beträgt drei Monate.".encode("latin-1"),
    "wide.txt": SENTENCE.encode("utf-16"),
    "controls.txt": f"\x1b[2J\x1b]0;title\x07{SENTENCE}".encode(),
    "nested.html": b"<div>" * 10_000 + SENTENCE.encode() + b"</div>" * 10_000,
    "one.txt": b"x",
    "long-line.txt": b"word " * 40_000,
}


def pdf(**options: object) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, invariant=1, **options)
    canvas.drawString(72, 700, SENTENCE)
    canvas.drawString(72, 680, "Trains are preferred to planes on journeys below six hours.")
    canvas.save()
    return stream.getvalue()


def zip_bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", bytes(30_000_000))
    return stream.getvalue()


NO_PAGES = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R/Size 3>>\n%%EOF\n"
)
BAD_FILES = {
    "empty.txt": (b"", "is empty"),
    "blank.txt": (b" \n\t\n ", "has no text"),
    "cut.pdf": (pdf()[:700], ""),
    "locked.pdf": (pdf(encrypt=pdfencrypt.StandardEncryption("secret", strength=128)), "encrypted"),
    "no-pages.pdf": (NO_PAGES, ""),
    "bomb.docx": (zip_bomb(), "ZIP bomb"),
    "garbage.bin": (bytes(range(256)) * 64, "binary data"),
    "picture.txt": (b"\x89PNG\r\n\x1a\n" + bytes(200), "damaged picture"),
    "archive.zip": (zip_bomb()[:100], "ZIP"),
    "not-yet.xlsx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "damaged Office 97-2003"),
    "broken.docx": (b"PK\x03\x04" + bytes(400), "ZIP"),
}
BAD_LINKS = {"loop.txt": ("loop.txt", "link"), "dangling.txt": ("nowhere.txt", "does not exist")}


class Folder:
    """A folder with all of it, added once."""

    def __init__(self, bench: Bench, command: Command) -> None:
        for number, name in enumerate(GOOD_NAMES):
            bench.write(f"names/{name}", f"Rule {number} says: {SENTENCE}")
        for name, content in GOOD_TEXTS.items():
            bench.write(f"texts/{name}", content)
        bench.write("texts/plain.pdf", SENTENCE)
        bench.write("texts/real.docx", pdf())
        for name, (content, _) in BAD_FILES.items():
            bench.write(f"bad/{name}", content)
        for name, (target, _) in BAD_LINKS.items():
            (bench.docs / "bad" / name).symlink_to(target)
        os.mkfifo(bench.docs / "bad" / "pipe.txt")
        bench.write("bad/forbidden.txt", SENTENCE).chmod(0)
        self.root = bench.workspace.root
        self.done: Done = command("add", "docs", "--json")
        self.listed: Done = command("add", "--failed")
        self.again: Done = command("add", "docs", "--json")
        self.sources = bench.sources
        self.failures = bench.failures


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    with pytest.MonkeyPatch.context() as patch:
        bench = Bench(tmp_path_factory.mktemp("bad") / "work")
        patch.chdir(bench.workspace.root)
        set_fakes(patch)
        return Folder(bench, command_line(patch))


READABLE_BY_ROOT = 0 if os.geteuid() else 1  # root reads what nobody may


class TestFiles:
    def test_good_files_are_indexed_beside_bad_ones(self, folder: Folder):
        assert folder.done.code == 0
        good = len(GOOD_NAMES) + len(GOOD_TEXTS) + 2 + READABLE_BY_ROOT
        bad = len(BAD_FILES) + len(BAD_LINKS) + 2 - READABLE_BY_ROOT
        assert (folder.done.json["added"], len(folder.done.json["failed"])) == (good, bad), folder.failures
        assert folder.done.json["documents"] == len(folder.sources) == good

    def test_adding_again_changes_nothing_and_lists_the_failures_again(self, folder: Folder):
        assert folder.again.json["unchanged"] == folder.done.json["added"]
        assert folder.again.json["added"] == folder.again.json["changed"] == folder.again.json["removed"] == 0
        assert [one["path"] for one in folder.again.json["failed"]] == [
            one["path"] for one in folder.done.json["failed"]
        ]
        assert {one["attempts"] for one in folder.again.json["failed"]} == {2}

    @pytest.mark.parametrize("name", [*BAD_FILES, *BAD_LINKS, "pipe.txt"])
    def test_a_bad_file_is_a_failure_with_its_reason(self, folder: Folder, name: str):
        expected = {**BAD_FILES, **BAD_LINKS, "pipe.txt": (b"", "is not a regular file")}[name][1]
        reason = folder.failures[f"docs/bad/{name}"]
        assert expected in reason
        assert "please report" not in reason
        assert "\n" not in reason
        assert f"docs/bad/{name}: {reason}" in folder.listed.out.splitlines()

    def test_no_reason_is_a_fault_of_a_reader(self, folder: Folder):
        assert not [reason for reason in folder.failures.values() if "please report" in reason or "Error:" in reason]
        assert "Traceback" not in folder.done.err

    @pytest.mark.parametrize("name", GOOD_NAMES)
    def test_a_strange_name_is_a_name(self, folder: Folder, name: str):
        source = f"docs/names/{name}".replace("\udce9", r"\xe9")
        assert source in folder.sources

    def test_a_pdf_named_docx_and_a_text_named_pdf_are_read(
        self, folder: Folder, command: Command, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.chdir(folder.root)
        for question, name in (("journeys by train", "real.docx"), ("days of leave", "plain.pdf")):
            found = command("search", question, "--where", f"document = */{name}", "--json").json
            assert [hit["document"] for hit in found] == [f"docs/texts/{name}"]

    @pytest.mark.parametrize("name", sorted(set(GOOD_TEXTS) - {"one.txt", "long-line.txt"}))
    def test_a_strange_text_is_found_without_its_controls(
        self, folder: Folder, command: Command, monkeypatch: pytest.MonkeyPatch, name: str
    ):
        monkeypatch.chdir(folder.root)
        [hit, *_] = command("search", "days leave يوم Monate", "--where", f"document = */{name}", "--json").json
        assert hit["text"]
        assert not [character for character in hit["text"] if ord(character) < 32 and character not in "\n\t"]

    def test_names_move_no_cursor_and_fake_no_line(
        self, folder: Folder, command: Command, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.chdir(folder.root)
        for name, shown in (("\x1b[31mred.txt", r"\x1b[31mred.txt"), ("new\nline.txt", r"new\nline.txt")):
            where = f'document = "docs/names/{name}"'
            assert f"docs/names/{shown}" in command("search", "leave", "--where", where).out
            assert f"docs/names/{shown}" in command("ask", "How much leave?", "--where", where).out

    def test_paths_from_stdin_may_have_any_name(
        self, folder: Folder, command: Command, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.chdir(folder.root)
        names = [name for name in GOOD_NAMES if "\n" not in name]
        lines = b"\n".join(os.fsencode(f"docs/names/{name}") for name in names)
        assert command("add", "-", "--json", stdin=lines).json["unchanged"] == len(names)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_read_permission_says_so(folder: Folder):
    assert "permission denied" in folder.failures["docs/bad/forbidden.txt"]


def test_a_hundred_megabytes_of_text_are_refused_quickly_and_in_little_memory(bench: Bench, command: Command):
    with (bench.docs / "huge.txt").open("wb") as file:
        for _ in range(100):
            file.write(b"Staff have thirty days of leave. " * 31_775)
    assert (bench.docs / "huge.txt").stat().st_size > 100_000_000
    bench.write("good.txt", SENTENCE)
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    done = command("add", "docs", "--json")
    assert time.process_time() - started < 5
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000 < 600
    (bench.docs / "huge.txt").unlink()
    assert "over read.max_characters 50,000,000" in done.json["failed"][0]["reason"]
    assert done.json["documents"] == 1


def test_a_file_over_the_limit_in_megabytes_is_refused_unread(bench: Bench, command: Command):
    with (bench.docs / "sparse.txt").open("wb") as file:
        file.truncate(2**40)
    started = time.perf_counter()
    done = command("add", "docs", "--set", "read.max_megabytes=1", "--json")
    assert time.perf_counter() - started < 60  # to read it would take hours
    assert (done.code, done.json["added"]) == (1, 0)
    assert "over read.max_megabytes 1" in done.json["failed"][0]["reason"]


class TestQuestions:
    @pytest.fixture
    def asked(self, bench: Bench) -> Bench:
        bench.write("leave.txt", SENTENCE)
        bench.write("arabic.txt", GOOD_TEXTS["rtl.txt"])
        bench.add()
        return bench

    @pytest.mark.parametrize("words", [("search",), ("ask",)])
    @pytest.mark.parametrize("question", ["", "   ", "\n\t\n", "\x00", "\u200b"])
    def test_an_empty_question_is_refused(self, asked: Bench, command: Command, words: tuple[str], question: str):
        for done in (command(*words, question), command(*words, "-", stdin=question.encode())):
            assert (done.code, done.out) == (2, "")
            assert "the question is empty" in done.err

    @pytest.mark.parametrize("word", ["search", "ask"])
    def test_a_question_of_100_kb_is_refused_with_advice(self, asked: Bench, command: Command, word: str):
        done = command(word, "leave " * 17_000)
        assert (done.code, done.out) == (2, "")
        assert "has 101,999 characters, over 20,000" in done.err
        assert len(done.err) < 400

    @pytest.mark.parametrize(
        "question",
        [
            "Wie viele Urlaubstage gibt es?", "كم عدد أيام الإجازة؟", "年休は何日ですか", "🏖️❓", "?!...",
            "'; DROP TABLE passages; --",
            "\" OR 1=1", "leave' AND '1'='1", "NOT leave", "leave*", "(leave", "leave\x1b[2J\x07", "bytes \udce9",
            "\u202eevael",
            "a" * 19_000, "\\", "NEAR/2", "{{ 7 * 7 }}", "[1] [2]", "--help me",
        ],
    )  # fmt: skip
    def test_any_question_gets_an_answer_or_a_refusal(self, asked: Bench, command: Command, question: str):
        searched = command("search", "--json", "--", question)
        assert (searched.code, isinstance(searched.json, list)) == (0, True)
        answered = command("ask", "--json", "--", question)
        assert answered.code == 0
        assert answered.json["refused"] in (True, False)
        shown = command("ask", "--", question)
        assert shown.code == 0
        assert "\x1b" not in shown.out

    def test_a_question_in_another_script_finds_its_document(self, asked: Bench, command: Command):
        [best, *_] = command("search", "كم يومًا من الإجازة", "--json").json
        assert best["document"] == "docs/arabic.txt"

    def test_a_reply_with_escapes_moves_no_cursor(self, asked: Bench, command: Command):
        reply = r"Staff have thirty days of leave\e[m in a year. [1]"  # YAML's way to write an escape
        done = command("ask", "How much leave?", "--stream", "--set", f'llm.model="fake:{reply}"')
        assert done.code == 0, done.err
        assert r"leave\x1b[m" in done.out
        assert done.err.count(r"leave\x1b[m") == 2  # the stream, and the model's name

    @pytest.mark.parametrize("word", ["search", "ask"])
    @pytest.mark.parametrize("where", ["nonsense", "page >= three", "document = a; DROP TABLE x", "1=1 OR 2=2", ""])
    def test_a_filter_that_cannot_be_read_is_refused_with_what_is_valid(
        self, asked: Bench, command: Command, word: str, where: str
    ):
        done = command(word, "leave", "--where", where)
        assert (done.code, done.out) == (2, "")
        assert "--where" in done.err

    def test_a_filter_of_a_batch_is_refused_before_the_first_question(self, asked: Bench, command: Command):
        done = command("ask", "--batch", "-", "--where", "nonsense", stdin=b'{"question": "Leave?"}\n')
        assert (done.code, done.out) == (2, "")

    @pytest.mark.parametrize(
        ("where", "count"),
        [
            ("document = docs/leave.*", 1),
            ("document != docs/leave.*", 1),
            ("page >= 1", 0),
            ("type = text/plain", 2),
            ("document = \"x' OR '1'='1\"", 0),
        ],
    )
    def test_a_filter_holds(self, asked: Bench, command: Command, where: str, count: int):
        assert len(command("search", "leave", "--where", where, "--json").json) == count
        answer = command("ask", "How much leave?", "--where", where, "--json").json
        assert len(answer["passages"]) == count
        assert answer["reason"] == ("no_documents" if not count else answer["reason"])


def test_a_path_with_a_nul_is_refused(bench: Bench, command: Command):
    done = command("add", "-", stdin=b"docs\x00.txt\n")
    assert (done.code, "is no path" in done.err) == (2, True)


def test_a_path_too_long_for_the_system_does_not_exist(bench: Bench, command: Command):
    done = command("add", "x" * 5000)
    assert done.code == 2
    assert "does not exist" in done.err


def test_files_of_the_workspace_itself_are_not_indexed(bench: Bench, command: Command):
    bench.write("a.txt", SENTENCE)
    command("init")
    for _ in range(2):
        assert command("add", ".", "--json").json["documents"] == 1


def test_a_folder_is_no_question_file(bench: Bench, command: Command):
    bench.write("a.txt", SENTENCE)
    bench.add()
    done = command("ask", "--batch", Path("docs"))
    assert (done.code, done.out) == (2, "")
    assert "docs" in done.err
