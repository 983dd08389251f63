// What the server has said of one session's messages, by events and by reads. Nothing of the page's own.

export class Transcript {
  #messages = new Map();

  constructor(session) {
    this.session = session;
  }

  /** Whether the server has said that it has this message. */
  has(id) {
    return Boolean(this.#messages.get(id)?.isKnown);
  }

  /** The messages with text, in the server's order: {id, role, text, isDone}. */
  list() {
    return [...this.#messages.values()]
      .filter((message) => message.isKnown && message.parts.size > 0)
      .map(({ id, role, parts, isDone }) => ({ id, role, isDone, text: [...parts.values()].join("\n") }));
  }

  /** Takes in what a read gave. An older read never shortens what events have brought since. */
  merge(documents) {
    for (const { info, parts } of documents) {
      this.#know(info);
      for (const part of parts) this.#part(part);
    }
  }

  /** Takes in one event; true if it was about this session. */
  apply({ type, properties }) {
    if (type === "message.updated" && properties.info.sessionID === this.session) this.#know(properties.info);
    else if (type === "message.part.updated" && properties.part.sessionID === this.session) {
      this.#part(properties.part);
    } else if (type === "message.part.delta" && properties.sessionID === this.session) this.#delta(properties);
    else return false;
    return true;
  }

  /** Forgets a message, as the reported page did with one it took for failed. */
  forget(id) {
    this.#messages.delete(id);
  }

  #message(id) {
    if (!this.#messages.has(id)) this.#messages.set(id, { id, role: "user", parts: new Map(), isKnown: false });
    return this.#messages.get(id);
  }

  #know({ id, role, time }) {
    const message = this.#message(id);
    Object.assign(message, { role, isKnown: true, isDone: role === "user" || Boolean(time?.completed) });
  }

  #part({ id, messageID, type, text }) {
    if (type !== "text") return;
    const { parts } = this.#message(messageID);
    if (text.length >= (parts.get(id)?.length ?? 0)) parts.set(id, text);
  }

  #delta({ messageID, partID, delta }) {
    const parts = this.#messages.get(messageID)?.parts;
    if (parts?.has(partID)) parts.set(partID, parts.get(partID) + delta);
  }
}
