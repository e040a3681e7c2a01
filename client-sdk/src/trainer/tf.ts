/** TensorFlow.js, whichever package it came from. */
export type Tf = typeof import('@tensorflow/tfjs');
