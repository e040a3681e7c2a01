import { filled, type Kernel } from './kernel.js';

/**
 * The gradient of an enlarged or reduced image whose pixels are copies of the nearest ones. That of tfjs-backend-cpu 4.22 is wrong for every
 * image of a batch but the first.
 */
export const nearestGradient: Kernel = {
  kernelName: 'ResizeNearestNeighborGrad',
  backendName: 'cpu',
  kernelFunc: ({ inputs, attrs = {}, backend }) => {
    const { alignCorners, halfPixelCenters } = attrs as { alignCorners?: boolean; halfPixelCenters?: boolean };
    const [batch, height, width, channels] = inputs.images!.shape as [number, number, number, number];
    const [, outHeight, outWidth] = inputs.dy!.shape as [number, number, number, number];
    const nearest = (size: number, outSize: number, at: number): number => {
      const isAligned = alignCorners === true && outSize > 1;
      const scale = isAligned ? (size - 1) / (outSize - 1) : size / outSize;
      const exact = scale * (halfPixelCenters ? at + 0.5 : at);
      return Math.min(size - 1, alignCorners ? Math.round(exact) : Math.floor(exact));
    };
    return filled(backend, inputs.images!.shape, [inputs.dy!], (gradient, [dy]) => {
      let from = 0;
      for (let image = 0; image < batch; image++) {
        for (let row = 0; row < outHeight; row++) {
          for (let column = 0; column < outWidth; column++) {
            const at = (image * height + nearest(height, outHeight, row)) * width + nearest(width, outWidth, column);
            for (let channel = 0; channel < channels; channel++) gradient[at * channels + channel]! += dy![from++]!;
          }
        }
      }
    });
  },
};

/** That of images whose pixels are mixed from four: tfjs-backend-cpu 4.22 takes height for width in its shape, nothing else. */
export function withShapeOfImages(stock: Kernel): Kernel {
  return {
    ...stock,
    kernelFunc: (args) => {
      const gradient = stock.kernelFunc(args);
      const shape = args.inputs.images!.shape;
      return Array.isArray(gradient) ? gradient : { ...gradient, shape };
    },
  };
}
