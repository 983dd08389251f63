"""A chat server as docs/any-server.md describes one: `my-chat --port N --data FOLDER`.

It stores a message before it works, and works for MODEL_SECONDS before it answers. It must import nothing of
ours: to firstbyte it is a stranger's.
"""

import argparse
import json
import os
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MESSAGES = re.compile(r"/api/sessions/([^/]+)/messages")


class Chat(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    store: Path
    work = float(os.environ.get("MODEL_SECONDS", "0.2"))
    lock = threading.Lock()

    def do_GET(self) -> None:
        """Whether it is up, and what it has."""
        found = MESSAGES.fullmatch(self.path)
        if found is None:
            return self._answer(200 if self.path == "/health" else 404, {})
        with self.lock:
            items = [one for one in self._all() if one["session"] == found[1]]
        return self._answer(200, {"items": items})

    def do_POST(self) -> None:
        """A session, or a message in one."""
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        found = MESSAGES.fullmatch(self.path)
        if found is None:
            return self._answer(201, {"session": {"id": f"s{threading.get_ident()}-{time.time_ns()}"}})
        if self.headers.get("Authorization") != f"Bearer {os.environ['MY_CHAT_TOKEN']}":
            return self._answer(401, {})
        self._keep(found[1], "user", body["id"], body["text"])
        threading.Event().wait(self.work)
        self._keep(found[1], "model", f"{body['id']}-answer", "an answer")
        return self._answer(200, {})

    def _all(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.store.read_text().splitlines()]

    def _keep(self, session: str, kind: str, id_: str, text: str) -> None:
        line = json.dumps(
            {
                "session": session,
                "author": {"kind": kind},
                "id": id_,
                "content": text,
                "created": time.time_ns() // 1_000_000,
            }
        )
        with self.lock, self.store.open("a") as file:
            file.write(line + "\n")

    def _answer(self, status: int, content: dict[str, object]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    options.data.mkdir(exist_ok=True)
    Chat.store = options.data / "messages.jsonl"
    Chat.store.touch()
    ThreadingHTTPServer(("127.0.0.1", options.port), Chat).serve_forever()


if __name__ == "__main__":
    main()
