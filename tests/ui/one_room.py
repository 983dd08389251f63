"""A chat page with one room for everybody, no session and no stream: what its author writes in an hour."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = """<!doctype html><meta charset="utf-8"><title>Team room</title>
<main><ul id="log"></ul><div class="error" hidden></div>
<form><input name="text" autocomplete="off"><button>Say it</button></form></main>
<script>
const log = document.querySelector("#log"), error = document.querySelector(".error");
const form = document.querySelector("form");
async function show() {
  const { items } = await (await fetch("/api/items")).json();
  log.replaceChildren(...items.map(({ by, says }) => {
    const line = document.createElement("li");
    line.className = by === "you" ? "line you" : "line bot";
    line.innerHTML = "<b></b> <span></span>";
    line.querySelector("b").textContent = by;
    line.querySelector("span").textContent = says;
    return line;
  }));
}
form.onsubmit = async (event) => {
  event.preventDefault();
  const says = form.text.value;
  if (!says) return;
  form.text.value = "";
  error.hidden = true;
  try {
    const answer = await fetch("/api/chat", { method: "POST", body: JSON.stringify({ says }) });
    if (!answer.ok) throw new Error(answer.status);
  } catch (reason) {
    error.textContent = `Could not send: ${reason.message}`;
    error.hidden = false;
    form.text.value = says;
  }
  show().catch(() => {});
};
show();
</script>
"""
ADAPTER = """version = 1
name = "team room"
page = "/"
ready = "#log"

[composer]
selector = "input[name=text]"

[send]
request = "/api/chat"

[messages]
selector = ".line"
mine = ".you"
text = "span"

[failure]
selector = ".error"
text = "Could not send"

[reads]
request = "/api/items"

[truth]
url = "/api/items"
messages = "items[*]"
role = "by"
mine = "you"
text = "says"
"""


class Room(BaseHTTPRequestHandler):
    """Everybody's messages, answered at once."""

    protocol_version = "HTTP/1.1"
    items: list[dict[str, str]]

    def do_GET(self) -> None:
        if self.path == "/":
            self._answer(PAGE.encode(), "text/html; charset=utf-8")
        elif self.path == "/api/items":
            self._answer(json.dumps({"items": self.items}).encode(), "application/json")
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["says"]
        self.items += [{"by": "you", "says": said}, {"by": "bot", "says": f"{len(self.items)} so far"}]
        self._answer(b"{}", "application/json")

    def log_message(self, *_: object) -> None:
        """Nothing for the terminal."""

    def _answer(self, body: bytes, content_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def one_room(earlier: int = 0) -> Iterator[str]:
    """Its URL. earlier: messages that are in the room already."""
    items = [{"by": "you", "says": "just once"} for _ in range(earlier)]
    handler = type("Room", (Room,), {"items": items})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
