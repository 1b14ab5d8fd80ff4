// Prints every decision of the fleet as it is made.
//
//     npm install
//     node decisions.js [ENTRY-ID]    # 0 = all that is kept; default: only new ones
//
// The server is $AQE_REDIS_URL, redis://127.0.0.1:6379 without it.

import { createClient } from "redis";

const STREAM = "aqe:events:deployment-readiness:assessed";

const client = createClient({ url: process.env.AQE_REDIS_URL ?? "redis://127.0.0.1:6379" });
client.on("error", (error) => console.error(error.message)); // it connects again by itself
await client.connect();

// The place to begin is a real entry id. "$" in a loop would skip what comes between two reads.
const [newest] = await client.xRevRange(STREAM, "+", "-", { COUNT: 1 });
let last = process.argv[2] ?? newest?.id ?? "0";
console.error("waiting for decisions");

for (;;) {
  const streams = await client.xRead({ key: STREAM, id: last }, { BLOCK: 2000, COUNT: 100 });
  for (const { id, message } of streams?.[0].messages ?? []) {
    const { version, decision, riskLevel } = JSON.parse(message.data);
    console.log(`${version} ${decision} (risk ${riskLevel})`);
    last = id;
  }
}
