// A web service that takes part in federated learning beside its own work. Settings come from the environment:
// PARTICIPANT (a directory that was enrolled), DATA (records with data.yaml), HOST, PORT, LOG_LEVEL.
import Fastify from 'fastify';
import pino from 'pino';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { Participation } from './participation.mjs';

const {
  PARTICIPANT = 'participant',
  DATA = 'data',
  HOST = '127.0.0.1',
  PORT = '8080',
  LOG_LEVEL = 'info',
} = process.env;

const log = pino({ level: LOG_LEVEL });
const registry = new Registry();
collectDefaultMetrics({ register: registry });
const registers = [registry];
const metrics = {
  connected: new Gauge({ name: 'federated_connected', help: '1 while the coordinator is reached', registers }),
  contributions: new Counter({
    name: 'federated_contributions_total',
    help: 'Rounds whose sum has our update',
    registers,
  }),
  refusals: new Counter({
    name: 'federated_refusals_total',
    help: 'What policy or protocol refused, by rule',
    labelNames: ['rule'],
    registers,
  }),
  uploadedBytes: new Counter({ name: 'federated_uploaded_bytes_total', help: 'Masked bytes sent', registers }),
  trainingSeconds: new Histogram({
    name: 'federated_training_seconds',
    help: 'Local training of one round',
    buckets: [1, 5, 15, 60, 300, 900, 3600],
    registers,
  }),
};

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    log.info({ signal }, 'stopping');
    stop.abort();
  });
}

const app = Fastify({ loggerInstance: log.child({ part: 'http' }) });
const participation = new Participation({
  directory: PARTICIPANT,
  dataDirectory: DATA,
  log: log.child({ part: 'federated' }),
  metrics,
});

// The service's own work.
app.get('/', async () => ({ service: 'embedded-service' }));

// A coordinator that cannot be reached is no reason to restart this service: the client comes back by itself.
app.get('/healthz', async (_request, reply) => {
  const { health } = participation;
  return reply.code(health.state === 'failed' ? 503 : 200).send(health);
});

app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));

await app.listen({ host: HOST, port: Number(PORT) });
const running = participation.run(stop.signal);
// What ends the participation leaves the rest of the service at work: /healthz says why.
await running;
if (!stop.signal.aborted) {
  await new Promise((resolve) => stop.signal.addEventListener('abort', resolve, { once: true }));
}
await app.close();
log.info('stopped');
