// Edits in the gallery: an uploaded image to the latents of its nearest image, sliders along directions, the way to a second image.
"use strict";

(() => {
  const { answer, complain, part, state } = window.gallery;
  const MOST_BYTES = 4194304; // of an upload
  const PAUSE = 500; // milliseconds between questions about a search
  const edit = { upload: null, facts: null, busy: null, timer: null, turn: 0, known: new Map() };

  const run = () => Number(part("run").value || 0);
  const picks = () => [...state.picks.values()];

  function tell(text) {
    part("editing-status").textContent = text;
  }

  async function tried(work) {
    complain("");
    try {
      await work();
    } catch (error) {
      tell("");
      complain(error.message);
    }
  }

  // The first image is the upload or else the first pick; the second one is the next pick.
  function ends() {
    const names = picks().map(({ seed, number }) => `${seed}/${number}`);
    return edit.upload ? [edit.upload, names[0]] : names;
  }

  function address() {
    const [start, end] = ends();
    const first = picks()[0];
    const query = new URLSearchParams({ start });
    if (first) query.set("truncation", first.truncation);
    if (first && first.label !== null) query.set("label", first.label);
    if (end) {
      query.set("end", end);
      if (part("layers").value.trim() && edit.facts.layers) query.set("layers", part("layers").value.trim());
      else query.set("share", part("share").value);
    }
    const moves = [...part("directions").querySelectorAll("input")].map((slider, i) => [i, Number(slider.value)]);
    query.set("moves", moves.filter((move) => move[1] !== 0).map((move) => move.join(":")).join());
    return `/api/runs/${run()}/edited.png?${query}`;
  }

  // An image is fetched first, so that a refusal can be told.
  const draw = () => tried(async () => {
    const [start, end] = ends();
    part("stage").hidden = !start;
    part("given-part").hidden = !edit.upload;
    part("share-label").hidden = !end;
    part("layers-label").hidden = !end || !edit.facts.layers;
    const turn = ++edit.turn;
    if (!start) return;
    const content = await (await answer(address())).blob();
    if (turn !== edit.turn) return; // a later image is on its way
    URL.revokeObjectURL(part("edited").src);
    part("save").href = part("edited").src = URL.createObjectURL(content);
    part("save").download = "edited.png";
  });

  function drawSoon() {
    clearTimeout(edit.timer);
    edit.timer = setTimeout(draw, 80);
  }

  function slider(number) {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "range", min: -4, max: 4, step: 0.1, value: 0 });
    input.id = `direction-${number}`;
    label.append(`Direction ${number} `, input);
    return label;
  }

  async function describe() {
    if (!edit.known.has(run())) {
      tell("Measuring what changes the images of this model. This can take a minute.");
      edit.known.set(run(), await (await answer(`/api/runs/${run()}/edits`)).json());
    }
    edit.facts = edit.known.get(run());
    part("encode").hidden = !edit.facts.encodes;
    part("directions").replaceChildren(...Array.from({ length: edit.facts.directions }, (_, i) => slider(i)));
    tell(picks().length || edit.upload ? "" : "Pick one image or two, or upload one that is cropped as the model's own images are.");
  }

  const open = () => tried(async () => {
    part("editing").hidden = false;
    part("editing").scrollIntoView({ block: "nearest" });
    await describe();
    await draw();
  });

  function working(on) {
    part("progress").hidden = part("stop").hidden = !on;
    part("encode").disabled = part("project").disabled = on;
  }

  // Asks how far a search is until it has ended, and shows what came of it.
  async function follow(name) {
    for (;;) {
      const facts = await (await answer(`/api/uploads/${name}`)).json();
      Object.assign(part("progress"), { max: facts.steps, value: facts.done });
      if (facts.state === "failed") throw new Error(facts.error);
      if (facts.state === "ready") return facts;
      await new Promise((done) => setTimeout(done, PAUSE));
    }
  }

  const begin = (event) => {
    event.preventDefault();
    const encode = event.submitter === part("encode");
    tried(async () => {
      const [file] = part("file").files;
      if (!file) throw new Error("Choose an image file first.");
      if (file.size > MOST_BYTES) throw new Error("The image file must have at most 4 MiB. Make it smaller first.");
      const query = new URLSearchParams({ steps: part("steps").value, encode: Number(encode) });
      if (part("class").value !== "") query.set("label", part("class").value);
      tell("Searching ...");
      working(true);
      try {
        const upload = await (await answer(`/api/runs/${run()}/uploads?${query}`, { method: "POST", body: file })).json();
        edit.busy = upload.name;
        const facts = await follow(upload.name);
        edit.upload = upload.name;
        part("given").src = `/api/uploads/${upload.name}/image.png`;
        tell(`Mean difference from the upload: ${facts.mean_levels} of 255 levels.`);
        part("sliders").reset(); // which draws
      } finally {
        working(false);
      }
    });
  };

  const stop = () => tried(() => answer(`/api/uploads/${edit.busy}`, { method: "DELETE" }));

  function forget() {
    edit.upload = null;
    open();
  }

  async function connect() {
    await window.gallery.ready;
    const models = state.runs.map((model, index) => ({ ...model, index })).filter((model) => model.edits);
    part("run").append(...models.map((model) => new Option(model.name, model.index)));
    part("run-label").hidden = models.length < 2;
    for (const [id, event] of [["run", "change"], ["forget", "click"]]) part(id).addEventListener(event, forget);
    part("edit").addEventListener("click", open);
    part("upload").noValidate = true;
    part("upload").addEventListener("submit", begin);
    part("stop").addEventListener("click", stop);
    part("sliders").addEventListener("input", drawSoon);
    part("sliders").addEventListener("reset", drawSoon);
    part("sliders").addEventListener("submit", (event) => event.preventDefault());
  }

  connect();
})();
