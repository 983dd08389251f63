// One message as an element, the same on both pages. Text is only ever text.
const SPEAKERS = { user: "You", assistant: "Answer" };

/** An empty list item for the message with this id; fill() puts in what it says. */
export function messageItem(id) {
  const item = document.createElement("li");
  item.className = "message";
  Object.assign(item.dataset, { testid: "message", messageId: id });
  item.append(span("speaker"), span("text"));
  return item;
}

/** Says who speaks and what. Touches only what has changed: a screen reader's place in it stays. */
export function fill(item, { role, text }) {
  item.dataset.role = role;
  setText(item.querySelector(".speaker"), SPEAKERS[role] ?? role);
  setText(item.querySelector(".text"), text);
}

export function span(name) {
  const element = document.createElement("span");
  element.className = name;
  return element;
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
