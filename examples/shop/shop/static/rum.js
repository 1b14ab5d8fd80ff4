"use strict";
// Tells /rum what a visit was like: the page with its web vitals, what was clicked, what broke. No personal data: a
// visit has a random number that ends with its tab, and names are those of buttons and links, never what was typed.
(() => {
  const random = () =>
    [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const session = sessionStorage.getItem("rum-session") ?? random();
  sessionStorage.setItem("rum-session", session);
  const view = { id: random(), path: location.pathname, group: document.body.dataset.view ?? null };
  const vitals = {};
  const waiting = [];

  const keep = (type, told) => waiting.push({ type, at: Date.now(), ...told });

  function send() {
    if (waiting.length === 0) return;
    const body = JSON.stringify({ session, view, events: waiting.splice(0) });
    navigator.sendBeacon("/rum", new Blob([body], { type: "application/json" }));
  }

  function observe(type, use, options = {}) {
    if (!PerformanceObserver.supportedEntryTypes.includes(type)) return;
    new PerformanceObserver((list) => list.getEntries().forEach(use)).observe({ type, buffered: true, ...options });
  }

  observe("paint", (entry) => {
    if (entry.name === "first-contentful-paint") vitals.fcp_ms = entry.startTime;
  });
  observe("largest-contentful-paint", (entry) => { vitals.lcp_ms = entry.startTime; });
  // An interaction is one id; its page is judged by the slowest one.
  observe("event", (entry) => {
    if (entry.interactionId) vitals.inp_ms = Math.max(vitals.inp_ms ?? 0, entry.duration);
  }, { durationThreshold: 16 });
  // CLS is the worst burst: shifts less than 1 s apart, 5 s in all.
  let burst = { first: 0, last: -Infinity, sum: 0 };
  if (PerformanceObserver.supportedEntryTypes.includes("layout-shift")) vitals.cls = 0;
  observe("layout-shift", (entry) => {
    if (entry.hadRecentInput) return;
    const now = entry.startTime;
    if (now - burst.last > 1000 || now - burst.first > 5000) burst = { first: now, last: now, sum: 0 };
    burst.last = now;
    burst.sum += entry.value;
    vitals.cls = Math.max(vitals.cls, burst.sum);
  });

  function nameOf(element) {
    const label = element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent;
    return element.dataset.testid ?? label.trim().replace(/\s+/g, " ").slice(0, 80);
  }
  addEventListener("click", (event) => {
    const element = event.target.closest("a, button, input, select, summary, [role=button]");
    if (element) keep("action", { name: nameOf(element), kind: "click" });
  }, { capture: true });

  const broken = (error, message) =>
    keep("error", { name: error?.name ?? "Error", message: String(message), stack: error?.stack ?? null });
  addEventListener("error", (event) => { if (event.message) broken(event.error, event.message); });
  addEventListener("unhandledrejection", (event) => broken(event.reason, event.reason?.message ?? event.reason));

  let told = false;
  addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "hidden") return;
    if (!told) {
      const [navigation] = performance.getEntriesByType("navigation");
      if (navigation?.responseStart) vitals.ttfb_ms = navigation.responseStart;
      if (navigation?.loadEventEnd) vitals.loading_ms = navigation.loadEventEnd;
      waiting.unshift({ type: "view", at: performance.timeOrigin, duration_ms: performance.now(), ...vitals });
      told = true;
    }
    send();
  });
})();
