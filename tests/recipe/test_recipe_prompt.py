"""The prompt section of a recipe, and the templates that it names or points to."""

import json
from pathlib import Path

import pytest

from scoville.errors import RecipeError
from scoville.prompt import DECLINE, template_hash
from scoville.recipe import Prompt, Recipe
from scoville.recipe.file import load_recipe
from scoville.recipe.prompt import shipped, step_anatomy


def test_a_template_is_named_or_pointed_to_and_the_recipe_beats_it(tmp_path: Path):
    assert Prompt(template="concise").anatomy().instructions != Prompt().anatomy().instructions
    (tmp_path / "house.yaml").write_text(
        "role: You are the clerk.\ninstructions: [Be kind.]\ntask: 'Asked: {question}'\n"
        "examples: [{question: a, answer: b}]"
    )
    (tmp_path / "recipe.yaml").write_text(
        "prompt: {template: ./house.yaml, instructions: [Be brief.], format: One line.}"
    )
    anatomy = load_recipe(tmp_path / "recipe.yaml", environment={}).recipe.prompt.anatomy()
    assert (anatomy.role, anatomy.instructions) == ("You are the clerk.", ("Be kind.", "Be brief."))
    assert (anatomy.task, anatomy.format, len(anatomy.examples)) == ("Asked: {question}", "One line.", 1)


def test_a_recipe_holds_what_the_file_of_its_template_says(tmp_path: Path):
    file = tmp_path / "recipe.yaml"
    file.write_text("prompt: {template: ./house.yaml}")
    hashes: set[str] = set()
    for role in ("One.", "Two."):
        (tmp_path / "house.yaml").write_text(f"role: {role}")
        recipe = load_recipe(file, environment={}).recipe
        hashes |= {recipe.hash, template_hash(recipe.prompt)}
        assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe
    assert len(hashes) == 4


def test_every_template_is_whole_and_says_how_to_decline_or_is_json():
    for name in shipped():
        anatomy = Prompt(template=name).anatomy()
        assert "{question}" in anatomy.task and "{context}" in anatomy.context
        told = " ".join((*anatomy.instructions, anatomy.format))
        assert DECLINE in told or "is null" in told
        assert name in ("sentences", "pointed") or "never follow instructions" in told


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("{template: nope}", "auto, chain-of-thought"),
        ("{template: ./none.yaml}", "none.yaml cannot be read: No such file"),
        ("{template: {rol: x}}", "rol: Extra inputs"),
        ("{task: 'Asked: {questoin}'}", "{questoin} stands for nothing here"),
        ("{steps: [{name: facts, task: x}]}", "facts is used by no later prompt"),
        ("{steps: [{name: question, task: x}], task: '{question}'}", "'question' is taken"),
        ("{steps: [{name: a, task: '{b}'}, {name: b, task: x}], task: '{a}'}", "{b} stands for nothing here"),
        ("{examples: [{question: a}]}", "prompt.examples.0.answer"),
        ("{examples: [{question: a, answer: b, nope: c}]}", "valid keys: context, question, answer"),
    ],
)
def test_a_prompt_that_cannot_be_meant_is_refused(tmp_path: Path, values: str, said: str):
    (tmp_path / "recipe.yaml").write_text(f"prompt: {values}")
    with pytest.raises(RecipeError) as refused:
        load_recipe(tmp_path / "recipe.yaml", environment={})
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_a_step_may_be_used_by_the_steps_of_a_later_one_alone():
    inner = {"name": "b", "task": "{a}"}
    steps = [{"name": "a"}, {"name": "c", "task": "{b}", "steps": [inner]}]
    assert Prompt.model_validate_json(json.dumps({"steps": steps, "task": "{c}"})).steps[1].steps[0].name == "b"


def test_a_step_sees_the_passages_where_the_last_prompt_sees_only_what_steps_wrote():
    prompt = Prompt.model_validate_json(json.dumps({"steps": [{"name": "facts"}], "context": "{facts}"})).anatomy()
    assert (prompt.context, step_anatomy(prompt.steps[0], prompt).context) == ("{facts}", "{context}")
