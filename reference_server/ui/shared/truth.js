// The server's truth beside the page, when the address has ?truth: what it has stored, and how often.
// A demonstration only: it asks the origin's ledger, which no real server has.
const EVERY_MS = 1000;

/** Adds the panel and keeps it fresh, one request at a time. */
export function showTruth(session) {
  if (!new URLSearchParams(location.search).has("truth")) return;
  const list = addPanel();
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

function addPanel() {
  const panel = document.createElement("aside");
  const title = document.createElement("h2");
  const list = document.createElement("ol");
  Object.assign(title, { id: "truth-title", textContent: "What the server has" });
  panel.setAttribute("aria-labelledby", title.id);
  panel.append(title, list);
  document.querySelector("main").after(panel);
  return list;
}

function item(id, text) {
  const line = document.createElement("li");
  const code = document.createElement("code");
  code.textContent = id;
  line.append(text, " ", code);
  return line;
}
