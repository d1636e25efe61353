import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoville.embed.fake import FakeEmbedder
from scoville.errors import UsageError
from scoville.index import LanceIndex
from scoville.index.graph import MAX_ENTITIES, entities, entity_forms, entity_of, question_entities
from scoville.recipe import Search
from scoville.search import Connections, Searcher, connections, parse_where
from scoville.types import Passage

LAW = settings(max_examples=150, deadline=None, derandomize=True, database=None)


def passage(name: int, text: str, source: str = "a.md", **keys: Any) -> Passage:
    made = Passage(id=f"{name:032x}", source=source, document_id="d" * 64, title="", media_type="text/plain",
                   start=0, end=len(text), text=text)  # fmt: skip
    return replace(made, **keys)


def named(text: str, **keys: Any) -> set[str]:
    return set(entities(passage(1, text, **keys)))


# What a passage names


def test_names_are_runs_of_capitals():
    assert named("We asked Robin Miller of the Bank of Fabrikam about it.") == {"robin miller", "bank of fabrikam"}


def test_the_first_word_of_a_sentence_is_no_name_by_its_capital():
    assert named("Leave is long. Wages are paid. The Office is shut.\nParking is free.") == {"office"}


def test_names_within_a_name_are_entities_too():
    assert named("Ask the Leave Office of Robin Miller.") == {
        "leave office of robin miller", "leave office", "robin miller",
    }  # fmt: skip


def test_a_name_of_two_words_may_begin_a_sentence():
    assert named("Northwind Health covers eyes.") == {"northwind health"}


def test_codes_and_mail_addresses_are_entities_and_amounts_are_not():
    text = "see form P11D, ISO/IEC-27001 and help@fabrikam.example, within 30 days, 5kg, 2024-05-01, 3rd or 10am."
    assert named(text) == {"p11d", "iso/iec-27001", "help@fabrikam.example"}


def test_terms_are_words_that_stand_together_twice():
    text = "A medical emergency fund exists. The emergency fund pays once."
    assert named(text) == {"emergency fund"}
    assert named("A fund for leave.", prefix="Sick leave") == set()


def test_a_heading_and_its_text_name_a_term_twice():
    assert "parental leave" in named("Staff may take parental leave.", headings=("Staff", "About parental leave"))
    assert named("all of it is shut.", prefix="Summary of Benefits", headings=("Summary of Benefits", "Rules")) == set()


def test_what_is_no_name_of_a_thing_is_no_term():
    text = (
        "Make sure that you make sure. Health plus covers eyes, health plus covers ears. Ask for the health plus card."
    )
    assert named(text) == {"health plus"}


def test_what_metadata_names_counts_where_it_stands():
    metadata = {"entities": "acme tools; Nobody", "identifiers": "x 17"}
    assert named("we buy from acme tools, part x 17.", metadata=metadata) == {"acme tools", "x 17"}


def test_one_entity_however_it_is_written():
    assert entity_of("Leave  Policy") == entity_of("leave policy") == "leave policy"
    assert entity_of("Fabrikam’s") == entity_of("FABRIKAM") == "fabrikam"
    assert entity_forms("Leave Policies of Sam Jones") == ("leave policies of sam jones", "leave policy of sam jone")


def test_a_question_may_name_in_any_case():
    asked = question_entities("what does the bank of fabrikam say about iso-27001?")
    assert {"bank of fabrikam", "iso-27001", "fabrikam"} <= set(asked)
    assert not {"the", "what", "of fabrikam"} & set(asked)


@given(text=st.text(max_size=400), prefix=st.text(max_size=60))
@LAW
def test_any_text_has_entities_each_once_and_not_too_many(text: str, prefix: str):
    found = entities(passage(1, text, prefix=prefix))
    assert len(set(found)) == len(found) <= MAX_ENTITIES
    assert all(name and name == name.strip() and "\n" not in name for name in found)


@pytest.mark.parametrize("part", ["A", "a1", "A b ", "-", "1.2", "A-", "a@", "A of "])
def test_huge_words_take_no_time(part: str):
    started = time.process_time()
    entities(passage(1, part * 20_000))
    assert time.process_time() - started < 2


# The graph of an index

PASSAGES = [
    passage(1, "the Leave Office is led by Robin Miller.", "office.md"),
    passage(2, "write to Robin Miller about form P11D.", "forms.md"),
    passage(3, "form P11D goes to the Tax Bureau.", "forms.md"),
    passage(4, "the Tax Bureau has a salary file of Kim Secret and Robin Miller.", "board.md", groups=("board",)),
    passage(5, "parking is free.", "parking.md"),
]


def built(folder: Path, passages: Sequence[Passage]) -> LanceIndex:
    index = LanceIndex(folder, "passages", FakeEmbedder.dimension, create=True)
    put(index, passages)
    return index


def put(index: LanceIndex, passages: Sequence[Passage], sources: Sequence[str] = ()) -> None:
    vectors = FakeEmbedder().embed([one.content for one in passages])
    index.replace(sorted({*sources, *(one.source for one in passages)}), passages, vectors, "b")
    index.finish()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LanceIndex:
    return built(tmp_path_factory.mktemp("graph"), PASSAGES)


def edges(found: Connections) -> dict[str, int]:
    return {edge.entity: edge.together for edge in found.edges}


def test_connected_is_what_stands_in_the_same_passages(index: LanceIndex):
    found = connections(index, "Robin Miller")
    assert found.passages == 3
    assert edges(found) == {"leave office": 1, "p11d": 1, "tax bureau": 1, "kim secret": 1}
    assert dict(found.documents) == {"office.md": 1, "forms.md": 1, "board.md": 1}
    assert set(found.mentions) == {PASSAGES[place].id for place in (0, 1, 3)}


def test_the_strength_is_normalised_mutual_information(index: LanceIndex):
    """By hand: of 5 passages 3 name Miller, 1 the office, 1 both: log(1·5 / 3·1) / log 5."""
    strength = {edge.entity: edge.weight for edge in connections(index, "Robin Miller").edges}
    assert strength["leave office"] == pytest.approx(0.3174, abs=1e-4)


def test_nothing_is_told_of_what_the_reader_may_not_read(index: LanceIndex):
    found = connections(index, "robin miller", groups=["staff"])
    assert found.passages == 2
    assert "kim secret" not in edges(found)
    assert "board.md" not in dict(found.documents)
    with pytest.raises(UsageError, match="no passage names it") as refused:
        connections(index, "secret", groups=["staff"])
    assert "kim" not in str(refused.value)
    assert connections(index, "secret", groups=["board"]).entity == "kim secret"


def test_filters_hold_in_the_graph(index: LanceIndex):
    found = connections(index, "Robin Miller", where=parse_where(["document = forms.md"]))
    assert edges(found) == {"p11d": 1}


def test_a_part_of_a_name_finds_it_where_it_is_the_only_one(index: LanceIndex):
    assert connections(index, "bureau").entity == "tax bureau"


@pytest.mark.parametrize("name", ["", "  ", "nobody", "'; DROP TABLE passages", "???", "保险", "x" * 10_000])
def test_an_unknown_name_is_refused(index: LanceIndex, name: str):
    with pytest.raises(UsageError, match="no passage names it"):
        connections(index, name)


def test_several_names_are_offered(tmp_path: Path):
    index = built(tmp_path, [passage(1, "we met Robin Miller and Sam Miller today.")])
    with pytest.raises(UsageError, match=r"did you mean .*sam miller"):
        connections(index, "miller")


def test_a_changed_document_gives_the_graph_that_a_rebuild_gives(tmp_path: Path):
    changed = [passage(7, "form P11D is now of the Green Desk.", "forms.md")]
    delta = built(tmp_path / "delta", PASSAGES)
    put(delta, changed, ["forms.md"])
    delta.remove(["parking.md"])
    rest = [one for one in PASSAGES if one.source not in ("forms.md", "parking.md")]
    rebuilt = built(tmp_path / "rebuilt", [*rest, *changed])
    assert delta.entities() == rebuilt.entities()
    for name in rebuilt.entities():
        assert connections(delta, name) == connections(rebuilt, name)
    assert "green desk" in edges(connections(delta, "P11D"))


# The leg


def search(index: LanceIndex, question: str, groups: Sequence[str] | None = None, **keys: Any) -> Any:
    return Searcher(index, FakeEmbedder(), Search(**keys)).search(question, groups=groups)


def test_the_graph_leads_to_what_shares_no_word_with_the_question(index: LanceIndex):
    """Who leads the office also stands in a passage about a form."""
    found = search(index, "leave office led", graph_weight=1.0, candidates=5, passages=5)
    legs = {hit.passage.id: hit.legs for hit in found.hits}
    assert legs[PASSAGES[1].id]["graph"].rank <= 3
    assert "bm25" not in legs[PASSAGES[1].id]
    assert "graph" not in legs[PASSAGES[4].id]


def test_the_graph_leg_keeps_to_the_reader(index: LanceIndex):
    found = search(index, "Tax Bureau P11D", groups=["staff"], graph_weight=1.0)
    assert all(hit.passage.id != PASSAGES[3].id for hit in found.hits)
    assert any(step.name == "graph" and PASSAGES[3].id not in step.ranking for step in found.steps)


def test_a_graph_that_leads_nowhere_says_so(tmp_path: Path):
    index = built(tmp_path, [passage(1, "nothing is named here.")])
    (note,) = search(index, "nothing", graph_weight=1.0).notes
    assert note == "search by names found nothing: no other passage shares a name with the best ones"


def test_a_question_as_long_as_a_page_is_followed_too(index: LanceIndex):
    assert search(index, "Robin Miller " + "word and " * 2000, graph_weight=1.0).hits


def test_without_weight_the_graph_is_not_asked(index: LanceIndex):
    assert "graph" not in {step.name for step in search(index, "Robin Miller").steps}
