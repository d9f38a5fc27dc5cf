// The random numbers of NumPy's default_rng, in the browser: the same seed gives the same latents as in Python.
// SeedSequence and PCG64 as published by M. E. O'Neill (2014, 2015); normal numbers by the ziggurat method of
// Marsaglia and Tsang (2000), in float32, with 256 strips, as NumPy draws them.
"use strict";

const RANDOM = (() => {
  const MASK64 = (1n << 64n) - 1n;
  const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;
  const EDGE = 3.6541528853610088; // where the lowest strip ends and the tail begins
  const AREA = 0.004928673233974655; // of each strip, the lowest with its tail
  const UNIT24 = Math.fround(1 / 16777216);

  // A whole number as 32-bit words, the lowest first; 0 is one word.
  function words(number) {
    const list = [];
    let rest = BigInt(number);
    do {
      list.push(Number(rest & 0xffffffffn));
      rest >>= 32n;
    } while (rest > 0n);
    return list;
  }

  // Eight 32-bit words of state from a list of whole numbers.
  function seedWords(numbers) {
    const entropy = numbers.flatMap(words);
    let constant = 0x43b0d7e5;
    const hash = (value) => {
      value ^= constant;
      constant = Math.imul(constant, 0x931e8875);
      value = Math.imul(value, constant);
      return (value ^ (value >>> 16)) >>> 0;
    };
    const mix = (x, y) => {
      const result = (Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y)) >>> 0;
      return (result ^ (result >>> 16)) >>> 0;
    };
    const pool = [0, 1, 2, 3].map((i) => hash(i < entropy.length ? entropy[i] : 0));
    for (let from = 0; from < 4; from++) {
      for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mix(pool[to], hash(pool[from]));
    }
    for (let from = 4; from < entropy.length; from++) {
      for (let to = 0; to < 4; to++) pool[to] = mix(pool[to], hash(entropy[from]));
    }
    let factor = 0x8b51f9dd;
    return Array.from({ length: 8 }, (_, i) => {
      let value = pool[i % 4] ^ factor;
      factor = Math.imul(factor, 0x58f38ded);
      value = Math.imul(value, factor);
      return (value ^ (value >>> 16)) >>> 0;
    });
  }

  // A source of 32-bit numbers: PCG64, each of whose 64-bit numbers gives two, the lower half first.
  function generator(numbers) {
    const state = seedWords(numbers);
    const pair = (i) => (BigInt(state[i + 1]) << 32n) | BigInt(state[i]);
    const step = (value) => BigInt.asUintN(128, value * MULTIPLIER + increment);
    const increment = BigInt.asUintN(128, (((pair(4) << 64n) | pair(6)) << 1n) | 1n);
    let current = step(BigInt.asUintN(128, step(0n) + ((pair(0) << 64n) | pair(2))));
    let waiting = null;
    return () => {
      if (waiting !== null) {
        const upper = waiting;
        waiting = null;
        return upper;
      }
      current = step(current);
      const folded = (current >> 64n) ^ (current & MASK64);
      const turn = current >> 122n;
      const value = ((folded >> turn) | (folded << (64n - turn))) & MASK64;
      waiting = Number(value >> 32n);
      return Number(value & 0xffffffffn);
    };
  }

  // The strips: how far right a strip reaches (scaled), below which number a point is surely inside, and the height.
  const STRIPS = (() => {
    const height = (x) => Math.exp(-0.5 * x * x);
    const ends = new Float64Array(257);
    ends[256] = AREA / height(EDGE);
    ends[255] = EDGE;
    for (let i = 254; i > 0; i--) ends[i] = Math.sqrt(-2 * Math.log(AREA / ends[i + 1] + height(ends[i + 1])));
    const scale = 8388608;
    const inside = new Uint32Array(256);
    const widths = new Float32Array(256);
    const heights = new Float32Array(256);
    for (let i = 0; i < 256; i++) {
      const end = i === 0 ? ends[256] : ends[i];
      inside[i] = i === 1 ? 0 : Math.round(((i === 0 ? EDGE : ends[i - 1]) / end) * scale);
      widths[i] = end / scale;
      heights[i] = height(ends[i]);
    }
    return { inside, widths, heights };
  })();

  const unit = (next) => Math.fround((next() >>> 8) * UNIT24);
  const edge32 = Math.fround(EDGE);
  const inverse32 = Math.fround(1 / EDGE);

  function normal(next) {
    for (;;) {
      const bits = next();
      const strip = bits & 0xff;
      const size = (bits >>> 9) & 0x7fffff;
      const x = Math.fround(size * STRIPS.widths[strip]) * (bits & 0x100 ? -1 : 1);
      if (size < STRIPS.inside[strip]) return x;
      if (strip === 0) {
        for (;;) {
          const far = Math.fround(-inverse32 * Math.fround(Math.log1p(-unit(next))));
          const level = -Math.fround(Math.log1p(-unit(next)));
          if (Math.fround(level + level) > Math.fround(far * far)) {
            return Math.fround(edge32 + far) * ((size >>> 8) & 1 ? -1 : 1);
          }
        }
      }
      const upper = STRIPS.heights[strip - 1];
      const lower = STRIPS.heights[strip];
      const between = Math.fround(Math.fround(Math.fround(upper - lower) * unit(next)) + lower);
      if (between < Math.exp(-0.5 * x * x)) return x;
    }
  }

  return {
    // float32 [length] from N(0, 1): default_rng(numbers).standard_normal(length, float32)
    normals(numbers, length) {
      const next = generator(numbers);
      return Float32Array.from({ length }, () => normal(next));
    },
    // A number in [0, 1): default_rng(numbers).random()
    uniform(numbers) {
      const next = generator(numbers);
      const lower = next();
      return (next() * 2097152 + (lower >>> 11)) / 9007199254740992;
    },
    // A whole number below `count`, at most 2 ** 32: default_rng(numbers).integers(count)
    integer(numbers, count) {
      if (count <= 1) return 0;
      const next = generator(numbers);
      const range = BigInt(count);
      let product = BigInt(next()) * range;
      let left = product & 0xffffffffn;
      if (left < range) {
        const least = (0x100000000n - range) % range;
        while (left < least) {
          product = BigInt(next()) * range;
          left = product & 0xffffffffn;
        }
      }
      return Number(product >> 32n);
    },
  };
})();
