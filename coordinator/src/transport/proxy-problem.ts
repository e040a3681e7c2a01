import type { Logger } from 'pino';
import type { LineBudget } from '../observe/line-budget.js';

/** A line for the operator, at most one a second: a proxy says it for every connection. */
export function logProxyProblem(
  log: Pick<Logger, 'warn'>,
  lines: LineBudget,
  { address, problem }: { readonly address: string; readonly problem: string },
): void {
  const more = lines.take();
  if (more === undefined) return;
  log.warn(
    { address, ...more },
    `a proxy of listen.trustedProxies has to say first where a connection comes from, and sent ${problem}: switch its PROXY protocol on (version 2), or name it no more`,
  );
}
