// One case as a page: its story, its pictures, its findings with what helps, and how to play it again.
const CasePage = (() => {
  const LEGEND = [
    ["wait", "waits for the header"], ["body", "reads the body"], ["timer", "timer armed"], ["timer fired", "timer that fired"],
    ["work", "works"], ["work late", "works on for nobody"],
  ];

  function head(one, index) {
    const row = rowOf.get(one.row) || {};
    return [
      make("p", { class: "crumbs" }, make("a", { href: "#runs", class: "back" }, `← all ${site.case_noun}s`)),
      make("h1", { id: "title" }, one.row, make("span", { class: "behind" }, ` ${site.column_noun} `), one.column),
      row.title && row.title !== one.row ? make("p", { class: "lead" }, row.title) : "",
      make("p", { class: "badges" }, badge(one.word), outcome(one), steps(index)),
      row.claim ? make("blockquote", {}, row.claim) : "",
    ];
  }

  function steps(index) {
    const link = (number, text, key) => (site.cases[number]
      ? make("a", { href: `#case/${number}`, class: "step", "data-key": key }, text) : "");
    return make("span", { class: "steps" }, link(index - 1, "← previous", "p"), link(index + 1, "next →", "n"));
  }

  function story(one) {
    const rows = (one.told || []).flatMap(([name, text]) => [make("dt", {}, name), make("dd", { class: `told-${name}` }, text)]);
    const problems = (one.problems || []).map((text) => make("li", {}, text));
    return [
      problems.length ? make("div", { class: "problems" }, make("h2", {}, "Why it is not as it should be"), make("ul", {}, ...problems)) : "",
      rows.length ? make("dl", { class: "story" }, ...rows) : "",
    ];
  }

  function pictures(one) {
    return (one.lanes || []).flatMap((lanes) => {
      const about = `${lanes.title}: ${one.brief || one.word}; every event is in the table below`;
      return [make("h2", {}, lanes.title), LanePicture.box(lanes, about), legend(lanes), eventTable(lanes)];
    });
  }

  function legend(lanes) {
    const resets = lanes.marks.some((mark) => site.texts[mark[2]] === "timer-reset");
    const used = new Set(LaneRows.build(unpack(lanes)).rows.flatMap((row) => row.bars.map((bar) => bar.look)));
    const keys = LEGEND.filter(([look]) => used.has(look)).map(([look, text]) => make("li", {}, make("span", { class: `key ${look}`, "aria-hidden": "true" }), text));
    if (resets) keys.push(make("li", {}, make("span", { class: "key reset", "aria-hidden": "true" }), "timer set back (worked out from the profile)"));
    return make("ul", { class: "legend" }, ...keys);
  }

  function eventTable(lanes) {
    const body = make("div", {});
    const fill = () => {
      if (body.childElementCount) return;
      const rows = unpack(lanes).map((event) => [
        time(event.at), event.actor, event.kind, event.request ? `#${event.request}` : "",
        Object.entries(event.data).map(([key, value]) => `${key} ${value}`).join(", "),
      ]);
      body.append(table(`Events: ${lanes.title}`, ["at", "who", "what", "request", "details"], rows, { class: "events" }));
    };
    const shown = make("details", { ontoggle: fill }, make("summary", {}, `All ${count(lanes.marks.length, "event")} as a table`), body);
    shown.fill = fill;
    return shown;
  }

  function findings(one) {
    if (!(one.findings || []).length) return [];
    const cards = one.findings.map((id) => {
      const finding = findingOf.get(id);
      if (!finding) return make("li", { class: "finding" }, make("h3", {}, id));
      const cures = finding.cures.map((text) => make("li", {}, text));
      return make("li", { class: "finding" },
        make("h3", {}, make("code", {}, id), make("span", { class: `level level-${finding.level}` }, finding.level)),
        make("p", { class: "finding-title" }, finding.title), make("p", {}, finding.meaning),
        make("details", {}, make("summary", {}, cures.length ? "Cause, and what helps" : "Cause"), make("p", {}, finding.cause),
          cures.length ? make("ol", {}, ...cures) : ""));
    });
    return [make("h2", {}, "Findings"), make("ul", { class: "findings" }, ...cards)];
  }

  function facts(one) {
    if (!(one.facts || []).length) return [];
    const rows = one.facts.map(([name, value]) => make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, value)));
    return [make("h2", {}, "Facts"),
      make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Facts" }, make("table", { class: "facts" }, make("tbody", {}, ...rows)))];
  }

  function links(one) {
    const rows = (one.links || []).map((link) => make("li", {}, make("a", { href: `./${link.path}` }, link.title),
      link.opens_with ? make("span", {}, " opens with ", make("code", {}, link.opens_with)) : ""));
    const picture = one.picture && make("img", { src: one.picture, class: "shot", alt: `What the page showed: ${one.brief || one.row}` });
    return rows.length || picture ? [make("h2", {}, "Evidence"), make("ul", {}, ...rows), picture || ""] : [];
  }

  function replay(one) {
    if (!one.replay) return [];
    const copy = make("button", { type: "button", class: "quiet", onclick: () => copyText(one.replay) }, "Copy");
    return [make("h2", {}, "Play it again"), make("div", { class: "replay" }, make("code", { id: "replay" }, one.replay), copy)];
  }

  function copyText(text) {
    const done = () => say("copied");
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, () => select());
    else select();
  }

  function select() {
    getSelection().selectAllChildren(document.getElementById("replay"));
    say("selected; copy it with Control C");
  }

  function show(index) {
    const one = site.cases[index];
    if (!one) return [make("h1", { id: "title" }, "There is no such case")];
    return [make("article", { class: "case" }, ...head(one, index), ...story(one), ...pictures(one), ...findings(one),
      ...replay(one), ...links(one), ...facts(one))];
  }

  return { show };
})();
