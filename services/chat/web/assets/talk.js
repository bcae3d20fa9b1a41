// One conversation: what came, what is on its way. A message is sent again under the same cid
// until it is acknowledged, one at a time, so that they arrive in the order they were written.

import { Connection } from "./connection.js";
import { newCid } from "./store.js";

const TYPING_EVERY = 2000;
const TYPING_LASTS = 5000;
const SLOW = 4000;

export class Talk {
  constructor(store, bubbles, { onStatus, onOver, onTyping, onMessage }) {
    this.store = store;
    this.bubbles = bubbles;
    this.onStatus = onStatus;
    this.onOver = onOver;
    this.onTyping = onTyping;
    this.onMessage = onMessage;
    this.lastSeq = -1;
    this.state = "connecting";
    this.typedAt = 0;
    const { conversation_id: id } = store.data;
    this.path = `/v1/chats/${encodeURIComponent(id)}`;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    for (const message of this.pending()) bubbles.pend(message, "sending");
    this.connection = new Connection(`${scheme}://${location.host}${this.path}/ws`, {
      hello: () => ({
        token: store.data.token,
        last_seq: this.lastSeq,
        lang: document.documentElement.lang,
      }),
      onFrame: (frame) => this.take(frame),
      onUp: (welcome) => this.welcomed(welcome),
      onDown: () => this.lostTouch(),
      onRefused: () => this.over("gone"),
    });
  }

  say(text) {
    const message = { cid: newCid(), text, at: Date.now() };
    this.store.set({ pending: [...this.pending(), message], draft: "" });
    this.bubbles.pend(message, this.connection.up ? "sending" : "unsent");
    if (this.pending().length === 1) this.sendFirst();
  }

  type() {
    const now = Date.now();
    if (now - this.typedAt > TYPING_EVERY && this.connection.send({ type: "typing" })) {
      this.typedAt = now;
    }
  }

  read() {
    if (document.hidden || this.lastSeq < 0 || this.lastSeq === this.readSeq) return;
    if (this.connection.send({ type: "read", seq: this.lastSeq })) this.readSeq = this.lastSeq;
  }

  async end() {
    const answer = await fetch(`${this.path}:end`, {
      method: "POST",
      headers: { Authorization: `Bearer ${this.store.data.token}` },
    });
    if (!answer.ok) throw new Error(String(answer.status));
  }

  close() {
    this.connection.close();
    clearTimeout(this.retry);
    clearTimeout(this.slow);
  }

  pending() {
    return this.store.data.pending ?? [];
  }

  welcomed(welcome) {
    this.settle(welcome.state);
    this.sendFirst();
    this.read();
  }

  settle(state) {
    this.state = state;
    this.onStatus(state);
    if (state === "closed") this.over("closed");
  }

  lostTouch() {
    clearTimeout(this.retry);
    clearTimeout(this.slow);
    for (const message of this.pending()) this.bubbles.pend(message, "unsent");
    this.typingEnds();
    if (this.state !== "closed") this.onStatus("offline");
  }

  sendFirst() {
    clearTimeout(this.retry);
    clearTimeout(this.slow);
    const [first] = this.pending();
    if (!first) return;
    if (!this.connection.send({ type: "msg", cid: first.cid, text: first.text })) {
      this.bubbles.pend(first, "unsent");
      return;
    }
    this.slow = setTimeout(() => this.bubbles.pend(first, "unsent"), SLOW);
  }

  take(frame) {
    switch (frame.type) {
      case "msg":
        this.hear(frame);
        break;
      case "ack":
        this.acknowledged(frame);
        break;
      case "error":
        this.refused(frame);
        break;
      case "queue":
        this.state = "waiting";
        this.onStatus("waiting", frame.position);
        break;
      case "agent":
        this.settle(frame.state === "joined" ? "assigned" : "left");
        break;
      case "typing":
        this.onTyping(true);
        clearTimeout(this.typing);
        this.typing = setTimeout(() => this.onTyping(false), TYPING_LASTS);
        break;
      case "read":
        this.bubbles.markRead(frame.seq);
        break;
      case "probe":
        this.onStatus("probe");
        break;
      case "parked":
        this.state = "waiting";
        this.onStatus("parked", frame);
        break;
      case "closed":
        this.settle("closed");
        if (frame.reason === "overflowed") this.onStatus("overflowed", frame);
        break;
    }
  }

  hear({ seq, id, cid, from: author, at, text }) {
    this.lastSeq = Math.max(this.lastSeq, seq);
    this.bubbles.show({ id: cid || id, seq, author, at, text });
    if (author !== "customer") {
      this.typingEnds();
      this.onMessage();
      this.read();
    }
  }

  acknowledged({ cid, seq }) {
    const message = this.pending().find((one) => one.cid === cid);
    if (!message) return;
    this.store.set({ pending: this.pending().filter((one) => one.cid !== cid) });
    this.bubbles.show({ id: cid, seq, author: "customer", at: message.at, text: message.text });
    this.sendFirst();
  }

  refused({ cid, reason, retry_after: seconds }) {
    const message = this.pending().find((one) => one.cid === cid);
    if (!message) return;
    clearTimeout(this.slow);
    if (seconds) {
      this.bubbles.pend(message, "unsent");
      this.retry = setTimeout(() => this.sendFirst(), seconds * 1000);
      return;
    }
    this.store.set({ pending: this.pending().filter((one) => one.cid !== cid) });
    this.bubbles.pend(message, "failed");
    if (reason === "closed") this.settle("closed");
    else this.sendFirst();
  }

  typingEnds() {
    clearTimeout(this.typing);
    this.onTyping(false);
  }

  over(why) {
    if (this.ended) return;
    this.ended = true;
    this.state = "closed";
    this.typingEnds();
    if (why === "gone") this.close();
    for (const message of this.pending()) this.bubbles.pend(message, "failed");
    this.store.set({ pending: [] });
    this.onOver(why);
  }
}
