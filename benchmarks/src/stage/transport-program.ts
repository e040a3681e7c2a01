import { openDelayProxy } from './delay-proxy.js';
import { servePlainGrpc } from './plain-grpc.js';
import { serveHttp2, serveRaw } from './raw-lines.js';
import type { TlsParties } from './tls-parties.js';
import { openUploadTarget, type UploadTarget } from './upload-target.js';

/** What the measuring process asks of the other end of its lines; every question is answered once, in order. */
export type FarEndQuestion =
  | { readonly type: 'open'; readonly directory: string; readonly parties: TlsParties }
  | { readonly type: 'delay'; readonly targetPort: number; readonly oneWayMillis: number }
  | { readonly type: 'blob'; readonly bytes: number }
  | { readonly type: 'forget' }
  | { readonly type: 'cpu' };

export interface FarEndPorts {
  readonly tcp: number;
  readonly tls: number;
  readonly http2: number;
  readonly concordat: number;
  readonly plainGrpc: number;
}

let target: UploadTarget | undefined;

// Its servers would go on without anybody.
process.once('disconnect', () => process.exit());
process.on('message', (question: FarEndQuestion) => {
  void answer(question).then((said) => process.send!({ answer: said }));
});

async function answer(question: FarEndQuestion): Promise<unknown> {
  switch (question.type) {
    case 'open': {
      const { directory, parties } = question;
      target = await openUploadTarget(directory, parties);
      const ports: FarEndPorts = {
        tcp: await serveRaw(),
        tls: await serveRaw(parties),
        http2: await serveHttp2(parties),
        concordat: target.server.port,
        plainGrpc: await servePlainGrpc(parties),
      };
      return ports;
    }
    case 'delay':
      return (await openDelayProxy(question)).port;
    case 'blob':
      return target!.putBlob(question.bytes);
    case 'forget':
      return target!.forget();
    case 'cpu': {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    }
  }
}
