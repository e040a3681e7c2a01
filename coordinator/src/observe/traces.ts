import { type Attributes, context, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import type { ProgressEvent } from '../run/progress.js';

// Asked for each time: whoever registers a provider may do so after this module was loaded. Without one nothing is recorded.
function tracer(): Tracer {
  return trace.getTracer('@concordat/coordinator');
}

/** Spans of rounds with their phases in them, for a provider that the program around has registered. */
export class RunTraces {
  #run = '';
  #round: { readonly number: number; readonly span: Span } | undefined;
  #phase: Span | undefined;

  note(event: ProgressEvent): void {
    switch (event.type) {
      case 'started':
        this.#run = event.run;
        break;
      case 'phase':
        this.#begin(event);
        break;
      case 'dropped': {
        const { participant, step, reason } = event;
        this.#round?.span.addEvent('dropped', { 'concordat.participant': participant, 'concordat.step': step, reason });
        break;
      }
      case 'round':
      case 'evaluation': {
        const { outcome, reason, modelVersion, survivors } = event;
        this.#end(outcome === 'abandoned' ? reason : undefined, {
          'concordat.outcome': outcome,
          'concordat.model_version': modelVersion,
          'concordat.survivors': survivors.length,
        });
        break;
      }
      case 'finished':
        this.#end(undefined, {});
        break;
    }
  }

  #begin({ round, phase, participants }: Extract<ProgressEvent, { readonly type: 'phase' }>): void {
    const of = { 'concordat.run': this.#run, 'concordat.round': round };
    if (this.#round?.number !== round) {
      this.#end(undefined, {});
      this.#round = { number: round, span: tracer().startSpan('round', { root: true, attributes: of }) };
    }
    this.#phase?.end();
    const attributes = { ...of, 'concordat.participants': participants.length };
    this.#phase = tracer().startSpan(phase, { attributes }, trace.setSpan(context.active(), this.#round!.span));
  }

  #end(failure: string | undefined, attributes: Attributes): void {
    this.#phase?.end();
    this.#phase = undefined;
    const { span } = this.#round ?? {};
    this.#round = undefined;
    if (failure !== undefined) span?.setStatus({ code: SpanStatusCode.ERROR, message: failure });
    span?.setAttributes(attributes).end();
  }
}

/**
 * One call as a span.
 *
 * @param path e.g. `/concordat.v1.Runs/Status`. @param caller role and id.
 * @returns call it when the call was answered, with the error's code if it was one.
 */
export function traceCall(path: string, caller: string, correlationId: string | undefined): (code?: string) => void {
  const [, service = '', method = ''] = path.split('/');
  const span = tracer().startSpan(path.slice(1), {
    kind: SpanKind.SERVER,
    attributes: {
      'rpc.system': 'grpc',
      'rpc.service': service,
      'rpc.method': method,
      'concordat.caller': caller,
      ...(correlationId === undefined ? {} : { 'concordat.correlation_id': correlationId }),
    },
  });
  return (code) => {
    if (code !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: code });
    span.end();
  };
}
