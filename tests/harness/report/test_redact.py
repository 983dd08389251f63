"""Secrets of every form are removed from reports, and ordinary text stays unchanged."""

import json
from time import process_time

import pytest

from firstbyte.harness import redact

SECRET = "s3cr3t-value-0123456789"


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "set-cookie2"),
        *(
            "X-Api-Key",
            "api_key",
            "apikey",
            "X-Auth-Token",
            "Client-Secret",
            "AWS_SECRET_ACCESS_KEY",
            "password",
        ),
        *("access_token", "refresh-token", "session-token", "x-csrf-token", "token", "OPENAI_API_KEY"),
    ],
)
def test_the_value_of_a_secret_header_is_hidden_in_every_form(name: str) -> None:
    assert redact.header(name, SECRET) == redact.MASK
    assert redact.headers([(name, SECRET)]) == ((name, redact.MASK),)
    for text in (
        f"{name}: {SECRET}",
        f"{name}={SECRET}&a=1",
        json.dumps({name: SECRET}),
        f"{name} = '{SECRET}'",
    ):
        assert SECRET not in redact.text(text), text
    assert redact.record({"headers": {name: SECRET}}) == {"headers": {name: redact.MASK}}


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {SECRET}",
        f"authorization: Basic dXNlcjpwYXNz{SECRET}",
        f"Cookie: a=1; session={SECRET}; b=2",
        f"the header was 'Bearer {SECRET}'",
        f"https://user:{SECRET}@example.com/path",
        f"https://example.com/path?access_token={SECRET}&x=1",
        "failed with sk-abcdefghijklmnop-" + SECRET,
        '{"api_key": "with \\" quote ' + SECRET + '"}',
    ],
)
def test_a_secret_inside_a_text_is_hidden(text: str) -> None:
    assert SECRET not in redact.text(text)
    assert redact.MASK in redact.text(text)


@pytest.mark.parametrize(
    "text",
    [
        "A client must not be told 'failed' when the server has taken the message.",
        "first-token after 130 s, 12 tokens",
        "<html><title>524: A timeout occurred</title></html>",
        "/session/ses_36c91c7ffffeQKqgvpMitAUvhK/prompt_async?limit=10",
        "https://example.com/a@b",
        "key: expected 204, saw 524",
        "a basic example",
        "Content-Type: application/json",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert redact.text(text) == text


def test_redacting_twice_changes_nothing_more() -> None:
    once = redact.text(f"Authorization: Bearer {SECRET}\nCookie: a={SECRET}\napi-key={SECRET}")
    assert redact.text(once) == once


def test_a_document_keeps_its_shape() -> None:
    document = {"runs": [{"at_s": 1.5, "tokens": 3, "ok": True, "none": None, "note": f"api-key={SECRET}"}]}
    assert redact.record(document) == {
        "runs": [{"at_s": 1.5, "tokens": 3, "ok": True, "none": None, "note": f"api-key={redact.MASK}"}]
    }


@pytest.mark.parametrize(
    "hostile", ["/?" + "secret" * 10_000, "/?" + "apikey" * 10_000, "/key" + "a." * 30_000, "token:'" * 9_000]
)
def test_a_text_made_to_be_slow_is_not(hostile: str) -> None:
    began = process_time()
    redact.text(hostile)
    assert process_time() - began < 5  # 75 to 105 s when every start of a name was tried
