"""Which representation of an answer a client gets, and what is filled into it."""

import json

import pytest

from firstbyte.harness.model.profile import Answer, Body
from firstbyte.proxies.rules.answer import Values, choose_body, log_lines, render

HTML = Body(text="<p>{host} {path}</p>", content_type="text/html; charset=UTF-8", accept=("text/html",))
JSON = Body(
    text='{"path": "{path}", "ray": "{ray}"}', content_type="application/json", accept=("application/json",)
)
PROBLEM = Body(text="{}", content_type="application/problem+json", accept=("application/problem+json",))
BODIES = (HTML, JSON, PROBLEM)
VALUES = Values(host="a", method="POST", path='/<x>"', ray="0123", timestamp="now")


@pytest.mark.parametrize(
    ("accept", "body"),
    [
        ("", HTML),
        ("*/*", HTML),
        ("application/json", JSON),
        ("APPLICATION/JSON", JSON),
        ("application/problem+json, application/json", PROBLEM),
        ("application/problem+json;q=0.5, application/json", JSON),
        ("application/*", JSON),
        ("text/html, application/json", HTML),
        ("application/json;q=0, */*", HTML),
        ("image/png", HTML),
        ("image/png, application/json;q=0.1", JSON),
        ("application/json;q=bad", HTML),
        ("*/*;q=0.1, application/json", JSON),
    ],
)
def test_accept_chooses_the_body(accept: str, body: Body) -> None:
    assert choose_body(BODIES, accept) is body


def test_what_a_client_sends_is_escaped_for_where_it_goes() -> None:
    answer = Answer(status=524, bodies=BODIES)
    assert render(answer, "", VALUES).body == b"<p>a /&lt;x&gt;&quot;</p>"
    assert json.loads(render(answer, "application/json", VALUES).body) == {"path": '/<x>"', "ray": "0123"}


def test_headers_and_reason_come_from_the_profile() -> None:
    answer = Answer(status=524, reason="<none>", headers=(("CF-RAY", "{ray}"),), bodies=BODIES)
    rendered = render(answer, "", VALUES)
    assert (rendered.status, rendered.reason) == (524, "<none>")
    assert rendered.headers == (("CF-RAY", "0123"), ("Content-Type", "text/html; charset=UTF-8"))


@pytest.mark.parametrize(("status", "reason"), [(504, "Gateway Timeout"), (524, "")])
def test_a_reason_that_is_not_given_is_the_registered_one(status: int, reason: str) -> None:
    assert render(Answer(status=status), "", VALUES).reason == reason


def test_the_products_log_lines_are_filled_in_too() -> None:
    answer = Answer(status=503, log=('at=error code=H12 method={method} path="{path}" status={status}',))
    assert log_lines(answer, VALUES) == ('at=error code=H12 method=POST path="/<x>"" status=503',)
