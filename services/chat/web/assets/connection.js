// The socket, for as long as it is wanted: says hello, answers silence with a new connection,
// waits longer after each failure, and tries at once when the network or the customer is back.

const FIRST_PAUSE = 500;
const LAST_PAUSE = 15000;
const PING_EVERY = 25000;
const PATIENCE = 10000;
const FINAL = new Set([4400, 4401, 4404]);

export class Connection {
  constructor(url, { hello, onFrame, onUp, onDown, onRefused }) {
    this.url = url;
    this.hello = hello;
    this.onFrame = onFrame;
    this.onUp = onUp;
    this.onDown = onDown;
    this.onRefused = onRefused;
    this.pause = FIRST_PAUSE;
    this.wanted = true;
    this.up = false;
    this.now = () => this.connectNow();
    addEventListener("online", this.now);
    document.addEventListener("visibilitychange", this.now);
    this.connect();
  }

  send(frame) {
    if (this.up) this.socket.send(JSON.stringify(frame));
    return this.up;
  }

  close() {
    this.wanted = false;
    removeEventListener("online", this.now);
    document.removeEventListener("visibilitychange", this.now);
    clearTimeout(this.timer);
    clearTimeout(this.pulse);
    this.socket?.close();
  }

  connect() {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.expect();
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", ...this.hello() }));
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      this.rest();
      const frame = JSON.parse(event.data);
      if (frame.type === "welcome") {
        this.up = true;
        this.pause = FIRST_PAUSE;
        this.onUp(frame);
      } else if (frame.type !== "pong") {
        this.onFrame(frame);
      }
    };
    socket.onclose = (event) => {
      if (socket === this.socket) this.lost(event.code);
    };
  }

  // Something came: quiet for a while, then ask.
  rest() {
    clearTimeout(this.pulse);
    this.pulse = setTimeout(() => {
      this.send({ type: "ping" });
      this.expect();
    }, PING_EVERY);
  }

  // Something has to come soon, or this socket is dead, whatever the browser believes.
  expect() {
    clearTimeout(this.pulse);
    const socket = this.socket;
    this.pulse = setTimeout(() => {
      if (socket !== this.socket) return;
      socket.onclose = null;
      socket.close();
      this.lost(1006);
    }, PATIENCE);
  }

  lost(code) {
    clearTimeout(this.pulse);
    this.up = false;
    this.socket = null;
    if (!this.wanted) return;
    if (FINAL.has(code)) {
      this.close();
      this.onRefused(code);
      return;
    }
    this.onDown();
    const pause = this.pause * (0.5 + Math.random() / 2);
    this.pause = Math.min(this.pause * 2, LAST_PAUSE);
    this.timer = setTimeout(() => this.connect(), pause);
  }

  connectNow() {
    if (!this.wanted || this.socket || document.hidden) return;
    clearTimeout(this.timer);
    this.pause = FIRST_PAUSE;
    this.connect();
  }
}
