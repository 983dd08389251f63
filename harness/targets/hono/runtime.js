// Listening, the one thing that differs: Bun has a server of its own, Node needs @hono/node-server.

export async function listen(app, port) {
  const hostname = "127.0.0.1"
  if (globalThis.Bun) {
    // idleTimeout 0, as the report's server had it: Bun's own 10 s would end what we want to watch.
    Bun.serve({ fetch: app.fetch, hostname, port, idleTimeout: 0 })
  } else {
    const { serve } = await import("@hono/node-server")
    serve({ fetch: app.fetch, hostname, port })
  }
}

// Nobody is served meanwhile, and no processor is used.
export function block(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export async function microtasks(count) {
  for (let done = 0; done < count; done++) await null
}
