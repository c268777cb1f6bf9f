// What a service shows at /metrics, in Prometheus' text format.

export class Metrics {
  #samples = [];

  constructor(text) {
    for (const line of text.split('\n')) {
      const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
      if (!found) continue;
      const labels = {};
      for (const [, name, value] of (found[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[name] = value;
      this.#samples.push({ name: found[1], labels, value: Number(found[3]) });
    }
  }

  /** The sum over all samples of that name whose labels are those given. */
  sum(name, labels = {}) {
    return this.#samples
      .filter((s) => s.name === name && Object.entries(labels).every(([key, value]) => s.labels[key] === value))
      .reduce((sum, s) => sum + s.value, 0);
  }
}
