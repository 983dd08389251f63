// The few requests both pages make. Each throws on anything but a complete 2xx with the expected JSON.

/** The path of one session's things: sessionPath("ses_1", "message"). */
export function sessionPath(session, rest = "") {
  return `/session/${encodeURIComponent(session)}${rest && `/${rest}`}`;
}

/** The session the address names, or a new one, whose id is put into the address. Returns its id. */
export async function openSession(signal) {
  const wanted = new URLSearchParams(location.search).get("session");
  if (wanted) return (await json(sessionPath(wanted), { signal })).id;
  const made = await json("/session", {
    method: "POST", headers: { "content-type": "application/json" }, body: "{}", signal,
  });
  const address = new URL(location.href);
  address.searchParams.set("session", made.id);
  history.replaceState(null, "", address);
  return made.id;
}

/** Every message of the session: [{info, parts}]. */
export function readMessages(session, signal) {
  return json(sessionPath(session, "message"), { signal, cache: "no-store" });
}

/** What a prompt's request holds. The ids are the client's choice: the same ids are the same message. */
export function promptBody(messageID, partID, text) {
  const parts = [{ id: partID, type: "text", text }];
  return JSON.stringify({ messageID, agent: "build", model: { providerID: "fake", modelID: "m" }, parts });
}

async function json(path, options) {
  const response = await fetch(path, options);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json();
}
