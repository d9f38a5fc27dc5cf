// Latents: their distributions as functions of normal numbers, the arc between two of them, moves along directions.
"use strict";

const LATENTS = (() => {
  const ROOT2 = Math.SQRT2;
  const CUT = 2; // standard deviations: "truncated_normal" has none beyond

  // The error function, by its series; exact to about 1e-15 for the sizes that normal numbers have.
  function erf(x) {
    if (Math.abs(x) > 6) return Math.sign(x);
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }

  // The inverse of erf for |y| < 0.96, by Newton's method.
  function erfInverse(y) {
    let x = 0;
    for (let i = 0; i < 60; i++) {
      const step = (erf(x) - y) / ((2 / Math.sqrt(Math.PI)) * Math.exp(-x * x));
      x -= Math.max(-0.5, Math.min(0.5, step));
      if (Math.abs(step) < 1e-14) break;
    }
    return x;
  }

  function sphere(noise) {
    const mean = noise.reduce((sum, value) => sum + value * value, 0) / noise.length;
    return noise.map((value) => value / Math.sqrt(mean + 1e-12));
  }

  const kept = erf(CUT / ROOT2);
  const TRANSFORMS = {
    normal: (noise) => noise.slice(),
    uniform: (noise) => noise.map((value) => erf(value / ROOT2)),
    truncated_normal: (noise) => noise.map((value) => ROOT2 * erfInverse(kept * erf(value / ROOT2))),
    sphere,
  };
  const length = (vector) => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));

  return {
    // What the generator takes for noise from N(0, 1), both float32 [latent_dim].
    fromNoise(noise, distribution, truncation) {
      const factor = Math.fround(truncation);
      return TRANSFORMS[distribution](noise).map((value) => factor * value);
    },
    // noise + the sum of amounts[k] * directions[k]
    moved(noise, directions, amounts) {
      const result = Float64Array.from(noise);
      directions.forEach((direction, k) => {
        if (amounts[k]) for (let i = 0; i < result.length; i++) result[i] += amounts[k] * direction[i];
      });
      return Float32Array.from(result);
    },
    // A point on the arc from one vector to another: share 0 is the start, 1 the end. Their length changes evenly.
    between(start, end, share) {
      const lengths = [length(start), length(end)];
      const first = Array.from(start, (value) => value / lengths[0]);
      const last = Array.from(end, (value) => value / lengths[1]);
      const cosine = Math.max(-1, Math.min(1, first.reduce((sum, value, i) => sum + value * last[i], 0)));
      const angle = Math.acos(cosine);
      const sine = Math.sqrt(1 - cosine * cosine);
      const straight = sine < 1e-4;
      const weights = straight
        ? [1 - share, share]
        : [Math.sin((1 - share) * angle) / sine, Math.sin(share * angle) / sine];
      const size = (1 - share) * lengths[0] + share * lengths[1];
      return Float32Array.from(first, (value, i) => size * (weights[0] * value + weights[1] * last[i]));
    },
  };
})();
