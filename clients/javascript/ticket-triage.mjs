/**
 * A client of the Ticket Triage service, of fetch alone: Node 18 or newer, Deno, Bun, and browsers that the service's
 * TICKET_TRIAGE_CORS lets in.
 *
 * What is full (429, 503) is asked again after a pause; so is what may be done twice if the connection broke.
 */

const FULL = [429, 503];
const BATCH = 100; // tickets of a request: a second or two, well within the time-out; the service takes 1,000
const PORTION = 50; // of a stream
const LONGEST = 30; // seconds between two tries

/** The service refused: `status` of HTTP, its `sentence`, `retryAfter` in seconds or null, `requestId` of its log. */
export class ServiceError extends Error {
  constructor(status, sentence, retryAfter = null, requestId = null) {
    super(`${status}: ${sentence}`);
    Object.assign(this, { name: "ServiceError", status, sentence, retryAfter, requestId });
  }
}

/** Nobody answered, or not in time, or in no way that the service answers. */
export class NoAnswer extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = "NoAnswer";
  }
}

export class TriageClient {
  #url;
  #key;
  #timeout;
  #tries;
  #pause;

  /**
   * @param {string} url of the service, such as http://127.0.0.1:3000
   * @param {{key?: string, timeout?: number, tries?: number, pause?: number}} options an API key; seconds for each try;
   *   tries in all; seconds before the second one, which double with each
   */
  constructor(url, { key, timeout = 10, tries = 5, pause = 0.2 } = {}) {
    this.#url = url.replace(/\/+$/, "");
    this.#key = key;
    this.#timeout = timeout;
    this.#tries = tries;
    this.#pause = pause;
  }

  /** Category, priority, decision and reasons of a ticket; a string is its text. */
  predict(ticket, { explain = "short" } = {}) {
    const query = explain === "short" ? "" : `?explain=${encodeURIComponent(explain)}`;
    return this.#ask("POST", `/predict-ticket${query}`, asTicket(ticket));
  }

  /** A prediction for each, or `{error}`, in their order. */
  async predictMany(tickets) {
    const found = [];
    for await (const one of this.stream(tickets, BATCH)) found.push(one);
    return found;
  }

  /** As `predictMany`, of any number: tickets are taken as the service gets to them, few held at once. */
  async *stream(tickets, atOnce = PORTION) {
    let held = [];
    for await (const ticket of tickets) {
      held.push(asTicket(ticket));
      if (held.length === atOnce) {
        yield* await this.#batch(held);
        held = [];
      }
    }
    if (held.length) yield* await this.#batch(held);
  }

  /** Say what the labels of a prediction should have been: `{category, priority, by, note}`. */
  feedback(predictionId, said) {
    // Sent twice it would be kept twice.
    return this.#ask("POST", "/feedback", { prediction_id: predictionId, ...said }, false);
  }

  /** What was answered, by what, to which masked ticket, and how it was corrected. */
  prediction(predictionId) {
    return this.#ask("GET", `/predictions/${encodeURIComponent(predictionId)}`);
  }

  /** The logged ticket answered again by the same version. */
  replay(predictionId) {
    return this.#ask("POST", `/replay/${encodeURIComponent(predictionId)}`);
  }

  /** Which version answers, what it can say, and what it was worth. */
  model() {
    return this.#ask("GET", "/model");
  }

  /** The labels that can be given, and to whom they go. */
  taxonomy() {
    return this.#ask("GET", "/taxonomy");
  }

  /** What works behind the service; throws `ServiceError` 503 at once where it does not answer. */
  ready() {
    return this.#once("GET", "/readyz");
  }

  async #batch(tickets) {
    return (await this.#ask("POST", "/predict/batch", { tickets })).results;
  }

  async #ask(method, path, body, repeatable = true) {
    for (let tried = 0; ; tried++) {
      try {
        return await this.#once(method, path, body);
      } catch (error) {
        const again =
          error instanceof ServiceError ? FULL.includes(error.status) : error instanceof NoAnswer && error.cause && repeatable;
        if (!again || tried + 1 >= this.#tries) throw error;
        // Doubling, with chance, so that many callers do not come at once; later if the service says so.
        const wait = Math.min(this.#pause * 2 ** tried, LONGEST) * (0.5 + Math.random() / 2);
        await sleep(Math.max(wait, Math.min(error.retryAfter ?? 0, LONGEST)));
      }
    }
  }

  async #once(method, path, body) {
    const headers = { accept: "application/json" };
    if (this.#key) headers.authorization = `Bearer ${this.#key}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    let response, text;
    try {
      response = await fetch(this.#url + path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(this.#timeout * 1000),
      });
      text = await response.text();
    } catch (cause) {
      throw new NoAnswer(`no answer: ${cause.cause?.code ?? cause.name}`, { cause });
    }
    const said = parsed(text);
    if (!response.ok) {
      const after = response.headers.get("retry-after") ?? "";
      throw new ServiceError(
        response.status,
        said?.error ?? (response.statusText || "no reason was given"),
        /^\d+$/.test(after) ? Number(after) : null,
        response.headers.get("x-request-id"),
      );
    }
    if (said === null || typeof said !== "object") throw new NoAnswer("what came back is not of this service");
    return said;
  }
}

function asTicket(ticket) {
  return typeof ticket === "string" ? { text: ticket } : ticket;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function sleep(seconds) {
  return new Promise((done) => setTimeout(done, seconds * 1000));
}
