import threading
import time

import pytest

from scoville.at_once import at_once, in_order


@pytest.mark.parametrize("workers", [1, 3, 50])
def test_all_is_done_once_and_given_in_order(workers: int):
    def work(number: int) -> int:
        time.sleep(0.02 if number == 0 else 0.001)
        return number * number

    assert list(in_order(work, range(20), workers)) == [number * number for number in range(20)]
    assert sorted(at_once(work, range(20), workers)) == [(number, number * number) for number in range(20)]


def test_what_is_done_first_is_given_first_and_no_more_than_wanted_run_at_once():
    running, most, lock = 0, 0, threading.Lock()
    first = threading.Event()

    def work(number: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        if number == 0:
            first.wait(60)
        else:
            time.sleep(0.001)
        with lock:
            running -= 1

    seen: list[int] = []
    for number, _ in at_once(work, range(12), 3):
        seen.append(number)
        if len(seen) == 11:
            first.set()
    assert (seen[-1], most) == (0, 3)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_is_raised_where_the_results_are_read_and_nothing_more_begins(workers: int):
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 3:
            raise KeyError("three")
        time.sleep(0.001)
        return number

    with pytest.raises(KeyError, match="three"):
        list(in_order(work, range(1000), workers))
    assert len(begun) < 50


def test_who_stops_reading_stops_the_work():
    begun: list[int] = []
    for _ in at_once(lambda number: begun.append(number) or time.sleep(0.001), range(1000), 2):
        break
    time.sleep(0.05)
    assert len(begun) < 50
