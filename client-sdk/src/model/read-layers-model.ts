import { decodeSafetensors, encodeSafetensors, utf8Encode } from '@concordat/core';
import { parseTopology } from '../trainer/evaluator.js';
import type { LayersModel } from './dense-network.js';

/**
 * A published model from its two blobs, ready to be written as a tfjs directory.
 *
 * @param model.topology tfjs LayersModel topology, JSON. @param model.weights safetensors, float32.
 * @throws `malformed` when one of them is not that.
 */
export function readLayersModel(model: { readonly topology: Uint8Array; readonly weights: Uint8Array }): LayersModel {
  return { topology: parseTopology(model.topology), tensors: decodeSafetensors(model.weights) };
}

/**
 * The two blobs that a plan names of a model.
 *
 * @returns topology as JSON, and the one canonical safetensors file of the weights.
 * @throws `invalid-argument` for a repeated or impossible name or a wrong number of values.
 */
export function encodeLayersModel({ topology, tensors }: LayersModel): {
  readonly topology: Uint8Array;
  readonly weights: Uint8Array;
} {
  return { topology: utf8Encode(JSON.stringify(topology)), weights: encodeSafetensors(tensors) };
}
