// One POST, and everything that can be known of it.
//
// XMLHttpRequest and not fetch: only its upload events tell a request that has left from one that never did
// (offline, connection refused), and that is the difference between "ask the server" and "not sent".

/** Returns {done, abort}. done: {status, type, body, isComplete, hasLeft, isOnline}; it never rejects. */
export function post(path, body) {
  const request = new XMLHttpRequest();
  const facts = { status: 0, type: "", hasLeft: false };
  const done = new Promise((resolve) => {
    const end = (isComplete) => resolve({
      ...facts, isComplete, isOnline: navigator.onLine, body: isComplete ? request.responseText : "",
    });
    request.upload.addEventListener("load", () => { facts.hasLeft = true; });
    request.addEventListener("readystatechange", () => {
      if (request.readyState !== XMLHttpRequest.HEADERS_RECEIVED) return;
      Object.assign(facts, { status: request.status, type: request.getResponseHeader("content-type") ?? "" });
    });
    request.addEventListener("load", () => end(true));
    for (const name of ["error", "abort"]) request.addEventListener(name, () => end(false));
  });
  request.open("POST", path);
  request.setRequestHeader("content-type", "application/json");
  request.send(body);
  return { done, abort: () => request.abort() };
}
