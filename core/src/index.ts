export { type CryptoPort, type Signer } from './crypto/port.js';
export { type ErrorCode, type ErrorDetail, type ErrorOptions, errorCodes, FederatedError, refusal } from './errors.js';
export { type Random } from './random.js';
export { bounds } from './wire/bounds.js';
export * from './wire/messages.js';
