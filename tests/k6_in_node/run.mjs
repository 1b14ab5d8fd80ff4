// node run.mjs SCRIPT: the arrivals of a generated script's only scenario, evenly spaced as k6 does it.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import exec from "./k6.mjs";

globalThis.__ENV = process.env;
globalThis.open = (path) => readFileSync(path, "utf8");
const { default: iteration, options, setup } = await import(pathToFileURL(process.argv[2]).href);
setup();

const UNITS_MS = { "1s": 1e3, "1m": 6e4, "1h": 36e5, "24h": 864e5 };
const [{ startRate, stages, timeUnit }] = Object.values(options.scenarios);
const began = performance.now();
let rate = startRate / UNITS_MS[timeUnit];
let begin = 0;
let area = 0;
for (const { duration, target } of stages) {
  const length = parseFloat(duration) * 1e3;
  const end = target / UNITS_MS[timeUnit];
  const slope = length && (end - rate) / length;
  const whole = area + ((rate + end) / 2) * length;
  while (exec.scenario.iterationInTest + 2 <= whole) {
    const missing = exec.scenario.iterationInTest + 2 - area;
    const due = begin + (2 * missing) / (rate + Math.sqrt(Math.max(0, rate * rate + 2 * slope * missing)));
    const ahead = began + due - performance.now();
    if (ahead > 0) await sleep(ahead);
    exec.scenario.iterationInTest += 1;
    iteration();
  }
  [begin, area, rate] = [begin + length, whole, end];
}
