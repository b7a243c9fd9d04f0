// Keeps the status page up to date: asks for the state, moves the bar, and loads the page anew when more has changed.
(() => {
  "use strict";
  const body = document.body;
  document.documentElement.classList.add("js");
  const RUNNING = 1000, IDLE = 5000, OPEN = "migrations.open";
  const find = (id) => document.getElementById(id);
  const say = (id, text) => { const at = find(id); if (at && at.textContent !== text) at.textContent = text; };
  let told = "", failures = 0;

  const details = () => [...document.querySelectorAll("details[id]")];
  try {
    const open = (sessionStorage.getItem(OPEN) || "").split(" ");
    for (const each of details()) if (open.includes(each.id)) each.open = true;
  } catch { /* a browser that keeps nothing */ }

  const reload = () => {
    try {
      sessionStorage.setItem(OPEN, details().filter((each) => each.open).map((each) => each.id).join(" "));
    } catch { /* as above */ }
    location.reload();
  };

  const announce = (running) => {
    const tenth = running.value === null ? "" : `, ${Math.floor(running.value / 10) * 10} percent`;
    const words = `${running.what}, statement ${running.statement || "not begun"}${tenth}`;
    if (words !== told) { told = words; say("announce", words); }
  };

  const show = (running) => {
    const bar = find("bar");
    if (running.value === null) bar.removeAttribute("value"); else bar.value = running.value;
    say("running-what", running.what);
    say("running-text", running.text);
    const box = find("running-statement");
    box.hidden = !running.sql;
    box.firstElementChild.textContent = running.sql || "";
    announce(running);
  };

  const ask = async () => {
    let wait = IDLE;
    try {
      const answer = await fetch(body.dataset.now, { cache: "no-store", headers: { Accept: "application/json" } });
      if (answer.status === 401 || answer.status === 403) { reload(); return; }
      const now = await answer.json();
      failures = 0;
      if (now.stamp !== body.dataset.stamp) { reload(); return; }
      say("words", now.words);
      say("version", now.version === null ? "–" : String(now.version));
      say("pending-count", now.pending === null ? "–" : String(now.pending));
      if (now.running && find("bar")) show(now.running);
      if (now.busy) wait = RUNNING;
    } catch {
      failures += 1;
      say("words", "This page gets no answer just now; it goes on trying.");
      wait = Math.min(IDLE, RUNNING * 2 ** failures);
    }
    setTimeout(ask, document.hidden ? IDLE : wait);
  };

  if (body.dataset.now) setTimeout(ask, RUNNING);
})();
