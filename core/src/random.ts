/** A source of random bytes: a CSPRNG in production, a seeded stream in tests and simulations. */
export interface Random {
  /** @param length bytes, 0 to 65,536. */
  bytes(length: number): Uint8Array;
}
