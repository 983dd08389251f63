// One small Hono application for every runtime: bare wire shapes, and a session server whose prompts are
// answered in these shapes. Started with one argument, a JSON object (see Settings in target.py).

import { Hono } from "hono"
import { cors } from "hono/cors"
import { answer } from "./handlers.js"
import { listen } from "./runtime.js"
import { addShapes } from "./shapes.js"
import { Store } from "./store.js"
import { Work } from "./work.js"

const settings = JSON.parse(process.argv[2])
const store = new Store(settings.data)
const work = new Work(store, settings)
const app = new Hono()

addShapes(app)
// What the report's server had in front of its routes: it is what puts Vary: Origin into the answers.
app.use("/session/*", cors({ origin: (origin) => origin || null }))

app.get("/_firstbyte/ledger", (c) =>
  c.json({ events: store.events, messages: store.messages, model_calls: store.modelCalls(), busy: work.open }),
)

app.post("/session", (c) => c.json({ id: store.newId("ses"), title: "New session" }))

app.get("/session/:id/message", (c) => {
  const session = c.req.param("id")
  return c.json(store.messages.filter((one) => one.session === session).map(store.document))
})

for (const operation of ["prompt_async", "message", "command", "shell"]) {
  app.post(`/session/:id/${operation}`, async (c) => {
    const body = await c.req.json()
    const session = c.req.param("id")
    return answer(c, work.admit(c.req.raw, { operation, session, body, path: c.req.path }))
  })
}

await listen(app, settings.port)
