// Without this the page is whole. With it, the contents show where the reader is, light and dark can be chosen, buttons
// copy, what is cut off says so, paper shows what is folded, and a figure answers whoever points at it.
(() => {
  "use strict";
  const root = document.documentElement, kept = (ask, ...rest) => { try { return localStorage[ask]("whet-theme", ...rest); } catch { return null; } };
  const contents = document.querySelector(".contents"), here = contents?.querySelector(".here");
  const isDark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  if (["dark", "light"].includes(kept("getItem"))) root.dataset.theme = kept("getItem");
  if (contents) {
    const button = document.createElement("button"), name = () => { button.textContent = isDark() ? "Light page" : "Dark page"; };
    button.className = "theme";
    button.type = "button";
    button.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; kept("setItem", root.dataset.theme); name(); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
    name();
    contents.append(button);
    const wide = matchMedia("(min-width: 64rem)"), fold = () => { contents.open = wide.matches; };
    wide.addEventListener("change", fold);
    fold();
    const links = [...contents.querySelectorAll("a")], places = links.map(link => document.getElementById(link.hash.slice(1)));
    const mark = () => {
      const below = places.findIndex(place => place.getBoundingClientRect().top > innerHeight / 3);
      const isEnd = innerHeight + scrollY >= root.scrollHeight - 4 && scrollY > 0;
      const at = scrollY < 8 ? 0 : isEnd || below < 0 ? links.length - 1 : Math.max(below - 1, 0);
      links.forEach((link, place) => place === at ? link.setAttribute("aria-current", "location") : link.removeAttribute("aria-current"));
      here.textContent = scrollY > 80 ? links[at]?.textContent ?? "" : "";
    };
    addEventListener("scroll", mark, { passive: true });
    mark();
    contents.addEventListener("click", event => { if (event.target.closest("a") && !wide.matches) contents.open = false; });
  }
  const boxes = [...document.querySelectorAll(".wide-box")];
  const cut = box => {
    const inner = box.firstElementChild, over = inner.scrollWidth - inner.clientWidth;
    box.classList.toggle("cut", over > 1);
    box.classList.toggle("moved", inner.scrollLeft > 1);
    box.classList.toggle("end", inner.scrollLeft >= over - 1);
    if (over > 1 || inner.matches("[data-figure], .long")) inner.tabIndex = 0; else inner.removeAttribute("tabindex");
  };
  const sized = new ResizeObserver(found => { for (const one of found) cut(one.target.parentElement); });
  for (const box of boxes) {
    sized.observe(box.firstElementChild);
    box.firstElementChild.addEventListener("scroll", () => cut(box), { passive: true });
  }
  const opened = [];
  addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details:not([open])")) { one.open = true; opened.push(one); }
  });
  addEventListener("afterprint", () => { while (opened.length) opened.pop().open = false; });

  for (const button of document.querySelectorAll("[data-copies]")) {
    const text = document.getElementById(button.dataset.copies);
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      const parts = text.children.length ? [...text.children] : [text];
      await navigator.clipboard.writeText(parts.map(one => one.textContent.trim()).join("\n\n"));
      button.textContent = "Copied";
    });
  }

  const source = document.getElementById("whet-figures"), packed = document.getElementById("whet-vega");
  if (!source || !packed || !window.DecompressionStream) return;
  const unpacked = text => {
    const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };
  let loading = null;
  const load = () => loading ??= (async () => {
    const script = document.createElement("script");
    script.textContent = await unpacked(packed.textContent);
    document.head.append(script);
    return JSON.parse(await unpacked(source.textContent));
  })();

  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.append(tip);
  const point = (handler, event, item, value) => {
    tip.hidden = value === null || value === undefined || value === "";
    if (tip.hidden) return;
    const rows = (typeof value === "object" ? Object.entries(value) : [["", value]]).filter(([, said]) => `${said}` !== "null");
    tip.replaceChildren(...rows.map(([name, said]) => {
      const row = document.createElement("div"), key = document.createElement("span"), text = document.createElement("b");
      key.textContent = name;
      text.textContent = /^-?\d*\.\d{5,}(e-?\d+)?$/.test(said) ? String(+Number(said).toPrecision(4)) : String(said);
      row.append(key, text);
      return row;
    }));
    const { clientX: x, clientY: y } = event.touches?.[0] ?? event;
    tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.max(4, y + 16 + tip.offsetHeight > innerHeight ? y - tip.offsetHeight - 10 : y + 16)}px`;
  };
  addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });

  const refuse = () => Promise.reject(new Error("figures load nothing"));
  const start = async box => {
    const still = box.firstElementChild, place = document.createElement("div");
    place.style.minWidth = still.style.minWidth;
    try {
      const figures = await load();
      await vegaEmbed(place, figures[box.dataset.figure], {
        mode: "vega", renderer: "svg", actions: false, defaultStyle: false, tooltip: point, logLevel: 0,
        loader: { load: refuse, sanitize: refuse, http: refuse, file: refuse },
      });
      const svg = place.querySelector("svg");
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", still.querySelector("title")?.textContent ?? "");
      for (const one of place.querySelectorAll("[title]")) one.removeAttribute("title");
      box.replaceChildren(place);
      box.classList.add("live");
    } catch (error) {
      console.info("The figure stays as it is:", error);
    }
  };
  for (const box of document.querySelectorAll("[data-figure]")) {
    let started = false;
    const once = () => { if (!started) { started = true; start(box); } };
    for (const kind of ["pointerenter", "focusin", "click"]) box.addEventListener(kind, once, { once: true, passive: true });
  }
})();
