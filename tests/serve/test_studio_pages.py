"""The pages of cases, runs and traces, in a real browser, over the real app with the reader."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import check, needs_chromium, opened
from playwright.sync_api import Browser, Page, expect
from serving import LEAVE, Served, forget_callers, make_key, serving, write_office

import scoville as sc
from scoville.automations import Kept
from scoville.cases.files import cases_of, write_cases
from scoville.serve.service import service_in
from scoville.types import Case, Evidence

pytestmark = [needs_chromium, pytest.mark.model]
EVIL = "<img src=x onerror=document.title='owned'>"


BROKEN_WORDS = """cells => cells.flatMap(cell => {
    const found = [], walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode())
        for (const word of node.data.matchAll(/[A-Za-z0-9_]+/g)) {
            const range = document.createRange();
            range.setStart(node, word.index);
            range.setEnd(node, word.index + word[0].length);
            if (new Set([...range.getClientRects()].map(one => Math.round(one.top))).size > 1) found.push(word[0]);
        }
    return found;
})"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve an office with four cases, one of which is no good, and a run."""
    root = tmp_path_factory.mktemp("work")
    write_office(root)
    (root / "docs" / "rules.md").write_text(f"# Rules {EVIL}\n\nVisitors sign in at the desk {EVIL}.\n")
    where = (Evidence(document="handbook.pdf", page=1, quote="Parental leave takes 16 weeks."),)
    write_cases(root / "cases" / "dev.jsonl", [
        Case(id="leave", question=LEAVE, expected=("16 weeks",), evidence=where),
        Case(id="evil", question=f"Where do visitors sign in? {EVIL}", expected=("at the desk",),
             evidence=(Evidence(document="rules.md", quote="Visitors sign in at the desk"),), tags=(EVIL,)),
        Case(id="none", question="Who painted the lobby?", answerable=False),
        Case(id="bad", question="How long?", expected=("16 weeks",), evidence=where),
    ])  # fmt: skip
    model = root / ".scoville" / "models" / "ours"
    model.mkdir(parents=True)
    (model / "training.json").write_text(json.dumps({"kind": "lora", "base": EVIL}))
    (model / "loss.jsonl").write_text('{"step": 0, "dev": 1.5}\n{"step": 10, "loss": 1.2, "dev": 1.1}\n')
    with sc.open(root) as bot:
        bot.add(root / "docs")
        bot.evaluate(root / "cases" / "dev.jsonl", name="before")
        with serving(bot) as one:
            yield one


def shows(page: Page, question: str) -> None:
    """Wait until a case is shown, and its keys work."""
    expect(page.get_by_label("Question")).to_have_value(question)
    page.wait_for_load_state()


def test_cases_are_reviewed_by_keys_with_the_passage_beside(browser: Browser, served: Served):
    file = served.bot.workspace.root / "cases" / "dev.jsonl"
    with opened(browser, served, "/cases") as page:
        page.get_by_role("link", name="Review 4").click()
        shows(page, LEAVE)
        expect(page.locator("mark")).to_have_text("Parental leave takes 16 weeks.")
        page.keyboard.press("a")
        shows(page, f"Where do visitors sign in? {EVIL}")
        expect(page.locator(".passage")).to_contain_text(EVIL)
        page.keyboard.press("e")
        page.keyboard.press("ControlOrMeta+A")
        page.keyboard.type("Where do visitors sign in?")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("a")
        shows(page, "Who painted the lobby?")
        page.keyboard.press("j")
        shows(page, "How long?")
        page.keyboard.press("d")
        shows(page, "Who painted the lobby?")
        assert page.title().startswith("Review")
        cases = {case.id: case for case in cases_of(file)}
        assert set(cases) == {"leave", "evil", "none"}
        assert cases["evil"].question == "Where do visitors sign in?" and "reviewed" in cases["evil"].tags
        assert "reviewed" in cases["leave"].tags and "reviewed" not in cases["none"].tags


def test_the_second_of_two_who_edit_a_case_is_told_and_overwrites_nothing(browser: Browser, served: Served):
    address = "/cases/review?file=dev.jsonl&id=leave"
    with opened(browser, served, address) as first, opened(browser, served, address) as second:
        first.get_by_label("Expected").fill("16 weeks\nsixteen weeks")
        first.keyboard.press("Tab")
        first.get_by_role("button", name="Keep").or_(first.get_by_role("button", name="Accept")).click()
        first.wait_for_url(lambda url: "id=leave" not in url)
        second.get_by_label("Question").fill("How many weeks is leave?")
        second.get_by_role("button", name="Keep").or_(second.get_by_role("button", name="Accept")).click()
        expect(second.get_by_role("alert")).to_contain_text("somebody has changed this case meanwhile")
        expect(second.get_by_role("alert")).to_contain_text("How many weeks is leave?")
        expect(second.get_by_label("Expected")).to_have_value("16 weeks\nsixteen weeks")
        (case,) = (one for one in cases_of(served.bot.workspace.root / "cases" / "dev.jsonl") if one.id == "leave")
        assert case.question == LEAVE and len(case.expected) == 2


def test_a_run_is_started_compared_and_followed_to_its_trace(browser: Browser, served: Served):
    with opened(browser, served, "/runs") as page:
        page.get_by_text("Start a run").click()
        page.get_by_label("Name").fill("after")
        page.get_by_role("button", name="Start").click()
        page.get_by_role("link", name="See what it came to").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("after")
        page.goto(f"{served.url}/runs")
        expect(page.locator(".board tbody tr")).to_have_count(1)  # the cases were edited: another set
        page.get_by_role("table", name="").first.wait_for()
        page.locator(".board th a").first.click()
        page.get_by_label("Find in questions and answers").fill("lobby")
        expect(page.locator(".questions tbody tr")).to_have_count(1)
        page.get_by_role("link", name="Who painted the lobby?").click()
        page.get_by_text("Trace and scores").click()
        page.get_by_role("link", name="Step by step").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Who painted the lobby?")
        expect(page.locator(".waterfall tbody tr").first).to_contain_text("invoke_workflow")
        expect(page.locator(".prompt pre").first).to_have_text("Who painted the lobby?")
        expect(page.locator(".prompt pre").filter(has_text="Parental leave takes 16 weeks.")).to_be_attached()
        page.goto(f"{served.url}/traces")
        page.get_by_text("Refused", exact=True).click()
        expect(page.locator(".list tbody tr").first).to_contain_text("refused")
        page.get_by_label("Find in questions and answers").fill("lobby")
        expect(page.locator(".list tbody tr").first).to_contain_text("lobby")
        expect(page.locator(".list tbody")).not_to_contain_text("leave")


def test_a_conversation_is_kept_for_who_had_it_and_forgotten(browser: Browser, served: Served):
    with opened(browser, served) as page:
        page.wait_for_load_state()
        page.get_by_label("Question").fill(LEAVE)
        page.keyboard.press("Enter")
        expect(page.locator("article .meta")).to_be_visible()
        page.get_by_role("link", name="New conversation").click()
        page.get_by_text("Conversations (1)").click()
        page.get_by_role("link", name=LEAVE).click()
        expect(page.locator("article .said")).to_contain_text("16 weeks")
        page.wait_for_load_state()
        page.get_by_label("Question").fill("And who painted the lobby?")
        with page.expect_request("**/api/ask") as asked:
            page.keyboard.press("Enter")
        expect(page.locator("article .opinion")).to_be_visible()
        assert [turn["role"] for turn in asked.value.post_data_json["history"]] == ["user", "assistant"]
        key = make_key(served.bot.workspace.root, "ada", groups=None)
        with served.client(key) as ada:
            talk = page.url.partition("talk=")[2]
            assert ada.get(f"/?talk={talk}").status_code == 404 and LEAVE not in ada.get("/").text
        forget_callers(served)
        page.get_by_text("Conversations (1)").click()
        page.get_by_role("button", name="Forget").click()
        expect(page.get_by_text("Conversations", exact=True)).to_be_visible()
        assert served.bot.conversations().all() == []


def test_two_systems_are_asked_the_same(browser: Browser, served: Served):
    with opened(browser, served, "/beside") as page:
        page.get_by_label("Question").fill(LEAVE)
        page.get_by_label("The second has").fill("llm.model: nothing-of-that-name")
        page.get_by_role("button", name="Ask both").click()
        expect(page.get_by_role("alert")).to_contain_text("nothing-of-that-name")
        page.get_by_label("The second has").fill("llm.model: quote")
        page.get_by_role("button", name="Ask both").click()
        expect(page.locator(".even section")).to_have_count(2)
        expect(page.locator(".even section").last).to_contain_text("quote")
        expect(page.locator(".even section").first).to_contain_text("16 weeks")
    with served.client() as client:
        address = f"/beside?question={LEAVE}&values=llm.model: quote"
        assert "16 weeks" not in client.get(address, headers={"Sec-Fetch-Site": "cross-site"}).text


def test_a_document_is_shown_with_its_passages_over_its_pages(browser: Browser, served: Served):
    with opened(browser, served, "/documents") as page:
        page.get_by_role("link", name="handbook.pdf").click()
        expect(page.locator("svg rect.cut")).to_have_count(1)
        expect(page.locator(".cuts")).to_contain_text("Parental leave takes 16 weeks.")
        expect(page.locator("dl")).to_contain_text("everyone")
        page.get_by_role("link", name="Draw what it is read as").click()
        expect(page.locator("svg rect.element")).to_have_count(1)
        page.get_by_role("button", name="Read again").click()
        expect(page.locator("#jobs")).to_contain_text("1 as they were")


def test_a_document_is_forgotten_on_its_page_and_the_receipt_says_what_went(browser: Browser, tmp_path: Path):
    with sc.open(tmp_path, embed="fake", llm="fake") as bot:
        (tmp_path / "leave.txt").write_text("Parental leave takes 16 weeks for everybody in the house.")
        (tmp_path / "desk.txt").write_text("Visitors sign in at the desk.")
        bot.add(tmp_path / "leave.txt", tmp_path / "desk.txt")
        with serving(bot) as served, opened(browser, served, "/documents") as page:
            page.get_by_role("link", name="leave.txt").click()
            page.locator("summary", has_text="Remove").click()
            page.get_by_role("link", name="forget it").click()
            expect(page.locator("main")).to_contain_text("Would be taken out")
            expect(page.locator("main")).to_contain_text("the file itself is yours")
            check(page)
            page.locator("summary", has_text="Forget it").click()
            page.get_by_role("button", name="Yes, forget it").click()
            page.get_by_role("link", name="The receipt").click()
            expect(page.locator("h1")).to_have_text("Receipt 1")
            expect(page.locator("main")).to_contain_text("no word of it was found")
            check(page)
            page.goto(f"{served.url}/documents/receipts")
            expect(page.locator("tbody tr")).to_contain_text("leave.txt")
            check(page)
        assert list(bot.documents()) == ["desk.txt"]


def test_an_empty_workspace_takes_the_documents_of_the_demo(browser: Browser, tmp_path: Path):
    with sc.open(tmp_path) as bot, serving(bot, ready=False) as served, opened(browser, served) as page:
        for address, teaches in (("/cases", "No cases yet"), ("/runs", "was measured yet"), ("/traces", "was asked"),
                                 ("/monitor", "Nothing was asked"), ("/training", "need no training")):  # fmt: skip
            page.goto(served.url + address)
            expect(page.locator(".empty")).to_contain_text(teaches)
            check(page)
        page.goto(served.url)
        page.get_by_role("button", name="Add the documents of the demo").click()
        expect(page.locator("#jobs li.done")).to_contain_text("5 added", timeout=60_000)
        expect(page.locator("#rows tr")).to_have_count(5)


def test_a_setting_is_changed_and_the_bot_takes_it(browser: Browser, served: Served):
    recipe = served.bot.workspace.recipe_path
    with opened(browser, served, "/settings") as page:
        page.locator("#llm").get_by_label("temperature", exact=True).fill("warm")
        page.locator("#llm").get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_contain_text("nothing was changed: llm.temperature: 'warm'")
        page.get_by_role("link", name="Back to where this was").click()
        page.locator("#llm").get_by_label("model", exact=True).fill("gpt9")
        page.locator("#llm").get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_contain_text("'gpt9' is no llm that Scoville knows")
        page.goto(f"{served.url}/settings")
        page.locator("#answer summary").click()
        page.locator("#answer").get_by_label("refusal", exact=True).fill("Nobody wrote that down.")
        page.locator("#answer").get_by_role("button", name="Save").click()
        expect(page.get_by_role("status")).to_contain_text("Saved: answer.refusal")
        assert "refusal: Nobody wrote that down." in recipe.read_text() and "groups: [board]" in recipe.read_text()
        with served.client() as client:
            asked = client.post("/api/ask", json={"question": "Who painted the lobby?"}).json()
        assert asked["answer"] == "Nobody wrote that down."
        page.locator("#split summary").click()
        expect(page.locator("#split .setting").filter(has_text="size").first).to_contain_text("needs a rebuild")
        page.locator("#split").get_by_label("size needs a rebuild", exact=True).fill("64")
        page.locator("#split").get_by_role("button", name="Save").click()
        expect(page.locator(".jobs li.done")).to_contain_text("Rebuild the index")
        assert service_in(served.app).first.recipe.split.size == 64
        with served.client() as client:
            assert "16 weeks" in client.post("/api/ask", json={"question": LEAVE}).json()["answer"]


def test_a_key_is_made_shown_once_and_revoked(browser: Browser, served: Served):
    with opened(browser, served, "/settings#keys") as page:
        page.get_by_text("Make a key").click()
        page.locator("#keys").get_by_label("Name").fill("ops")
        page.get_by_label("Reads every document").check()
        page.locator("#keys").get_by_label("admin").check()
        page.get_by_role("button", name="Make it").click()
        key = page.locator("pre").inner_text()
        page.goto(f"{served.url}/settings")
        page.get_by_label("Key", exact=True).fill(key)
        page.get_by_role("button", name="Go on").click()
        expect(page.locator("#keys tbody tr")).to_contain_text("ops")
        assert key not in page.content()
        page.get_by_role("button", name="Revoke ops").click()
        expect(page.get_by_label("Key", exact=True)).to_be_visible()
    forget_callers(served)


def test_the_log_of_what_happened_by_itself_breaks_no_word(browser: Browser, served: Served):
    kept = Kept.read(served.bot.workspace.folder)
    kept.note({"time": 1796092255.0, "event": "source_changed", "why": "sources last looked at 2026-12-01 02:29",
               "what": "sync, then evaluate cases/questions.jsonl if something changed",
               "outcome": "1 added; run 20261201-023058-4691caa, quality 0.25"}, tell=False)  # fmt: skip
    with opened(browser, served, "/monitor", "narrow") as page:
        broken = page.locator("#automations tbody td").evaluate_all(BROKEN_WORDS)
        assert broken == []
        check(page, "narrow")


@pytest.mark.parametrize(("size", "dark"), [("wide", False), ("wide", True), ("narrow", False)])
def test_every_page_can_be_used_by_everybody(browser: Browser, served: Served, size: str, dark: bool):
    trace, run = served.bot.traces(1)[0].trace_id, served.bot.runs()[0].id
    ids = {name: one.document_id[:16] for name, one in service_in(served.app).first.documents().items()}
    addresses = ["/cases", "/cases/review?file=dev.jsonl&id=evil", "/runs", f"/runs/compare?run={run}",
                 f"/runs/question?run={run}&n=1", "/traces", f"/traces/{trace}", "/monitor", "/settings", "/training",
                 "/beside",
                 f"/documents/{ids['docs/handbook.pdf']}?elements=true",
                 f"/documents/{ids['docs/rules.md']}"]  # fmt: skip
    with opened(browser, served, size=size, dark=dark) as page:
        for address in addresses:
            page.goto(served.url + address)
            page.wait_for_load_state("networkidle")
            check(page, size)
            assert page.locator("img:not([src^=data])").count() == 0 and page.title() != "owned"
