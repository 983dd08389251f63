// The reference server's handlers as somebody would write them with Hono. handlers.toml says which wire shape
// each one is, and on which runtimes its bytes are those of the reference.

import { stream, streamSSE } from "hono/streaming"
import { sleep } from "./runtime.js"

function streamed(c, status, callback) {
  c.status(status)
  c.header("Content-Type", "application/json")
  return stream(c, callback)
}

async function heartbeats(prompt, job, beat) {
  let working = true
  job.then(() => (working = false))
  // Bun completes the header with the first write and not before; Node has done so when the stream was returned.
  if (globalThis.Bun) await beat()
  for (let count = 1, began = performance.now(); ; count++) {
    const due = began + count * prompt.settings.heartbeat_ms
    await Promise.race([job, sleep(due - performance.now())])
    if (!working) return
    await beat()
  }
}

const bytes = (text) => new TextEncoder().encode(text).length

const HANDLERS = {
  // The report's own handler: `stream(c, async () => { SessionPrompt.prompt(...) })`.
  "stream-closed-at-once": (c, prompt) => {
    prompt.persist()
    prompt.done(0)
    return streamed(c, 204, async () => void prompt.start())
  },
  "stream-partial-header": (c, prompt) => {
    prompt.persist()
    return streamed(c, 204, async () => {
      await prompt.start()
      prompt.done(0)
    })
  },
  "content-on-204": (c, prompt) => {
    prompt.persist()
    prompt.replying(204, 2)
    prompt.start()
    return new Response("ok", { status: 204, headers: { "Content-Type": "application/json" } })
  },
  "stream-withheld": async (c, prompt) => {
    prompt.persist()
    await prompt.start()
    prompt.replying(204)
    c.header("Content-Type", "application/json")
    return c.body(null, 204)
  },
  "no-content": (c, prompt) => {
    prompt.persist()
    prompt.replying(204)
    setTimeout(() => prompt.start(), 0)
    c.header("Content-Type", "application/json")
    return c.body(null, 204)
  },
  "no-content-blocking": (c, prompt) => {
    prompt.persist()
    Promise.resolve().then(() => prompt.startBlocking())
    prompt.replying(204)
    c.header("Content-Type", "application/json")
    return c.body(null, 204)
  },
  "ack-before-persist": (c, prompt) => {
    prompt.replying(204)
    prompt.persistLater()
    c.header("Content-Type", "application/json")
    return c.body(null, 204)
  },
  "accepted-202": (c, prompt) => {
    prompt.persist()
    prompt.start()
    const { session, ticket } = prompt
    c.header("Location", `/session/${session}/prompt/${ticket.message}`)
    const document = { id: ticket.message, sessionID: session, status: "running" }
    prompt.replying(202, bytes(JSON.stringify(document)))
    return c.json(document, 202)
  },
  "await-result": async (c, prompt) => {
    prompt.persist()
    const document = await prompt.start()
    prompt.replying(200, bytes(JSON.stringify(document)))
    return c.json(document)
  },
  "header-then-silence": (c, prompt) => {
    prompt.persist()
    return streamed(c, 200, async (out) => {
      const text = JSON.stringify(await prompt.start())
      prompt.done(bytes(text))
      await out.write(text)
    })
  },
  "whitespace-heartbeat": (c, prompt) => {
    prompt.persist()
    return streamed(c, 200, async (out) => {
      let beats = 0
      const job = prompt.start()
      await heartbeats(prompt, job, () => {
        beats++
        return out.write(" ")
      })
      const text = JSON.stringify(await job)
      prompt.done(beats + bytes(text))
      await out.write(text)
    })
  },
  "sse-heartbeat": (c, prompt) => {
    prompt.persist()
    c.header("X-Accel-Buffering", "no")
    c.header("X-Content-Type-Options", "nosniff")
    return streamSSE(c, async (out) => {
      const beat = ": still working\n\n"
      let beats = 0
      const job = prompt.start()
      await heartbeats(prompt, job, () => {
        beats++
        return out.write(beat)
      })
      const frame = `data: ${JSON.stringify(await job)}\n\n`
      prompt.done(beats * bytes(beat) + bytes(frame))
      await out.write(frame)
    })
  },
  // Only Node has a way to send one.
  "interim-102": async (c, prompt) => {
    prompt.persist()
    const job = prompt.start()
    await heartbeats(prompt, job, async () => c.env.outgoing.writeProcessing())
    prompt.replying(204)
    c.header("Content-Type", "application/json")
    return c.body(null, 204)
  },
}
HANDLERS.idempotent = HANDLERS["no-content"]
// POST /session/:id/message of the report's server: a stream whose callback awaits the model.
HANDLERS.message = HANDLERS["header-then-silence"]

export function answer(c, prompt) {
  const handler = HANDLERS[prompt.handler]
  if (!handler) return c.json({ error: `there is no handler '${prompt.handler}'` }, 400)
  return handler(c, prompt)
}
