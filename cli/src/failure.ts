/** A command that did not do what it should, with what its envelope says and the exit code. */
export class CommandFailure extends Error {
  readonly code: string;
  readonly fix: string | undefined;
  /** 1 failed or refused, 2 connection or identity, 3 deadline, 4 bad arguments, 5 our bug. */
  readonly exitCode: number;

  constructor(
    message: string,
    options: { readonly code: string; readonly exitCode: number; readonly fix?: string | undefined },
  ) {
    super(message);
    this.name = 'CommandFailure';
    this.code = options.code;
    this.exitCode = options.exitCode;
    this.fix = options.fix;
  }
}
