/** A promise that somebody else settles; later settlements do nothing. (`Promise.withResolvers` is not in Node 20.) */
export class Outcome<Value> {
  readonly promise: Promise<Value>;
  resolve!: (value: Value) => void;
  reject!: (error: unknown) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Whoever waits hears it; when nobody does any more, it is no failure of the process.
    this.promise.catch(() => undefined);
  }
}
