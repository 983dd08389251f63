// A page to copy: it tells sent, refused and unknown apart, and settles what is unknown with the server.
import { openSession } from "../shared/api.js";
import { onSend } from "../shared/composer.js";
import { Transcript } from "../shared/transcript.js";
import { showTruth } from "../shared/truth.js";
import { Courier } from "./courier.js";
import { Outbox } from "./outbox.js";
import { Reader } from "./reader.js";
import { View } from "./view.js";

const RETRY_MS = 2000;
const MOST_SPOKEN = 300;
const composer = document.querySelector("#composer");
const notice = document.querySelector("#notice");
const status = document.querySelector("#status");
let courier = null;

function restore(text) {
  if (composer.value.trim()) return false;
  composer.value = text;
  composer.dispatchEvent(new Event("input"));
  return true;
}

function tellRefused({ text, why }) {
  notice.textContent = `Not sent. ${why}`;
  return restore(text);
}

/** A new node each time: the same words twice are two announcements. */
function say(text) {
  status.replaceChildren(text);
}

function submit(text) {
  if (!courier) return;
  composer.value = "";
  composer.dispatchEvent(new Event("input"));
  notice.textContent = "";
  courier.submit(text);
}

/** The button that was used goes away: the next thing to do is in the composer. */
function sendAgain(id) {
  courier.again(id);
  composer.focus();
}

/** What is typed outlives a reload. */
function keepDraft(session) {
  const key = `firstbyte-draft:${session}`;
  const kept = sessionStorage.getItem(key);
  if (kept) restore(kept);
  composer.addEventListener("input", () => sessionStorage.setItem(key, composer.value));
}

async function opened() {
  for (;;) {
    try {
      return await openSession();
    } catch {
      notice.textContent = "The server can't be reached. Trying again.";
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** Tells of an answer once, when it is complete. */
function announcer(transcript) {
  const told = new Set(transcript.list().map(({ id }) => id));
  return () => {
    for (const { id, role, text, isDone } of transcript.list()) {
      if (role === "user" || !isDone || told.has(id)) continue;
      told.add(id);
      say(`Answer: ${text.slice(0, MOST_SPOKEN)}`);
    }
  };
}

async function start() {
  const session = await opened();
  notice.textContent = "";
  const transcript = new Transcript(session);
  const outbox = new Outbox(session);
  const view = new View(document.querySelector("#messages"), sendAgain);
  let announce = () => {};
  const changed = () => {
    view.show(transcript.list(), outbox.list());
    announce();
  };
  const made = new Courier(transcript, outbox, {
    changed, news: say, refused: tellRefused, ask: (kind) => reader.settle(kind),
  });
  const reader = new Reader(transcript, made, {
    connection: (isOpen) => { document.body.dataset.connection = isOpen ? "open" : "cut"; },
  });
  courier = made;
  keepDraft(session);
  reader.follow();
  await reader.read();
  announce = announcer(transcript);
  courier.pump();
  reader.settle("unknown");
  addEventListener("online", () => reader.wake());
  addEventListener("pageshow", ({ persisted }) => persisted && reader.wake());
  document.addEventListener("visibilitychange", () => document.hidden || reader.wake());
  showTruth(session);
  document.body.dataset.ready = "true";
}

onSend(submit);
start();
