// The page: the form before the chat, then the conversation.

import { Bubbles } from "./bubbles.js";
import { Start } from "./start.js";
import { Store } from "./store.js";
import { Talk } from "./talk.js";

const at = (id) => document.getElementById(id);
const root = at("chat");
const texts = JSON.parse(root.dataset.texts);
const { pool, language, topic } = root.dataset;
const max = Number(root.dataset.max);
const title = document.title;
const store = new Store(`jonoton.chat.${pool}`);
const bubbles = new Bubbles(at("log"), at("scroll"), texts, language);
const text = at("text");
let talk = null;
let unread = 0;

function show(id) {
  for (const section of ["start", "talk"]) at(section).hidden = section !== id;
}

function opening(ms) {
  if (!ms) return "";
  const format = { weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" };
  const time = new Date(ms).toLocaleString(language, format);
  return texts.opens_at.replace("{time}", time);
}

// What a queue that does not take the customer says: why, what to do instead, when it opens.
function turnedAway({ why, instead, opens_at: opens }) {
  const reason = why === "closed" ? texts.overflowed_closed : texts.overflowed_busy;
  return [reason, opening(opens), texts[`instead_${instead}`]].filter(Boolean).join(" ");
}

function status(kind, detail) {
  const shown = at("status");
  let words = texts[`status_${kind}`];
  if (kind === "waiting" && detail === 1) words = texts.status_next;
  if (kind === "waiting" && detail > 1) {
    words = texts.status_position.replace("{position}", detail);
  }
  if (kind === "parked") words = [texts.status_parked, opening(detail.opens_at)].join(" ").trim();
  if (kind === "overflowed") words = turnedAway(detail);
  shown.dataset.kind = kind;
  if (shown.textContent !== words) shown.textContent = words;
}

function setOver(on) {
  at("compose").hidden = on;
  at("over").hidden = !on;
  at("end").hidden = on;
}

function begin() {
  show("talk");
  setOver(false);
  status("connecting");
  text.value = store.data.draft ?? "";
  grow();
  talk = new Talk(store, bubbles, {
    onStatus: status,
    onTyping: (on) => {
      const near = bubbles.nearEnd();
      at("typing").hidden = !on;
      if (near) bubbles.toEnd();
    },
    onMessage: () => {
      if (document.hidden) document.title = `(${++unread}) ${texts.unread} – ${title}`;
    },
    onOver: (why) => {
      if (why === "gone") {
        at("status").textContent = texts.gone;
        at("status").dataset.kind = "closed";
      }
      if (at("end-dialog").open) at("end-dialog").close();
      const focused = at("compose").contains(document.activeElement);
      setOver(true);
      if (focused) at("again").focus();
      bubbles.toEnd();
    },
  });
}

function startAgain() {
  talk?.close();
  talk = null;
  store.clear();
  bubbles.clear();
  at("open").reset();
  show("start");
  at("question").focus();
}

function send() {
  const words = text.value.trim();
  const wrong = words.length > max;
  at("text-error").textContent = wrong
    ? texts.too_long.replace("{length}", words.length).replace("{max}", max)
    : "";
  at("text-error").hidden = !wrong;
  if (!words || wrong) return;
  talk.say(words);
  text.value = "";
  grow();
  text.focus();
}

function grow() {
  text.rows = 1;
  const line = parseFloat(getComputedStyle(text).lineHeight);
  const padding = text.offsetHeight - text.clientHeight + 20;
  text.rows = Math.max(1, Math.min(6, Math.round((text.scrollHeight - padding) / line)));
}

at("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    send();
  }
});
text.addEventListener("input", () => {
  store.set({ draft: text.value });
  at("text-error").hidden = true;
  grow();
  if (text.value.trim()) talk.type();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  unread = 0;
  document.title = title;
  talk?.read();
});
at("again").addEventListener("click", startAgain);
at("end").addEventListener("click", () => {
  at("end-error").hidden = true;
  at("end-dialog").showModal();
});
at("end-no").addEventListener("click", () => at("end-dialog").close());
at("end-yes").addEventListener("click", async () => {
  try {
    await talk.end();
    at("end-dialog").close();
  } catch {
    at("end-error").textContent = texts.end_failed;
    at("end-error").hidden = false;
  }
});

new Start(at("open"), store, { texts, pool, language, topic, max }, (opened) => {
  const { conversation_id, token, first } = opened;
  store.set({ opening: null, form: null, conversation_id, token, pending: [] });
  bubbles.show({ id: first.cid, seq: opened.seq, author: "customer", at: first.at, text: first.text });
  begin();
  text.focus();
});
if (store.data.token) begin();
else show("start");
