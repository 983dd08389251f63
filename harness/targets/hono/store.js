// Messages and ledger, durable when a call returns: one JSON line each, on the disk before we go on. A file
// and not a database, because it has to be the same on every runtime.

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs"

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

const MODEL = { providerID: "fake", modelID: "m" }
const TOKENS = { total: 4, input: 1, output: 3, reasoning: 0, cache: { read: 0, write: 0 } }
const ANSWER = {
  modelID: "m",
  providerID: "fake",
  mode: "build",
  agent: "build",
  path: { cwd: "/home/user/project", root: "/home/user/project" },
  cost: 0,
  tokens: TOKENS,
  finish: "stop",
}
// What git gives a tree without files.
const EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

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
    this.#write({ message: { ...message, at: Date.now() } })
  }

  modelCalls() {
    const calls = {}
    for (const { event, intent } of this.events) {
      if (event === "model-called") calls[intent] = (calls[intent] ?? 0) + 1
    }
    return calls
  }

  // As clients of the report's server get it, in its size too: Bun frames a short body otherwise than a long one.
  document({ id, session, role, text, at }) {
    const owner = { sessionID: session, messageID: id }
    const part = (letter, rest) => ({ id: `prt_${letter}${id.slice(5)}`, ...owner, ...rest })
    const said = part("b", { type: "text", text, time: { start: at, end: at } })
    const info = { id, sessionID: session, role, time: { created: at } }
    if (role === "user") return { info: { ...info, agent: "build", model: MODEL }, parts: [said] }
    return {
      info: { ...info, ...ANSWER, time: { created: at, completed: at } },
      parts: [
        part("a", { type: "step-start", snapshot: EMPTY_TREE }),
        said,
        part("c", { type: "step-finish", reason: "stop", snapshot: EMPTY_TREE, cost: 0, tokens: TOKENS }),
      ],
    }
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
