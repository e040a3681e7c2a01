import { denseNetwork, type FitRequest } from '@concordat/client-sdk';

/** Three inputs, two hidden, four classes. */
export const smallNetwork = denseNetwork({ inputs: 3, hidden: [2], classes: 4, seed: '1' });

/** To train it: the first round of `spring`. */
export const smallRequest: FitRequest = {
  model: smallNetwork.topology,
  weights: smallNetwork.tensors,
  task: { loss: 'categoricalCrossentropy', optimizer: { name: 'sgd', learningRate: 0.5 }, batchSize: 16, epochs: 1 },
  round: 1,
  seed: 'spring',
};
