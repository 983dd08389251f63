// What an answer to a send means: sent, refused, or unknown. Pure.
//
// A gateway's answer and a connection lost after the request has left say nothing about the server: only the server
// can. Refused is what the server itself turned down, or what never left.
const GATEWAY = new Set([408, 425, 500, 502, 503, 504, 507, 508]);
const MOST_LETTERS = 200;

/**
 * facts: {status, type, body, isComplete, hasLeft, isOnline}. status: 0 = no answer.
 * Returns {kind: "sent" | "refused" | "unknown", why}. why is for people and never holds a gateway's page.
 */
export function outcomeOf(facts) {
  if (facts.status === 204) return { kind: "sent", why: "" };
  if (facts.status >= 200 && facts.status < 300) return ofSuccess(facts);
  if (facts.status >= 400) return ofError(facts);
  if (facts.hasLeft) return { kind: "unknown", why: "The connection was lost before an answer came." };
  return { kind: "refused", why: facts.isOnline ? "The server can't be reached." : "You are offline." };
}

function ofSuccess({ isComplete, type }) {
  if (!isComplete) return { kind: "unknown", why: "The answer was cut off." };
  // A sign-in page or a static fallback says 200 too. On a 204, the type is something an edge has put there.
  if (isHtml(type)) return { kind: "unknown", why: "Something other than the server answered." };
  return { kind: "sent", why: "" };
}

function ofError({ status, type, body }) {
  const isGateway = status >= 509 || GATEWAY.has(status) || isHtml(type);
  if (isGateway) return { kind: "unknown", why: `The gateway gave up waiting (${status}).` };
  return { kind: "refused", why: reasonIn(body) || `The server turned it down (${status}).` };
}

function isHtml(type) {
  return /^text\/html\b/i.test(type);
}

function reasonIn(body) {
  try {
    const document = JSON.parse(body);
    const reason = document.data?.message ?? document.error?.message ?? document.message ?? "";
    return typeof reason === "string" ? reason.slice(0, MOST_LETTERS) : "";
  } catch {
    return "";
  }
}
