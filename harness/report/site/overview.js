// The views of all cases together: by claim, as a matrix, as a list, statistics. All follow one filter.
const Overview = (() => {
  const filter = { q: "", word: "", column: "", finding: "", outcome: "" };
  const haystacks = site.cases.map((one) => {
    const row = rowOf.get(one.row) || {};
    return [one.row, one.column, one.word, one.outcome, one.brief || "", row.title || "", row.claim || "", ...(one.findings || [])]
      .join(" ").toLowerCase();
  });
  const numbered = site.cases.map((one, index) => ({ one, index }));

  function chosen() {
    const words = filter.q.toLowerCase().split(/\s+/).filter(Boolean);
    return numbered.filter(({ one, index }) =>
      words.every((word) => haystacks[index].includes(word)) &&
      (!filter.word || one.word === filter.word) && (!filter.column || one.column === filter.column) &&
      (!filter.outcome || one.outcome === filter.outcome) &&
      (!filter.finding || (one.findings || []).includes(filter.finding)));
  }

  function tally(values) {
    const counts = new Map();
    for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
    return counts;
  }

  // ---- filter

  function field(key, name, control, kind) {
    control.id = `by-${key}`;
    control.name = key;
    return make("div", { class: kind || "field" }, make("label", { for: control.id }, name), control);
  }

  function select(key, name, values) {
    const options = [...values].map(([value, number]) => make("option", { value, selected: filter[key] === value }, `${value} (${number})`));
    return field(key, name[0].toUpperCase() + name.slice(1), make("select", { onchange: (event) => change(key, event.target.value) },
      make("option", { value: "" }, "all"), ...options));
  }

  function controls() {
    const cases = site.cases;
    const sorted = (values) => [...tally(values)].sort(([a], [b]) => (a < b ? -1 : 1));
    const found = sorted(cases.flatMap((one) => one.findings || []));
    return make("form", { class: "filter", role: "search", "aria-label": "Filter", onsubmit: (event) => event.preventDefault() },
      field("q", "Search", make("input", {
        type: "search", value: filter.q, placeholder: "name, claim, finding …", autocomplete: "off",
        oninput: (event) => change("q", event.target.value),
      }), "field find"),
      select("outcome", "Outcome", sorted(cases.map((one) => one.outcome))),
      select("word", "Result", sorted(cases.map((one) => one.word))),
      select("column", site.column_noun, sorted(cases.map((one) => one.column))),
      found.length ? select("finding", "Finding", found) : "",
      make("button", { type: "button", class: "quiet", id: "reset", onclick: reset }, "Clear"));
  }

  function change(key, value) {
    filter[key] = value;
    refresh();
  }

  function reset() {
    for (const key of Object.keys(filter)) filter[key] = "";
    for (const field of document.querySelectorAll(".filter input, .filter select")) field.value = "";
    refresh();
  }

  let view = "claims";
  function refresh() {
    const cases = chosen();
    const words = new URLSearchParams(Object.entries(filter).filter(([, value]) => value)).toString();
    history.replaceState(null, "", `#${view}${words ? `?${words}` : ""}`);
    document.getElementById("view").replaceChildren(...VIEWS[view].draw(cases));
    document.getElementById("count").textContent = cases.length === site.cases.length
      ? count(cases.length, site.case_noun) : `${cases.length} of ${count(site.cases.length, site.case_noun)}`;
  }

  // ---- views

  function tiles() {
    const outcomes = [...tally(site.cases.map((one) => one.outcome))];
    const good = new Map(site.cases.map((one) => [one.outcome, one.is_good]));
    const of = (key, value, number, label, kind) => make("button", {
      type: "button", class: `tile ${kind}`, onclick: () => { filter[key] = filter[key] === value ? "" : value; sync(); refresh(); },
    }, make("strong", {}, number.toLocaleString("en")), make("span", {}, label));
    const words = tally(site.cases.map((one) => one.word));
    return make("div", { class: "tiles" },
      ...outcomes.map(([name, number]) => of("outcome", name, number, name, good.get(name) ? "tile-ok" : "tile-off")),
      make("span", { class: "divider", "aria-hidden": "true" }),
      ...site.words.filter((word) => words.has(word.word)).map((word) => of("word", word.word, words.get(word.word), word.word, `hue-${word.hue}`)));
  }

  function sync() {
    for (const [key, value] of Object.entries(filter)) {
      const field = document.querySelector(`.filter [name="${key}"]`);
      if (field) field.value = value;
    }
  }

  function cell({ one, index }) {
    const word = wordOf.get(one.word) || { hue: "none", sign: "" };
    return make("a", {
      href: `#case/${index}`, class: `cell hue-${word.hue}${one.is_good ? "" : " off"}`, tabindex: "-1",
      title: `${one.row} ${one.column}: ${one.word}, ${one.outcome}`, "aria-label": `${one.row}, ${one.column}: ${one.word}, ${one.outcome}`,
    }, word.sign);
  }

  function groups(cases) {
    const found = new Map();
    for (const each of cases) {
      if (!found.has(each.one.row)) found.set(each.one.row, []);
      found.get(each.one.row).push(each);
    }
    return found;
  }

  function claims(cases) {
    const rows = [...groups(cases)].map(([name, mine]) => {
      const row = rowOf.get(name) || {};
      const off = mine.filter(({ one }) => !one.is_good).length;
      return [
        make("a", { href: `#case/${mine[0].index}` }, name), make("span", { class: "claim" }, row.claim || row.title || ""),
        make("span", { class: "cells" }, ...mine.map(cell)),
        make("span", { class: off ? "outcome off" : "outcome ok" }, off ? `${off} of ${mine.length} not` : mine.length > 1 ? `all ${mine.length}` : "yes"),
      ];
    });
    return [roving(table("Summary by claim", [site.row_noun, "claim", `${site.column_noun}s`, "as it should be"], rows, { class: "claims" }))];
  }

  function matrix(cases) {
    const columns = [...new Set(cases.map(({ one }) => one.column))];
    const head = make("tr", {}, make("th", { scope: "col" }, site.row_noun),
      ...columns.map((name) => make("th", { scope: "col", class: "turned" }, make("span", {}, name))));
    const rows = [...groups(cases)].map(([name, mine]) => {
      const at = new Map(mine.map((each) => [each.one.column, each]));
      return make("tr", {}, make("th", { scope: "row" }, name),
        ...columns.map((column) => make("td", {}, at.has(column) ? cell(at.get(column)) : "")));
    });
    return [roving(make("div", { class: "scroll", role: "region", "aria-label": "Matrix", tabindex: "0" },
      make("table", { class: "matrix" }, make("caption", { class: "sr" }, `${site.row_noun} by ${site.column_noun}`),
        make("thead", {}, head), make("tbody", {}, ...rows))))];
  }

  function runs(cases) {
    const rows = cases.map(({ one, index }) => [
      make("a", { href: `#case/${index}` }, one.row), one.column, badge(one.word), outcome(one), one.brief || "",
    ]);
    return [table(`All ${site.case_noun}s`, [site.row_noun, site.column_noun, "result", "outcome", "seen"], rows, { class: "runs" })];
  }

  function charts() {
    const figures = site.charts.map((chart) => make("figure", {}, make("figcaption", {}, make("h2", {}, chart.title), chart.told),
      ...["light", "dark"].map((scheme) => make("img", {
        class: `chart-${scheme}`, alt: `${chart.title}. ${chart.told}`, src: `data:image/svg+xml;base64,${chart[scheme]}`,
      }))));
    return figures.length ? figures : [make("p", {}, site.charts_note || "There is nothing to count here.")];
  }

  function about() {
    const facts = site.facts.map(([name, value]) => make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, value)));
    const words = site.words.map((word) => [badge(word.word), word.meaning]);
    return [make("h2", {}, "What the results mean"), table("Results", ["result", "meaning"], words, {}),
      make("h2", {}, "How this was made"), make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "How this was made" },
        make("table", { class: "facts" }, make("tbody", {}, ...facts)))];
  }

  /** One stop of the Tab key for all squares of a table; arrow keys go from one to the next. */
  function roving(box) {
    const cells = [...box.querySelectorAll("a.cell")];
    if (cells.length) cells[0].tabIndex = 0;
    box.addEventListener("keydown", (event) => {
      const from = event.target.closest("a.cell");
      const to = from && neighbour(from, event.key);
      if (!to) return;
      event.preventDefault();
      from.tabIndex = -1;
      to.tabIndex = 0;
      to.focus();
    });
    return box;
  }

  function neighbour(from, key) {
    const rows = [...from.closest("tbody").rows];
    const rowAt = rows.indexOf(from.closest("tr"));
    const mine = [...rows[rowAt].querySelectorAll("a.cell")];
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (step) return mine[mine.indexOf(from) + step];
    const way = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (!way) return undefined;
    const column = from.closest("td").cellIndex;
    for (let at = rowAt + way; rows[at]; at += way) {
      const cells = [...rows[at].querySelectorAll("a.cell")];
      const same = cells.find((one) => one.closest("td").cellIndex === column);
      if (same) return from.closest("table").className === "claims" ? cells[Math.min(mine.indexOf(from), cells.length - 1)] : same;
    }
    return undefined;
  }

  const VIEWS = {
    claims: { name: "By claim", draw: claims }, matrix: { name: "Matrix", draw: matrix },
    runs: { name: `All ${site.case_noun}s`, draw: runs }, charts: { name: "Statistics", draw: charts },
    about: { name: "About", draw: about },
  };

  function show(name, words) {
    view = VIEWS[name] ? name : "claims";
    for (const key of Object.keys(filter)) filter[key] = words.get(key) || "";
    const cases = chosen();
    const filtered = view !== "charts" && view !== "about";
    return [make("h1", { id: "title" }, site.title), make("p", { class: "lead" }, site.about), tiles(),
      filtered ? controls() : "", make("p", { id: "count", class: "count", role: "status" },
        cases.length === site.cases.length ? count(cases.length, site.case_noun) : `${cases.length} of ${count(site.cases.length, site.case_noun)}`),
      make("div", { id: "view" }, ...VIEWS[view].draw(cases))];
  }

  return { show, VIEWS };
})();
