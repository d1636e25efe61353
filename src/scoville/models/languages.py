"""Which languages a model knows, as far as that is known, and what to say where it does not.

Enters: a model as a recipe names it, languages. Leaves: whether it knows them; sentences. Knows no documents.
"""

from collections.abc import Collection

from scoville.models.catalogue import catalogue

NAMES = {
    "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German",
    "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French",
    "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch", "no": "Norwegian",
    "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian",
    "sr": "Serbian", "sv": "Swedish", "ta": "Tamil", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
    "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
MULTILINGUAL = "multilingual-e5-small"
ENGLISH_READER = "reader"
"""The one that comes with Scoville; what others were trained on is theirs to know."""


def knows(model: str, language: str) -> bool:
    """Say whether a model knows a language; what is not known of either counts as yes."""
    entry = next((one for one in catalogue() if one.name == model), None)
    known = ("en",) if model == ENGLISH_READER else entry.languages if entry else ()
    return not language or not known or language in known


def unknown_to(embedder: str, llm: str, languages: Collection[str]) -> tuple[str, ...]:
    """Say which of some languages the models of a recipe do not know, what that means, and which lines mend it."""
    said: list[str] = []
    if names := _names(embedder, languages):
        said.append(
            f"embed.model: {embedder} knows English and no {names}: passages are found by their words alone. "
            f"To find by meaning, set embed.model: {MULTILINGUAL} and run `scoville add --rebuild`"
        )
    if names := _names(llm, languages):
        does = "answers are the sentence nearest to the question" if llm == ENGLISH_READER else "answers may be wrong"
        said.append(
            f"llm.model: {llm} knows English and no {names}: {does}. For answers in words, set llm.model to a model "
            "that knows it, such as ollama:NAME or openai:NAME"
        )
    return tuple(said)


def _names(model: str, languages: Collection[str]) -> str:
    return " and no ".join(NAMES.get(one, one) for one in sorted(languages) if not knows(model, one))
