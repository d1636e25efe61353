"""The campaign of faults (benchmarks/faults.py), a small part of it: kills, full disks, mutants, permissions."""

import sys
from importlib.resources import files
from pathlib import Path

import pytest

from scoville.errors import ReadFailure
from scoville.recipe import Read

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import fault_mutants  # noqa: E402 - scripts beside the package
import fault_readers  # noqa: E402
import fault_trials  # noqa: E402

DEMO = Path(str(files("scoville.demo"))) / "documents"
SETTINGS = Read(timeout_seconds=fault_mutants.SECONDS, ocr="never")


class TestKilledAndFailed:
    def test_an_add_that_is_killed_or_has_no_room_loses_nothing_and_can_be_repeated(self, tmp_path: Path):
        library = fault_trials.build_library(tmp_path)
        if library is None:
            pytest.skip("needs Linux and a C compiler")
        [scenario] = [one for one in fault_trials.scenarios() if one.name == "add what changed"]
        trials = fault_trials.Trials(scenario, tmp_path, library)
        assert trials.calls > 50
        for fault in (fault_trials.Fault("kill", trials.calls // 2), fault_trials.Fault("full", trials.calls // 3)):
            assert trials.attempt(fault) == [], fault
        assert trials.run(tmp_path / "trial", fault_trials.Fault("kill", 3)).code == -9


class TestMutants:
    def test_damaged_documents_are_read_or_refused_in_one_line(self, tmp_path: Path):
        made = list(fault_mutants.mutants(fault_mutants.good_files([DEMO]), 40))
        assert {"bytes changed", "cut off", "ZIP bomb"} <= {mutant.kind for mutant in made}
        read = list(fault_mutants.read_mutants(tmp_path, made, SETTINGS))
        assert [(one.mutant.name, one.wrong) for one in read if one.wrong] == []
        assert {bool(one.outcome) for one in read} == {True, False}

    def test_their_good_neighbours_stay(self, tmp_path: Path):
        assert fault_mutants.add_mutants(tmp_path, list(fault_mutants.mutants(
            fault_mutants.good_files([DEMO]), 12
        ))) == []  # fmt: skip

    def test_the_check_sees_what_is_no_clear_line(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        def fail(*_: object, **__: object) -> None:
            raise ReadFailure("cannot be read: KeyError: 'x'")

        monkeypatch.setattr(fault_mutants, "read_file", fail)
        [one] = fault_mutants.read_mutants(tmp_path, [fault_mutants.Mutant("a.txt", b"x", "cut off", "a")], SETTINGS)
        assert "no clear line" in one.wrong[0]


class TestReaders:
    @pytest.mark.parametrize("door", [
        "add .", "add hr --rebuild", "an overlapping entry first", "a link to the folder", "a copy", "Python",
    ])  # fmt: skip
    def test_a_reader_outside_the_group_sees_nothing(self, tmp_path: Path, door: str):
        assert fault_readers.try_door(tmp_path / "office", door) == []

    def test_the_check_sees_what_is_public(self, tmp_path: Path):
        fault_readers.make_office(tmp_path)
        assert len(list(fault_readers.seen_by(tmp_path, "hr"))) >= 10
