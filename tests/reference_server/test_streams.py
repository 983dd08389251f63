"""The event streams: first frame at once, heartbeats, directories, and clients that leave."""

import json
import re

from firstbyte.reference_server.config import Api, Seconds, ServerConfig
from firstbyte.reference_server.documents import parsed
from tests.reference_server.conftest import Serve, prompt

HEARTBEAT = b'data: {"type":"server.heartbeat","properties":{}}\n\n'


def test_the_default_heartbeat_is_ten_seconds() -> None:
    assert ServerConfig().heartbeat == Seconds(10)


async def test_heartbeats_are_the_recorded_frame(serve: Serve) -> None:
    server = await serve(ServerConfig(heartbeat=Seconds(0.05)))
    stream = await server.connect()
    stream.get("/event")
    first = (await stream.until(b"\n\n\r\n")).partition(b"\r\n\r\n")[2]
    assert first == b'33\r\ndata: {"type":"server.connected","properties":{}}\n\n\r\n'
    for _ in range(2):
        assert await stream.until(b"\n\n\r\n") == b"33\r\n" + HEARTBEAT + b"\r\n"


async def test_a_global_heartbeat_has_no_directory(serve: Serve) -> None:
    for api in Api:
        server = await serve(ServerConfig(heartbeat=Seconds(0.05), api=api))
        stream = await server.connect()
        stream.get("/global/event")
        await stream.until(b"server.connected")
        seen = await stream.until(b'heartbeat","properties":{}}}\n\n')
        frame = re.search(rb"data: (.*heartbeat.*)\n\n", seen)
        assert frame is not None
        assert set(json.loads(frame[1])) == {"payload"}


async def test_events_of_another_directory_stay_out_of_a_directory_stream(serve: Serve) -> None:
    server = await serve(ServerConfig())
    stream = await server.connect()
    stream.get("/event?directory=/a")
    await stream.until(b"server.connected")
    await server.post("/session?directory=/b", {})
    wanted = (await server.post("/session?directory=/a", {})).json["id"]
    seen = await stream.until(b"session.created")
    assert (seen + await stream.until(b"\n\n")).count(b"session.created") == 1
    assert wanted.encode() in seen + await stream.until(b"\n\n")


async def test_a_stream_whose_client_left_is_forgotten(serve: Serve) -> None:
    server = await serve(ServerConfig())
    stream = await server.connect()
    stream.get("/event")
    await stream.until(b"server.connected")
    assert "1 readers" in repr(server.service.core.bus)
    stream.close()
    while "0 readers" not in repr(server.service.core.bus):
        await server.get("/global/health")


async def test_hostile_text_comes_back_as_it_was_sent(serve: Serve) -> None:
    server = await serve(ServerConfig())
    session = await server.session()
    text = "<script>alert(1)</script>\u2028\ufeff\x00\r\n\ndata: x\n\n\N{PILE OF POO}"
    await server.post(f"/session/{session}/message", prompt(text))
    message = (await server.get(f"/session/{session}/message")).json[0]
    assert message["parts"][0]["text"] == text


def test_a_lone_surrogate_is_replaced_because_nothing_could_send_it() -> None:
    assert parsed(rb'{"text":"a\ud800b"}') == {"text": "a?b"}
