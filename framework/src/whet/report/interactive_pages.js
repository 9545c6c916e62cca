// A page that an analysis left starts at a click, in a frame that reaches neither the network nor the report.
(() => {
  "use strict";
  const listed = document.getElementById("whet-pages");
  if (!listed || !window.DecompressionStream) return;
  const pages = JSON.parse(listed.textContent), root = document.documentElement;
  const inside = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' data: blob:; style-src 'unsafe-inline'; "
    + "img-src data: blob:; font-src data:; media-src data: blob:; worker-src data: blob:; connect-src data: blob:; "
    + "form-action 'none'; base-uri 'none'";
  const text = digest => {
    const packed = document.getElementById(`whet-text-${digest}`).textContent;
    const bytes = Uint8Array.from(atob(packed), letter => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };
  // What would end a script element, or the report's own here, stands in words only: there it can be written otherwise.
  const script = code => `\x3cscript>${code.replace(/<(?=\/script|!--)/gi, "\\x3c")}\x3c/script>`;
  const isDark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const made = async name => {
    const { html, scripts, names } = pages[name];
    const [document_, ...codes] = await Promise.all([html, ...scripts].map(text));
    const frame = document.createElement("iframe"), told = script(`window.whet = ${JSON.stringify({ isDark: isDark(), names })};`);
    frame.setAttribute("sandbox", "allow-scripts");
    frame.setAttribute("referrerpolicy", "no-referrer");
    const head = `<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${inside}"><meta http-equiv="x-dns-prefetch-control" content="off">`;
    frame.srcdoc = `${head}${told}${codes.map(script).join("")}${document_}`;
    return frame;
  };
  for (const figure of document.querySelectorAll("[data-page]")) {
    const button = figure.querySelector(".opener button"), opens = button.textContent;
    let frame = null;
    button.hidden = false;
    button.addEventListener("click", async () => {
      if (frame) {
        frame.remove();
        frame = null;
      } else {
        button.disabled = true;
        try {
          frame = await made(figure.dataset.page);
          frame.title = opens;
          button.parentElement.after(frame);
        } finally {
          button.disabled = false;
        }
      }
      figure.classList.toggle("opened", Boolean(frame));
      button.textContent = frame ? "Close" : opens;
      button.setAttribute("aria-expanded", String(Boolean(frame)));
      if (frame) figure.scrollIntoView({ block: "nearest" });
    });
  }
})();
