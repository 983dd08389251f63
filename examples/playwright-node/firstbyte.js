// An edge of firstbyte in held mode, for tests on Node: its deadline fires when the test says so.
// Needs `firstbyte` on PATH, or named in FIRSTBYTE_BIN.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";

/** Starts a firstbyte command that prints one line of JSON when it is ready, and ends with this process. */
async function start(words, environment = {}) {
  const child = spawn(process.env.FIRSTBYTE_BIN || "firstbyte", words, {
    stdio: "pipe", env: { ...process.env, ...environment },
  });
  let said = "";
  child.stderr.on("data", (data) => { said += data; });
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  const line = new Promise((resolve) => createInterface({ input: child.stdout }).once("line", resolve));
  const first = await Promise.race([line, ended]);
  if (typeof first !== "string") throw new Error(`firstbyte ${words[0]} ended with code ${first}: ${said}`);
  return { ready: JSON.parse(first), stop: async () => { child.kill(); await ended; } };
}

/** The session server that comes with firstbyte: put your own server's URL in its place. */
export async function startServer() {
  const { ready, stop } = await start(["serve", "--listen", "127.0.0.1:0", "--model-delay", "1h"]);
  return { url: ready.ready, stop };
}

/** An edge before `upstream`. profile: `firstbyte list edges` shows them. */
export async function startEdge(upstream, profile = "cloudflare") {
  const token = randomBytes(24).toString("base64url");
  const words = ["edge", "--upstream", upstream, "--profile", profile, "--listen", "127.0.0.1:0"];
  const options = ["--hold", "--quiet", "--ready-json", "--end-with-stdin"];
  const { ready, stop } = await start([...words, ...options], { FIRSTBYTE_TOKEN: token });
  const ask = async (method, path, body) => {
    const response = await fetch(ready.control + path, {
      method, body: body && JSON.stringify(body), headers: { authorization: `Bearer ${token}` },
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  return {
    url: ready.ready,
    stop,
    /** The requests that have no answer yet. */
    held: async () => (await ask("GET", "/held")).held,
    /** Fire the deadline of one of them. */
    expire: (id) => ask("POST", `/held/${id}/expire`),
    /** The deadline of the next request that fits fires as soon as the server has all of it. */
    expireNext: (path = "", method = "") => ask("POST", "/next", { action: "expire", path, method, count: 1 }),
  };
}
