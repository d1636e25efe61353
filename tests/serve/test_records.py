"""Traces, feedback, cases, runs: who asked sees their own, who may read all sees all."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from serving import LEAVE, PAY, Served, make_key, office, wait_until

from scoville.cases.files import write_cases
from scoville.serve.service import service_in
from scoville.types import Case, Evidence


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with office(tmp_path_factory.mktemp("work")) as one:
        yield one


@pytest.fixture(scope="module")
def keys(served: Served) -> dict[str, str]:
    root = served.bot.workspace.root
    write_cases(root / "cases" / "dev.jsonl", [
        Case(id="leave", question=LEAVE, expected=("16 weeks",), evidence=(Evidence(document="handbook.pdf", page=1),)),
        Case(id="pay", question=PAY, expected=("250,000",), evidence=(Evidence(document="board/pay.md"),)),
        Case(id="bare", question="What did the board decide?", expected=("A merger.",)),
    ])  # fmt: skip
    served.bot.evaluate(root / "cases" / "dev.jsonl")
    return {
        "ada": make_key(root, "ada", scopes=["ask", "write", "admin"]), "bea": make_key(root, "bea", groups=["board"]),
        "eve": make_key(root, "eve", groups=None, scopes=["ask", "write", "admin"]),
    }  # fmt: skip


def test_traces_are_of_who_asked(served: Served, keys: dict[str, str]):
    with served.client(keys["ada"]) as ada, served.client(keys["bea"]) as bea, served.client(keys["eve"]) as eve:
        trace = bea.post("/api/ask", json={"question": PAY}).json()["trace"]
        ada.post("/api/ask", json={"question": LEAVE})
        assert [one["question"] for one in bea.get("/api/traces").json()["traces"]] == [PAY]
        assert [one["question"] for one in ada.get("/api/traces").json()["traces"]] == [LEAVE]
        assert {one["caller"] for one in eve.get("/api/traces").json()["traces"]} >= {"ada", "bea"}
        assert bea.get(f"/api/traces/{trace}").json()["spans"][0]["name"] == "invoke_workflow scoville"
        assert eve.get(f"/api/traces/{trace}").status_code == 200
        for other in (trace, trace[:8], "latest", "0" * 32):
            assert ada.get(f"/api/traces/{other}").status_code in (200, 404)
            assert "250,000" not in ada.get(f"/api/traces/{other}").text
        assert ada.get(f"/api/traces/{trace}").json() == {
            "error": ada.get(f"/api/traces/{'0' * 32}").json()["error"]
            | {"message": f"trace {trace!r}: there is none, or it is not yours"}
        }


def test_feedback_is_kept_for_an_answer_of_ones_own(served: Served, keys: dict[str, str]):
    with served.client(keys["ada"]) as ada, served.client(keys["bea"]) as bea, served.client(keys["eve"]) as eve:
        trace = bea.post("/api/ask", json={"question": PAY}).json()["trace"]
        given = {"trace": trace, "rating": "down", "reason": "Old.", "answer": "Ask ada@larkspur.example: 260,000."}
        assert bea.post("/api/feedback", json=given).status_code == 201
        assert ada.post("/api/feedback", json=given).status_code == 404
        assert bea.post("/api/feedback", json=given | {"rating": "meh"}).status_code == 400
        (kept,) = bea.get("/api/feedback").json()["feedback"]
        assert (kept["rating"], kept["trace"], kept["caller"]) == ("down", trace, "bea")
        assert "260,000" in kept["answer"] and "larkspur" not in kept["answer"]
        assert ada.get("/api/feedback").json()["feedback"] == []
        assert len(eve.get("/api/feedback").json()["feedback"]) == 1


def test_cases_are_for_who_may_read_their_evidence(served: Served, keys: dict[str, str]):
    with served.client(keys["ada"]) as ada, served.client(keys["bea"]) as bea, served.client(keys["eve"]) as eve:
        seen = {name: {one["id"] for one in client.get("/api/cases").json()["cases"]}
                for name, client in (("ada", ada), ("bea", bea), ("eve", eve))}  # fmt: skip
        assert seen == {"ada": {"leave"}, "bea": {"leave", "pay"}, "eve": {"leave", "pay", "bare"}}
        case = {"question": "How many weeks?", "expected": ["16"], "evidence": [{"document": "handbook.pdf"}]}
        made = ada.post("/api/cases", json=case)
        assert made.status_code == 201 and made.json()["file"] == "feedback.jsonl"
        assert ada.post("/api/cases", json=case).status_code == 409
        assert made.json()["id"] in {one["id"] for one in ada.get("/api/cases").json()["cases"]}
        hidden = ada.post("/api/cases", json=case | {"question": "x", "evidence": [{"document": "pay.md"}]})
        assert hidden.status_code == 404
        assert bea.post("/api/cases", json=case).status_code == 403


def test_runs_and_the_audit_log_are_for_who_may_read_all(served: Served, keys: dict[str, str]):
    with served.client(keys["ada"]) as ada, served.client(keys["eve"]) as eve:
        (run,) = eve.get("/api/runs").json()["runs"]
        whole = eve.get(f"/api/runs/{run['id']}").json()
        assert len(whole["answers"]) == 3 and whole["summary"]["metrics"]
        assert eve.get("/api/runs/nothing").status_code == 404
        assert eve.get("/api/audit").json()["audit"][0]["caller"] == "eve"
        for path in ("/api/runs", f"/api/runs/{run['id']}", "/api/audit"):  # has the scope, but not every document
            assert ada.get(path).status_code == 403


@pytest.mark.parametrize(
    ("question", "said"),
    [("How is it?", {"rating": "up"}), (LEAVE + " In Peru?", {"rating": "down", "answerable": False})],
)
def test_that_refusing_is_right_becomes_a_case_without_an_answer(
    served: Served, keys: dict[str, str], question: str, said: dict[str, Any]
):  # fmt: skip
    with served.client(keys["eve"], Origin=served.url, Accept="text/html") as eve:
        answer = eve.post("/api/ask", json={"question": question}).json()
        assert answer["refused"] == (said["rating"] == "up")
        eve.post("/api/feedback", json={"trace": answer["trace"]} | said)
        assert "Right is a refusal" in eve.get("/cases").text
        assert eve.post("/cases/feedback", data={"trace": answer["trace"]}).status_code == 303
        (case,) = (one for one in eve.get("/api/cases").json()["cases"] if one["question"] == question)
        assert not case["answerable"] and not case.get("expected")
        assert "Right is a refusal" not in eve.get("/cases").text


def test_entries_of_the_audit_log_and_feedback_are_gone_after_their_time(served: Served, keys: dict[str, str]):
    service = service_in(served.app)
    with served.client(keys["eve"]) as eve:
        trace = eve.post("/api/ask", json={"question": LEAVE}).json()["trace"]
        eve.post("/api/feedback", json={"trace": trace, "rating": "up", "reason": "Kept."})
        eve.post("/api/feedback", json={"trace": trace, "rating": "up", "reason": "Long ago."})
        old = time.time() - 91 * 86_400
        service.store.write("UPDATE feedback SET time = ? WHERE reason = ?", [(old, "Long ago.")])
        service.audit.flush()
        service.store.write("UPDATE audit SET time = ?, about = ?", [(old, "Long ago.")])
        service.expires = 0.0
        eve.get("/v1/models")
        wait_until(lambda: "Long ago." not in eve.get("/api/audit").text)
        assert [one["reason"] for one in eve.get("/api/feedback").json()["feedback"]][:1] == ["Kept."]
