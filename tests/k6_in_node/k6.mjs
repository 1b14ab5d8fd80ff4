// What a generated script uses of k6, for where its binary is absent. Requests are sent without waiting for the answers,
// so a script cannot look at them and thresholds are not judged: this shows which requests go out when, and no more.
import http from "node:http";
import https from "node:https";

const scenario = { iterationInTest: -1 };
const agents = { "http:": new http.Agent({ keepAlive: true }), "https:": new https.Agent({ keepAlive: true }) };

/** One request; its answer is read and forgotten. */
function request(method, address, body, { headers }) {
  const { protocol } = new URL(address);
  const send = (protocol === "https:" ? https : http).request;
  // Not the parsed address: that would tidy up the path.
  const path = address.slice(address.indexOf("/", protocol.length + 2));
  const { hostname, port } = new URL(address);
  const length = body === null ? {} : { "Content-Length": Buffer.byteLength(body) };
  const options = { agent: agents[protocol], hostname, port, path, method, headers: { ...headers, ...length } };
  send(options, (response) => response.resume()).on("error", () => {}).end(body ?? undefined);
  return { status: 0 };
}

export default { scenario, request, expectedStatuses: () => null, setResponseCallback: () => null };

export function fail(message) {
  throw new Error(message);
}

export class Rate {
  add() {}
}
