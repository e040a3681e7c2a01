/** A metric's mean over the participants that sent it. */
export interface MeanMetric {
  readonly name: string;
  readonly mean: number;
  readonly participants: number;
}
