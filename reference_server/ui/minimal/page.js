// The send path of the web UI as it was in 1.2: optimistic message, toast and rollback on any error, no retry, no
// check against what the server has confirmed. All text goes through textContent.
const TOAST_MS = 5000;
const RECONNECT_MS = 250;
const list = document.querySelector("#messages");
const toasts = document.querySelector("#toasts");
const composer = document.querySelector("#composer");
const form = document.querySelector("#form");
const messages = new Map();
let lastStamp = 0n;
let session = null;

function newId(prefix) {
  const now = BigInt(Date.now()) * 4096n + 1n;
  lastStamp = now > lastStamp ? now : lastStamp + 1n;
  const time = (lastStamp & 0xffffffffffffn).toString(16).padStart(12, "0");
  const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const random = crypto.getRandomValues(new Uint8Array(14));
  return `${prefix}_${time}${Array.from(random, (byte) => letters[byte % 62]).join("")}`;
}

function messageOf(id, role) {
  if (!messages.has(id)) messages.set(id, { id, role, parts: new Map() });
  return messages.get(id);
}

function show() {
  const items = [...messages.values()].filter((message) => message.parts.size > 0).map((message) => {
    const item = document.createElement("li");
    item.dataset.testid = "message";
    item.dataset.role = message.role;
    item.dataset.messageId = message.id;
    item.textContent = [...message.parts.values()].join("\n");
    return item;
  });
  list.replaceChildren(...items);
}

function toast(title, description) {
  const box = document.createElement("div");
  box.setAttribute("role", "alert");
  box.dataset.testid = "toast";
  box.textContent = `${title}: ${description}`;
  toasts.append(box);
  setTimeout(() => box.remove(), TOAST_MS);
}

function onEvent({ type, properties }) {
  if (type === "message.updated" && properties.info.sessionID === session.id) {
    messageOf(properties.info.id, properties.info.role).role = properties.info.role;
  } else if (type === "message.part.updated" && properties.part.sessionID === session.id) {
    const { part } = properties;
    if (part.type === "text") messageOf(part.messageID, "user").parts.set(part.id, part.text);
  } else if (type === "message.part.delta" && properties.sessionID === session.id) {
    const parts = messages.get(properties.messageID)?.parts;
    if (parts?.has(properties.partID)) parts.set(properties.partID, parts.get(properties.partID) + properties.delta);
  }
  show();
}

async function follow() {
  for (;;) {
    try {
      const response = await fetch("/global/event");
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const frames = (rest + value).split("\n\n");
        rest = frames.pop();
        for (const frame of frames) if (frame.startsWith("data: ")) onEvent(JSON.parse(frame.slice(6)).payload);
      }
    } catch {
      // The stream broke: the next round opens another one.
    }
    await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
  }
}

async function load() {
  const wanted = new URLSearchParams(location.search).get("session");
  const response = wanted
    ? await fetch(`/session/${encodeURIComponent(wanted)}`)
    : await fetch("/session", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
  session = await response.json();
  if (!wanted) history.replaceState(null, "", `?session=${encodeURIComponent(session.id)}`);
  for (const { info, parts } of await (await fetch(`/session/${encodeURIComponent(session.id)}/message`)).json()) {
    const message = messageOf(info.id, info.role);
    for (const part of parts) if (part.type === "text") message.parts.set(part.id, part.text);
  }
  show();
  document.body.dataset.ready = "true";
}

async function send(text) {
  const messageID = newId("msg");
  const part = { id: newId("prt"), type: "text", text };
  messageOf(messageID, "user").parts.set(part.id, text);
  composer.value = "";
  show();
  try {
    const response = await fetch(`/session/${encodeURIComponent(session.id)}/prompt_async`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ messageID, agent: "build", model: { providerID: "fake", modelID: "m" }, parts: [part] }),
    });
    if (!response.ok) throw new Error("Request failed");
  } catch (error) {
    toast("Failed to send prompt", error.message);
    messages.delete(messageID);
    composer.value = text;
    show();
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = composer.value;
  if (session && text.trim()) send(text);
});

composer.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});

await load();
follow();
