// What becomes of a prompt besides its answer: it is admitted, made durable, and worked on by a model that
// only waits. One session works on one prompt at a time.

import { block, sleep } from "./runtime.js"

export class Work {
  constructor(store, settings) {
    this.store = store
    this.settings = settings
    this.open = 0
    this.sessions = new Map()
  }

  admit(request, { operation, session, body, path }) {
    const text = (body.parts ?? []).map((part) => part.text ?? "").join("\n")
    const said = { command: body.arguments, shell: body.command }[operation] ?? text
    const ticket = {
      request: request.headers.get("x-firstbyte-request") ?? "",
      intent: request.headers.get("x-firstbyte-intent") || said,
      message: body.messageID || this.store.newId("msg"),
    }
    const chosen = request.headers.get("x-firstbyte-handler") || this.settings.handler
    const handler = { message: "message", command: "await-result", shell: "await-result" }[operation] ?? chosen
    this.store.note("arrived", ticket, { method: "POST", path, handler })
    this.store.note("admitted", ticket)
    const prompt = new Prompt(this, ticket, { session, text: said, handler })
    request.signal.addEventListener("abort", () => prompt.clientGone())
    this.open++
    return prompt
  }

  // After whatever this session is doing.
  queue(session, job) {
    const before = this.sessions.get(session) ?? Promise.resolve()
    const done = before.then(job)
    this.sessions.set(session, done)
    return done
  }
}

export class Prompt {
  constructor(work, ticket, { session, text, handler }) {
    Object.assign(this, { work, ticket, session, text, handler })
    this.settings = work.settings
    this.answered = false
    this.aborted = false
    this.isNew = false
  }

  // Durable when this returns; the same id again changes nothing.
  persist() {
    const { store } = this.work
    this.isNew = !store.has(this.ticket.message)
    if (this.isNew) {
      const { message, intent } = this.ticket
      store.put({ id: message, session: this.session, role: "user", intent, text: this.text })
    }
    store.note("persisted", this.ticket, this.isNew ? {} : { duplicate: true })
  }

  // The model's work; resolves to the answer's document.
  start() {
    return this.work.queue(this.session, () => this.#turn((ms) => sleep(ms)))
  }

  // The same, and nobody is served meanwhile.
  startBlocking() {
    this.#begin()
    block(this.settings.delay_ms)
    return this.#end()
  }

  persistLater() {
    setTimeout(() => {
      this.persist()
      this.start()
    }, this.settings.persist_delay_ms)
  }

  clientGone() {
    if (this.answered) return
    this.work.store.note("client-gone", this.ticket)
    if (this.settings.on_client_gone === "stop") this.aborted = true
  }

  // A stream has been given everything of its answer.
  done(bytes) {
    this.answered = true
    this.work.store.note("response-completed", this.ticket, { body_bytes: bytes })
  }

  // The handler is about to return a whole answer. The runtime sends it before the next macrotask (shape
  // k8_nullbody_setimmediate), and not before the microtasks are done.
  replying(status, bytes = 0) {
    this.answered = true
    setImmediate(() => {
      this.work.store.note("header-sent", this.ticket, { status })
      this.done(bytes)
    })
  }

  async #turn(pause) {
    if (!this.isNew) return this.#settle("finished", { duplicate: true })
    this.#begin()
    const until = performance.now() + this.settings.delay_ms
    while (performance.now() < until && !this.aborted) {
      await pause(Math.min(this.settings.look_ms, until - performance.now()))
    }
    if (this.aborted) return this.#settle("aborted")
    if (this.settings.fails) return this.#settle("failed", { message: this.settings.fails })
    return this.#end()
  }

  #begin() {
    this.work.store.note("started", this.ticket)
    this.work.store.note("model-called", this.ticket)
  }

  #end() {
    const { store } = this.work
    store.note("first-token", this.ticket)
    const { intent } = this.ticket
    const { text } = this.settings
    store.put({ id: store.newId("msg"), session: this.session, role: "assistant", intent, text })
    return this.#settle("finished")
  }

  #settle(event, detail) {
    const { store } = this.work
    store.note(event, this.ticket, detail)
    this.work.open--
    const own = store.messages.filter((one) => one.session === this.session && one.role === "assistant")
    return own.length ? store.document(own[own.length - 1]) : {}
  }
}
