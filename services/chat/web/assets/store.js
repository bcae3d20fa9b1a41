// What the tab remembers, so that a reload goes on where it was: the conversation, what is not yet
// acknowledged, what is half written. Gone with the tab.

export class Store {
  constructor(key) {
    this.key = key;
    try {
      this.data = JSON.parse(sessionStorage.getItem(key)) ?? {};
    } catch {
      this.data = {};
    }
  }

  set(values) {
    Object.assign(this.data, values);
    try {
      sessionStorage.setItem(this.key, JSON.stringify(this.data));
    } catch {
      // Storage is full or forbidden: the chat works, but does not survive a reload.
    }
  }

  clear() {
    this.data = {};
    try {
      sessionStorage.removeItem(this.key);
    } catch {
      // As above.
    }
  }
}

export function newCid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
