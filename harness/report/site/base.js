// The page's data and the few things all its parts need. Every text is put in as text, never as markup.
const site = JSON.parse(document.getElementById("data").textContent);
const wordOf = new Map(site.words.map((word) => [word.word, word]));
const findingOf = new Map(site.findings.map((finding) => [finding.id, finding]));
const rowOf = new Map(site.rows.map((row) => [row.name, row]));

/** An element: make("p", {class: "x"}, "text", otherElement). */
function make(name, attributes, ...content) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === false || value === null) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...content.filter((one) => one !== undefined && one !== null && one !== false));
  return element;
}

/** The events of one picture as objects, with their texts. */
function unpack(lanes) {
  const texts = site.texts;
  return lanes.marks.map(([at, actor, kind, request, ...pairs]) => {
    const data = {};
    for (let i = 0; i < pairs.length; i += 2) {
      data[texts[pairs[i]]] = Array.isArray(pairs[i + 1]) ? texts[pairs[i + 1][0]] : pairs[i + 1];
    }
    return { at, actor: texts[actor], kind: texts[kind], request, data };
  });
}

/** "100 s", "1.9 s", "3 ms", "40 µs" of microseconds. */
function time(us) {
  if (us === 0) return "0 s";
  if (us < 1e3) return `${us} µs`;
  if (us < 1e6) return `${+(us / 1e3).toPrecision(3)} ms`;
  if (us < 36e8) return `${+(us / 1e6).toFixed(us < 1e7 ? 2 : 1)} s`;
  return `${+(us / 36e8).toFixed(2)} h`;
}

/** "1 run", "2 runs". */
function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/** A coloured word with its sign. */
function badge(name) {
  const word = wordOf.get(name) || { word: name, sign: "", hue: "none", meaning: "" };
  return make("span", { class: `badge hue-${word.hue}`, title: word.meaning },
    make("span", { "aria-hidden": "true", class: "sign" }, word.sign), word.word);
}

/** Whether a case is as it should be, as a mark and a word. */
function outcome(one) {
  return make("span", { class: one.is_good ? "outcome ok" : "outcome off" }, one.outcome);
}

/** One line to hear for those who do not see the change. */
function say(text) {
  document.getElementById("said").textContent = text;
}

/** A heading with a table below it; rows are lists of cells: texts or elements. */
function table(caption, heads, rows, attributes) {
  const head = make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text[0].toUpperCase() + text.slice(1))));
  const body = rows.map((cells) => make("tr", {}, ...cells.map((cell) => make("td", {}, cell))));
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    make("table", attributes, make("caption", { class: "sr" }, caption),
      make("thead", {}, head), make("tbody", {}, ...body)));
}
