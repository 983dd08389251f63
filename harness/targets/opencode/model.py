"""The scripted model: an OpenAI-compatible server that answers after a delay and records its calls.

It listens on loopback and is the only server that the product can reach. It is also the product's proxy to
everywhere else, which records each attempt and refuses it. It must never connect anywhere.
"""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from firstbyte.harness.clock import monotonic_ns
from firstbyte.harness.targets.opencode.announce import LOOPBACK, serve_announced

REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
ANSWER = ("Hello ", "from ", "the ", "scripted ", "model.")


class ModelCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call. at_us: CLOCK_MONOTONIC microseconds. token_us: the same for the first token, 0 = never sent.
    text: the text of the prompt's last user message.
    """

    at_us: int
    model: str
    text: str
    token_us: int = 0


class ModelReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the model has seen. abroad: requests to the proxy, such as 'CONNECT example.org:443'."""

    calls: tuple[ModelCall, ...]
    abroad: tuple[str, ...]


class ScriptedModel:
    """Answers every prompt with the same words after `delay` seconds, or at once if it ends with `quick`."""

    def __init__(self, delay: float, quick: str) -> None:
        self.proxy = ""
        self._delay = delay
        self._quick = quick
        self._calls: list[ModelCall] = []
        self._abroad: list[str] = []

    def __repr__(self) -> str:
        return f"<ScriptedModel {len(self._calls)} calls>"

    async def complete(self, request: Request) -> Response:
        """Answer POST /v1/chat/completions with a stream."""
        prompt = json.loads(await request.body())
        text = last_user_text(prompt)
        number = len(self._calls)
        self._calls.append(ModelCall(at_us=_now_us(), model=str(prompt.get("model", "")), text=text))
        return StreamingResponse(self._stream(number), media_type="text/event-stream")

    async def report(self, _request: Request) -> Response:
        """Answer GET /report."""
        report = ModelReport(calls=tuple(self._calls), abroad=tuple(self._abroad))
        return Response(msgspec.json.encode(report), media_type="application/json")

    async def find_proxy(self, _request: Request) -> Response:
        """Answer GET /proxy with the address of the proxy."""
        return Response(self.proxy)

    async def refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Record and refuse what the product sends to the proxy."""
        with suppress(OSError, asyncio.LimitOverrunError, ValueError):
            line = (await reader.readline()).decode("latin-1").split(" HTTP/")[0]
            self._abroad.append(line.strip())
            writer.write(REFUSAL)
            await writer.drain()
        writer.close()

    async def _stream(self, number: int) -> AsyncIterator[str]:
        call = self._calls[number]
        await asyncio.sleep(0 if call.text.rstrip().endswith(self._quick) else self._delay)
        self._calls[number] = msgspec.structs.replace(call, token_us=_now_us())
        for word in ANSWER:
            yield _event({"delta": {"role": "assistant", "content": word}, "finish_reason": None})
        yield _event({"delta": {}, "finish_reason": "stop"})
        yield "data: [DONE]\n\n"


def last_user_text(prompt: dict[str, object]) -> str:
    """Return the text of the last user message, whose content is a string or a list of parts."""
    messages = prompt.get("messages")
    mine = [one for one in messages if one.get("role") == "user"] if isinstance(messages, list) else []
    content = mine[-1].get("content", "") if mine else ""
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "")) for part in content)


def _event(choice: dict[str, object]) -> str:
    chunk = {"id": "chat", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    usage = {"prompt_tokens": 1, "completion_tokens": len(ANSWER), "total_tokens": 1 + len(ANSWER)}
    return f"data: {json.dumps({**chunk, 'choices': [{'index': 0, **choice}], 'usage': usage})}\n\n"


def _now_us() -> int:
    return monotonic_ns() // 1_000


async def serve(delay: float, quick: str) -> None:
    """Serve until SIGTERM. Prints where it listens."""
    model = ScriptedModel(delay, quick)
    proxy = await asyncio.start_server(model.refuse, LOOPBACK, 0)
    model.proxy = "http://{}:{}".format(*proxy.sockets[0].getsockname())
    routes = [
        Route("/v1/chat/completions", model.complete, methods=["POST"]),
        Route("/report", model.report),
        Route("/proxy", model.find_proxy),
    ]
    await serve_announced(Starlette(routes=routes))
    proxy.close()


def main(arguments: list[str]) -> int:
    """Run the process with --delay SECONDS and --quick TEXT."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, required=True)
    parser.add_argument("--quick", required=True)
    options = parser.parse_args(arguments)
    asyncio.run(serve(options.delay, options.quick))
    return 0
