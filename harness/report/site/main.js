// Shows the view that the address names, and what belongs to the whole page: theme, keys, print.
(() => {
  const main = document.getElementById("main");
  const views = document.getElementById("views");
  const theme = document.getElementById("theme");
  const SCHEMES = ["auto", "light", "dark"];

  views.append(...Object.entries(Overview.VIEWS).map(([id, view]) => make("a", { href: `#${id}` }, view.name)));

  function route() {
    const [path, words] = location.hash.slice(1).split("?");
    const [name, number] = path.split("/");
    const isCase = name === "case";
    main.replaceChildren(...(isCase ? CasePage.show(Number(number)) : Overview.show(name, new URLSearchParams(words))));
    for (const link of views.children) {
      const isHere = link.hash === `#${isCase ? "runs" : name || "claims"}`;
      if (isHere) link.setAttribute("aria-current", isCase ? "true" : "page"); else link.removeAttribute("aria-current");
    }
    document.title = isCase ? `${document.getElementById("title").textContent} - ${site.title}` : site.title;
  }

  function go() {
    route();
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }

  theme.addEventListener("click", () => {
    const next = SCHEMES[(SCHEMES.indexOf(document.documentElement.dataset.theme || "auto") + 1) % SCHEMES.length];
    document.documentElement.dataset.theme = next;
    theme.textContent = `Theme: ${next}`;
  });

  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") {
      const field = document.querySelector(".filter input");
      if (field) { event.preventDefault(); field.focus(); }
      return;
    }
    const link = document.querySelector(`.step[data-key="${CSS.escape(event.key)}"]`);
    if (link) location.hash = link.hash;
  });

  addEventListener("hashchange", go);
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll(".finding details:not([open])")];
    for (const one of opened) one.open = true;
    for (const one of document.querySelectorAll(".picture")) one.print();
  });
  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
    for (const one of document.querySelectorAll(".picture")) one.screen();
  });
  route();
})();
