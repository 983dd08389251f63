// Puts messages on the page. Elements stay while their message stays, so that focus does too; text is only ever text.
import { fill, messageItem, setText, span } from "../shared/message.js";

const LABELS = {
  waiting: () => "Waiting to be sent",
  sending: () => "Sending…",
  accepted: () => "Accepted",
  unconfirmed: ({ why }) => `Not confirmed. ${why} Asking the server…`,
  absent: () => "The server does not have this message.",
  refused: ({ why }) => `Not sent. ${why}`,
};

export class View {
  #items = new Map();

  /** again(id): the user wants it sent again. */
  constructor(list, again) {
    Object.assign(this, { list, again });
  }

  /** messages: what the server has; entries: what it has not confirmed. */
  show(messages, entries) {
    const items = [...messages.map((message) => this.#message(message)), ...entries.map((entry) => this.#entry(entry))];
    const wanted = new Set(items);
    for (const [id, item] of this.#items) if (!wanted.has(item)) this.#remove(id, item);
    items.forEach((item, index) => {
      if (this.list.children[index] !== item) this.list.insertBefore(item, this.list.children[index] ?? null);
    });
  }

  #remove(id, item) {
    item.remove();
    this.#items.delete(id);
  }

  #message({ id, role, text }) {
    const item = this.#item(id);
    delete item.dataset.pending;
    delete item.dataset.state;
    fill(item, { role, text });
    setText(item.querySelector(".state"), "");
    item.querySelector("button").hidden = true;
    return item;
  }

  #entry(entry) {
    const item = this.#item(entry.id);
    Object.assign(item.dataset, { state: entry.state, pending: "true" });
    if (entry.state === "accepted") delete item.dataset.pending;
    fill(item, { role: "user", text: entry.text });
    setText(item.querySelector(".state"), LABELS[entry.state](entry));
    const isOffered = entry.state === "refused" || Boolean(entry.wasAsked && entry.state !== "accepted");
    item.querySelector("button").hidden = !isOffered;
    return item;
  }

  #item(id) {
    if (!this.#items.has(id)) this.#items.set(id, this.#made(id));
    return this.#items.get(id);
  }

  #made(id) {
    const item = messageItem(id);
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: "Send again", hidden: true });
    button.dataset.testid = "send-again";
    button.addEventListener("click", () => this.again(id));
    item.append(span("state"), button);
    return item;
  }
}
