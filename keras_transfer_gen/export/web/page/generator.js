// The generator: starts LiteRT.js and the model, and turns noise into pixels. Makes no request.
"use strict";

const GENERATOR = (() => {
  const MOST_SEED = Number.MAX_SAFE_INTEGER;
  let litert = null;
  let signature = null;

  function bytes(base64) {
    const text = atob(base64);
    const result = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) result[i] = text.charCodeAt(i);
    return result;
  }

  async function unpacked(base64) {
    const stream = new Blob([bytes(base64)]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  function floats(base64) {
    return new Float32Array(bytes(base64).buffer);
  }

  async function start() {
    for (const name of ["WebAssembly", "DecompressionStream", "BigInt"]) {
      if (!(name in self)) {
        throw new Error(`This browser has no ${name}. Open the page in Chrome 91, Firefox 113, Safari 16.4 or later.`);
      }
    }
    self.Module = { wasmBinary: await unpacked(LITERT_WASM), printErr: () => {}, print: () => {} };
    // Nothing here uses a GPU, and to look for one leaves a warning in the console where there is none.
    LITERT.Environment.create = async (options) => new LITERT.Environment({ ...options, webGpuDevice: null });
    // ModuleFactory is already here, from litert_loader.js; LiteRT.js insists on a script, so it gets an empty one.
    await LITERT.loadLiteRt("data:text/javascript,//.js");
    litert = LITERT;
    const model = await litert.loadAndCompile(await unpacked(MODEL_TFLITE), { accelerator: "wasm" });
    signature = model.defaultSignature;
  }

  // Runs the model at once. LiteRT.js offers a promise for this, since other accelerators need one; the CPU does not.
  function run(inputs) {
    const tensors = signature.getInputDetails().map((detail) => {
      const [values, shape] = inputs[Object.keys(inputs).find((name) => detail.name.includes(name))];
      return new litert.Tensor(values, shape);
    });
    const buffers = signature.liteRtCompiledModel.run(
      signature.signatureIndex,
      tensors.map((tensor) => tensor.liteRtTensorBuffer),
    );
    const output = new litert.Tensor(buffers[0], signature.options.environment);
    const values = output.toTypedArray();
    [...tensors, output].forEach((tensor) => tensor.delete());
    return values;
  }

  // float32 in [-1, 1] -> RGBA, rounded to the nearest level, halves to the even one, as Python does.
  function pixels(values) {
    const count = FACTS.image_size * FACTS.image_size;
    const result = new Uint8ClampedArray(4 * count); // rounds halves to even, and clips
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < 3; c++) {
        const value = values[i * FACTS.channels + (FACTS.channels === 3 ? c : 0)];
        result[4 * i + c] = Math.fround(Math.fround(value + 1) * 127.5);
      }
      result[4 * i + 3] = 255;
    }
    return result;
  }

  function refuse(name, expected, received) {
    throw new RangeError(`${name} must be ${expected}. Received: ${String(received)}.`);
  }

  function wholeNumber(name, value, most = MOST_SEED) {
    const whole = typeof value === "bigint" ? value >= 0n && value <= BigInt(most) : Number.isSafeInteger(value);
    if (!whole || value < 0 || value > most) refuse(name, `a whole number from 0 to ${most}`, value);
    return Number(value);
  }

  // The class of a numbered image: the given one, else drawn as in Python; null where there are no classes.
  function classOf(seed, number, label = null) {
    const classes = FACTS.num_classes;
    if (label !== null) {
      if (!classes) refuse("label", "left out: this model has no classes", label);
      return wholeNumber("label", label, classes - 1);
    }
    if (!classes) return null;
    if (!FACTS.class_bounds.length) return RANDOM.integer([seed, number, 1], classes);
    const point = RANDOM.uniform([seed, number, 1]); // some classes are drawn more often
    return FACTS.class_bounds.filter((bound) => bound <= point).length;
  }

  function noise(seed, number = 0) {
    return RANDOM.normals([wholeNumber("seed", seed), wholeNumber("number", number)], FACTS.latent_dim);
  }

  // RGBA of the image of one noise vector.
  function render(vector, label = null, truncation = FACTS.truncation) {
    if (signature === null) throw new Error("The model is not loaded yet. Wait for window.ktg.ready.");
    const size = FACTS.latent_dim;
    if (!vector || vector.length !== size) refuse("noise", `${size} numbers`, vector && `${vector.length} numbers`);
    if (!Array.from(vector).every(Number.isFinite)) refuse("noise", "finite numbers", "NaN or infinity");
    if (!(truncation > 0 && truncation <= 1)) refuse("truncation", "above 0 and at most 1", truncation);
    if (FACTS.num_classes) label = wholeNumber("label", label ?? 0, FACTS.num_classes - 1);
    const factor = FACTS.takes_truncation ? 1 : truncation; // such a generator does it by itself
    const latents = Float32Array.from(LATENTS.fromNoise(Float32Array.from(vector), FACTS.distribution, factor));
    const inputs = { latents: [latents, [1, size]] };
    if (FACTS.takes_truncation) inputs.truncation = [Float32Array.of(truncation), [1]];
    if (FACTS.num_classes) inputs.labels = [Int32Array.of(label), [1]];
    return pixels(run(inputs));
  }

  // RGBA of a numbered image: that of `ktg generate --seed`.
  function image(seed, number = 0, label = null, truncation = FACTS.truncation) {
    return render(noise(seed, number), classOf(wholeNumber("seed", seed), number, label), truncation);
  }

  // Differences of the first image from the one that Python generated, in pixel levels.
  function differences() {
    const actual = image(0);
    return Array.from(bytes(FACTS.first_image), (expected, i) => {
      const pixel = Math.floor(i / FACTS.channels);
      return expected - actual[4 * pixel + (i % FACTS.channels)];
    });
  }

  function difference() {
    return differences().reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  }

  // In dB; Infinity where all pixels are equal.
  function psnr() {
    const all = differences();
    return 10 * Math.log10((255 * 255 * all.length) / all.reduce((sum, value) => sum + value * value, 0));
  }

  return { start, floats, wholeNumber, classOf, noise, render, image, difference, psnr };
})();
