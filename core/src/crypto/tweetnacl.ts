import tweetnacl from 'tweetnacl';

/**
 * The part of tweetnacl that is a function of its arguments. The package also has `randomBytes` and key generation
 * without an argument, which would be hidden randomness: here they do not exist, and no other file of the core may
 * import the package (held by `test/architecture.test.ts`).
 *
 * All lengths are to be checked by the caller: a wrong one throws an `Error` of tweetnacl's.
 */
export interface PureTweetnacl {
  readonly scalarMult: {
    (secret: Uint8Array, publicKey: Uint8Array): Uint8Array;
    base(secret: Uint8Array): Uint8Array;
  };
  readonly sign: {
    readonly keyPair: {
      fromSeed(seed: Uint8Array): { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array };
    };
    readonly detached: {
      (message: Uint8Array, secretKey: Uint8Array): Uint8Array;
      verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean;
    };
  };
  readonly secretbox: {
    (plaintext: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array;
    open(box: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array | null;
  };
}

/** tweetnacl without its randomness. */
export const nacl: PureTweetnacl = tweetnacl;
