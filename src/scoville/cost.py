"""What a reply cost.

Enters: a model's name and its tokens. Leaves: US dollars. Does not know who asked or why. Prices come with the
``genai-prices`` package and are never fetched.
"""

LOCAL_RUNTIMES = frozenset({"openvino", "llamacpp", "fake"})


def price_usd(model: str, prompt_tokens: int, completion_tokens: int, *, provider: str | None = None) -> float | None:
    """Give the price of one reply in US dollars; None when the price of a hosted model is not known.

    ``provider`` is a local runtime (always 0.0), a provider's id (``openai``, ``groq``) or the address of its
    endpoint; without one, the provider is the one that the model is known for.
    """
    if provider in LOCAL_RUNTIMES:
        return 0.0
    from genai_prices import Usage, calc_price

    place: dict[str, str] = {}
    if provider:
        place = {"provider_api_url" if "://" in provider else "provider_id": provider}
    try:
        usage = Usage(input_tokens=prompt_tokens, output_tokens=completion_tokens)
        return float(calc_price(usage, model, **place).total_price)  # pyright: ignore[reportCallIssue, reportArgumentType]
    except LookupError:
        return None
