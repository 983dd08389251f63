// Every way to answer that was measured, as a route GET /shape/<id>?ms=<the wait>.
//
// a 204 and its stream is what the report is about; the others tell which part of it matters: the status, the
// stream, the moment of the first write, and what blocks the loop.

import { compress } from "hono/compress"
import { stream, streamSSE } from "hono/streaming"
import { block, microtasks, sleep } from "./runtime.js"

const DOCUMENT = '{"ok":1}'

function streamed(status, callback) {
  return (c, ms) => {
    c.status(status)
    c.header("Content-Type", "application/json")
    return stream(c, (out) => callback(out, ms))
  }
}

function bodiless(before) {
  return (c, ms) => {
    before(ms)
    return c.body(null, 204)
  }
}

// ReadableStreams without Hono's helper around them.
function raw(status, source) {
  return (_c, ms) =>
    new Response(source(ms), { status, headers: { "Content-Type": "application/json" } })
}

const closed = () => new ReadableStream({ start: (to) => to.close() })
const closedLater = (ms) =>
  new ReadableStream({
    async start(to) {
      await sleep(ms)
      to.close()
    },
  })

async function* generated(ms) {
  await sleep(ms)
  yield new TextEncoder().encode(DOCUMENT)
}

const forget = (_out, ms) => {
  sleep(ms)
  return Promise.resolve()
}
const wait = (_out, ms) => sleep(ms)
const waitThenWrite = (text) => async (out, ms) => {
  await sleep(ms)
  await out.write(text)
}
const writeWaitWrite = (first) => async (out, ms) => {
  await out.write(first)
  await sleep(ms)
  await out.write(DOCUMENT)
}
const waitOf = (ms) => () => sleep(ms)

export const SHAPES = {
  a_204_fnf: streamed(204, forget),
  b_204_await: streamed(204, wait),
  c_204_write: streamed(204, waitThenWrite("ok")),
  c2_204_body: () => new Response("ok", { status: 204, headers: { "Content-Type": "application/json" } }),
  d_200_fnf: streamed(200, forget),
  e_200_await: streamed(200, wait),
  f_200_write: streamed(200, waitThenWrite(DOCUMENT)),
  g_200_write0_write: streamed(200, writeWaitWrite(" ")),
  g2_200_writeempty_write: streamed(200, writeWaitWrite("")),
  g3_204_write0_write: streamed(204, writeWaitWrite(" ")),
  h_204_body_null: bodiless(() => {}),
  h2_202_json: (c) => c.json({ accepted: true }, 202),
  i_json_after: async (c, ms) => {
    await sleep(ms)
    return c.json({ ok: 1 })
  },
  i2_204_after: async (c, ms) => {
    await sleep(ms)
    return c.body(null, 204)
  },
  j_204_syncblock: streamed(204, async (_out, ms) => block(ms)),
  k1_204_block_microtask: streamed(204, async (_out, ms) => void Promise.resolve().then(() => block(ms))),
  k2_204_block_tick0: streamed(204, async (_out, ms) => void setTimeout(() => block(ms), 0)),
  k3_nullbody_block_sync: bodiless(block),
  k4_nullbody_block_microtask: bodiless((ms) => void Promise.resolve().then(() => block(ms))),
  k5_nullbody_block_10microtasks: bodiless((ms) => void microtasks(10).then(() => block(ms))),
  k6_nullbody_block_tick0: bodiless((ms) => void setTimeout(() => block(ms), 0)),
  k7_nullbody_block_tick20: bodiless((ms) => void setTimeout(() => block(ms), 20)),
  k8_nullbody_setimmediate: bodiless((ms) => void setImmediate(() => block(ms))),
  m_204_await0: streamed(204, waitOf(0)),
  m_204_await1: streamed(204, waitOf(1)),
  m_204_await5: streamed(204, waitOf(5)),
  m_204_await50: streamed(204, waitOf(50)),
  m_204_await_microtasks5: streamed(204, () => microtasks(5)),
  m_204_await_microtasks50: streamed(204, () => microtasks(50)),
  m_200_await0: streamed(200, waitOf(0)),
  m_200_await50: streamed(200, waitOf(50)),
  n_204_never: streamed(204, () => new Promise(() => {})),
  n_200_never: streamed(200, () => new Promise(() => {})),
  o_200_throw: streamed(200, async () => {
    throw new Error("thrown at once")
  }),
  o_200_throw_after: streamed(200, async (_out, ms) => {
    await sleep(ms)
    throw new Error("thrown after the wait")
  }),
  s_sse_first_now: (c, ms) =>
    streamSSE(c, async (out) => {
      await out.writeSSE({ data: "first" })
      await sleep(ms)
      await out.writeSSE({ data: "second" })
    }),
  s_sse_first_late: (c, ms) =>
    streamSSE(c, async (out) => {
      await sleep(ms)
      await out.writeSSE({ data: "first" })
    }),
  s_sse_comment_now: (c, ms) =>
    streamSSE(c, async (out) => {
      await out.write(": here\n\n")
      await sleep(ms)
      await out.writeSSE({ data: "first" })
    }),
  p_gzip_200_write: streamed(200, waitThenWrite(DOCUMENT)),
  p_gzip_204_fnf: streamed(204, forget),
  r_raw_closed_204: raw(204, closed),
  r_raw_closed_200: raw(200, closed),
  r_raw_open_204: raw(204, closedLater),
  r_raw_open_200: raw(200, closedLater),
  r_raw_null_204: raw(204, () => null),
  r_raw_gen_200: raw(200, generated),
}

const WAIT_MS = 3000

export function addShapes(app) {
  app.use("/shape/p_gzip_200_write", compress())
  app.use("/shape/p_gzip_204_fnf", compress())
  for (const [name, shape] of Object.entries(SHAPES)) {
    app.get(`/shape/${name}`, (c) => shape(c, Number(c.req.query("ms") ?? WAIT_MS)))
  }
}
