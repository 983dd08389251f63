// The server's truth beside the page, when the address has ?truth: what it has stored, and how often.
// A demonstration only: it asks the origin's ledger, which no real server has.
const EVERY_MS = 1000;

/** Fills the panel and keeps it fresh, one request at a time. */
export function showTruth(session) {
  if (!new URLSearchParams(location.search).has("truth")) return;
  const panel = document.querySelector("#truth");
  const list = panel.querySelector("ol");
  panel.hidden = false;
  const look = async () => {
    try {
      const { messages } = await (await fetch("/_firstbyte/ledger", { cache: "no-store" })).json();
      const own = messages.filter((message) => message.session === session && message.role === "user");
      list.replaceChildren(...own.map(({ id, text }) => item(id, text)));
    } catch {
      // The server can't be asked right now: what it said last stays.
    }
    setTimeout(look, EVERY_MS);
  };
  look();
}

function item(id, text) {
  const line = document.createElement("li");
  const code = document.createElement("code");
  code.textContent = id;
  line.append(text, " ", code);
  return line;
}
