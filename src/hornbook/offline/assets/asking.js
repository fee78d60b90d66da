// Python in a worker: begun, asked, and ended where it does not come to an end by itself. For a page, and for a kernel of JupyterLite's.

/** How Python has ended before it answered: `how` is "timed out", "died" or "stopped", `step` what it was at. */
export class Ended extends Error {
  constructor(how, step, message = "") {
    super(message);
    this.how = how;
    this.step = step;
  }
}

/**
 * One Python, begun anew whenever it has ended. `kind` is "run" or "check"; `parts` are the addresses of what it is made of: `worker`,
 * `runtime`, `engine`, `course` and the list `wheels`.
 */
export class Python {
  constructor(kind, parts, slug, language) {
    this.beginning = { type: "start", kind, slug, language, site: parts };
    this.worker = null;
    this.started = null;
    this.asking = null;
  }

  /** Begin, if it has not; resolves when it can be asked. */
  begin() {
    if (this.started) return this.started;
    const worker = new Worker(this.beginning.site.worker, { type: "module" });
    this.worker = worker;
    this.started = new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => {
        if (this.worker !== worker) return;
        if (data.type === "started") resolve();
        else if (data.type === "died" && !this.asking) {
          this.drop();
          reject(new Ended("died", null, data.message));
        } else this.asking?.(data);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        if (this.worker !== worker) return;
        const asking = this.asking;
        this.drop();
        (asking ?? reject)(asking ? { type: "died", message: event.message } : new Ended("died", null, event.message));
      };
    });
    worker.postMessage(this.beginning);
    return this.started;
  }

  /** Ask; `listen` hears what comes before the answer. Rejects with Ended, and with that Python is gone. */
  async ask(message, listen) {
    await this.begin();
    let step = null;
    let timer = null;
    try {
      return await new Promise((resolve, reject) => {
        this.asking = (data) => {
          if (data.type === "done") resolve(data.answer);
          else if (data.type === "died" || data.type === "stopped") {
            this.drop();
            reject(new Ended(data.type, step, data.message));
          } else if (data.type === "step") {
            clearTimeout(timer);
            step = data.step;
            timer = setTimeout(() => {
              this.drop();
              reject(new Ended("timed out", step));
            }, data.seconds * 1000);
          } else listen(data);
        };
        this.worker.postMessage(message);
      });
    } finally {
      clearTimeout(timer);
      this.asking = null;
    }
  }

  /** End it where it is; whoever waits for an answer hears of it. */
  stop() {
    const asking = this.asking;
    this.drop();
    asking?.({ type: "stopped" });
  }

  drop() {
    this.worker?.terminate();
    this.worker = null;
    this.started = null;
  }
}

/** Ask `python`, which checks, until it has answered `question()`: what has hung, or ended Python, is not waited for again. */
export async function ask(python, question, listen) {
  const ended = {};
  for (;;) {
    try {
      return await python.ask({ type: "check", question: { ...question(), ended } }, (data) => data.type === "asked" && listen(data));
    } catch (error) {
      if (!(error instanceof Ended) || error.step === null || error.step in ended) throw error;
      ended[error.step] = error.how === "timed out" ? "timed out" : "died";
    }
  }
}
