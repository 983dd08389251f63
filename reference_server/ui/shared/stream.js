// Reads one event stream until it ends. It never reconnects: when to do so is where the two pages differ.

/** The payloads of GET /global/event, one by one; `opened` is called when the first byte is there. */
export async function* events(signal, opened = () => {}, heard = () => {}) {
  const response = await fetch("/global/event", { signal, headers: { accept: "text/event-stream" } });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = null;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    heard();
    if (rest === null) opened();
    const frames = ((rest ?? "") + value).split("\n\n");
    rest = frames.pop();
    for (const frame of frames) {
      const data = frame.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
      if (data.length) yield JSON.parse(data.join("\n")).payload;
    }
  }
}
