// The composer of both pages: Enter sends, Shift+Enter is a new line. What becomes of the text is the page's own affair.
const composer = document.querySelector("#composer");
const form = document.querySelector("#form");

/** Calls send(text) when the user sends a text that is not blank. Never takes it out of the composer. */
export function onSend(send) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (composer.value.trim()) send(composer.value);
  });
  composer.addEventListener("keydown", submitOnEnter);
}

function submitOnEnter(event) {
  // While an input method composes, Enter is its own.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (!event.repeat) form.requestSubmit();
}
