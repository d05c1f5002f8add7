"use strict";
// "Try again on this frame": looks for an anchor or a text on a picture of the page. An anchor is
// looked for by the correlation of brightness alone; mosdat asks for more before it says yes.
(() => {
  // Fast Fourier transform in place, of as many numbers as `waves` was made for.
  const transform = (re, im, { cos, sin }, back) => {
    const count = re.length;
    for (let i = 1, j = 0; i < count; i++) {
      let bit = count >> 1;
      for (; j & bit; bit >>= 1) j ^= bit;
      j ^= bit;
      if (i < j) {
        const x = re[i], y = im[i];
        re[i] = re[j]; im[i] = im[j];
        re[j] = x; im[j] = y;
      }
    }
    for (let size = 2; size <= count; size *= 2) {
      const half = size / 2, step = count / size;
      for (let first = 0; first < count; first += size) {
        for (let k = 0; k < half; k++) {
          const c = cos[k * step], s = back ? -sin[k * step] : sin[k * step];
          const a = first + k, b = a + half;
          const x = re[b] * c - im[b] * s, y = re[b] * s + im[b] * c;
          re[b] = re[a] - x; im[b] = im[a] - y;
          re[a] += x; im[a] += y;
        }
      }
    }
  };
  const waves = (count) => {
    const angle = (k) => (-2 * Math.PI * k) / count;
    const made = (f) => Float64Array.from({ length: count / 2 }, (_, k) => f(angle(k)));
    return { cos: made(Math.cos), sin: made(Math.sin) };
  };
  const transform2 = (re, im, width, height, back) => {
    const across = waves(width), down = waves(height);
    for (let y = 0; y < height; y++) {
      const row = [y * width, (y + 1) * width];
      transform(re.subarray(...row), im.subarray(...row), across, back);
    }
    const columnRe = new Float64Array(height), columnIm = new Float64Array(height);
    for (let x = 0; x < width; x++) {
      for (let y = 0; y < height; y++) { columnRe[y] = re[y * width + x]; columnIm[y] = im[y * width + x]; }
      transform(columnRe, columnIm, down, back);
      for (let y = 0; y < height; y++) { re[y * width + x] = columnRe[y]; im[y * width + x] = columnIm[y]; }
    }
  };
  const power = (least) => { let n = 1; while (n < least) n *= 2; return n; };

  // The sums of products of `small` with each place of `big`: planes are {width, height, data}.
  const correlate = (big, small) => {
    const width = power(big.width), height = power(big.height), count = width * height;
    const put = (plane) => {
      const re = new Float64Array(count), im = new Float64Array(count);
      for (let y = 0; y < plane.height; y++)
        for (let x = 0; x < plane.width; x++) re[y * width + x] = plane.data[y * plane.width + x];
      transform2(re, im, width, height, false);
      return [re, im];
    };
    const [ar, ai] = put(big), [br, bi] = put(small);
    for (let i = 0; i < count; i++) {
      const re = ar[i] * br[i] + ai[i] * bi[i], im = ai[i] * br[i] - ar[i] * bi[i];
      ar[i] = re; ai[i] = im;
    }
    transform2(ar, ai, width, height, true);
    const across = big.width - small.width + 1, down = big.height - small.height + 1;
    const data = new Float64Array(across * down);
    for (let y = 0; y < down; y++)
      for (let x = 0; x < across; x++) data[y * across + x] = ar[y * width + x] / count;
    return { width: across, height: down, data };
  };

  // The sums of each part of `big` that is as large as `small`.
  const sumsOf = (big, small) => {
    const stride = big.width + 1, total = new Float64Array(stride * (big.height + 1));
    for (let y = 0; y < big.height; y++) {
      let row = 0;
      for (let x = 0; x < big.width; x++) {
        row += big.data[y * big.width + x];
        total[(y + 1) * stride + x + 1] = total[y * stride + x + 1] + row;
      }
    }
    const width = big.width - small.width + 1, height = big.height - small.height + 1;
    const data = new Float64Array(width * height);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const above = y * stride + x, below = above + small.height * stride;
        data[y * width + x] = total[below + small.width] - total[below] - total[above + small.width] + total[above];
      }
    return { width, height, data };
  };

  // The brightness of pixels, weighed as mosdat does, and which of them count: the opaque ones.
  const brightness = ({ width, height, data }) => {
    const luma = new Float64Array(width * height), mask = new Float64Array(width * height);
    for (let i = 0; i < luma.length; i++) {
      const [r, g, b] = [data[i * 4], data[i * 4 + 1], data[i * 4 + 2]];
      luma[i] = (3735 * b + 19235 * g + 9798 * r + 16384) >> 15;
      mask[i] = data[i * 4 + 3] === 255 ? 1 : 0;
    }
    return [{ width, height, data: luma }, { width, height, data: mask }];
  };

  // The zero-mean normalised correlation of an anchor with each place of a picture, or why there is
  // none. Both are like ImageData.
  const scores = (picture, anchor) => {
    if (anchor.width > picture.width || anchor.height > picture.height) return "the anchor is larger than what is searched";
    const [plane] = brightness(picture), [needle, mask] = brightness(anchor);
    const counting = mask.data.reduce((sum, one) => sum + one, 0);
    if (!counting) return "the anchor has no opaque pixel";
    let sum = 0;
    needle.data.forEach((value, i) => { sum += value * mask.data[i]; });
    const mean = sum / counting;
    let energy = 0;
    const centred = needle.data.map((value, i) => (value - mean) * mask.data[i]);
    centred.forEach((value) => { energy += value * value; });
    if (energy < 1) return "the anchor's brightness is the same everywhere";
    const products = correlate(plane, { ...needle, data: centred });
    const summed = counting === mask.data.length ? sumsOf : correlate;
    const sums = summed(plane, mask);
    const squares = summed({ ...plane, data: plane.data.map((value) => value * value) }, mask);
    products.data.forEach((product, i) => {
      const spread = squares.data[i] - (sums.data[i] * sums.data[i]) / counting;
      // A place of one brightness is like nothing.
      products.data[i] = spread < 0.5 ? 0 : product / Math.sqrt(spread * energy);
    });
    return products;
  };

  // The best places, the best first, none of which has its corner in another one.
  const places = (field, anchor, threshold, most) => {
    const all = [];
    let best = { score: -1, x: 0, y: 0 };
    field.data.forEach((score, i) => {
      const place = { score, x: i % field.width, y: Math.floor(i / field.width) };
      if (score > best.score) best = place;
      if (score >= threshold - 1e-9) all.push(place);
    });
    all.sort((a, b) => b.score - a.score);
    const found = [];
    for (const place of all) {
      const isApart = (one) => Math.abs(one.x - place.x) >= anchor.width || Math.abs(one.y - place.y) >= anchor.height;
      if (found.length < most && found.every(isApart)) found.push(place);
    }
    return { found, best };
  };

  // How many letters `wanted` is off from the part of `text` that is nearest to it.
  const off = (wanted, text) => {
    const one = [...wanted], other = [...text];
    let row = new Array(other.length + 1).fill(0);
    one.forEach((letter, i) => {
      const next = [i + 1];
      other.forEach((seen, j) => {
        next.push(Math.min(row[j] + (letter === seen ? 0 : 1), row[j + 1] + 1, next[j] + 1));
      });
      row = next;
    });
    return Math.min(...row);
  };

  const search = (lines, wanted, tolerance, ignoresCase) => {
    const plain = (text) => (ignoresCase ? text.toLowerCase() : text).trim().replace(/\s+/g, " ");
    const all = lines.map((line) => ({ line, off: off(plain(wanted), plain(line.text)) }));
    all.sort((a, b) => a.off - b.off);
    return { found: wanted.trim() ? all.filter((one) => one.off <= tolerance) : [], nearest: all[0] };
  };

  globalThis.mosdatAgain = { scores, places, off, search };
  if (typeof document === "undefined") return;

  const holder = document.getElementById("again-parts");
  if (!holder) return;
  const parts = JSON.parse(holder.textContent);
  const element = (name, properties = {}, ...within) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...within);
    return made;
  };
  const load = (address) => new Promise((done, fail) => {
    const image = new Image();
    image.onload = () => done(image);
    image.onerror = () => fail(new Error("the picture cannot be read"));
    image.src = address;
  });
  const pixels = (image, area) => {
    const canvas = element("canvas", { width: area.width, height: area.height });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, -area.x, -area.y);
    return context.getImageData(0, 0, area.width, area.height);
  };
  const within = (area, image) => {
    const x = Math.max(0, Math.round(area.x)), y = Math.max(0, Math.round(area.y));
    return { x, y, width: Math.min(image.width, Math.round(area.x + area.width)) - x, height: Math.min(image.height, Math.round(area.y + area.height)) - y };
  };

  const open = async (figure) => {
    const image = await load(figure.querySelector("img").src);
    const whole = { x: 0, y: 0, width: image.width, height: image.height };
    const sights = JSON.parse(figure.dataset.again || "[]");
    const state = { area: null, crop: null, found: [], best: null };
    const canvas = element("canvas", { width: image.width, height: image.height });
    const context = canvas.getContext("2d");
    const target = element("select");
    sights.forEach((sight, i) => target.append(new Option(`${sight.kind}: ${sight.what}`, i)));
    target.append(new Option("a part of this picture, drawn with the mouse", "crop"));
    const reading = sights.find((sight) => sight.lines);
    if (reading) target.append(new Option("any text that was read", "text"));
    const threshold = element("input", { type: "number", min: 0, max: 1, step: 0.005, value: 0.95 });
    const text = element("input", { type: "text" });
    const tolerance = element("input", { type: "number", min: 0, step: 1, value: 0 });
    const caseless = element("input", { type: "checkbox" });
    const draws = element("select");
    draws.append(new Option("the part to look for", "crop"), new Option("where to look", "area"));
    const look = element("button", { type: "button", textContent: "Look" });
    const everywhere = element("button", { type: "button", textContent: "Look everywhere" });
    const close = element("button", { type: "button", textContent: "Close" });
    const said = element("output");
    const label = (words, input) => element("label", {}, words + " ", input);
    const byPicture = element("span", {}, label("threshold", threshold));
    const byText = element("span", {}, label("text", text), label("letters off", tolerance), label("ignore case", caseless));
    const panel = element("dialog", { className: "again" },
      element("div", { className: "controls" }, label("look for", target), byPicture, byText, label("the mouse draws", draws), look, everywhere, close),
      said, canvas);

    const box = (place, color, dash, words) => {
      context.strokeStyle = context.fillStyle = color;
      context.setLineDash(dash);
      context.lineWidth = 2;
      context.strokeRect(place.x - 1, place.y - 1, place.width + 2, place.height + 2);
      context.setLineDash([]);
      context.font = "bold 14px sans-serif";
      context.fillText(words, place.x, place.y < 18 ? place.y + place.height + 15 : place.y - 5);
    };
    const draw = () => {
      context.drawImage(image, 0, 0);
      if (state.area) box(state.area, "#0a84ff", [6, 4], "");
      if (state.crop) box(state.crop, "#b30f9b", [3, 3], "");
      if (state.best) box(state.best, "#c24a00", [6, 4], state.best.words);
      state.found.forEach((place, i) => box(place, i ? "#8a5300" : "#118a2b", i ? [6, 4] : [], place.words));
    };
    const chosen = () => sights[target.value];
    const isText = () => target.value === "text" || chosen()?.kind === "text";
    const byCorrelation = async () => {
      let anchor;
      if (target.value === "crop") {
        if (!state.crop) return "Draw what to look for with the mouse.";
        anchor = pixels(image, state.crop);
      } else {
        const own = await load(parts.anchors[chosen().anchor]);
        anchor = pixels(own, { x: 0, y: 0, width: own.width, height: own.height });
      }
      const area = within(state.area || whole, image);
      const field = scores(pixels(image, area), anchor);
      if (typeof field === "string") return field;
      const { found, best } = places(field, anchor, Number(threshold.value), 20);
      const placed = (one) => ({ x: one.x + area.x, y: one.y + area.y, width: anchor.width, height: anchor.height, words: one.score.toFixed(3) });
      state.found = found.map(placed);
      if (!found.length) state.best = placed(best);
      const at = (place) => `${place.words} at ${place.x},${place.y}`;
      return found.length
        ? `${found.length} found: ${state.found.map(at).join("; ")}`
        : `Nothing reaches ${threshold.value}; the best is ${at(state.best)}.`;
    };
    const byReading = () => {
      const lines = parts.lines[(chosen() || reading).lines].filter(({ rect }) => {
        const x = rect.x + rect.width / 2, y = rect.y + rect.height / 2, area = state.area || whole;
        return x >= area.x && y >= area.y && x < area.x + area.width && y < area.y + area.height;
      });
      const { found, nearest } = search(lines, text.value, Number(tolerance.value), caseless.checked);
      const placed = (one) => ({ ...one.line.rect, words: one.off ? `${one.off} off` : "exact", text: one.line.text });
      state.found = found.map(placed);
      if (!found.length && nearest) state.best = placed(nearest);
      const at = (place) => `“${place.text}” (${place.words})`;
      if (found.length) return `${found.length} found: ${state.found.map(at).join("; ")}`;
      return `Not read${state.best ? `; the nearest line is ${at(state.best)}` : "; nothing was read"}.`;
    };
    const again = async () => {
      state.found = [];
      state.best = null;
      said.textContent = "Looking…";
      await new Promise((done) => { setTimeout(done); });
      try {
        said.textContent = isText() ? byReading() : await byCorrelation();
      } catch (error) {
        said.textContent = `It cannot be looked for: ${error.message}`;
      }
      draw();
    };
    const choose = () => {
      const sight = chosen();
      byText.hidden = !isText();
      byPicture.hidden = isText();
      if (sight) {
        state.area = sight.area;
        text.value = sight.kind === "text" ? sight.what : "";
        tolerance.value = sight.slack;
        caseless.checked = sight.ignores_case;
      }
      draw();
    };
    target.addEventListener("change", choose);
    look.addEventListener("click", again);
    everywhere.addEventListener("click", () => { state.area = null; again(); });
    close.addEventListener("click", () => panel.close());
    panel.addEventListener("close", () => panel.remove());
    // The page turns its pictures with the same keys.
    panel.addEventListener("keydown", (event) => event.stopPropagation());
    let from = null;
    const point = (event) => {
      const shown = canvas.getBoundingClientRect();
      return { x: ((event.clientX - shown.left) * image.width) / shown.width, y: ((event.clientY - shown.top) * image.height) / shown.height };
    };
    canvas.addEventListener("pointerdown", (event) => { from = point(event); canvas.setPointerCapture(event.pointerId); event.preventDefault(); });
    canvas.addEventListener("pointermove", (event) => {
      if (!from) return;
      const to = point(event);
      const drawn = within({ x: Math.min(from.x, to.x), y: Math.min(from.y, to.y), width: Math.abs(from.x - to.x), height: Math.abs(from.y - to.y) }, image);
      if (drawn.width < 3 || drawn.height < 3) return;
      state[draws.value] = drawn;
      if (draws.value === "crop") { target.value = "crop"; choose(); }
      draw();
    });
    canvas.addEventListener("pointerup", () => { if (from) again(); from = null; });
    document.body.append(panel);
    panel.showModal();
    choose();
    if (sights.length) await again();
    else said.textContent = "Draw what to look for with the mouse.";
  };

  for (const figure of document.querySelectorAll("figure.frame[id]")) {
    const button = element("button", { type: "button", className: "try", textContent: "try again on this frame" });
    button.addEventListener("click", () => { open(figure); });
    figure.querySelector("nav").append(button);
    if (figure.dataset.again) figure.querySelector("figcaption").append(" ", (() => {
      const small = button.cloneNode(true);
      small.textContent = "try again";
      small.addEventListener("click", () => { open(figure); });
      return small;
    })());
  }
})();
