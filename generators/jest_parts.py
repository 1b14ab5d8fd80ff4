"""The fixed parts of generated Jest files: a customer with cookies, and what is asked of a JSON document."""

_CUSTOMER = """
/** One customer, with cookies of their own; a redirect is an answer, too. */
function customer({ keepsCookies = true } = {}) {
  const cookies = new Map();
  return async (method, path, body, headers = {}) => {
    const sent = new Headers(body === undefined ? {} : { "Content-Type": "application/json" });
    for (const [name, value] of Object.entries(headers)) sent.set(name, value);
    if (cookies.size > 0) sent.set("Cookie", [...cookies.values()].join("; "));
    const isForm = typeof body === "object" && (sent.get("Content-Type") ?? "").includes("form");
    const text = isForm ? new URLSearchParams(body).toString() : JSON.stringify(body);
    const answer = await fetch(TARGET.replace(/\\/$/, "") + path, {
      method,
      headers: sent,
      body: typeof body === "string" ? body : text,
      redirect: "manual",
    });
    for (const cookie of keepsCookies ? answer.headers.getSetCookie() : []) {
      const [pair] = cookie.split(";");
      cookies.set(pair.split("=")[0], pair);
    }
    const received = await answer.text();
    return { status: answer.status, headers: answer.headers, json: () => JSON.parse(received) };
  };
}
"""
_GIVEN = """
/** What the service must know of a test user, such as AQE_TEST_PASSWORD. */
function given(name) {
  const variable = `AQE_TEST_${name.toUpperCase()}`;
  const value = process.env[variable];
  if (value === undefined) throw new Error(`${variable} is not set, expected the ${name} of a test user`);
  return value;
}
"""
_MADE_UP = """
/** Data of nobody, other ones in each run. */
function madeUp(kind) {
  const word = Math.random().toString(36).slice(2, 14);
  if (kind === "email") return `${word}@example.test`;
  // What payment providers publish for tests, and refuse outside of them.
  if (kind === "card") return "4242".repeat(4);
  if (kind === "card_code") return "123";
  return kind === "phone" ? String(Math.random()).slice(2, 12) : `test-${word}`;
}
"""
_EACH = """
/** What stands at a dotted path of a document; `*` is each item. */
function each(document, path) {
  let found = [document];
  for (const part of path === "" ? [] : path.split(".")) {
    const inside = found.filter((one) => typeof one === "object" && one !== null);
    found = part === "*" ? inside.flat() : inside.filter((one) => Object.hasOwn(one, part)).map((one) => one[part]);
  }
  return found;
}
"""
_AT = """
/** One value, or with `*` the list of all. */
function at(document, path) {
  const found = each(document, path);
  if (found.length === 0) throw new Error(`${path} is not in ${JSON.stringify(document)}`);
  return path.split(".").includes("*") ? found : found[0];
}
"""
_KEYS = """
/** All keys in a document, at any depth. */
function keys(document) {
  if (typeof document !== "object" || document === null) return [];
  const own = Array.isArray(document) ? [] : Object.keys(document);
  return [...own, ...Object.values(document).flatMap(keys)];
}
"""
_MISSHAPEN = """
/** Where a document has another shape: a key is missing, a type is wrong; `?` marks keys that may be missing. */
function misshapen(shape, value, where = "answer") {
  if (Array.isArray(shape) && Array.isArray(value)) {
    return value.flatMap((item, n) => misshapen(shape[0], item, `${where}.${n}`));
  }
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (typeof shape === "object" && isObject) {
    return Object.entries(shape).flatMap(([key, inside]) => {
      const name = key.replace(/\\?$/, "");
      if (Object.hasOwn(value, name)) return misshapen(inside, value[name], `${where}.${name}`);
      return name === key ? [`${where}: ${name} is missing`] : [];
    });
  }
  const kinds = ["any", value === null ? "null" : typeof value, Number.isInteger(value) ? "integer" : "any"];
  const allowed = typeof shape === "string" ? shape.split("|") : [];
  return kinds.some((kind) => allowed.includes(kind)) ? [] : [`${where} is ${value}, expected ${shape}`];
}
"""
_PRODUCT = """
/** The product of these fields. */
function product(item, fields) {
  return fields.reduce((result, field) => result * item[field], 1);
}
"""
_IS_SORTED = """
/** Whether items are in order of a field; `-` in front of it: falling. */
function isSorted(items, field) {
  const values = items.map((item) => item[field.replace(/^-/, "")]);
  if (field.startsWith("-")) values.reverse();
  return values.every((value, n) => n === 0 || values[n - 1] <= value);
}
"""
_WITHIN = """
/** Whether one read in three seconds is fast enough: what slows one down may not be the service. */
async function answersWithin(send, limitMs, path) {
  const end = performance.now() + 3_000;
  while (performance.now() < end) {
    const started = performance.now();
    await send("GET", path);
    if (performance.now() - started < limitMs) return true;
  }
  return false;
}
"""
PARTS = (
    ("customer", _CUSTOMER),
    ("given", _GIVEN),
    ("madeUp", _MADE_UP),
    ("each", _EACH),
    ("at", _AT),
    ("keys", _KEYS),
    ("misshapen", _MISSHAPEN),
    ("product", _PRODUCT),
    ("isSorted", _IS_SORTED),
    ("answersWithin", _WITHIN),
)
"""Helper -> its text, in the order of the file."""
NEEDS = (("at", "each"),)
"""Helper -> another that it uses."""
