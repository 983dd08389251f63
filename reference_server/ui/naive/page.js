// What the reported front end did, 1.2 and 1.14 (facts of 2026-11-22): the message is shown at once; any non-2xx,
// network error or unreadable answer is a failure: toast, message taken back, text put back, and the next Enter
// makes a new id. It never asks the server what it has. A page to test against, not to copy.
import { openSession, promptBody, readMessages, sessionPath } from "../shared/api.js";
import { onSend } from "../shared/composer.js";
import { newId } from "../shared/ids.js";
import { fill, messageItem } from "../shared/message.js";
import { events } from "../shared/stream.js";
import { Transcript } from "../shared/transcript.js";
import { showTruth } from "../shared/truth.js";

const TOAST_MS = 5000;
const RECONNECT_MS = 250;
const list = document.querySelector("#messages");
const toasts = document.querySelector("#toasts");
const composer = document.querySelector("#composer");
const optimistic = new Map();
let transcript = null;

function show() {
  const known = transcript.list();
  const ids = new Set(known.map((message) => message.id));
  const own = [...optimistic.values()].filter((message) => !ids.has(message.id));
  list.replaceChildren(...[...known, ...own].map(item));
}

function item(message) {
  const line = messageItem(message.id);
  fill(line, message);
  return line;
}

function toast(title, description) {
  const box = document.createElement("p");
  box.className = "notice";
  box.setAttribute("role", "alert");
  box.dataset.testid = "toast";
  box.textContent = `${title}: ${description}`;
  toasts.append(box);
  setTimeout(() => box.remove(), TOAST_MS);
}

async function post(message) {
  const response = await fetch(sessionPath(transcript.session, "prompt_async"), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: promptBody(message.id, message.partID, message.text),
  });
  if (response.headers.get("content-type") === "text/html") {
    throw new Error("Request is not supported by this version of the server (Server responded with text/html)");
  }
  if (!response.ok) throw new Error(await reasonOf(response));
  if (response.status !== 204 && response.headers.get("content-length") !== "0") await response.json();
}

async function reasonOf(response) {
  try {
    return (await response.json()).data.message || "Request failed";
  } catch {
    return "Request failed";
  }
}

async function send(text) {
  const message = { id: newId("msg"), partID: newId("prt"), role: "user", text };
  optimistic.set(message.id, message);
  composer.value = "";
  show();
  try {
    await post(message);
  } catch (error) {
    toast("Failed to send prompt", error.message);
    optimistic.delete(message.id);
    transcript.forget(message.id);
    composer.value = text;
    show();
  }
}

async function follow() {
  for (;;) {
    try {
      for await (const event of events()) if (transcript.apply(event)) show();
    } catch {
      // The stream broke: the next round opens another one.
    }
    await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
  }
}

onSend((text) => transcript && send(text));

const session = await openSession();
const stored = await readMessages(session);
transcript = new Transcript(session);
transcript.merge(stored);
show();
showTruth(session);
follow();
document.body.dataset.ready = "true";
