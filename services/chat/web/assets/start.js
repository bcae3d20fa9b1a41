// The form before the chat. The question is sent under one cid until it is accepted, so that it is
// asked once however often it has to be sent.

import { newCid } from "./store.js";

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const PAUSES = [1, 2, 4, 8];

export class Start {
  constructor(form, store, { texts, pool, language, topic, max }, onOpened) {
    this.form = form;
    this.store = store;
    this.texts = texts;
    this.fixed = { pool, language, topic };
    this.max = max;
    this.onOpened = onOpened;
    this.button = form.querySelector("button");
    this.notice = form.querySelector("#open-status");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    form.addEventListener("input", (event) => {
      this.fault(event.target, "");
      this.store.set({ form: this.values() });
    });
    for (const [name, value] of Object.entries(store.data.form ?? {})) {
      if (form.elements[name]) form.elements[name].value = value;
    }
    if (store.data.opening) this.send(0);
  }

  values() {
    const { text, name, email } = this.form.elements;
    return { text: text.value.trim(), name: name.value.trim(), email: email.value.trim() };
  }

  submit() {
    if (this.sending) return;
    const values = this.values();
    const { text, email } = this.form.elements;
    this.fault(text, this.wrongText(values.text));
    this.fault(email, values.email && !EMAIL.test(values.email) ? this.texts.email_wrong : "");
    const wrong = this.form.querySelector("[aria-invalid=true]");
    if (wrong) {
      wrong.focus();
      return;
    }
    this.store.set({ opening: { cid: newCid(), at: Date.now(), ...this.fixed, ...values } });
    this.send(0);
  }

  wrongText(text) {
    if (!text) return this.texts.question_missing;
    if (text.length <= this.max) return "";
    return this.texts.too_long.replace("{length}", text.length).replace("{max}", this.max);
  }

  async send(turn) {
    this.busy(true);
    const { at, ...body } = this.store.data.opening;
    const answer = await post("/v1/chats", body);
    if (answer.status === 201) {
      const first = { cid: body.cid, text: body.text, at };
      this.onOpened({ ...answer.body, first });
      this.busy(false);
      this.say("");
    } else if (answer.status === 422) {
      this.store.set({ opening: null });
      this.busy(false);
      this.explain(answer.body.errors ?? []);
    } else {
      this.say(this.texts.start_again);
      const seconds = answer.retryAfter || PAUSES[Math.min(turn, PAUSES.length - 1)];
      setTimeout(() => this.send(turn + 1), seconds * 1000);
    }
  }

  explain(errors) {
    const { text, email } = this.form.elements;
    const fields = new Set(errors.map((error) => error.field));
    if (fields.has("email")) this.fault(email, this.texts.email_wrong);
    if (fields.has("text")) this.fault(text, this.texts.question_missing);
    const wrong = this.form.querySelector("[aria-invalid=true]");
    if (wrong) wrong.focus();
    else this.say(this.texts.start_refused);
  }

  busy(on) {
    this.sending = on;
    this.button.setAttribute("aria-disabled", String(on));
    this.button.textContent = on ? this.texts.starting : this.texts.start;
  }

  say(text) {
    this.notice.textContent = text;
    this.notice.hidden = !text;
  }

  fault(field, text) {
    const shown = this.form.querySelector(`#${field.id}-error`);
    if (!shown) return;
    shown.textContent = text;
    shown.hidden = !text;
    if (text) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
}

async function post(url, body) {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const retryAfter = Number(answer.headers.get("Retry-After")) || 0;
    return { status: answer.status, retryAfter, body: await answer.json() };
  } catch {
    return { status: 0, retryAfter: 0, body: {} };
  }
}
