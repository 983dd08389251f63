// The messages the server has not confirmed yet. They outlive a reload: this tab's storage has them, by session.
//
// States: waiting (not sent yet), sending, accepted (told so, not seen yet), unconfirmed (nobody knows),
// absent (the server was asked and has not got it), refused. One the server has is no longer here.

export class Outbox {
  #entries = new Map();
  #key;

  constructor(session) {
    this.#key = `firstbyte-outbox:${session}`;
    for (const entry of stored(this.#key)) this.#entries.set(entry.id, afterReload(entry));
  }

  list() {
    return [...this.#entries.values()];
  }

  get(id) {
    return this.#entries.get(id);
  }

  put(entry) {
    this.#entries.set(entry.id, entry);
    this.#save();
  }

  /** Changes some fields of an entry that is still here; true if it was. */
  update(id, change) {
    if (!this.#entries.has(id)) return false;
    this.put({ ...this.#entries.get(id), ...change });
    return true;
  }

  drop(id) {
    if (this.#entries.delete(id)) this.#save();
  }

  #save() {
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(this.list()));
    } catch {
      // Full or forbidden storage: the page works on, only a reload forgets.
    }
  }
}

function afterReload(entry) {
  if (entry.state === "waiting" || entry.state === "refused") return entry;
  return { ...entry, state: "unconfirmed", why: "The page was loaded anew before an answer came.", wasAsked: false };
}

function stored(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key)) ?? [];
  } catch {
    return [];
  }
}
