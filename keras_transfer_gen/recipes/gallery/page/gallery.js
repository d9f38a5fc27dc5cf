// The gallery: pages of images of a seed, one model or two of the same latents, picks, and their zip file.
// What editing.js uses of it is in window.gallery.
"use strict";

(() => {
  const COUNT = 32; // images of a page
  const part = (id) => document.getElementById(id);
  const state = { runs: [], start: 0, picks: new Map() };

  function complain(text) {
    part("error").textContent = text || "";
    part("error").hidden = !text;
  }

  async function answer(address, options) {
    const response = await fetch(address, options);
    if (response.ok) return response;
    const content = await response.json().catch(() => ({ error: `The gallery refuses this (${response.status}).` }));
    throw new Error(content.error);
  }

  function chosen(number) {
    const label = part("class").value;
    const truncation = Number(part("truncation").value);
    return { seed: Number(part("seed").value), number, label: label === "" ? null : Number(label), truncation };
  }

  function address(run, { seed, number, label, truncation }) {
    const query = new URLSearchParams({ truncation });
    if (label !== null) query.set("label", label);
    return `/api/runs/${run}/images/${seed}/${number}.png?${query}`;
  }

  function tile(number) {
    const image = chosen(number);
    const name = JSON.stringify(image);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "tile";
    button.setAttribute("aria-pressed", String(state.picks.has(name)));
    button.setAttribute("aria-label", `Image ${number} of seed ${image.seed}`);
    state.runs.forEach((run, index) => {
      const picture = document.createElement("img");
      picture.alt = "";
      picture.title = `${run.name}, image ${number}`;
      picture.src = address(index, image);
      button.append(picture);
    });
    button.addEventListener("click", () => {
      if (!state.picks.delete(name)) state.picks.set(name, image);
      button.setAttribute("aria-pressed", String(state.picks.has(name)));
      count();
    });
    return button;
  }

  function count() {
    const size = state.picks.size;
    part("picked").textContent = size === 0 ? "Nothing is picked." : size === 1 ? "1 image is picked." : `${size} images are picked.`;
    part("zip").disabled = part("clear").disabled = size === 0;
  }

  function show() {
    const text = part("seed").value;
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text))) {
      complain("The seed must be a whole number from 0 to 9007199254740991.");
      return;
    }
    complain("");
    part("truncation-value").value = Number(part("truncation").value).toFixed(2);
    part("range").textContent = `Images ${state.start} to ${state.start + COUNT - 1} of seed ${text}`;
    part("previous").disabled = state.start === 0;
    part("grid").replaceChildren(...Array.from({ length: COUNT }, (_, i) => tile(state.start + i)));
  }

  function turn(step) {
    state.start = Math.max(0, state.start + step * COUNT);
    show();
  }

  async function download() {
    const images = [...state.picks.values()];
    const picks = images.flatMap((image) => state.runs.map((_, run) => ({ run, ...image })));
    const headers = { "Content-Type": "application/json" };
    try {
      const response = await answer("/api/zip", { method: "POST", headers, body: JSON.stringify({ picks }) });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await response.blob());
      link.download = "picks.zip";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    } catch (error) {
      complain(error.message);
    }
  }

  function clear() {
    state.picks.clear();
    count();
    show();
  }

  function describe() {
    part("title").textContent = state.runs.map((run) => run.name).join(" and ");
    document.title = part("title").textContent;
    part("edit").hidden = !state.runs.some((run) => run.edits);
    part("truncation").value = state.runs[0].truncation;
    part("class-label").hidden = state.runs[0].classes.length === 0;
    part("class").append(new Option("all", ""), ...state.runs[0].classes.map((name, i) => new Option(name, String(i))));
    state.runs.forEach((run, index) => {
      const link = document.createElement("a");
      link.href = `/api/runs/${index}/card`;
      link.textContent = `Card of ${run.name}`;
      part("cards").append(link, " ");
    });
  }

  function connect() {
    part("controls").noValidate = true;
    part("controls").addEventListener("submit", (event) => {
      event.preventDefault();
      state.start = 0;
      show();
    });
    for (const id of ["class", "truncation"]) part(id).addEventListener("change", show);
    part("next").addEventListener("click", () => turn(1));
    part("previous").addEventListener("click", () => turn(-1));
    part("zip").addEventListener("click", download);
    part("clear").addEventListener("click", clear);
    document.addEventListener("keydown", (event) => {
      const typing = ["INPUT", "SELECT"].includes(event.target.tagName);
      const id = { n: "next", p: "previous" }[event.key];
      if (id && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) part(id).click();
    });
  }

  async function start() {
    try {
      state.runs = await (await answer("/api/runs")).json();
      describe();
      connect();
      show();
    } catch (error) {
      complain(error.message);
    }
  }

  window.gallery = { answer, complain, part, state, ready: start() };
})();
