// Notes what the user can see, once a frame, and what a screen reader is told. Runs before the page's own code, and
// keeps the browser's own clock functions: the page's may be moved.
(wanted) => {
  if (window.__firstbyte) return;
  const frame = window.requestAnimationFrame.bind(window);
  const later = window.setTimeout.bind(window);
  const performance_ = window.performance;
  const now = performance_.now.bind(performance_);
  const moment = () => Math.round((performance_.timeOrigin + now()) * 1000);
  const frames = [];
  const announced = [];
  const live = "[role=alert], [role=status], [role=log], [aria-live=polite], [aria-live=assertive], output";
  const all = (selector) => (selector ? [...document.querySelectorAll(selector)] : []);
  const isVisible = (element) => element.getClientRects().length > 0;
  const textOf = (element) => (element.innerText ?? "").trim();

  const message = (element) => {
    const inner = wanted.text ? element.querySelector(wanted.text) : element;
    return {
      text: inner ? textOf(inner) : "",
      mine: element.matches(wanted.mine),
      pending: Boolean(wanted.pending) && element.matches(wanted.pending),
    };
  };
  const look = () => ({
    composer: document.querySelector(wanted.composer)?.value ?? document.querySelector(wanted.composer)?.innerText ?? "",
    messages: all(wanted.messages).filter(isVisible).map(message),
    failures: all(wanted.failure).filter(isVisible).map(textOf).filter(Boolean),
    body: document.body?.innerText ?? "",
  });
  let last = "";
  const note = () => {
    if (!document.body) return;
    const seen = look();
    const text = JSON.stringify(seen);
    if (text !== last) frames.push({ at: moment(), ...seen });
    last = text;
  };
  const tick = () => {
    note();
    frame(tick);
  };
  const tell = (node) => {
    const element = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
    const text = node.textContent?.trim();
    if (text && element?.closest(live)) announced.push({ at: moment(), text });
  };
  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "characterData") tell(target);
      else addedNodes.forEach(tell);
    }
  }).observe(document, { childList: true, characterData: true, subtree: true });

  const request = window.fetch.bind(window);
  window.__firstbyte = {
    frames: () => { note(); return frames; },
    announced: () => announced,
    painted: () => new Promise((resolve) => { frame(() => frame(() => resolve(true))); }),
    reads: (url, patience) => Promise.race([
      request(url, { cache: "no-store" }).then((response) => response.ok, () => false),
      new Promise((resolve) => { later(() => resolve(false), patience); }),
    ]),
  };
  frame(tick);
}
