import socket

import pytest

from scoville.cost import price_usd


def test_a_known_model_costs_what_its_tokens_cost():
    once = price_usd("gpt-4o-mini", 1_000_000, 0)
    assert once is not None and once > 0
    assert price_usd("gpt-4o-mini", 2_000_000, 0) == pytest.approx(2 * once)
    assert price_usd("gpt-4o-mini", 0, 0) == 0


def test_local_models_cost_nothing():
    assert price_usd("gpt-4o-mini", 10, 10, provider="llamacpp") == 0.0
    assert price_usd("smollm2-135m-instruct", 10, 10, provider="openvino") == 0.0


@pytest.mark.parametrize("provider", [None, "openai", "https://api.openai.com/v1", "https://llm.example/v1", "nobody"])
def test_an_unknown_hosted_model_has_no_price(provider: str | None):
    assert price_usd("model-of-nobody", 10, 10, provider=provider) is None


def test_an_address_names_the_provider():
    by_address = price_usd("gpt-4o-mini", 1000, 1000, provider="https://api.openai.com/v1")
    assert by_address == price_usd("gpt-4o-mini", 1000, 1000, provider="openai") is not None


def test_prices_need_no_network(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object):
        raise AssertionError("asked the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert price_usd("gpt-4o", 1000, 1000)
