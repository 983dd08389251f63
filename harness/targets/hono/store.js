// Messages and ledger, durable when a call returns: one JSON line each, on the disk before we go on. A file
// and not a database, because it has to be the same on every runtime.

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs"

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

export class Store {
  constructor(path) {
    this.events = []
    this.messages = []
    this.count = 0
    const known = existsSync(path) ? readFileSync(path, "utf8") : ""
    // A line that a kill cut short was never durable.
    const whole = known.slice(0, known.lastIndexOf("\n") + 1)
    for (const line of whole.split("\n").filter(Boolean)) this.#take(JSON.parse(line))
    if (whole.length < known.length) throw new Error(`${path}: ends within a line`)
    this.file = openSync(path, "a")
  }

  // Unix microseconds: what every runtime can tell alike.
  now() {
    return Math.round((performance.timeOrigin + performance.now()) * 1000)
  }

  newId(prefix) {
    this.count++
    const stamp = (BigInt(Date.now()) * 4096n + BigInt(this.count)) & 0xffffffffffffn
    let token = ""
    for (let done = 0; done < 14; done++) token += BASE62[Math.floor(Math.random() * 62)]
    return `${prefix}_${stamp.toString(16).padStart(12, "0")}${token}`
  }

  note(event, ticket, detail = {}) {
    const { request, intent, message } = ticket
    this.#write({ event: { at_us: this.now(), event, request, intent, message, detail } })
  }

  has(id) {
    return this.messages.some((one) => one.id === id)
  }

  put(message) {
    this.#write({ message })
  }

  modelCalls() {
    const calls = {}
    for (const { event, intent } of this.events) {
      if (event === "model-called") calls[intent] = (calls[intent] ?? 0) + 1
    }
    return calls
  }

  document({ id, session, role, text }) {
    const part = { id: id.replace("msg", "prt"), sessionID: session, messageID: id, type: "text", text }
    return { info: { id, sessionID: session, role }, parts: [part] }
  }

  #take(line) {
    if (line.event) this.events.push(line.event)
    else this.messages.push(line.message)
  }

  #write(line) {
    writeSync(this.file, JSON.stringify(line) + "\n")
    fsyncSync(this.file)
    this.#take(line)
  }

  close() {
    closeSync(this.file)
  }
}
