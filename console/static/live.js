// Read the page again while its execution runs, and put the new part in place of the old. Nothing else needs scripts.
"use strict";
const FOCUSABLE = "a[href], summary, button, input, select, [tabindex='0']";
const livePart = () => document.querySelector("[data-live]");

function openSteps(part) {
  return [...part.querySelectorAll("details")].map((each) => each.open);
}

function replace(old, next) {
  const open = openSteps(old);
  const focused = [...old.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
  old.replaceWith(next);
  next.querySelectorAll("details").forEach((each, place) => { each.open = open[place] ?? false; });
  if (focused >= 0) next.querySelectorAll(FOCUSABLE)[focused]?.focus({ preventScroll: true });
}

function announce(text) {
  const status = document.getElementById("live-status");
  if (status && status.textContent !== text) status.textContent = text;
}

async function refresh() {
  const old = livePart();
  if (!old) return;
  if (!document.hidden) {
    try {
      const reply = await fetch(location.href, { redirect: "error" });
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      const next = page.getElementById(old.id);
      if (reply.ok && next && next.outerHTML !== old.outerHTML) {
        announce(next.dataset.summary ?? "");
        replace(old, document.adoptNode(next));
      }
    } catch {
      announce("The console does not answer. Is it still running?");
    }
  }
  const part = livePart();
  if (part) setTimeout(refresh, Number(part.dataset.live));
}

if (livePart()) setTimeout(refresh, Number(livePart().dataset.live));
