// The messages on the page: each one once, in the order of their seq, what is on its way last.

const REGIONS = { fi: "fi-FI", sv: "sv-FI", en: "en-GB" };
const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,:;!?)\]]/g;

export class Bubbles {
  constructor(log, scroll, texts, language) {
    this.log = log;
    this.scroll = scroll;
    this.texts = texts;
    this.clock = new Intl.DateTimeFormat(REGIONS[language], { hour: "2-digit", minute: "2-digit" });
    this.byId = new Map();
    this.readTo = -1;
  }

  // A message from the server. `id` is the cid for the customer's own, else the message's id.
  show({ id, seq, author, at, text }) {
    const near = this.nearEnd();
    let bubble = this.byId.get(id);
    if (!bubble) {
      bubble = this.make(author, at, text);
      this.byId.set(id, bubble);
    }
    bubble.dataset.seq = seq;
    this.setState(bubble, author === "customer" ? this.sentState(seq) : "");
    this.place(bubble);
    if (near || author === "customer") this.toEnd();
  }

  // One of the customer's own that is not acknowledged yet.
  pend({ cid, at, text }, state) {
    let bubble = this.byId.get(cid);
    if (!bubble) {
      bubble = this.make("customer", at, text);
      this.byId.set(cid, bubble);
      this.place(bubble);
      this.toEnd();
    }
    if (!bubble.dataset.seq) this.setState(bubble, state);
  }

  markRead(seq) {
    this.readTo = Math.max(this.readTo, seq);
    for (const bubble of this.log.querySelectorAll(".message.customer[data-seq]")) {
      this.setState(bubble, this.sentState(Number(bubble.dataset.seq)));
    }
  }

  clear() {
    this.log.replaceChildren();
    this.byId.clear();
    this.readTo = -1;
  }

  toEnd() {
    this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  nearEnd() {
    return this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight < 80;
  }

  sentState(seq) {
    return seq <= this.readTo ? "read" : "sent";
  }

  make(author, at, text) {
    const bubble = element("div", `message ${author}`);
    const who = element("p", "author", this.texts[`from_${author}`] ?? author);
    const body = element("p", "text");
    linked(body, text);
    const meta = element("p", "meta");
    const time = element("time", "", this.clock.format(at));
    time.dateTime = new Date(at).toISOString();
    meta.append(time, element("span", "state"));
    bubble.append(who, body, meta);
    return bubble;
  }

  setState(bubble, state) {
    const text = this.texts[state] ?? "";
    const shown = bubble.querySelector(".state");
    bubble.dataset.state = state;
    if (shown.textContent !== text) shown.textContent = text;
  }

  place(bubble) {
    const seq = orderOf(bubble);
    let before = null;
    for (let other = this.log.lastElementChild; other; other = other.previousElementSibling) {
      if (other === bubble) continue;
      if (orderOf(other) <= seq) break;
      before = other;
    }
    const after = before ? before.previousElementSibling : this.log.lastElementChild;
    if (after !== bubble) this.log.insertBefore(bubble, before);
    this.group(bubble);
    if (bubble.nextElementSibling) this.group(bubble.nextElementSibling);
  }

  // Who writes several in a row is named once.
  group(bubble) {
    const previous = bubble.previousElementSibling;
    bubble.classList.toggle("again", previous?.classList[1] === bubble.classList[1]);
  }
}

function orderOf(bubble) {
  return bubble.dataset.seq ? Number(bubble.dataset.seq) : Infinity;
}

function element(name, className, text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function linked(parent, text) {
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    parent.append(text.slice(end, match.index));
    const link = element("a", "", match[0]);
    link.href = match[0];
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
    parent.append(link);
    end = match.index + match[0].length;
  }
  parent.append(text.slice(end));
}
