import { FederatedClient } from '@concordat/client-sdk';

/** What a log needs of an error: none of it holds a record, a key or an update. */
const plain = ({ code, message, detail, fix }) => ({ code, message, rule: detail?.rule, fix });

/** One participant inside a service: opens the client, takes part until the signal fires, and says how it is. */
export class Participation {
  #options;
  #health = { state: 'starting', connected: false, contributions: 0 };

  /** @param options `directory`, `dataDirectory`, a pino `log`, and the `metrics` to keep. */
  constructor(options) {
    this.#options = options;
  }

  /** For /healthz: `starting`, `running`, `stopped`, or `failed` with the error's code and what to do. */
  get health() {
    return this.#health;
  }

  /** Resolves when the signal has fired and everything is let go of, or when something happened that waiting does not cure. */
  async run(signal) {
    const { directory, dataDirectory, log } = this.#options;
    let client;
    try {
      client = await FederatedClient.open({
        directory,
        dataDirectory,
        // Another instance of this service may hold the directory still, while one replaces the other.
        standby: true,
        signal,
        // Requests come first: training gets the processor when nobody else wants it, and masking one thread.
        nice: 15,
        threads: 1,
        onEvent: (event) => this.#note(event),
      });
      this.#change({ state: 'running', participant: client.participantId, consortium: client.consortium });
      await client.run({ signal });
    } catch (error) {
      if (!signal.aborted) {
        this.#change({ state: 'failed', connected: false, error: plain(error) });
        log.error({ error: plain(error) }, 'the participation has ended');
        return;
      }
    } finally {
      await client?.close();
    }
    this.#change({ state: 'stopped', connected: false });
  }

  /** On the event loop, in order; it must not throw. */
  #note(event) {
    const { log, metrics } = this.#options;
    switch (event.type) {
      case 'connected':
      case 'disconnected':
        metrics.connected.set(event.type === 'connected' ? 1 : 0);
        this.#change({ connected: event.type === 'connected' });
        log.info(event, event.type);
        return;
      case 'trained':
        metrics.trainingSeconds.observe(event.seconds);
        log.info({ round: event.round, seconds: event.seconds }, 'trained');
        return;
      case 'session':
        this.#change({ round: event.round, step: event.step });
        log.info(event, 'session');
        return;
      case 'uploaded':
        metrics.uploadedBytes.inc(event.bytes);
        log.info(event, 'uploaded');
        return;
      case 'contributed':
        if (event.included) metrics.contributions.inc();
        this.#change({ contributions: this.#health.contributions + (event.included ? 1 : 0), round: event.round });
        log.info(event, 'contributed');
        return;
      case 'refused':
        metrics.refusals.inc({ rule: String(event.error.detail.rule ?? event.error.code) });
        log.warn({ round: event.round, error: plain(event.error) }, 'refused');
        return;
      case 'not-delivered':
        log.warn({ round: event.round, error: plain(event.error) }, 'not delivered');
        return;
      case 'training-progress':
      case 'upload':
        log.trace(event, event.type);
        return;
      default:
        log.debug({ type: event.type, round: event.round }, event.type);
    }
  }

  #change(what) {
    this.#health = { ...this.#health, ...what };
  }
}
