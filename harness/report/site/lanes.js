// From the events of a run to rows of bars, marks and labels on a time axis. Knows nothing of pixels.
const LaneRows = (() => {
  const CLIENT_MARKS = { "header-line": "tick", body: "dot", interim: "diamond" };
  const EDGE_WORDS = {
    "connect-failed": ["no connection", "bad", 5], resent: ["sent again", "bad", 6], cut: ["cut", "bad", 6],
    held: ["held", "soft", 3], mutated: ["changed", "soft", 3], "client-left": ["client left", "soft", 3],
    answered: ["answers itself", "bad", 7], "origin-closed": ["closes origin", "soft", 1],
  };
  const EDGE_BYTES = new Set(["origin-read", "body", "header-completed", "interim"]);
  const ORIGIN_WORDS = {
    arrived: ["arrived", "", 6], persisted: ["persisted", "strong", 9], finished: ["finished", "strong", 8],
    failed: ["failed", "bad", 8], aborted: ["aborted", "bad", 8], "partial-sent": ["half a header", "doubt", 6],
    "header-sent": ["header sent", "", 4], "response-completed": ["answer complete", "soft", 2],
    "broken-off": ["broke off", "bad", 6], "client-gone": ["client gone", "soft", 3],
    killed: ["KILLED", "bad", 9], restarted: ["restarted", "", 6],
  };
  const WORK_ENDS = new Set(["finished", "failed", "aborted", "killed"]);
  const KNOWN = ["client", "edge", "origin", "model"];

  const row = (lane, name) => ({ lane, name, bars: [], marks: [], labels: [] });
  const detail = (event) => Object.entries(event.data).map(([key, value]) => `${key} ${value}`).join(", ");
  const hint = (event) => `${time(event.at)}: ${event.actor} ${event.kind}` +
    (event.request ? ` (#${event.request})` : "") + (detail(event) ? `: ${detail(event)}` : "");
  const label = (at, text, tone, rank) => ({ at, text, tone, rank });

  /** Items on as few tracks as can be without overlap. */
  function tracks(items, span) {
    const found = [];
    for (const item of [...items].sort((a, b) => span(a)[0] - span(b)[0])) {
      const free = found.find((track) => span(track[track.length - 1])[1] < span(item)[0]);
      if (free) free.push(item); else found.push([item]);
    }
    return found;
  }

  function byRequest(events) {
    const groups = new Map();
    for (const event of events) {
      if (!groups.has(event.request)) groups.set(event.request, []);
      groups.get(event.request).push(event);
    }
    return [...groups.values()];
  }

  const first = (events, kind) => events.find((event) => event.kind === kind);

  function clientRows(events, last) {
    const groups = byRequest(events.filter((event) => event.actor === "client"));
    const several = groups.length > 1;
    const span = (group) => [group[0].at, (first(group, "ended") || first(group, "left") || { at: last }).at];
    return tracks(groups, span).map((track, index) => {
      const made = row("client", index ? "" : "client");
      for (const group of track) clientRequest(made, group, span(group)[1], several);
      return made;
    });
  }

  function clientRequest(made, group, end, several) {
    const sent = first(group, "request-sent") || group[0];
    const header = first(group, "header-completed");
    const headerAt = header ? header.at : end;
    made.bars.push({ from: sent.at, to: headerAt, look: "wait", hint: `waits for the header ${time(headerAt - sent.at)}` });
    if (header) made.bars.push({ from: headerAt, to: end, look: "body", hint: `reads the body ${time(end - headerAt)}` });
    const path = String(sent.data.path || "").split("?")[0].replace(/\/$/, "");
    const name = [several && sent.request ? `#${sent.request}` : "", sent.data.method || "", path.split("/").pop()];
    made.labels.push(label(sent.at, name.filter(Boolean).join(" ") || "sent", "", 7));
    for (const event of group) {
      const look = CLIENT_MARKS[event.kind];
      if (look) made.marks.push({ at: event.at, look, hint: hint(event) });
    }
    const lines = first(group, "header-line");
    if (lines && headerAt - lines.at > 0) made.labels.push(label(lines.at, "half a header", "doubt", 5));
    const interims = group.filter((event) => event.kind === "interim");
    if (interims.length) {
      const times = interims.length > 1 ? ` ×${interims.length}` : "";
      made.labels.push(label(interims[0].at, `${interims[0].data.status}${times}`, "doubt", 5));
    }
    const ended = first(group, "left") || first(group, "ended") || first(group, "refused");
    const how = !ended ? "open" : ended.kind === "ended" ? ended.data.end : ended.kind;
    const status = header ? header.data.status : undefined;
    const good = status >= 200 && status < 300 && how === "complete";
    const words = [status === undefined ? "no status" : status, how === "complete" ? "" : how];
    made.marks.push({ at: end, look: good ? "end good" : "end bad", hint: ended ? hint(ended) : "still open" });
    made.labels.push(label(end, words.filter(Boolean).join(" "), good ? "good" : "bad", 10));
  }

  function edgeRows(events, last) {
    const mine = events.filter((event) => event.actor === "edge");
    const hops = [...new Set(mine.map((event) => event.data.hop || 0))].sort((a, b) => a - b);
    return hops.flatMap((hop) => {
      const name = hops.length > 1 ? `edge ${hop + 1}` : "edge";
      const own = mine.filter((event) => (event.data.hop || 0) === hop);
      const told = row("edge", name);
      for (const event of own) {
        const word = EDGE_WORDS[event.kind];
        if (word) {
          const status = event.data.status ? ` ${event.data.status}` : "";
          told.labels.push(label(event.at, word[0] + status, word[1], word[2]));
        }
        if (word) told.marks.push({ at: event.at, look: word[1] === "bad" ? "square bad" : "dot", hint: hint(event) });
        else if (EDGE_BYTES.has(event.kind)) told.marks.push({ at: event.at, look: "tick", hint: hint(event) });
      }
      return [told, ...timerRows(own, last)];
    });
  }

  /** When an armed timer ended, and how. */
  function spanOf(armed, events, last) {
    const begin = events.indexOf(armed);
    const mine = events.slice(begin + 1).filter((event) =>
      event.request === armed.request && event.data.timer === armed.data.timer);
    const end = mine.find((event) => event.kind === "timer-fired" || event.kind === "timer-stopped");
    const until = end ? end.at : last;
    return {
      armed, until, fired: Boolean(end && end.kind === "timer-fired"), open: !end,
      resets: mine.filter((event) => event.kind === "timer-reset" && event.at <= until),
    };
  }

  function timerRows(events, last) {
    const spans = events.filter((event) => event.kind === "timer-armed").map((armed) => spanOf(armed, events, last));
    const worth = spans.filter((span) => span.fired || span.until - span.armed.at > last / 500);
    return tracks(worth, (span) => [span.armed.at, span.until]).map((track) => {
      const made = row("edge", "");
      for (const span of track) timerSpan(made, span);
      return made;
    });
  }

  function timerSpan(made, span) {
    const { armed, until, fired } = span;
    const limit = armed.data.limit_us ? ` ${time(armed.data.limit_us)}` : "";
    const end = fired ? "fired" : span.open ? "still armed" : "stopped";
    const resets = span.resets.length ? `, reset ${span.resets.length} times` : "";
    const words = `${armed.data.timer}${limit}`;
    made.bars.push({
      from: armed.at, to: until, look: fired ? "timer fired" : "timer",
      hint: `timer ${words}: armed at ${time(armed.at)}${resets}, ${end} at ${time(until)}`,
    });
    made.marks.push({ at: armed.at, look: "armed", hint: hint(armed) });
    for (const event of span.resets) made.marks.push({ at: event.at, look: "reset", hint: hint(event) });
    if (!span.open) made.marks.push({ at: until, look: fired ? "square bad" : "stopped", hint: `${words} ${end} at ${time(until)}` });
    made.labels.push(label(armed.at, words + (span.resets.length ? `, reset ×${span.resets.length}` : ""), "", 4));
    if (fired) made.labels.push(label(until, "FIRED", "bad", 9));
  }

  function originRows(events, last, ends) {
    const mine = events.filter((event) => event.actor === "origin");
    const groups = byRequest(mine.filter((event) => event.request));
    const span = (group) => [group[0].at, group[group.length - 1].at];
    const rows = tracks(groups, span).map((track, index) => {
      const made = row("origin", index ? "" : "origin");
      for (const group of track) {
        for (const event of group) originEvent(made, event, groups.length > 1);
        const killed = mine.find((event) => event.kind === "killed" && event.at >= group[0].at);
        work(made, first(group, "started"), [...group, killed].find((event) => event && WORK_ENDS.has(event.kind)), last, ends);
      }
      return made;
    });
    const others = mine.filter((event) => !event.request);
    if (others.length && !rows.length) rows.push(row("origin", "origin"));
    for (const event of others) originEvent(rows[0], event, false);
    return rows;
  }

  function originEvent(made, event, several) {
    const word = ORIGIN_WORDS[event.kind];
    if (!word) return;
    const status = event.kind === "header-sent" && event.data.status ? ` ${event.data.status}` : "";
    const number = several && event.kind === "arrived" ? `#${event.request} ` : "";
    const look = event.kind === "persisted" ? "diamond strong" : word[1] === "bad" ? "square bad" : "dot";
    made.marks.push({ at: event.at, look, hint: hint(event) });
    made.labels.push(label(event.at, number + word[0] + status, word[1], word[2]));
  }

  /** Work, with the part of it that is for nobody: after a deadline of its request, or after its client has gone. */
  function work(made, started, ended, last, ends) {
    if (!started) return;
    const to = ended ? ended.at : last;
    const cut = (ends.get(started.request) || []).find((at) => at > started.at && at < to);
    made.bars.push({ from: started.at, to: cut === undefined ? to : cut, look: "work", hint: `works ${time(to - started.at)}` });
    if (cut !== undefined) made.bars.push({ from: cut, to, look: "work late", hint: `works on for ${time(to - cut)} for nobody` });
  }

  function modelRows(events, last, ends) {
    const calls = events.filter((event) => event.kind === "model-called").map((called) => {
      const end = events.find((event) => event.actor === "origin" && event.at >= called.at && WORK_ENDS.has(event.kind) &&
        (event.kind === "killed" || event.request === called.request));
      return { called, end, token: events.find((event) => event.kind === "first-token" && event.at >= called.at && event.request === called.request) };
    });
    return tracks(calls, (call) => [call.called.at, call.end ? call.end.at : last]).map((track, index) => {
      const made = row("model", index ? "" : "model");
      for (const { called, end, token } of track) {
        work(made, called, end, last, ends);
        const to = end ? end.at : last;
        if (token) made.marks.push({ at: token.at, look: "dot", hint: hint(token) });
        made.labels.push(label(called.at, "called", "", 3), label(to, time(to - called.at), "soft", 5));
      }
      return made;
    });
  }

  /** Pages, checks and whoever else tells something. */
  function otherRows(events) {
    const names = [...new Set(events.map((event) => event.actor))].filter((name) => !KNOWN.includes(name));
    return names.map((name) => {
      const made = row(name === "page" ? "page" : "other", name);
      for (const event of events.filter((one) => one.actor === name)) {
        made.marks.push({ at: event.at, look: "dot", hint: hint(event) });
        made.labels.push(label(event.at, String(event.data.what || event.kind), "", 2));
      }
      return made;
    });
  }

  /** Where a message goes from lane to lane at one moment. */
  function arrowsOf(events) {
    const arrows = [];
    const hops = Math.max(-1, ...events.filter((event) => event.actor === "edge").map((event) => event.data.hop || 0)) + 1;
    const edge = (hop) => `edge ${hop}`;
    for (const event of events) {
      const hop = event.data.hop || 0;
      if (event.kind === "request-sent") arrows.push([event.at, "client", hops ? edge(0) : "origin", "there"]);
      if (event.kind === "request-forwarded") arrows.push([event.at, edge(hop), hop + 1 < hops ? edge(hop + 1) : "origin", "there"]);
      if (event.actor === "edge" && event.kind === "header-completed") arrows.push([event.at, hop + 1 < hops ? edge(hop + 1) : "origin", edge(hop), "back"]);
      if (event.actor === "client" && event.kind === "header-completed") arrows.push([event.at, hops ? edge(0) : "origin", "client", "back"]);
    }
    return arrows.map(([at, from, to, way]) => ({ at, from, to, way })).slice(0, 60);
  }

  /** Everything a picture needs: until, deadlines, rows, arrows. */
  function build(events) {
    const until = Math.max(10000, ...events.map((event) => event.at));
    const last = Math.max(1, ...events.map((event) => event.at));
    const fired = events.filter((event) => event.kind === "timer-fired");
    const deadlines = [...new Set(fired.map((event) => event.at))];
    const ends = new Map();
    for (const event of events) {
      if (event.kind !== "timer-fired" && event.kind !== "client-gone") continue;
      ends.set(event.request, [...(ends.get(event.request) || []), event.at]);
    }
    const rows = [
      ...clientRows(events, last), ...edgeRows(events, last), ...originRows(events, last, ends),
      ...modelRows(events, last, ends), ...otherRows(events),
    ];
    return { until, fired, deadlines, rows, arrows: arrowsOf(events) };
  }

  return { build };
})();
