import { createTrainer, type EngineName, type Trainer } from '@concordat/client-sdk';
import { type Cost, costOf } from '../measure.js';
import { fitOf, type NetworkName, noiseFor } from './networks.js';

/** An engine of ours in a process of its own: first opened, then asked for turns. */
export type EngineQuestion =
  | {
      readonly open: {
        readonly engine: EngineName;
        readonly network: NetworkName;
        readonly examples: number;
        /** As many participants at once, a thread each. */
        readonly threads: number;
      };
    }
  | { readonly turn: true };

export type Answer = { readonly engine: string } | { readonly reason: string };

const trainers: Trainer[] = [];
let turn: (() => Promise<Cost>) | undefined;

async function open({ engine, network, examples, threads }: Extract<EngineQuestion, { open: object }>['open']) {
  const dataSet = noiseFor(network, examples);
  for (let i = 0; i < threads; i++) {
    trainers.push(await createTrainer({ data: { dataSet }, participant: `bench-${i}`, holdoutFraction: 0, engine }));
  }
  const request = fitOf(network);
  const pass = async (): Promise<void> => void (await Promise.all(trainers.map((trainer) => trainer.fit(request))));
  // The first says whether it trains at all.
  await pass();
  turn = () => costOf(pass);
  return { engine: trainers[0]!.describe().engine };
}

process.on('message', (question: EngineQuestion) => {
  const answering: Promise<Answer | Cost> =
    'turn' in question ? turn!() : open(question.open).catch((error: Error) => ({ reason: error.message }));
  void answering.then((answer) => process.send!({ answer }));
});

process.once('disconnect', () => void Promise.all(trainers.map((trainer) => trainer.close())));
