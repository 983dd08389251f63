// Draws the rows of lanes.js as SVG. All geometry is here; all colour is in the style sheet.
const LanePicture = (() => {
  const NS = "http://www.w3.org/2000/svg";
  const BAR = 12, LINE = 15, PAD = 7, TOP = 34, CHAR = 6.6;
  const STEPS = [1, 2, 5].flatMap((factor) => [...Array(7).keys()].map((power) => factor * 10 ** power))
    .concat([10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18000, 36000, 86400].map((s) => s * 1e6)).sort((a, b) => a - b);

  function svg(name, attributes, ...content) {
    const element = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...content);
    return element;
  }
  const titled = (element, text) => { element.append(svg("title", {}, text)); return element; };

  /** Puts labels on as few lines as there is room for; those of low rank that find none are left to the table. */
  function place(labels, x, left, right) {
    const lines = [[], []];
    const merged = [];
    for (const one of [...labels].sort((a, b) => a.at - b.at)) {
      const before = merged[merged.length - 1];
      if (before && Math.abs(x(one.at) - x(before.at)) < 5 && before.tone === one.tone) {
        if (!before.text.split(" · ").includes(one.text)) before.text += ` · ${one.text}`;
        before.rank = Math.max(before.rank, one.rank);
      } else merged.push({ ...one });
    }
    const longest = Math.max(8, Math.floor((right - left) / CHAR) - 2);
    for (const one of merged.sort((a, b) => b.rank - a.rank)) {
      if (one.text.length > Math.min(longest, 64)) one.text = `${one.text.slice(0, Math.min(longest, 64) - 1)}…`;
      const width = one.text.length * CHAR + 4;
      const start = Math.max(left, Math.min(x(one.at) + 1, right - width));
      const free = lines.findIndex((line) => line.every((other) => start >= other.end + 6 || start + width + 6 <= other.start));
      if (free < 0) continue;
      lines[free].push({ ...one, start, end: start + width });
    }
    return lines[1].length ? lines : [lines[0]];
  }

  function mark(look, x, y) {
    const [shape, tone = ""] = look.split(" ");
    const kind = `mark ${shape} ${tone}`;
    const around = (d) => svg("path", { class: kind, d });
    switch (shape) {
      case "tick": return svg("rect", { class: kind, x: x - 0.75, y: y - 5, width: 1.5, height: 10 });
      case "reset": return around(`M${x - 3.5} ${y + 8} L${x} ${y + 1} L${x + 3.5} ${y + 8} Z`);
      case "armed": return svg("rect", { class: kind, x: x - 1, y: y - 7, width: 2, height: 14 });
      case "stopped": return svg("circle", { class: kind, cx: x, cy: y, r: 4 });
      case "square": return svg("rect", { class: kind, x: x - 5, y: y - 5, width: 10, height: 10 });
      case "diamond": return around(`M${x} ${y - 6} L${x + 6} ${y} L${x} ${y + 6} L${x - 6} ${y} Z`);
      case "end": return svg("circle", { class: kind, cx: x, cy: y, r: 5.5 });
      default: return svg("circle", { class: kind, cx: x, cy: y, r: 3.2 });
    }
  }

  function bar(one, x, y) {
    const thin = one.look === "wait";
    const height = thin ? 4 : one.look.startsWith("timer") ? 8 : BAR;
    return titled(svg("rect", {
      class: `bar ${one.look}`, x: x(one.from), y: y - height / 2, height,
      width: Math.max(1.5, x(one.to) - x(one.from)), rx: thin ? 2 : 3,
    }), one.hint);
  }

  function axis(plot, x, height) {
    const group = svg("g", { class: "axis" });
    const wanted = Math.max(2, Math.floor((plot.right - plot.left) / 95));
    const step = STEPS.find((one) => plot.until / one <= wanted) || plot.until / wanted;
    for (let at = 0; at <= plot.until; at += step) {
      group.append(svg("line", { class: "grid", x1: x(at), x2: x(at), y1: TOP - 6, y2: height }));
      group.append(svg("text", { x: x(at), y: TOP - 12, "text-anchor": at ? "middle" : "start" }, time(at)));
    }
    return group;
  }

  function deadline(at, fired, x, height, plot) {
    const group = svg("g", { class: "deadline" });
    const names = [...new Set(fired.filter((event) => event.at === at).map((event) => event.data.timer))].join(", ");
    const text = `▼ ${time(at)} ${names}`;
    const atEnd = x(at) + text.length * CHAR > plot.right + plot.margin;
    group.append(svg("line", { x1: x(at), x2: x(at), y1: TOP - 8, y2: height }));
    group.append(svg("text", { x: x(at) + (atEnd ? 5 : -4), y: 9, "text-anchor": atEnd ? "end" : "start" }, text));
    return titled(group, `deadline: ${names} fired at ${time(at)}`);
  }

  function arrow(one, x, places) {
    const from = places.get(one.from), to = places.get(one.to);
    if (from === undefined || to === undefined) return svg("g", {});
    const at = x(one.at) - (one.way === "back" ? 8 : 4);
    const down = to > from, tip = to + (down ? -7 : 7), head = tip + (down ? -5 : 5);
    return svg("path", {
      class: `arrow ${one.way}`,
      d: `M${at} ${from + (down ? 7 : -7)} V${tip} M${at - 3} ${head} L${at} ${tip} L${at + 3} ${head}`,
    });
  }

  /** One row: its name, bars, marks, labels. Returns the height below `top` that it took. */
  function drawRow(group, row, top, x, plot) {
    const lines = place(row.labels, x, plot.left, plot.right + plot.margin);
    const middle = top + PAD + lines.length * LINE + BAR / 2;
    if (row.name) group.append(svg("text", { class: "name", x: 2, y: middle + 4 }, row.name));
    group.append(svg("line", { class: "rail", x1: plot.left, x2: plot.right, y1: middle, y2: middle }));
    for (const one of row.bars) group.append(bar(one, x, middle));
    const seen = new Set();
    for (const one of row.marks) {
      const key = `${one.look} ${Math.round(x(one.at))}`;
      if (seen.has(key)) continue;
      seen.add(key);
      group.append(titled(mark(one.look, x(one.at), middle), one.hint));
    }
    lines.forEach((line, index) => {
      for (const one of line) {
        const y = middle - BAR / 2 - 5 - index * LINE;
        group.append(svg("text", { class: `label ${one.tone}`, x: one.start, y }, one.text));
      }
    });
    return { height: lines.length * LINE + BAR + PAD * 2, middle };
  }

  /** The picture, `width` pixels wide. about: what a screen reader says of it. */
  function draw(events, width, unit, about) {
    const built = LaneRows.build(events);
    const plot = { left: width < 560 ? 46 : 64, margin: width < 560 ? 40 : 84, until: built.until };
    plot.right = width - plot.margin;
    const x = (at) => plot.left + (Math.min(Math.max(at, 0), plot.until) / plot.until) * (plot.right - plot.left);
    const rows = svg("g", {}), places = new Map(), hopsSeen = { edge: 0 };
    let y = TOP, lane = "";
    for (const row of built.rows) {
      const group = svg("g", { class: `lane lane-${row.lane}` });
      if (row.name && lane) {
        group.append(svg("line", { class: "between", x1: 0, x2: width, y1: y, y2: y }));
      }
      lane = row.name || lane;
      const drawn = drawRow(group, row, y, x, plot);
      const key = row.lane === "edge" ? `edge ${hopsSeen.edge}` : row.lane;
      if (row.name) { places.set(key, drawn.middle); if (row.lane === "edge") hopsSeen.edge += 1; }
      y += drawn.height;
      rows.append(group);
    }
    const picture = svg("svg", {
      class: "lanes", viewBox: `0 0 ${width} ${y + 22}`, width, height: y + 22, role: "img", "aria-label": about,
    });
    picture.append(axis(plot, x, y), ...built.arrows.map((one) => arrow(one, x, places)), rows,
      ...built.deadlines.slice(-6).map((at) => deadline(at, built.fired, x, y, plot)),
      svg("text", { class: "unit", x: width - 2, y: y + 15, "text-anchor": "end" }, unit));
    return picture;
  }

  /** A box that keeps its picture as wide as itself; for print it is drawn for paper. */
  function box(lanes, about) {
    const events = unpack(lanes);
    const holder = make("div", { class: "picture scroll", tabindex: "0", role: "region", "aria-label": about.split(":")[0] });
    let drawnFor = 0;
    const fit = (width) => {
      const wanted = Math.max(440, Math.round(width));
      if (wanted === drawnFor) return;
      drawnFor = wanted;
      holder.replaceChildren(draw(events, wanted, lanes.unit, about));
    };
    const watch = new ResizeObserver(() => { if (holder.clientWidth && !matchMedia("print").matches) fit(holder.clientWidth - 2); });
    watch.observe(holder);
    holder.print = () => fit(980);
    holder.screen = () => { if (holder.clientWidth) fit(holder.clientWidth - 2); };
    return holder;
  }

  return { draw, box };
})();
