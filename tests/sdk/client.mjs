// The published client library against a reference server: `node client.mjs URL DIRECTORY HANDLER...`.
// Makes a session, follows both event streams, sends one prompt through each handler, one each by message, command and
// shell, aborts one, reads everything back, and prints what it saw as one JSON document. Judges nothing.
import { createOpencodeClient } from "@opencode-ai/sdk/v2/client";

const PATIENCE_MS = 20_000;
const [baseUrl, directory, ...handlers] = process.argv.slice(2);
const client = createOpencodeClient({ baseUrl, directory });
const stopping = new AbortController();

function follow(stream, typeOf) {
  const seen = [];
  const waiting = new Set();
  (async () => {
    for await (const event of stream) {
      seen.push(typeOf(event));
      for (const check of waiting) check();
    }
  })().catch(() => {});
  const reached = (condition) =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no such event; seen: ${seen.slice(-5)}`)), PATIENCE_MS);
      const check = () => {
        if (!condition(seen)) return;
        clearTimeout(late);
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  return { seen, reached };
}

const idles = (seen) => seen.filter((type) => type === "session.idle").length;
const options = { signal: stopping.signal };
const events = follow((await client.event.subscribe({}, options)).stream, (event) => event.type);
const globals = follow((await client.global.event(options)).stream, (event) => event.payload.type);
await Promise.all([events, globals].map(({ reached }) => reached((seen) => seen[0] === "server.connected")));

const session = (await client.session.create({}, { throwOnError: true })).data;
const sessionID = session.id;
const parts = (text) => [{ type: "text", text }];

// Waits until the session has become idle once more than before: its prompt is answered then, whatever it was told.
async function settled(send) {
  const before = idles(events.seen);
  const told = await send();
  await events.reached((seen) => idles(seen) > before);
  return told;
}

const told = {};
for (const handler of handlers) {
  const headers = { "X-Firstbyte-Handler": handler };
  const reply = await settled(() => client.session.promptAsync({ sessionID, parts: parts(handler) }, { headers }));
  const answer = reply.data?.parts?.find((part) => part.type === "text")?.text;
  told[handler] = { status: reply.response?.status ?? null, error: String(reply.error ?? ""), answer: answer ?? null };
}

const message = await settled(() => client.session.prompt({ sessionID, parts: parts("message") }));
const command = await settled(() => client.session.command({ sessionID, command: "init", arguments: "command" }));
const shell = await settled(() => client.session.shell({ sessionID, command: "shell", agent: "build" }));
const missing = await client.session.get({ sessionID: "ses_missing" });
const messages = (await client.session.messages({ sessionID }, { throwOnError: true })).data;
const result = {
  session,
  told,
  message: message.data.info,
  command: command.data.info,
  shell: shell.data.info,
  missing: missing.error,
  listed: (await client.session.list()).data.map(({ id }) => id),
  status: (await client.session.status()).data,
  aborted: (await client.session.abort({ sessionID })).data,
  health: (await client.global.health()).data,
  messages: messages.map(({ info, parts: all }) => [info.role, all.map((part) => part.text ?? "").join("")]),
  events: events.seen,
  globals: globals.seen,
};
await new Promise((resolve) => process.stdout.write(JSON.stringify(result), resolve));
stopping.abort();
process.exit(0);
