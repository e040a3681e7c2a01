import type { Tf } from '../tf.js';
import type { ConvolutionInfo } from './kernel.js';

/** Where windows lie in a volume [batch, depth, height, width, channels], as tfjs reckons it. */
export type Windows = ReturnType<Tf['backend_util']['computeConv3DInfo']>;

/** Windows of planes [batch, height, width, channels]: of a volume that is one plane deep. */
export function planeWindows(info: ConvolutionInfo): Windows {
  const { padInfo, inShape, outShape, filterShape, ...rest } = info;
  return {
    ...rest,
    inDepth: 1,
    outDepth: 1,
    filterDepth: 1,
    effectiveFilterDepth: 1,
    strideDepth: 1,
    dilationDepth: 1,
    padInfo: { ...padInfo, front: 0, back: 0 },
    inShape: [inShape[0], 1, ...(inShape.slice(1) as [number, number, number])],
    outShape: [outShape[0], 1, ...(outShape.slice(1) as [number, number, number])],
    filterShape: [1, ...filterShape],
  };
}

/**
 * Every window with every place of it that lies in the input, first to last.
 *
 * @param take where the channels of that place begin in the input, those of the window in the output, and which place of the window it is.
 */
export function eachPlace(windows: Windows, take: (from: number, to: number, place: number) => void): void {
  const { batchSize, outDepth, outHeight, outWidth, outChannels } = windows;
  let to = 0;
  for (let image = 0; image < batchSize; image++) {
    for (let depth = 0; depth < outDepth; depth++) {
      for (let row = 0; row < outHeight; row++) {
        for (let column = 0; column < outWidth; column++) {
          eachPlaceOf(windows, image, [depth, row, column], to, take);
          to += outChannels;
        }
      }
    }
  }
}

function eachPlaceOf(
  windows: Windows,
  image: number,
  [outDepth, outRow, outColumn]: readonly [number, number, number],
  to: number,
  take: (from: number, to: number, place: number) => void,
): void {
  const { inDepth, inHeight, inWidth, inChannels, filterDepth, filterHeight, filterWidth, padInfo } = windows;
  for (let z = 0; z < filterDepth; z++) {
    const depth = outDepth * windows.strideDepth - padInfo.front + z * windows.dilationDepth;
    if (depth < 0 || depth >= inDepth) continue;
    for (let y = 0; y < filterHeight; y++) {
      const row = outRow * windows.strideHeight - padInfo.top + y * windows.dilationHeight;
      if (row < 0 || row >= inHeight) continue;
      for (let x = 0; x < filterWidth; x++) {
        const column = outColumn * windows.strideWidth - padInfo.left + x * windows.dilationWidth;
        if (column < 0 || column >= inWidth) continue;
        const from = (((image * inDepth + depth) * inHeight + row) * inWidth + column) * inChannels;
        take(from, to, (z * filterHeight + y) * filterWidth + x);
      }
    }
  }
}
