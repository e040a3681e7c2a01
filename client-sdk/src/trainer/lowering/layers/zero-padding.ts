import { NotLowered } from '../not-lowered.js';
import type { LowerLayer } from './layer.js';

/** Rows and columns of zeros around each plane. */
export const lowerZeroPadding2d: LowerLayer = ({ graph: g, layer: { config }, inputs: [given] }) => {
  if (config.dataFormat === 'channelsFirst') throw new NotLowered('ZeroPadding2D of channels first is not lowered');
  const [height, width, channels] = given!.shape as [number, number, number];
  const [[top, bottom], [left, right]] = sidesOf(config.padding);
  const pads = g.integers(0, top, left, 0, 0, bottom, right, 0);
  return {
    output: { name: g.op('Pad', [given!.name, pads]), shape: [height + top + bottom, width + left + right, channels] },
    backward({ slope, inputsWanted }) {
      if (!inputsWanted) return { inputs: [], weights: {} };
      const [starts, ends] = [g.integers(top, left), g.integers(top + height, left + width)];
      return { inputs: [g.op('Slice', [slope, starts, ends, g.integers(1, 2)])], weights: {} };
    },
  };
};

type Sides = readonly [number, number];

/** One number for all four, one for rows and one for columns, or each. */
function sidesOf(padding: unknown): readonly [Sides, Sides] {
  const given = padding ?? 1;
  const [rows, columns] = (typeof given === 'number' ? [given, given] : given) as readonly (number | Sides)[];
  const both = (value: number | Sides): Sides => (typeof value === 'number' ? [value, value] : value);
  return [both(rows!), both(columns!)];
}
