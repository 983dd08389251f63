// Sends messages and finds out what became of them. It never takes an edge's word for the server's.
import { promptBody, sessionPath } from "../shared/api.js";
import { newId } from "../shared/ids.js";
import { outcomeOf } from "./outcome.js";
import { post } from "./request.js";

// A browser has six HTTP/1.1 connections to a server: one is the event stream's, two are for reading.
const MOST_IN_FLIGHT = 3;
// A 204 is no receipt: after so many reads without the message, it is told as missing.
const MOST_MISSES = 3;

export class Courier {
  #requests = new Map();

  /** told: {changed(), news(text), refused(entry) -> whether its text went back into the composer, ask()}. */
  constructor(transcript, outbox, told) {
    Object.assign(this, { transcript, outbox, told });
  }

  submit(text) {
    this.outbox.put({ id: newId("msg"), partID: newId("prt"), text, state: "waiting", why: "", misses: 0 });
    this.pump();
  }

  /** Sends a message again, with its ids: to the server it is the same message. */
  again(id) {
    if (!this.outbox.get(id) || this.#requests.has(id)) return;
    this.outbox.update(id, { state: "waiting", why: "", misses: 0, wasAsked: false });
    this.pump();
  }

  /** Starts what may start. A request the server has confirmed gives its connection to one that waits. */
  pump() {
    for (const { id, state } of this.outbox.list()) {
      if (state !== "waiting") continue;
      if (this.#requests.size >= MOST_IN_FLIGHT) this.#makeWay();
      else this.#deliver(id);
    }
    this.told.changed();
  }

  /** After news from the server: what it has is no longer ours. */
  confirm() {
    for (const { id } of this.outbox.list()) if (this.transcript.has(id)) this.#confirmed(id);
    this.pump();
  }

  /** After a read of all messages that began when `asked` entries were open: those it lacks are missing. */
  missed(asked) {
    for (const id of asked) {
      const entry = this.outbox.get(id);
      if (!entry) continue;
      const misses = entry.misses + 1;
      const isAbsent = entry.state !== "accepted" || misses >= MOST_MISSES;
      if (isAbsent && entry.state !== "absent") this.told.news("Not received: the server does not have the message.");
      this.outbox.update(id, { misses, wasAsked: true, state: isAbsent ? "absent" : entry.state });
    }
    this.told.changed();
  }

  /** After a read that failed: sending again, with the same ids, is safe and may be offered. */
  couldNotAsk(asked) {
    for (const id of asked) this.outbox.update(id, { wasAsked: true });
    this.told.changed();
  }

  /** The messages whose fate a read would tell. */
  open() {
    const states = new Set(["accepted", "unconfirmed", "absent"]);
    return this.outbox.list().filter(({ state }) => states.has(state)).map(({ id }) => id);
  }

  #confirmed(id) {
    this.outbox.drop(id);
    this.told.news("Sent.");
  }

  #makeWay() {
    const [id, request] = [...this.#requests].find(([known]) => this.transcript.has(known)) ?? [];
    if (id) request.abort();
  }

  async #deliver(id) {
    this.outbox.update(id, { state: "sending" });
    const { partID, text } = this.outbox.get(id);
    const request = post(sessionPath(this.transcript.session, "prompt_async"), promptBody(id, partID, text));
    this.#requests.set(id, request);
    const outcome = outcomeOf(await request.done);
    this.#requests.delete(id);
    if (this.outbox.get(id)) this.#settle(id, outcome);
    this.pump();
  }

  #settle(id, { kind, why }) {
    if (kind === "sent") this.outbox.update(id, { state: "accepted" });
    else if (kind === "refused") this.#refused(id, why);
    else {
      this.outbox.update(id, { state: "unconfirmed", why });
      this.told.news(`Not confirmed. ${why} Asking the server.`);
    }
    if (kind !== "refused") this.told.ask(kind);
  }

  #refused(id, why) {
    this.outbox.update(id, { state: "refused", why });
    if (this.told.refused(this.outbox.get(id))) this.outbox.drop(id);
  }
}
