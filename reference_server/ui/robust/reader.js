// Keeps the transcript in step with the server: one event stream that is opened again and again, and reads of all
// messages at every (re)opening, because no event is ever repeated, and whenever somebody needs to know.
import { readMessages } from "../shared/api.js";
import { events } from "../shared/stream.js";

const PATIENCE_MS = 10_000; // for one read
const SILENCE_MS = 25_000; // the server's heart beats every 10 s: after two missed beats the stream is dead
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const ACCEPTED_PAUSE_MS = 2_000;

export class Reader {
  #pauses = new Set();
  #reading = null;
  #streaming = null;
  #failures = 0;
  #rounds = 0;

  constructor(transcript, courier, told) {
    Object.assign(this, { transcript, courier, told });
  }

  /** Reads all messages now. Joins a read that is under way. */
  read() {
    this.#reading ??= this.#readOnce().finally(() => { this.#reading = null; });
    return this.#reading;
  }

  /** Asks until no message's fate is open. */
  async settle(kind) {
    if (kind === "sent") await this.#pause(ACCEPTED_PAUSE_MS);
    else if (this.#rounds > 0) this.wake();
    if (this.#rounds > 0) return;
    while (this.courier.open().length > 0) {
      this.#rounds += 1;
      await this.read();
      if (this.courier.open().length > 0) await this.#pause(backoff(this.#rounds));
    }
    this.#rounds = 0;
  }

  /** Follows the event stream for ever. */
  async follow() {
    for (;;) {
      await this.#stream();
      this.#failures += 1;
      await this.#pause(backoff(this.#failures));
    }
  }

  /** The network or the page is back: nothing waits any longer. */
  wake() {
    this.#failures = 0;
    this.#rounds = Math.min(this.#rounds, 1);
    for (const end of [...this.#pauses]) end();
  }

  async #readOnce() {
    const asked = this.courier.open();
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
    try {
      this.transcript.merge(await readMessages(this.transcript.session, patience.signal));
      this.courier.confirm();
      this.courier.missed(asked);
    } catch {
      this.courier.couldNotAsk(asked);
    } finally {
      clearTimeout(timer);
    }
  }

  async #stream() {
    this.#streaming = new AbortController();
    const watch = new Watch(SILENCE_MS, this.#streaming);
    try {
      for await (const event of events(this.#streaming.signal, () => this.#opened(), () => watch.restart())) {
        if (this.transcript.apply(event)) this.courier.confirm();
      }
    } catch {
      // Cut, refused or silent for too long: the next round opens another one.
    } finally {
      watch.stop();
    }
    this.told.connection(false);
  }

  #opened() {
    this.#failures = 0;
    this.told.connection(true);
    this.read();
  }

  #pause(duration) {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#pauses.delete(end);
        resolve();
      };
      const timer = setTimeout(end, duration);
      this.#pauses.add(end);
    });
  }
}

/** Aborts when it has not been restarted for so long. */
class Watch {
  #timer = null;

  constructor(duration, controller) {
    Object.assign(this, { duration, controller });
    this.restart();
  }

  restart() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.controller.abort(), this.duration);
  }

  stop() {
    clearTimeout(this.#timer);
  }
}

function backoff(round) {
  return Math.min(FIRST_PAUSE_MS * 2 ** Math.min(round - 1, 10), LONGEST_PAUSE_MS);
}
