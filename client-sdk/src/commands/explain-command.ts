import { errorCodes } from '@concordat/core';
import { conclude, errorIndex, errorPage } from '@concordat/proto';
import { Argument, type Command } from 'commander';
import type { CommandIo } from './io.js';

/** Add `explain [CODE]`: the page of an error code, or the table of all, without a network. */
export function registerExplainCommand(program: Command, io: CommandIo): void {
  program
    .command('explain')
    .description('What an error code means, what to do, and which rules carry it.')
    .addArgument(new Argument('[code]', 'the code that an error showed').choices([...errorCodes]))
    .option('--json', 'print one envelope')
    .action((typed: string | undefined, options: { readonly json?: true }) =>
      conclude(io, options.json === true, () => {
        const code = errorCodes.find((one) => one === typed);
        const page = code === undefined ? errorIndex() : errorPage(code);
        return { data: { code: code ?? 'all', page }, lines: [page.trimEnd()] };
      }),
    );
}
