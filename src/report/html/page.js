"use strict";
// Everything here is a convenience: without it the page says the same.
(() => {
  const target = () => document.getElementById(decodeURIComponent(location.hash.slice(1)));

  // A link into something that is folded opens it.
  const reveal = () => {
    const found = target();
    for (let one = found; one; one = one.parentElement) {
      if (one.tagName === "DETAILS") one.open = true;
      one.hidden = false;
    }
    if (found && !found.matches(".frame")) found.scrollIntoView({ block: "start" });
    if (found && found.matches(".frame")) found.querySelector(".close").focus({ preventScroll: true });
  };
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();

  // An enlarged picture is left with Escape or a click beside it, and turned with the arrow keys.
  addEventListener("keydown", (event) => {
    const frame = target();
    if (!frame || !frame.matches(".frame")) return;
    const way = { Escape: ".close", ArrowLeft: ".previous", ArrowRight: ".next" }[event.key];
    const link = way && frame.querySelector(way);
    if (link) { event.preventDefault(); link.click(); }
  });
  addEventListener("click", (event) => {
    const frame = target();
    if (frame && frame === event.target && frame.matches(".frame")) frame.querySelector(".close").click();
  });

  // Verdicts and names to choose from.
  for (const group of document.querySelectorAll(".group")) {
    const entries = [...group.querySelectorAll("[data-word]")];
    const words = [...new Set(entries.map((entry) => entry.dataset.word))];
    if (entries.length < 2) continue;
    const chosen = new Set();
    const filter = document.createElement("div");
    filter.className = "filter";
    const search = document.createElement("input");
    search.type = "search";
    search.placeholder = "filter by name";
    search.setAttribute("aria-label", "Filter by name");
    const show = () => {
      const wanted = search.value.trim().toLowerCase().split(/\s+/);
      for (const entry of entries) {
        const name = (entry.querySelector(".name") || entry).textContent.toLowerCase();
        const fits = (!chosen.size || chosen.has(entry.dataset.word)) && wanted.every((word) => name.includes(word));
        entry.hidden = !fits;
      }
      for (const table of group.querySelectorAll("details.rows"))
        table.hidden = !table.querySelector("tbody tr:not([hidden])");
    };
    for (const word of words) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = word;
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => {
        if (!chosen.delete(word)) chosen.add(word);
        button.setAttribute("aria-pressed", String(chosen.has(word)));
        show();
      });
      filter.append(button);
    }
    search.addEventListener("input", show);
    filter.append(search);
    group.querySelector(".bar").append(filter);
  }
})();
