import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { refusalOf, TestConsortium } from '../consortium.js';
import { MachineParticipant } from '../machine-participant.js';

describe('the traces of a coordinator', function () {
  this.timeout(30_000);
  const exporter = new InMemorySpanExporter();
  let consortium: TestConsortium;
  const participants: MachineParticipant[] = [];
  const spans = () => exporter.getFinishedSpans();
  const named = (name: string) => spans().filter((span) => span.name === name);
  const millis = ({ duration: [seconds, nanos] }: ReadableSpan) => seconds * 1_000 + nanos / 1e6;

  before(async () => {
    consortium = await TestConsortium.open();
    const delta = (parameters: number) => new Float32Array(parameters).fill(0.004);
    for (const name of ['acme', 'bluebird', 'cobalt', 'delta', 'echo']) {
      const dies = name === 'echo' ? { stallInUploadOf: { round: 1, afterBytes: 49_152 } } : {};
      participants.push(new MachineParticipant(await consortium.join(name), { delta, ...dies }));
    }
    await consortium.operator.status();
    // A program may register its provider after the coordinator was started.
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    const { planHash } = await consortium.propose({ rounds: 1, cohort: { min: 4, size: 5, max: 5 } });
    for (const participant of participants) await participant.connect();
    await consortium.operator.startRun(planHash, 'spring');
    await consortium.operator.watch('spring', 1, ({ event }) => {
      if (event.type === 'upload' && event.participant === 'echo') participants[4]!.leave();
    });
  });

  after(async () => {
    trace.disable();
    for (const participant of participants) participant.leave();
    await consortium.close();
  });

  it('have a round with its phases in it, as long as they were, and whom it lost', () => {
    const [round] = named('round');
    expect(named('round')).to.have.lengthOf(1);
    expect(round!.parentSpanContext).to.equal(undefined);
    expect(round!.attributes).to.include({
      'concordat.run': 'spring',
      'concordat.round': 1,
      'concordat.outcome': 'published',
      'concordat.model_version': 1,
      'concordat.survivors': 4,
    });
    expect(round!.status.code).to.equal(SpanStatusCode.UNSET);
    const phases = spans().filter((span) => span.parentSpanContext?.spanId === round!.spanContext().spanId);
    expect(phases.map(({ name }) => name)).to.deep.equal([
      'select',
      'train',
      'advertise',
      'share',
      'confirm',
      'upload',
      'certify',
      'reveal',
      'aggregate',
      'publish',
    ]);
    const inside = phases.reduce((sum, span) => sum + millis(span), 0);
    expect(millis(round!)).to.be.within(inside - 50, inside + 500);
    expect(
      round!.events.map(({ name, attributes }) => [
        name,
        attributes!['concordat.participant'],
        attributes!['concordat.step'],
      ]),
    ).to.deep.equal([['dropped', 'echo', 'upload']]);
  });

  it('have calls with their callers, and the code of one that was refused', async () => {
    const [start] = named('concordat.v1.Runs/Start');
    expect([start!.kind, start!.status.code]).to.deep.equal([SpanKind.SERVER, SpanStatusCode.UNSET]);
    expect(start!.attributes).to.include({
      'rpc.system': 'grpc',
      'rpc.service': 'concordat.v1.Runs',
      'rpc.method': 'Start',
      'concordat.caller': 'operator operator',
    });
    expect(
      named('concordat.v1.Blobs/UploadMaskedUpdate').map(({ attributes }) => attributes['concordat.caller']),
    ).to.include('participant acme');
    expect(await refusalOf(consortium.operator.explain('spring', 9))).to.equal('invalid-argument');
    const [refused] = named('concordat.v1.Runs/Explain');
    expect(refused!.status).to.deep.equal({ code: SpanStatusCode.ERROR, message: 'invalid-argument' });
  });

  it('have nothing of what was done before there was a provider, nor after it is gone', async () => {
    expect(named('concordat.v1.Runs/Status')).to.deep.equal([]);
    trace.disable();
    const before = spans().length;
    await consortium.operator.status();
    expect(spans().length).to.equal(before);
  });
});
