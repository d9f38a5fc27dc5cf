// What the user sees and does: the grid, the selected image with its sliders, the images between two others.
"use strict";

const PAGE = (() => {
  const COUNT = 16; // images in the grid
  const FRAMES = 7; // images in the strip
  const LEAST_PSNR = 20; // dB, of one image of a model with smaller numbers; below it something is wrong
  const part = (id) => document.getElementById(id);
  const pause = () => new Promise((resolve) => setTimeout(resolve));
  const state = { seed: 0, label: null, truncation: FACTS.truncation, selected: 0, tiles: [], directions: [], inputs: [] };
  const ends = { start: null, end: null }; // each {noise, label}
  let round = 0; // of the grid; a newer one stops an older one
  let wanted = new Set(); // what is drawn in the next frame

  function draw(canvas, rgba) {
    canvas.width = canvas.height = FACTS.image_size;
    canvas.getContext("2d").putImageData(new ImageData(rgba, FACTS.image_size), 0, 0);
  }

  function say(text) {
    part("status").textContent = text;
  }

  function complain(error) {
    part("error").textContent = error ? error.message : "";
    part("error").hidden = !error;
  }

  // Draws at most once a frame, however fast a slider moves.
  function later(task) {
    if (wanted.size === 0) {
      requestAnimationFrame(() => {
        const tasks = wanted;
        wanted = new Set();
        tasks.forEach((each) => each());
      });
    }
    wanted.add(task);
  }

  function tile(number) {
    const button = document.createElement("button");
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = FACTS.image_size;
    button.type = "button";
    button.className = "tile";
    button.append(canvas);
    button.addEventListener("click", () => select(number));
    button.addEventListener("keydown", (event) => moveFocus(event, number));
    part("grid").append(button);
    return { button, canvas };
  }

  function moveFocus(event, number) {
    const columns = getComputedStyle(part("grid")).gridTemplateColumns.split(" ").length;
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const target = event.key === "Home" ? 0 : event.key === "End" ? COUNT - 1 : number + (moves[event.key] ?? NaN);
    if (state.tiles[target]) {
      event.preventDefault();
      state.tiles[target].button.focus();
    }
  }

  // The noise and the class of a numbered image of the grid.
  function original(number) {
    return { noise: GENERATOR.noise(state.seed, number), label: GENERATOR.classOf(state.seed, number, state.label) };
  }

  // The selected image with its sliders.
  function edited() {
    const { noise, label } = original(state.selected);
    return { noise: LATENTS.moved(noise, state.directions, state.inputs.map((input) => Number(input.value))), label };
  }

  function render({ noise, label }) {
    return GENERATOR.render(noise, label, state.truncation);
  }

  function drawSelected() {
    draw(part("large"), render(edited()));
  }

  function select(number) {
    state.selected = number;
    state.tiles.forEach(({ button }, i) => {
      button.setAttribute("aria-pressed", String(i === number));
      button.tabIndex = i === number ? 0 : -1;
    });
    part("large").setAttribute("aria-label", `Image ${number} of seed ${state.seed}`);
    resetSliders();
  }

  function resetSliders() {
    for (const input of state.inputs) {
      input.value = 0;
      input.nextElementSibling.value = "0.0";
    }
    drawSelected();
  }

  // A point between the start and the end; the class is that of the nearer one.
  function between(share) {
    const { start, end } = ends;
    return { noise: LATENTS.between(start.noise, end.noise, share), label: (share < 0.5 ? start : end).label };
  }

  function drawMiddle() {
    draw(part("middle"), render(between(Number(part("share").value) / 100)));
  }

  async function drawStrip() {
    const canvases = [...part("strip").children];
    for (let i = 0; i < FRAMES; i++) {
      draw(canvases[i], render(between(i / (FRAMES - 1))));
      await pause();
    }
    drawMiddle();
  }

  async function drawGrid() {
    const mine = ++round;
    for (let number = 0; number < COUNT; number++) {
      const { button, canvas } = state.tiles[number];
      draw(canvas, render(original(number)));
      button.setAttribute("aria-label", `Image ${number} of seed ${state.seed}`);
      if (number === 0) select(0);
      await pause();
      if (mine !== round) return;
    }
    Object.assign(ends, { start: original(0), end: original(1) });
    await drawStrip();
    say(`${COUNT} images of seed ${state.seed}`);
  }

  function readControls() {
    const text = part("seed").value.trim();
    state.seed = GENERATOR.wholeNumber("Seed", /^\d+$/.test(text) ? Number(text) : text || "nothing");
    state.label = part("class").value === "" ? null : Number(part("class").value);
    state.truncation = Number(part("truncation").value);
    part("truncation-value").value = state.truncation.toFixed(2);
  }

  async function redraw() {
    try {
      readControls();
      complain(null);
      await drawGrid();
    } catch (error) {
      complain(error);
    }
  }

  function show() {
    window.ktg.drawn = redraw(); // a promise
  }

  function download(canvas, name) {
    canvas.toBlob((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    }, "image/png");
  }

  function addSliders() {
    const size = FACTS.latent_dim;
    const all = GENERATOR.floats(FACTS.directions);
    FACTS.effects.forEach((effect, k) => {
      state.directions.push(all.subarray(k * size, (k + 1) * size));
      const label = document.createElement("label");
      label.innerHTML = '<span></span><input type="range" min="-4" max="4" step="0.1" value="0"><output>0.0</output>';
      const [name, input, value] = label.children;
      name.textContent = `Direction ${k + 1}`;
      label.title = `${effect.toFixed(1)} levels for one step`;
      input.addEventListener("input", () => {
        value.value = Number(input.value).toFixed(1);
        later(drawSelected);
      });
      state.inputs.push(input);
      part("sliders").append(label);
    });
  }

  function addClasses() {
    part("class-label").hidden = !FACTS.num_classes;
    const names = FACTS.class_names.length ? FACTS.class_names : Array.from({ length: FACTS.num_classes }, (_, i) => i);
    part("class").append(new Option("all", ""), ...names.map((name, i) => new Option(String(name), String(i))));
  }

  function useAs(end) {
    ends[end] = edited();
    drawStrip();
  }

  function onKey(event) {
    const typing = ["INPUT", "SELECT"].includes(event.target.tagName);
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = { n: "next", d: "download", r: "reset" }[event.key];
    if (action) part(action).click();
  }

  function build() {
    state.tiles = Array.from({ length: COUNT }, (_, number) => tile(number));
    part("strip").append(...Array.from({ length: FRAMES }, () => document.createElement("canvas")));
    part("truncation").value = FACTS.truncation;
    part("footer").textContent = FACTS.footer;
    addClasses();
    addSliders();
  }

  function connect() {
    part("controls").noValidate = true;
    part("controls").addEventListener("submit", (event) => {
      event.preventDefault();
      show();
    });
    part("next").addEventListener("click", () => {
      part("seed").value = state.seed + 1;
      show();
    });
    for (const id of ["class", "truncation"]) part(id).addEventListener("change", show);
    part("truncation").addEventListener("input", () => {
      part("truncation-value").value = Number(part("truncation").value).toFixed(2);
    });
    part("share").addEventListener("input", () => later(drawMiddle));
    part("reset").addEventListener("click", resetSliders);
    part("use-start").addEventListener("click", () => useAs("start"));
    part("use-end").addEventListener("click", () => useAs("end"));
    part("download").addEventListener("click", () => {
      download(part("large"), `seed-${state.seed}-image-${state.selected}.png`);
    });
    part("download-middle").addEventListener("click", () => download(part("middle"), "between.png"));
    document.addEventListener("keydown", onKey);
  }

  async function start() {
    build();
    await pause();
    await GENERATOR.start();
    readControls();
    draw(state.tiles[0].canvas, GENERATOR.image(0)); // as soon as there is anything to see
    window.ktg.firstImageMs = performance.now();
    window.ktg.difference = GENERATOR.difference();
    connect();
    say("");
    window.ktg.psnr = GENERATOR.psnr();
    if (FACTS.levels === null ? window.ktg.psnr < LEAST_PSNR : window.ktg.difference > FACTS.levels) {
      complain(new Error("This browser calculates other images than Python does. Try another browser."));
    }
    show();
  }

  return { start, complain, say };
})();

window.ktg = {
  // RGBA of the first image of a seed, or of another number: a Uint8ClampedArray. The images of `ktg generate --seed`.
  generate: (seed, { number = 0, label = null, truncation } = {}) => GENERATOR.image(seed, number, label, truncation),
  // RGBA of the image of a noise vector.
  render: (noise, { label = null, truncation } = {}) => GENERATOR.render(noise, label, truncation),
  noise: GENERATOR.noise,
  facts: FACTS,
};
window.ktg.ready = PAGE.start();
window.ktg.ready.catch((error) => {
  PAGE.say("");
  PAGE.complain(error);
});
